package account_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/account"
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

// columnsSQL are all columns of the tables that name an account, by such a column or
// by a foreign key to accounts, subscribers or reading lists, and of those three.
var columnsSQL = store.Maintain(
	`SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name IN (
		SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('user_id', 'actor_id', 'subscriber_id')
		UNION SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid IN ('users'::regclass, 'subscribers'::regclass, 'reading_lists'::regclass)
		UNION SELECT 'users' UNION SELECT 'subscribers' UNION SELECT 'reading_lists')`,
	`SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND (m.name IN ('users', 'subscribers', 'reading_lists')
		OR EXISTS (SELECT 1 FROM pragma_table_info(m.name) q WHERE q.name IN ('user_id', 'actor_id', 'subscriber_id'))
		OR EXISTS (SELECT 1 FROM pragma_foreign_key_list(m.name) f WHERE f."table" IN ('users', 'subscribers', 'reading_lists')))`)

// keyColumns only join rows.
var keyColumns = map[string]bool{"id": true, "user_id": true, "actor_id": true, "subscriber_id": true, "list_id": true}

// notExported are columns of tables in the archive that are in none, each with the
// reason.
var notExported = map[string]string{
	"users.password_hash":            "secret",
	"users.totp_secret":              "secret",
	"users.totp_last_step":           "part of the second factor",
	"users.recovery_codes":           "secret",
	"sessions.token_hash":            "secret",
	"one_time_tokens.token_hash":     "secret",
	"one_time_tokens.code_hash":      "secret",
	"one_time_tokens.payload":        "has the hash of a password that waits",
	"data_exports.token_hash":        "secret",
	"data_exports.archive":           "an archive before",
	"reading_lists.token_hash":       "secret",
	"reading_lists.revision":         "number of a change",
	"reading_lists.forgotten":        "number of a change",
	"bookmarks.revision":             "number of a change",
	"bookmarks.removed_in":           "number of a change",
	"comments.guest_token_hash":      "secret",
	"comments.body_hash":             "made from the text",
	"comments.source_hash":           "made from the text",
	"comment_reports.reporter":       "hash of the account",
	"comment_reports.decided_by":     "names a moderator",
	"reader_restrictions.email_hash": "of guests only",
	"reader_restrictions.created_by": "names a moderator",
	"audit_entries.before":           "what was changed, which may be somebody else's",
	"audit_entries.after":            "what was changed, which may be somebody else's",
}

// TestArchiveHasEveryColumn fails for the next table or column that keeps something
// about an account and is not in the archive.
func TestArchiveHasEveryColumn(t *testing.T) {
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
		for _, part := range account.ArchivedParts() {
			if parts[part] == nil {
				t.Errorf("the archive has no part %s", part)
			}
		}
		type column struct{ table, name string }
		columns, err := store.Collect(ctx, l.db, columnsSQL, func(rows *sql.Rows) (c column, err error) {
			err = rows.Scan(&c.table, &c.name)
			return c, err
		})
		if err != nil {
			t.Fatal(err)
		}
		archived, seen := account.ArchivedColumns(), map[string]bool{}
		for _, c := range columns {
			seen[c.table] = true
			seen[c.table+"."+c.name] = true
			_, table := notArchived[c.table]
			_, excepted := notExported[c.table+"."+c.name]
			switch is := archived[c.table][c.name]; {
			case is && (table || excepted):
				t.Errorf("%s.%s is in the archive and among the exceptions", c.table, c.name)
			case !is && !table && !excepted && !keyColumns[c.name]:
				t.Errorf("%s.%s keeps something about accounts and is not in the archive of requestDataExport", c.table, c.name)
			}
		}
		for name := range notExported {
			if !seen[name] {
				t.Errorf("the exception %s is no column", name)
			}
		}
		for table := range archived {
			if !seen[table] {
				t.Errorf("%s names no account", table)
			}
		}
	})
}
