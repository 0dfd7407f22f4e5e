package sqldb_test

import (
	"testing"

	"shop/kit/sqldb/sqldbtest"
)

func TestMigrationsGoUpDownUp(t *testing.T) {
	sqldbtest.Migrations(t, migrations())
	sqldbtest.Outbox(t, migrations())
	sqldbtest.Inbox(t, migrations())
}
