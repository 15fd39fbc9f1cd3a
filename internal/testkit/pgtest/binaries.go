package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest release of PostgreSQL that Broadsheet supports.
const oldestMajor = 14

// errNoPostgres says what to install. scripts/install-postgres.sh says the same.
var errNoPostgres = fmt.Errorf("no server binaries of PostgreSQL %d or newer found; install them "+
	"(Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; "+
	"Alpine: apk add postgresql; macOS: brew install postgresql) "+
	"or set TEST_POSTGRES_URL=postgres://… to a server whose role may create databases", oldestMajor)

// binaries is a folder with initdb, postgres and pg_ctl of one release.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// lookup is how the search for binaries sees the machine.
type lookup struct {
	lookPath func(program string) (string, error)
	output   func(ctx context.Context, program string, args ...string) (string, error)
	glob     func(pattern string) ([]string, error)
}

// findBinaries returns the server binaries of this machine: those of PATH, of
// pg_config, and of the places where distributions put them, the first that is
// new enough. The error says what to install.
func findBinaries(ctx context.Context) (binaries, error) {
	return lookup{
		lookPath: exec.LookPath,
		output: func(ctx context.Context, program string, args ...string) (string, error) {
			out, err := exec.CommandContext(ctx, program, args...).Output()
			return string(out), err
		},
		glob: filepath.Glob,
	}.find(ctx)
}

func (l lookup) find(ctx context.Context) (binaries, error) {
	for _, dir := range l.candidates(ctx) {
		bin, err := l.inspect(ctx, dir)
		if err == nil && bin.major >= oldestMajor {
			return bin, nil
		}
	}
	return binaries{}, errNoPostgres
}

// candidates lists folders that may hold server binaries, best first.
func (l lookup) candidates(ctx context.Context) []string {
	var dirs []string
	if path, err := l.lookPath("postgres"); err == nil {
		// A link in a folder of PATH may stand alone, without initdb beside it.
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	if out, err := l.output(ctx, "pg_config", "--bindir"); err == nil {
		dirs = append(dirs, strings.TrimSpace(out))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
		"/usr/pgsql-*/bin",                  // PostgreSQL's own packages for Red Hat
		"/usr/libexec/postgresql*",          // Alpine
		"/opt/homebrew/opt/postgresql*/bin", // macOS
		"/usr/local/opt/postgresql*/bin",    // macOS on Intel
	} {
		found, err := l.glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(found, func(a, b string) int { return majorIn(b) - majorIn(a) })
		dirs = append(dirs, found...)
	}
	return dirs
}

// inspect reports the release in a folder, or an error if a program is missing.
func (l lookup) inspect(ctx context.Context, dir string) (binaries, error) {
	for _, program := range []string{"initdb", "pg_ctl"} {
		if _, err := l.lookPath(filepath.Join(dir, program)); err != nil {
			return binaries{}, err
		}
	}
	out, err := l.output(ctx, filepath.Join(dir, "postgres"), "--version")
	if err != nil {
		return binaries{}, err
	}
	major := majorIn(out)
	if major == 0 {
		return binaries{}, errors.New("no version in " + strconv.Quote(out))
	}
	return binaries{dir: dir, major: major}, nil
}

var number = regexp.MustCompile(`[0-9]+`)

// majorIn returns the first number in the output of "postgres --version" or in
// the name of a folder, 0 if there is none.
func majorIn(s string) int {
	n, err := strconv.Atoi(number.FindString(s))
	if err != nil {
		return 0
	}
	return n
}
