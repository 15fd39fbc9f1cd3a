package pgtest

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lib/pq"
)

// childVariable makes this test binary one of the processes that a test plays
// with: its value is the name of a function in children.
const childVariable = "BROADSHEET_PGTEST_CHILD"

// children are the parts that other processes play. Each says a line when it is
// where its test wants it, and then waits for the end of its input.
var children = map[string]func(ctx context.Context, args []string) (string, error){
	"build a template": childTemplate,
	"own a database":   childDatabase,
}

func TestMain(m *testing.M) {
	name, ok := os.LookupEnv(childVariable)
	if !ok {
		os.Exit(m.Run())
	}
	line, err := children[name](context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(line)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// unique returns letters that no other run has.
func unique() string { return rand.Text() }

// child is another process of this test binary.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

func startChild(t *testing.T, name string, args ...string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &child{cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
}

// line returns what the child says when it is where the test wants it.
func (c *child) line(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

// finish lets the child end by itself.
func (c *child) finish(t *testing.T) {
	t.Helper()
	if err := errors.Join(c.stdin.Close(), c.cmd.Wait()); err != nil {
		t.Error(err)
	}
}

// kill ends the child as nothing else does: it cannot clean up.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.cmd.Wait() // "signal: killed"
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// buildNotes fills a template with one table.
func buildNotes(ctx context.Context, dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE TABLE note (words text NOT NULL); INSERT INTO note VALUES ('from the template')")
	return err
}

func dropTemplate(t *testing.T, name string) {
	t.Helper()
	db := open(t, processServer.get(t).url.String())
	t.Cleanup(func() {
		for _, q := range []string{"ALTER DATABASE %s IS_TEMPLATE false", "DROP DATABASE %s"} {
			if _, err := db.ExecContext(context.Background(), fmt.Sprintf(q, pq.QuoteIdentifier(name))); err != nil {
				t.Error(err)
			}
		}
	})
}

func exists(t *testing.T, db *sql.DB, name string) bool {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n == 1
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	template := Template(t, t.Name()+unique(), func(dsn string) error { return buildNotes(t.Context(), dsn) })
	dropTemplate(t, template)
	admin := open(t, processServer.get(t).url.String())
	names := make([]string, 6)

	t.Run("are separate copies of the template", func(t *testing.T) {
		for i := range names {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				db := open(t, Database(t, template))
				if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&names[i]); err != nil {
					t.Fatal(err)
				}
				if _, err := db.ExecContext(t.Context(), "INSERT INTO note VALUES ($1)", names[i]); err != nil {
					t.Fatal(err)
				}
				var got string
				err := db.QueryRowContext(t.Context(), "SELECT string_agg(words, ', ' ORDER BY words DESC) FROM note").Scan(&got)
				if err != nil {
					t.Fatal(err)
				}
				if want := "from the template, " + names[i]; got != want {
					t.Errorf("notes: %s, want %s", got, want)
				}
			})
		}
	})
	t.Run("are dropped at the end of their tests", func(t *testing.T) {
		for _, name := range names {
			if name == "" || exists(t, admin, name) {
				t.Errorf("database %q is still there", name)
			}
		}
	})
	t.Run("are empty without a template", func(t *testing.T) {
		var n int
		err := open(t, Database(t)).QueryRowContext(t.Context(),
			"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&n)
		if err != nil || n != 0 {
			t.Errorf("%d tables, %v; want none", n, err)
		}
	})
	t.Run("are dropped though a connection is open", func(t *testing.T) {
		var name string
		var leaked *sql.DB
		t.Run("leak", func(t *testing.T) {
			leaked = open(t, Database(t))
			if err := leaked.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
				t.Fatal(err)
			}
			// Cleanups run last first: the database goes after this, and before
			// a connection of the outer test would.
			conn, err := sql.Open("postgres", processServer.get(t).dsn(name))
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.PingContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			leaked = conn
		})
		defer leaked.Close()
		if exists(t, admin, name) {
			t.Errorf("database %q is still there", name)
		}
	})
}

func TestTemplateThatFailedIsBuiltAgain(t *testing.T) {
	t.Parallel()
	s := processServer.get(t)
	key := t.Name() + unique()
	broken := errors.New("no such column")
	if _, err := s.template(t.Context(), key, func(dsn string) error {
		return errors.Join(buildNotes(t.Context(), dsn), broken)
	}); !errors.Is(err, broken) {
		t.Fatalf("first build: %v, want %v", err, broken)
	}
	name, err := s.template(t.Context(), key, func(dsn string) error { return buildNotes(t.Context(), dsn) })
	if err != nil {
		t.Fatal(err)
	}
	dropTemplate(t, name)
	again, err := s.template(t.Context(), key, func(string) error { return errors.New("built a third time") })
	if err != nil || again != name {
		t.Errorf("third call: %s, %v; want %s", again, err, name)
	}
}

func TestTemplateIsBuiltOnceAmongProcesses(t *testing.T) {
	t.Parallel()
	processServer.get(t)
	key, builds := t.Name()+unique(), filepath.Join(t.TempDir(), "builds")
	var all [3]*child
	for i := range all {
		all[i] = startChild(t, "build a template", key, builds)
	}
	var name string
	for _, c := range all {
		name = c.line(t)
		c.finish(t)
	}
	dropTemplate(t, name)
	text, err := os.ReadFile(builds)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != "built\n" {
		t.Errorf("three processes built:\n%s\nwant one build", got)
	}
}

func childTemplate(ctx context.Context, args []string) (string, error) {
	l := &lazyServer{getenv: os.Getenv, find: findBinaries}
	if l.open(); l.server == nil {
		return "", errors.Join(l.err, l.missing)
	}
	return l.server.template(ctx, args[0], func(dsn string) error {
		f, err := os.OpenFile(args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = f.WriteString("built\n")
		return errors.Join(err, f.Close(), buildNotes(ctx, dsn))
	})
}

func TestDatabaseOfKilledProcess(t *testing.T) {
	t.Parallel()
	s := processServer.get(t)
	admin := open(t, s.url.String())
	c := startChild(t, "own a database")
	name := c.line(t)

	t.Run("is kept while the process lives", func(t *testing.T) {
		if err := s.dropAbandoned(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !exists(t, admin, name) {
			t.Errorf("database %s is gone", name)
		}
	})
	c.kill(t)
	t.Run("is dropped by the next process", func(t *testing.T) {
		// The server notices the lost connection in its own time.
		for exists(t, admin, name) {
			if err := s.dropAbandoned(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func childDatabase(ctx context.Context, _ []string) (string, error) {
	l := &lazyServer{getenv: os.Getenv, find: findBinaries}
	if l.open(); l.server == nil {
		return "", errors.Join(l.err, l.missing)
	}
	return l.server.create(ctx, "template0")
}

func BenchmarkDatabase(b *testing.B) {
	template := Template(b, b.Name()+unique(), func(dsn string) error { return buildNotes(b.Context(), dsn) })
	s := processServer.get(b)
	for b.Loop() {
		name, err := s.create(b.Context(), template)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.drop(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}
