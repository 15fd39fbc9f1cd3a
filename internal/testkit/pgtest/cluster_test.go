//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pgtest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func init() { children["use a cluster"] = childCluster }

// testBase is a folder of clusters that no other test sees.
func testBase(t *testing.T) string {
	t.Helper()
	in, _ := memoryDir()
	// Shorter than t.TempDir, for the path of a socket has few letters.
	temp, err := os.MkdirTemp(in, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(temp); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(temp, 0o711); err != nil {
		t.Fatal(err)
	}
	base, err := baseDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// testBinaries ends the test where there is no PostgreSQL as all tests end.
func testBinaries(t *testing.T) binaries {
	t.Helper()
	bin, err := findBinaries(t.Context())
	if err != nil {
		(&lazyServer{
			getenv: func(name string) string { return map[string]string{"CI": os.Getenv("CI")}[name] },
			find:   func(context.Context) (binaries, error) { return binaries{}, err },
		}).get(t)
	}
	return bin
}

// awaitKeeper returns when the keeper of the cluster in dir is gone. open must
// have been opened while it was there.
func awaitKeeper(t *testing.T, open *os.File) {
	t.Helper()
	if err := syscall.Flock(int(open.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
}

func openKeeperFile(t *testing.T, dir string) *os.File {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, keeperFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestClusterEndsWithItsKilledUser(t *testing.T) {
	t.Parallel()
	testBinaries(t)
	base := testBase(t)
	c := startChild(t, "use a cluster", base)
	dir := c.line(t)
	if !kept(dir) {
		t.Fatalf("%s has no keeper while it is used", dir)
	}
	keeper := openKeeperFile(t, dir)
	c.kill(t)
	awaitKeeper(t, keeper)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func childCluster(ctx context.Context, args []string) (string, error) {
	bin, err := findBinaries(ctx)
	if err != nil {
		return "", err
	}
	c, err := joinNamed(ctx, args[0], "shared", bin, 0)
	if err != nil {
		return "", err
	}
	return c.dir, nil
}

func TestClusterThatLostItsKeeperIsReplaced(t *testing.T) {
	t.Parallel()
	bin, base := testBinaries(t), testBase(t)
	first, err := joinNamed(t.Context(), base, "shared", bin, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.keeper.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.stopped
	_ = first.users.Close()
	if runtime.GOOS == "linux" {
		// The kernel has told the server; the files it served are still there.
		if err := os.Remove(filepath.Join(first.dir, stateFile)); err != nil {
			t.Error(err)
		}
	}
	second, err := joinNamed(t.Context(), base, "shared", bin, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	if first.pid == second.pid {
		t.Error("the second cluster is the first")
	}
	third, err := joinNamed(t.Context(), base, "shared", bin, 0)
	if err != nil {
		t.Fatal(err)
	}
	if third.pid != second.pid {
		t.Error("the third process does not share the second's cluster")
	}
	_ = third.users.Close()
	var super string
	for url, want := range map[string]string{second.URL("postgres"): "off", second.AdminURL("postgres"): "on"} {
		err := open(t, url).QueryRowContext(t.Context(), "SHOW is_superuser").Scan(&super)
		if err != nil || super != want {
			t.Errorf("is_superuser at %s: %s, %v; want %s", url, super, err, want)
		}
	}
}

func TestClusterOfOneProgram(t *testing.T) {
	t.Parallel()
	bin, base := testBinaries(t), testBase(t)
	c, err := startJob(t.Context(), job{Base: base, Bin: bin.dir, Settings: []string{"work_mem=7MB"}})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := open(t, c.URL("postgres")).QueryRowContext(t.Context(), "SHOW work_mem").Scan(&got); err != nil || got != "7MB" {
		t.Errorf("work_mem is %s, %v; want the setting 7MB", got, err)
	}
	c.Stop()
	c.Stop()
	if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Stop %s is still there: %v", c.dir, err)
	}
	if err := syscall.Kill(c.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("after Stop the server still runs: %v", err)
	}
}

func TestClusterThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	base := testBase(t)
	_, err := startJob(t.Context(), job{Base: base, Bin: filepath.Join(base, "nothing")})
	if err == nil || !strings.Contains(err.Error(), "initdb: no such file") && !strings.Contains(err.Error(), "initdb: fork/exec") {
		t.Errorf("start without initdb: %v, want the keeper's words", err)
	}
	left, globErr := filepath.Glob(filepath.Join(base, "own*"))
	if globErr != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, globErr)
	}
}

func TestBaseDirThatOthersWriteIsRefused(t *testing.T) {
	t.Parallel()
	base := testBase(t)
	if err := os.Chmod(base, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := baseDir(filepath.Dir(base)); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("baseDir: %v, want it refused", err)
	}
}

func TestStandbyFollowsAClusterThatRestarts(t *testing.T) {
	t.Parallel()
	testBinaries(t)
	primary, standby, database := OwnPair(t)
	follower := open(t, standby.URL("site"))
	if _, err := open(t, database).ExecContext(t.Context(), "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	for i, crash := range []bool{false, true} {
		if _, err := open(t, database).ExecContext(t.Context(), "INSERT INTO kept VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if err := primary.Restart(t.Context(), crash); err != nil {
			t.Fatal(err)
		}
		for n := 0; n <= i; {
			if err := follower.QueryRowContext(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
	}
	var follows bool
	if err := follower.QueryRowContext(t.Context(), "SELECT pg_is_in_recovery()").Scan(&follows); err != nil || !follows {
		t.Errorf("the standby is none: %v", err)
	}
}
