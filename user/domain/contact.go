package domain

import (
	"net/mail"
	"regexp"
	"strings"

	"shop/kit/errs"
)

// The rules that contact data break.
var (
	ErrEmail     = errs.Violates("email_invalid")
	ErrPhone     = errs.Violates("phone_invalid")
	ErrPushToken = errs.Violates("push_token_invalid")
)

// Contact is how a user can be reached and in which language. The zero value of
// a field means that the user has not given it.
type Contact struct {
	Email     Email
	Phone     Phone
	Locale    Locale
	PushToken PushToken
}

// ContactChanges are the fields of a contact that change: nil leaves a field as
// it is, a pointer to the zero value clears it.
type ContactChanges struct {
	Email     *Email
	Phone     *Phone
	Locale    *Locale
	PushToken *PushToken
}

// With returns c after the changes.
func (c Contact) With(changes ContactChanges) Contact {
	replace(&c.Email, changes.Email)
	replace(&c.Phone, changes.Phone)
	replace(&c.Locale, changes.Locale)
	replace(&c.PushToken, changes.PushToken)
	return c
}

func replace[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Email is an address that mail can be sent to.
type Email struct{ private }

const maxEmail = 254 // characters, RFC 5321 section 4.5.3.1.3 less the angle brackets

var emailDomain = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9]$`)

// NewEmail returns s as a plain ASCII address (RFC 5322 addr-spec without
// quoting) at a domain with at least two labels.
func NewEmail(s string) (Email, error) {
	if len(s) > maxEmail {
		return Email{}, errs.TooLong(maxEmail)
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s || !ascii(s) {
		return Email{}, ErrEmail
	}
	local, host, _ := strings.Cut(s, "@")
	if len(local) > 64 || !emailDomain.MatchString(host) {
		return Email{}, ErrEmail
	}
	return StoredEmail(s), nil
}

// StoredEmail returns an address that storage has kept.
func StoredEmail(s string) Email { return Email{private{s}} }

// Phone is a telephone number as its owner writes it.
type Phone struct{ private }

const (
	maxPhone  = 32 // characters, separators included
	minDigits = 8
	maxDigits = 15 // https://www.itu.int/rec/T-REC-E.164
	homeCode  = "+84"
)

var phoneForm = regexp.MustCompile(`^(\+|0)[0-9 .()-]*[0-9]$`)

// NewPhone returns s as a number in international form ("+84 90 123 4567",
// "0084…") or in Vietnam's national form ("090 123 4567").
func NewPhone(s string) (Phone, error) {
	if len(s) > maxPhone {
		return Phone{}, errs.TooLong(maxPhone)
	}
	p := StoredPhone(s)
	digits := len(p.E164()) - len("+")
	if !phoneForm.MatchString(s) || digits < minDigits || digits > maxDigits || strings.HasPrefix(p.E164(), "+0") {
		return Phone{}, ErrPhone
	}
	return p, nil
}

// StoredPhone returns a number that storage has kept.
func StoredPhone(s string) Phone { return Phone{private{s}} }

// E164 returns the number in the form that gateways dial, "+84901234567", and ""
// for an absent one.
func (p Phone) E164() string {
	if p.IsZero() {
		return ""
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, p.text)
	switch {
	case strings.HasPrefix(p.text, "+"):
		return "+" + digits
	case strings.HasPrefix(digits, "00"):
		return "+" + digits[2:]
	default:
		return homeCode + strings.TrimPrefix(digits, "0")
	}
}

// Locale is a language that the shop writes in.
type Locale string

// The languages; the zero Locale reads as Vietnamese.
const (
	Vietnamese Locale = "vi"
	English    Locale = "en"
)

// NewLocale returns s as a language of the shop.
func NewLocale(s string) (Locale, error) {
	switch l := Locale(s); l {
	case Vietnamese, English:
		return l, nil
	}
	return "", errs.OneOf("'vi', 'en'")
}

func (l Locale) String() string {
	if l == "" {
		return string(Vietnamese)
	}
	return string(l)
}

// PushToken is what a push gateway knows a user's device by.
type PushToken struct{ private }

const maxPushToken = 4096 // characters; the largest that push services hand out is 4 KiB

// NewPushToken returns s as a token of 1 to 4096 printable ASCII characters
// without white space.
func NewPushToken(s string) (PushToken, error) {
	switch {
	case len(s) > maxPushToken:
		return PushToken{}, errs.TooLong(maxPushToken)
	case s == "" || !ascii(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return PushToken{}, ErrPushToken
	}
	return StoredPushToken(s), nil
}

// StoredPushToken returns a token that storage has kept.
func StoredPushToken(s string) PushToken { return PushToken{private{s}} }

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
