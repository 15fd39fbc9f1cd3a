package cli

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/testkit"
	"github.com/broadsheet-cms/broadsheet/internal/testkit/pgtest"
)

// readmeCommands are the lines of the README that set up PostgreSQL.
var readmeCommands = regexp.MustCompile("(?s)With PostgreSQL:\n\n```sh\n(.*?)```")

// freshPostgres starts a server as a distribution sets it up: its administrator
// comes in without a password, everybody else needs one, and there is no TLS. It
// gives the administrator's connections and the server's host and port.
func freshPostgres(t *testing.T) (admin *sql.DB, addr string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hba") // where the account of the server can read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	hba := filepath.Join(dir, "pg_hba.conf")
	if err := os.WriteFile(hba, []byte("local all postgres trust\nlocal all all scram-sha-256\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cluster, err := pgtest.Start(t.Context(), "hba_file="+hba)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	admin, err = sql.Open("postgres", cluster.AdminURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	if _, err := admin.ExecContext(t.Context(), "DROP ROLE broadsheet"); err != nil { // of other tests
		t.Fatal(err)
	}
	proxied, err := url.Parse(testkit.NewProxy(t, cluster.AdminURL("postgres")).URL)
	if err != nil {
		t.Fatal(err)
	}
	return admin, proxied.Host
}

// TestReadmeSetsUpPostgres runs the README's commands on a fresh server, and then
// the mistakes that people make with them.
func TestReadmeSetsUpPostgres(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := readmeCommands.FindSubmatch(readme)
	if found == nil {
		t.Fatal("the README has no commands for PostgreSQL")
	}
	admin, addr := freshPostgres(t)
	serve := ""
	for line := range strings.Lines(string(found[1])) {
		line = strings.TrimSpace(line)
		statement, isSQL := strings.CutPrefix(line, `sudo -u postgres psql -c "`)
		if isSQL {
			if _, err := admin.ExecContext(t.Context(), strings.TrimSuffix(statement, `"`)); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			continue
		}
		database, isServe := strings.CutPrefix(line, "broadsheet serve --database ")
		if !isServe {
			t.Fatalf("this test does not know how to run %s", line)
		}
		serve = strings.Replace(strings.Trim(database, "'"), "@localhost/", "@"+addr+"/", 1)
	}
	migrate := func(database string) (status int, said string) {
		var out strings.Builder
		status = Main([]string{"migrate", "--database", database}, strings.NewReader(""), &out, &out)
		return status, out.String()
	}
	if status, said := migrate(serve); status != 0 {
		t.Fatalf("status %d: %s", status, said)
	}
	for what, c := range map[string]struct{ old, changed, want string }{
		"without sslmode":            {"?sslmode=disable", "", "add ?sslmode=disable"},
		"a wrong password":           {"choose%20one", "guess", "The password is wrong"},
		"no password":                {":choose%20one", "", "password"},
		"a database that is not":     {"/broadsheet?", "/typo?", "createdb"},
		"a port where nobody is":     {addr, "127.0.0.1:1", "Start PostgreSQL"},
		"a host that does not exist": {addr, "database.invalid:5432", `There is no host "database.invalid"`},
	} {
		status, said := migrate(strings.Replace(serve, c.old, c.changed, 1))
		if status != 1 || !strings.Contains(said, c.want) || strings.Contains(said, "choose") || strings.Contains(said, "try again") {
			t.Errorf("%s: status %d, want 1 and %q: %s", what, status, c.want, said)
		}
	}
}
