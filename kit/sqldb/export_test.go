package sqldb

// The statements of a claim, for the test of their plan.
const (
	ClaimPostgres = claimPostgres
	InOrder       = inOrder
)

// Lanes is how many groups are carried out at a time.
func (g *GroupCommit[T]) Lanes() int { return g.lanes() }

// Waiting is how many callers gather.
func (g *GroupCommit[T]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
