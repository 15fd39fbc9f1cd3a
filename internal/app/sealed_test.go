package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/sealing"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// textColumns are all columns that can hold a text, as table.column.
var textColumns = store.Maintain(
	`SELECT table_name || '.' || column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND data_type IN ('text', 'character varying', 'bytea', 'jsonb', 'json')`,
	`SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'search_%'`)

// notSealed are columns whose name sounds like a secret and that hold none.
var notSealed = map[string]string{
	"live_entries.is_key": "marks an entry that matters",
	"terms.key":           "a word, folded",
	"repeats.key":         "chosen by the client, to tell repeats",
	"jobs.unique_key":     "tells equal jobs",
	"media.blob_key":      "name of a file",
}

func isSecret(column string) bool {
	_, name, _ := strings.Cut(column, ".")
	words := strings.Split(name, "_")
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains([]string{"secret", "secrets", "key", "keys", "token", "tokens", "password", "seed", "credential", "credentials"}, w)
	}) && !slices.Contains(words, "hash") && words[len(words)-1] != "id" && words[len(words)-1] != "until"
}

// TestNoPlainSecretIsStored fails for the next column whose name says that it holds
// a secret and that is not sealed, and for every copy of a secret elsewhere.
func TestNoPlainSecretIsStored(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		ctx := access.AsSystem(access.With(t.Context(), access.Viewer{Name: "test"}))
		s := app.NewServices(db, nil)
		first := secret.NewSealer("the first key of the server")
		s.Seal(first)
		secrets := makeSecrets(ctx, t, s)

		columns, err := store.Collect(ctx, db, textColumns, store.ScanText)
		if err != nil || len(columns) < 200 {
			t.Fatalf("%d columns, %v", len(columns), err)
		}
		for c := range notSealed {
			if !isSecret(c) {
				t.Errorf("%s does not sound like a secret", c)
			}
		}
		stored, sealed := database(ctx, t, db, columns), map[string]bool{}
		for _, c := range sealing.Columns() {
			sealed[c.Table+"."+c.Name] = true
			if !slices.Contains(columns, c.Table+"."+c.Name) {
				t.Errorf("the database has no %s.%s", c.Table, c.Name)
			}
			if len(stored[c.Table+"."+c.Name]) == 0 {
				t.Errorf("%s.%s: the test makes no secret there", c.Table, c.Name)
			}
		}
		for _, c := range columns {
			if isSecret(c) && !sealed[c] && notSealed[c] == "" {
				t.Errorf("%s sounds like a secret: seal it (sealing.Columns), or say why not", c)
			}
			for _, text := range stored[c] {
				if sealed[c] && !strings.HasPrefix(text, "sealed:") {
					t.Errorf("%s holds a plain secret", c)
				}
				for what, plain := range secrets {
					if strings.Contains(text, plain) {
						t.Errorf("%s holds %s as it is", c, what)
					}
				}
			}
		}

		second := secret.NewSealer("the second key of the server", "the first key of the server")
		if n, err := sealing.Rotate(ctx, db, secret.NewSealer("the second key of the server")); err == nil {
			t.Errorf("%d were sealed anew without the key before", n)
		}
		n, err := sealing.Rotate(ctx, db, second)
		if err != nil || n < len(sealing.Columns()) {
			t.Fatalf("%d sealed, %v", n, err)
		}
		if again, err := sealing.Rotate(ctx, db, second); err != nil || again != 0 {
			t.Errorf("%d sealed again, %v", again, err)
		}
		alone := secret.NewSealer("the second key of the server")
		if c, err := sealing.Count(ctx, db, alone); err != nil || c != (sealing.Counts{Secrets: n}) {
			t.Errorf("%+v, %v", c, err)
		}
		if c, err := sealing.Count(ctx, db, first); err != nil || c.Lost != n {
			t.Errorf("the first key still opens some: %+v, %v", c, err)
		}
		opened, stored := map[string]bool{}, database(ctx, t, db, columns)
		for _, column := range sealing.Columns() {
			for _, text := range stored[column.Table+"."+column.Name] {
				plain, err := alone.Open(text)
				if err != nil {
					t.Error(err)
				}
				opened[plain] = true
			}
		}
		for what, plain := range secrets {
			if !opened[plain] && !strings.HasPrefix(what, "token") {
				t.Errorf("%s is not what it was", what)
			}
		}
	})
}

// makeSecrets has every service that keeps secrets make some, and gives what was
// shown of them.
func makeSecrets(ctx context.Context, t *testing.T, s *app.Services) map[string]string {
	t.Helper()
	made, _, err := s.Accounts.Create(ctx, account.User{Email: "rita@example.org", DisplayName: "Rita", Role: user.RoleAdmin}, "twelve slow ferries")
	if err != nil {
		t.Fatal(err)
	}
	as := access.With(ctx, access.Viewer{UserID: made.ID, Role: access.Admin, Name: "Rita"})
	totp, _, err := s.Accounts.StartSecondFactor(as, "twelve slow ferries")
	if err != nil {
		t.Fatal(err)
	}
	key, token, err := s.Partners.Create(as, partner.Key{Name: "Wire", Scopes: []partner.Scope{partner.Changes, partner.Webhooks}})
	if err != nil {
		t.Fatal(err)
	}
	hook, before, err := s.Webhooks.Create(as, key.ID, webhook.Draft{URL: "https://example.org/hook"})
	if err != nil {
		t.Fatal(err)
	}
	_, after, err := s.Webhooks.Rotate(as, hook.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Links.Sign(ctx, "test", "x"); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"the second factor": totp, "the webhook's old secret": before, "the webhook's secret": after, "token of the key": token}
}

// database is all texts of a database, by table.column.
func database(ctx context.Context, t *testing.T, db *store.DB, columns []string) map[string][]string {
	t.Helper()
	tables, all := map[string][]string{}, map[string][]string{}
	for _, c := range columns {
		table, name, _ := strings.Cut(c, ".")
		tables[table] = append(tables[table], name)
	}
	for table, names := range tables {
		_, err := store.Collect(ctx, db, store.MaintainBoth(fmt.Sprintf(`SELECT "%s" FROM "%s"`, strings.Join(names, `", "`), table)), func(rows *sql.Rows) (int, error) {
			values, into := make([]sql.NullString, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			err := rows.Scan(into...)
			for i, v := range values {
				if v.String != "" {
					all[table+"."+names[i]] = append(all[table+"."+names[i]], v.String)
				}
			}
			return 0, err
		})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	return all
}
