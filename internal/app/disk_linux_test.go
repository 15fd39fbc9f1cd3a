package app_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func init() { processes["server"] = serveApart }

// nobody is who a server runs as that root starts: root may write everywhere.
const nobodyID = 65534

// serveApart is a server in a process of its own, with the arguments of its lines. It
// prints its address.
func serveApart(ctx context.Context, lines string) error {
	go limitFiles()
	if os.Getuid() == 0 {
		if err := syscall.Setgid(nobodyID); err != nil {
			return err
		}
		if err := syscall.Setuid(nobodyID); err != nil {
			return err
		}
	}
	return serveHere(ctx, slog.New(slog.DiscardHandler), func(*app.App) {}, strings.Split(lines, "\n")...)
}

// limitFiles keeps files of this process from growing, by SIGUSR1, and lets them grow
// again, by SIGUSR2. It prints a line when that is done. It ends with the process.
func limitFiles() {
	signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit fails like any other
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1, syscall.SIGUSR2)
	for s := range told {
		var limit unix.Rlimit
		err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit)
		limit.Cur = limit.Max
		if s == syscall.SIGUSR1 {
			limit.Cur = 4096
		}
		fmt.Println(errors.Join(err, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)))
	}
}

// diskFailure is something that happens to the folder of a database of SQLite while a
// server uses it.
type diskFailure struct {
	// prepare makes the folder another.
	prepare func(t *testing.T, dir string)
	begin   func(t *testing.T, dir string, server *testkit.Process) (end func())
	// refuses says that every change is refused meanwhile.
	refuses bool
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var diskFailures = map[string]diskFailure{
	// As with a quota, or LimitFSIZE of systemd.
	"files may not grow": {refuses: true, begin: func(t *testing.T, _ string, server *testkit.Process) func() {
		t.Helper()
		limit := func(by syscall.Signal) {
			must(t, syscall.Kill(server.PID(), by))
			if line := <-server.Lines; line != "<nil>" {
				t.Fatal(line)
			}
		}
		limit(syscall.SIGUSR1)
		return func() { limit(syscall.SIGUSR2) }
	}},
	"only reading is allowed": {begin: func(t *testing.T, dir string, _ *testkit.Process) func() {
		t.Helper()
		mode := func(file fs.FileMode) {
			files, err := filepath.Glob(dir + "/site.db*")
			must(t, err)
			for _, f := range files {
				must(t, os.Chmod(f, file))
			}
		}
		mode(0o444)
		return func() { mode(0o600) }
	}},
}

// mayMount reports whether this process may mount a disk: root outside of most
// containers.
func mayMount(dir string) bool {
	if unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k") != nil {
		return false
	}
	return unix.Unmount(dir, 0) == nil
}

// TestDisksLoseNothingAcknowledged has clients write while the disk of SQLite is full,
// or only reads: changes are done or answered with a code that says to try again,
// reading goes on, /readyz says no, all is well by itself after it, and what was
// acknowledged is there after a crash.
func TestDisksLoseNothingAcknowledged(t *testing.T) {
	t.Parallel()
	failures := maps.Clone(diskFailures)
	if mayMount(t.TempDir()) { // else the limit of files stands for it
		failures["the disk is full"] = diskFailure{refuses: true,
			prepare: func(t *testing.T, dir string) {
				t.Helper()
				must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"))
				t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
			},
			begin: func(t *testing.T, dir string, _ *testkit.Process) func() {
				t.Helper()
				filler, err := os.Create(dir + "/filler")
				must(t, err)
				for err == nil {
					_, err = filler.Write(make([]byte, 4096))
				}
				must(t, filler.Close())
				return func() { must(t, os.Remove(dir+"/filler")) }
			}}
	}
	for name, f := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, os.Chmod(filepath.Dir(dir), 0o755))
			if f.prepare != nil {
				f.prepare(t, dir)
			}
			database := "sqlite:" + dir + "/site.db"
			token := prepareSite(t, database)
			if os.Getuid() == 0 {
				must(t, os.Chown(dir, nobodyID, nobodyID))
				must(t, os.Chown(dir+"/site.db", nobodyID, nobodyID))
			}
			server := testkit.Start(t, "server", strings.Join([]string{"--addr=127.0.0.1:0", "--database=" + database, "--media-dir=" + dir + "/media",
				"--request-timeout=700ms", "--rate-limit-signed-in=0", "--cache-bytes=0", "--database-conns=6"}, "\n"))
			address, ok := <-server.Lines
			if !ok {
				t.Fatal("the server did not start")
			}
			at := &site{url: address}
			ready := func() int { return at.get(t, http.DefaultClient, "/readyz").status }
			meanwhile := func(refused int64) {
				if f.refuses && refused != 9 {
					t.Errorf("%d of 9 changes were refused", refused)
				}
				if got := at.ask(t, http.DefaultClient, `{ latestNews(first: 1) { nodes { id } } site { name } }`); got.status != http.StatusOK || strings.Contains(got.body, `"errors"`) {
					t.Errorf("reading meanwhile: %d %s", got.status, got.body)
				}
				if status := ready(); status != http.StatusServiceUnavailable {
					t.Errorf("/readyz answers %d", status)
				}
			}
			w := &writers{t: t, url: address, token: token}
			w.through(func() func() { return f.begin(t, dir, server) }, meanwhile, func() *store.DB {
				if status := ready(); status != http.StatusOK {
					t.Errorf("/readyz answers %d after it", status)
				}
				server.Kill()
				return testkit.Open(t, database, store.Options{})
			})
		})
	}
}

// prepareSite makes a database with an administrator's session, and gives its token.
func prepareSite(t *testing.T, database string) (token string) {
	t.Helper()
	db, err := store.Open(t.Context(), database, store.Options{})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	_, err = db.Migrate(t.Context())
	must(t, err)
	ctx := access.AsSystem(t.Context())
	u := db.Ent(ctx).User.Create().SetEmail("chief@example.org").SetDisplayName("Chief").SetRole(user.RoleAdmin).SaveX(ctx)
	token = secret.New("bst_")
	now := time.Now().UTC()
	db.Ent(ctx).Session.Create().SetUserID(u.ID).SetTokenHash(secret.Hash(token)).SetKind(session.KindBearer).SetLabel("").SetAddress("").SetUserAgent("").
		SetCreatedAt(now).SetSeenAt(now).SetExpiresAt(now.Add(time.Hour)).SaveX(ctx)
	return token
}
