//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// maxSocketPath is the longest path of a socket that all systems take.
	maxSocketPath = 103

	tick = 10 * time.Millisecond
)

// baseDir returns the folder of this user's clusters, made if need be. It is in
// temp unless a server could not work there.
func baseDir(temp string) (string, error) {
	name := "broadsheet-pg-" + strconv.Itoa(os.Getuid())
	if !fits(filepath.Join(temp, name)) || !passable(temp) {
		temp = "/tmp"
	}
	base := filepath.Join(temp, name)
	if err := os.Mkdir(base, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", err
	}
	// Anybody can make a folder of this name; we run programs from ours.
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder of this user alone; remove it", base)
	}
	return base, nil
}

// fits reports whether the sockets of clusters under base get short paths.
func fits(base string) bool {
	return len(filepath.Join(base, "own1234567890", socketDir, ".s.PGSQL.5432")) <= maxSocketPath
}

// passable reports whether every user may pass through dir, as the server's
// must when root starts it.
func passable(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return os.Getuid() != 0
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// kept reports whether the cluster in dir has a keeper.
func kept(dir string) bool {
	f, err := os.Open(filepath.Join(dir, keeperFile))
	if err != nil {
		return false
	}
	defer f.Close()
	// Shared, so that two who look do not take each other for the keeper.
	free, err := tryLock(f, syscall.LOCK_SH)
	return err == nil && !free
}

// sweep ends and removes the clusters under base that lost their keeper. The
// caller holds the lock on base.
func sweep(ctx context.Context, base string) error {
	entries, err := os.ReadDir(base)
	if err != nil {
		return err
	}
	for _, e := range entries {
		dir := filepath.Join(base, e.Name())
		if !e.IsDir() || kept(dir) {
			continue
		}
		if err := discard(ctx, dir); err != nil {
			return fmt.Errorf("remove a cluster that lost its keeper: %w", err)
		}
	}
	return nil
}

// discard ends what runs in a cluster's directory and removes it.
func discard(ctx context.Context, dir string) error {
	data := filepath.Join(dir, dataDir)
	if _, err := os.Stat(filepath.Join(data, "postmaster.pid")); err == nil {
		bin, err := findBinaries(ctx)
		if err != nil {
			return err
		}
		account, err := serverAccount()
		if err != nil {
			return err
		}
		// It fails if the server is gone already, which is as well.
		cmd := exec.CommandContext(ctx, bin.path("pg_ctl"), "stop", "--mode=immediate", "--pgdata="+data)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
		_ = cmd.Run()
	}
	return os.RemoveAll(dir)
}

// withLock runs f while holding the lock on base, under which clusters are
// started and ended, joined and swept. It waits for the lock as long as ctx
// allows.
func withLock(ctx context.Context, base string, f func() error) error {
	for {
		ran, err := ifUnlocked(base, f)
		if ran || err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting for the lock on %s: %w", base, err)
		}
	}
}

// ifUnlocked runs f while holding the lock on base if the lock is free, and
// reports whether it was.
func ifUnlocked(base string, f func() error) (bool, error) {
	lock, err := os.OpenFile(filepath.Join(base, "lock"), os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	free, err := tryLock(lock, syscall.LOCK_EX)
	if err != nil || !free {
		return false, err
	}
	return true, f()
}

// tryLock takes a lock on an open file if it is free. The lock ends when the
// file is closed in all processes that have it open from here.
func tryLock(f *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
	}
}

// pause waits a moment, or until ctx ends.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(tick):
		return nil
	}
}
