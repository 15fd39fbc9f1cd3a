package account_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// notArchived are tables with a column for an account that are in no archive,
// each with the reason.
var notArchived = map[string]string{
	"corrections":       "work of the newsroom",
	"picks":             "work of the newsroom",
	"authors":           "by-lines of the newsroom, which are public",
	"article_locks":     "work of the newsroom",
	"article_notes":     "work of the newsroom",
	"autosaves":         "work of the newsroom",
	"revisions":         "work of the newsroom",
	"withdrawals":       "work of the newsroom",
	"preview_tokens":    "work of the newsroom",
	"events":            "the log of changes of content; it has no words of readers",
	"repeats":           "keys of repeated requests, for a day",
	"article_autosaves": "work of the newsroom",
}

// accountTables are the tables with a column that names an account.
var accountTables = store.Maintain(
	`SELECT DISTINCT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('user_id', 'actor_id', 'subscriber_id')`,
	`SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND p.name IN ('user_id', 'actor_id', 'subscriber_id')`)

// archivedAs says which part of an archive has the rows of a table.
var archivedAs = map[string]string{
	"sessions": "sessions", "identities": "identities", "consent_records": "consents", "one_time_tokens": "pendingMails", "data_exports": "exports",
	"comments": "comments", "reading_lists": "bookmarks", "comment_reactions": "reactions", "comment_reports": "reports", "reader_restrictions": "restrictions",
	"comment_revisions": "earlierComments", "follows": "follows", "reader_settings": "settings", "reading_history": "history", "notifications": "notifications", "audit_entries": "auditLog", "subscriptions": "newsletters", "deliveries": "newsletters",
}

// TestArchiveHasEveryTable fails for the next table that keeps something about an
// account and is not in the archive.
func TestArchiveHasEveryTable(t *testing.T) {
	t.Parallel()
	lobbies(t, func(t *testing.T, l *lobby) {
		ctx, _ := l.reader(t, "nadia@example.org")
		want(t, "request", l.RequestExport(ctx), "")
		w := httptest.NewRecorder()
		l.ExportHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/account/export?token="+l.mailed(t).token, nil))
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &parts); err != nil {
			t.Fatal(err)
		}
		tables, err := store.Collect(ctx, l.db, accountTables, func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name)
			return name, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(tables, "sessions") || len(tables) < 10 {
			t.Fatalf("tables: %v", tables)
		}
		for _, table := range tables {
			part, archived := archivedAs[table]
			if _, there := parts[part]; archived && !there {
				t.Errorf("the archive has no part %s", part)
			}
			if _, excepted := notArchived[table]; !archived && !excepted {
				t.Errorf("%s keeps something about accounts and is not in the archive of requestDataExport", table)
			}
		}
	})
}
