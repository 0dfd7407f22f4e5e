package sqldb

// The statements of a claim, for the test of their plan.
const (
	ClaimPostgres = claimPostgres
	InOrder       = inOrder
)
