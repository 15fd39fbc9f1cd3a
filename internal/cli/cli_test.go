package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"broadsheet": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script: the program as people call it.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fromthefuture": fromTheFuture,
			"everysetting":  everySetting,
			"audited":       audited,
			"occupied":      occupied,
			"broken":        brokenDocument,
			"newsletter":    aNewsletter,
		},
	})
}

// fromTheFuture makes a database look as if a newer program had migrated it.
func fromTheFuture(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	_, err = db.Exec(ctx, store.MaintainBoth(`INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, 'later', '', '')`))
	ts.Check(err)
	ts.Check(db.Close())
}

// occupied takes an address until the script ends, and puts it into a variable.
func occupied(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	ts.Setenv(args[0], listener.Addr().String())
}

// brokenDocument registers a document that no schema has.
func brokenDocument(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	_, err = db.Exec(ctx, store.MaintainBoth(`INSERT INTO trusted_documents (document_id, text, created_at) VALUES ('old', '{gone}', '2026-01-01 00:00:00')`))
	ts.Check(err)
	ts.Check(db.Close())
}

// aNewsletter makes a newsletter of two addresses.
func aNewsletter(ts *testscript.TestScript, _ bool, args []string) {
	ctx := access.AsSystem(context.Background())
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	list := db.Ent(ctx).Newsletter.Create().SetName("Morning").SetSlug("morning").SaveX(ctx)
	for _, email := range []string{"nadia@example.org", "omar@example.org"} {
		subscriber := db.Ent(ctx).Subscriber.Create().SetEmail(email).SaveX(ctx)
		db.Ent(ctx).Subscription.Create().SetSubscriberID(subscriber.ID).SetNewsletterID(list.ID).ExecX(ctx)
	}
	ts.Check(db.Close())
}

// audited writes the record of who did what.
func audited(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	entries, err := db.Ent(ctx).AuditEntry.Query().All(ctx)
	ts.Check(err)
	for _, e := range entries {
		_, err := fmt.Fprintf(ts.Stdout(), "%s by %s: %s → %s\n", e.Action, e.ActorName, e.Before, e.After)
		ts.Check(err)
	}
	ts.Check(db.Close())
}

// everySetting finds each setting of the server, with its variable and its
// default, in a file.
func everySetting(ts *testscript.TestScript, _ bool, args []string) {
	// Lines are broken where the terminal ends.
	text := strings.Join(strings.Fields(ts.ReadFile(args[0])), " ")
	var s config.Serve
	parser, err := kong.New(&s)
	ts.Check(err)
	for _, f := range parser.Model.Flags {
		if f.Name == "help" {
			continue
		}
		for _, want := range append([]string{f.Name, f.Help}, f.Tag.Envs...) {
			if !strings.Contains(text, want) {
				ts.Fatalf("--%s: no %q", f.Name, want)
			}
		}
		if f.HasDefault && !strings.Contains(text, "default "+f.Default) {
			ts.Fatalf("--%s: no default %q", f.Name, f.Default)
		}
	}
}

func TestStatusTellsWrongCallsFromFailures(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"version":                    0,
		"--help":                     0,
		"serve --help":               0,
		"":                           2,
		"nosuch":                     2,
		"serve --nosuch":             2,
		"serve --addr 8080":          2,
		"serve --max-tokens x":       2,
		"migrate --database x:y":     1,
		"migrate --database sqlite:": 1,
	} {
		var out, err strings.Builder
		if got := Main(strings.Fields(line), strings.NewReader(""), &out, &err); got != want {
			t.Errorf("broadsheet %s: status %d, want %d: %s", line, got, want, err.String())
		}
		if said := err.Len() > 0; said != (want != 0) {
			t.Errorf("broadsheet %s: status %d and says %q", line, want, err.String())
		}
	}
}
