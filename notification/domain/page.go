package domain

// Page selects a part of a list: at most Limit entries after the first Skip.
type Page struct{ Skip, Limit int }
