package sqldb

import (
	"embed"
	"fmt"
)

//go:embed schema/*.sql
var schemas embed.FS

// OutboxSchema returns the statements that create the outbox in dialect d. A
// service copies them into its first migration; sqldbtest.Outbox proves that the
// copy is true.
func OutboxSchema(d Dialect) string { return schema("outbox", d) }

// InboxSchema returns the statements that create the inbox in dialect d, for the
// same use; see sqldbtest.Inbox.
func InboxSchema(d Dialect) string { return schema("inbox", d) }

func schema(name string, d Dialect) string {
	text, err := schemas.ReadFile("schema/" + name + "." + d.Folder() + ".sql")
	if err != nil { // The files are embedded; d is one of two.
		panic(fmt.Sprintf("sqldb: %v", err))
	}
	return string(text)
}
