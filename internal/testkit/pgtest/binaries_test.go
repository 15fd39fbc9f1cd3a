package pgtest

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machine is a lookup over a made-up file system: version by folder.
func machine(path, pgConfig string, versions map[string]string) lookup {
	return lookup{
		lookPath: func(program string) (string, error) {
			if program == "postgres" && path != "" {
				return filepath.Join(path, program), nil
			}
			if _, ok := versions[filepath.Dir(program)]; ok {
				return program, nil
			}
			return "", errors.New("not found")
		},
		output: func(_ context.Context, program string, _ ...string) (string, error) {
			if program == "pg_config" && pgConfig != "" {
				return pgConfig + "\n", nil
			}
			if v, ok := versions[filepath.Dir(program)]; ok {
				return v, nil
			}
			return "", errors.New("not found")
		},
		glob: func(pattern string) ([]string, error) {
			var found []string
			for dir := range versions {
				if ok, _ := filepath.Match(pattern, dir); ok {
					found = append(found, dir)
				}
			}
			return found, nil
		},
	}
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	debian := map[string]string{
		"/usr/lib/postgresql/9.6/bin": "postgres (PostgreSQL) 9.6.24",
		"/usr/lib/postgresql/15/bin":  "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
		"/usr/lib/postgresql/17/bin":  "postgres (PostgreSQL) 17.2",
	}
	tests := []struct {
		name    string
		machine lookup
		want    binaries
	}{
		{"takes the newest that the distribution has", machine("", "", debian), binaries{"/usr/lib/postgresql/17/bin", 17}},
		{"prefers pg_config to the newest", machine("", "/usr/lib/postgresql/15/bin", debian), binaries{"/usr/lib/postgresql/15/bin", 15}},
		{"prefers the path to pg_config", machine("/nowhere/pg/bin", "/usr/lib/postgresql/15/bin", map[string]string{
			"/nowhere/pg/bin":            "postgres (PostgreSQL) 16devel",
			"/usr/lib/postgresql/15/bin": "postgres (PostgreSQL) 15.1",
		}), binaries{"/nowhere/pg/bin", 16}},
		{"passes over a client without a server", machine("", "/usr/bin", debian), binaries{"/usr/lib/postgresql/17/bin", 17}},
		{"passes over one too old in the path", machine("/usr/lib/postgresql/9.6/bin", "", debian), binaries{"/usr/lib/postgresql/17/bin", 17}},
		{"passes over one without a version", machine("/nowhere/bin", "", map[string]string{
			"/nowhere/bin":               "hello",
			"/usr/lib/postgresql/14/bin": "postgres (PostgreSQL) 14.0",
		}), binaries{"/usr/lib/postgresql/14/bin", 14}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.machine.find(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(binaries{})); diff != "" {
				t.Errorf("find: (-want +got)\n%s", diff)
			}
		})
	}
}

func TestFindBinariesSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]lookup{
		"on a bare machine":     machine("", "", nil),
		"with only an old one":  machine("", "", map[string]string{"/usr/lib/postgresql/13/bin": "postgres (PostgreSQL) 13.9"}),
		"with only the clients": machine("", "/usr/bin", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := m.find(t.Context())
			if !errors.Is(err, errNoPostgres) {
				t.Fatalf("find: %v, want %v", err, errNoPostgres)
			}
		})
	}
}

// ending is what a test was told to end with.
type ending struct {
	testing.TB
	how, words string
}

func (e *ending) Helper() {}

func (e *ending) end(how, format string, args []any) {
	e.how, e.words = how, strings.ReplaceAll(format, "%v", args[0].(error).Error())
}

func (e *ending) Fatalf(format string, args ...any) { e.end("fails", format, args) }
func (e *ending) Skipf(format string, args ...any)  { e.end("is skipped", format, args) }

func TestMachineWithoutPostgres(t *testing.T) {
	t.Parallel()
	broken := errors.New("could not start")
	tests := []struct {
		name string
		env  map[string]string
		find error
		want ending
	}{
		{"skips", nil, errNoPostgres, ending{how: "is skipped", words: "pgtest: " + errNoPostgres.Error()}},
		{"fails on CI, in the same words", map[string]string{"CI": "true"}, errNoPostgres,
			ending{how: "fails", words: "pgtest: " + errNoPostgres.Error()}},
		{"fails when the server named has another form", map[string]string{"TEST_POSTGRES_URL": "host=localhost"}, broken,
			ending{how: "fails", words: "pgtest: TEST_POSTGRES_URL is not of the form postgres://user:password@host:port/database"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := lazyServer{
				getenv: func(name string) string { return tt.env[name] },
				find:   func(context.Context) (binaries, error) { return binaries{}, tt.find },
			}
			got := ending{TB: t}
			l.get(&got)
			if got.how != tt.want.how || got.words != tt.want.words {
				t.Errorf("the test %s: %s\nwant: %s: %s", got.how, got.words, tt.want.how, tt.want.words)
			}
		})
	}
}
