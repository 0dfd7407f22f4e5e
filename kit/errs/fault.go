package errs

// Rule is a field's fault before anyone knows which field it is: domain
// constructors return it, the edge that knows the field gives it a location.
// The codes are those of Pydantic, which clients already know.
type Rule struct {
	Code   string
	Params Params
}

func (r *Rule) Error() string { return (&Error{Code: r.Code, Params: r.Params}).Error() }

// Is reports whether target is a Rule of the same code.
func (r *Rule) Is(target error) bool {
	t, ok := target.(*Rule)
	return ok && t.Code == r.Code
}

// Violates returns the Rule that a field breaks. Its text is selected by code.
func Violates(code string) *Rule { return &Rule{Code: code} }

// TooShort returns the rule that at least minimum characters are needed.
func TooShort(minimum int) *Rule { return &Rule{"string_too_short", Params{"min_length": minimum}} }

// TooLong returns the rule that at most maximum characters are allowed.
func TooLong(maximum int) *Rule { return &Rule{"string_too_long", Params{"max_length": maximum}} }

// GreaterThan returns the rule that the value must be above bound.
func GreaterThan(bound any) *Rule { return &Rule{"greater_than", Params{"gt": bound}} }

// GreaterOrEqual returns the rule that the value must be bound or above.
func GreaterOrEqual(bound any) *Rule { return &Rule{"greater_than_equal", Params{"ge": bound}} }

// LessOrEqual returns the rule that the value must be bound or below.
func LessOrEqual(bound any) *Rule { return &Rule{"less_than_equal", Params{"le": bound}} }

// OneOf returns the rule that the value must be one of those that expected lists.
func OneOf(expected string) *Rule { return &Rule{"enum", Params{"expected": expected}} }

// At returns the fault of r at loc.
func (r *Rule) At(loc ...any) Fault { return Fault{Loc: loc, Code: r.Code, Params: r.Params} }
