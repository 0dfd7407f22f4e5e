package domain

// Locale is the language a user reads.
type Locale string

// The languages there are texts in.
const (
	Vietnamese Locale = "vi"
	English    Locale = "en"
)

// LocaleOf returns the locale named s, and Vietnamese, in which everybody is
// told who never chose, for anything else.
func LocaleOf(s string) Locale {
	if s == string(English) {
		return English
	}
	return Vietnamese
}
