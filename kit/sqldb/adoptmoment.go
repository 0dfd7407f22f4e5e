package sqldb

// MicrosOf returns the SQL, PostgreSQL's, that makes Micros of a timestamp: one
// without a time zone is in UTC. NULL stays NULL.
func MicrosOf(moment string) string {
	return "CAST(round(extract(epoch FROM " + moment + ") * 1000000) AS BIGINT)"
}

// OddMoment returns the condition that a timestamp is none that RFC 3339 can
// write.
func OddMoment(column string) string {
	return "(NOT isfinite(" + column + ") OR " + column + " < '0001-01-01' OR " + column + " >= '10000-01-01')"
}
