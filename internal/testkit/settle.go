package testkit

import (
	"database/sql"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var unsettledSQL = store.Maintain(
	`SELECT count(*) FROM events WHERE txid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint`,
	`SELECT 0`)

// Settle waits until the log of events gives everything that is committed.
// Readers that need completeness wait for the oldest transaction of the whole
// PostgreSQL cluster, which other tests share.
func Settle(t testing.TB, db *store.DB) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		left, err := store.Collect(t.Context(), db, unsettledSQL, func(rows *sql.Rows) (n int, err error) {
			err = rows.Scan(&n)
			return n, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if left[0] == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a transaction of another test did not end within two minutes")
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(wait):
		}
	}
}
