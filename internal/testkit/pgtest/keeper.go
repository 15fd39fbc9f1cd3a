//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pgtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// keeperVariable turns a program that imports this package into a keeper. Its
// value is a job in JSON.
const keeperVariable = "BROADSHEET_PGTEST_KEEPER"

// killAfter is how long a server has to end before it is killed.
const killAfter = 10 * time.Second

// What a keeper restarts its server by.
const (
	restartFast  = syscall.SIGUSR1
	restartCrash = syscall.SIGUSR2
)

// init runs the keeper. A test binary has no other entry that a package can
// take without asking each TestMain for it, and the keeper must be a process of
// its own: the one that starts the cluster is often the first to end.
func init() {
	text, ok := os.LookupEnv(keeperVariable)
	if !ok {
		return
	}
	// The server is not a test program.
	_ = os.Unsetenv(keeperVariable)
	// The lock came with an open file, whose number exec.Cmd defines. It is held
	// to the very end, also while the last words are written.
	lock := os.NewFile(3, keeperFile)
	syscall.CloseOnExec(3)
	status := 0
	if err := keep(text); err != nil {
		log.Printf("pgtest keeper: %v", err)
		status = 1
	}
	runtime.KeepAlive(lock)
	os.Exit(status)
}

// keep makes a cluster, runs its server until the cluster has no user, and
// removes the cluster. It runs on the main thread, where the runtime keeps
// initialisation: on Linux the server is told when the thread that started it
// dies.
func keep(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	account, err := serverAccount()
	if err != nil {
		return err
	}
	for _, name := range []string{dataDir, socketDir} {
		path := filepath.Join(j.Dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		if account == nil {
			continue
		}
		if err := os.Chown(path, int(account.Uid), int(account.Gid)); err != nil {
			return err
		}
	}
	restarts := make(chan os.Signal, 1)
	signal.Notify(restarts, restartFast, restartCrash)
	fill := initdb
	if j.Primary != "" {
		fill = copyPrimary
	}
	if err := fill(ctx, j, account); err != nil {
		return err
	}
	server, ended, err := startServer(j, account)
	if err != nil {
		return err
	}
	ready := func(first string) error {
		ctx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		if err := await(ctx, socketURL(filepath.Join(j.Dir, socketDir), "postgres", "postgres"), first, ended); err != nil {
			return err
		}
		return announce(j.Dir, server.Process.Pid)
	}
	first := "CREATE ROLE broadsheet LOGIN CREATEDB"
	if j.Primary != "" {
		first = "SELECT 1"
	}
	if err := ready(first); err != nil {
		return errors.Join(err, stopServer(server, ended))
	}
	again := func(how os.Signal) (*exec.Cmd, <-chan struct{}, error) {
		if how == restartFast {
			_ = server.Process.Signal(syscall.SIGINT)
			<-ended
		} else if err := stopServer(server, ended); err != nil {
			return server, ended, err
		}
		var err error
		if server, ended, err = startServer(j, account); err != nil {
			return nil, nil, err
		}
		return server, ended, ready("SELECT 1")
	}
	return watch(ctx, j, server, ended, restarts, again)
}

// copyPrimary writes the data directory of a new standby.
func copyPrimary(ctx context.Context, j job, account *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, filepath.Join(j.Bin, "pg_basebackup"), "--dbname="+j.Primary, "--pgdata="+filepath.Join(j.Dir, dataDir),
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = serverAttributes(account)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pg_basebackup: %w", err)
	}
	return nil
}

// serverAccount returns the account a server runs under, nil for our own.
// PostgreSQL refuses to run as root, who therefore steps down.
func serverAccount() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to step down to")
}

// initdb writes the data directory of a new cluster. Text sorts by code point,
// so that results do not depend on the machine, and knows letters outside of
// ASCII where the system has a locale for that.
func initdb(ctx context.Context, j job, account *syscall.Credential) error {
	run := func(locale ...string) error {
		args := append([]string{
			"--pgdata=" + filepath.Join(j.Dir, dataDir),
			"--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions",
		}, locale...)
		cmd := exec.CommandContext(ctx, filepath.Join(j.Bin, "initdb"), args...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = serverAttributes(account)
		return cmd.Run()
	}
	if run("--locale=C", "--lc-ctype=C.UTF-8") == nil {
		return nil
	}
	// It leaves the directory as it found it when it fails.
	if err := run("--locale=C"); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	return nil
}

// startServer starts the server. The channel is closed when it has ended.
func startServer(j job, account *syscall.Credential) (*exec.Cmd, <-chan struct{}, error) {
	settings := append([]string{
		// Nobody but who may enter the folder of the socket.
		"listen_addresses=",
		"port=5432",
		"unix_socket_directories=" + filepath.Join(j.Dir, socketDir),
		"unix_socket_permissions=0700",
		// Nothing outlives the cluster, so nothing needs to reach the disk.
		"fsync=off",
		"full_page_writes=off",
		"synchronous_commit=off",
		"wal_level=minimal",
		"max_wal_senders=0",
		"max_wal_size=512MB",
		"checkpoint_timeout=1h",
		// Tests are the same each time, and databases live for seconds.
		"autovacuum=off",
		"timezone=UTC",
		// Test binaries run side by side, each with parallel tests and pools.
		"max_connections=400",
		// What tests provoke is not news.
		"log_min_messages=fatal",
	}, j.Settings...)
	args := []string{"-D", filepath.Join(j.Dir, dataDir)}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	// Ended by stopServer in its own way rather than killed with a context.
	cmd := exec.Command(filepath.Join(j.Bin, "postgres"), args...) //nolint:noctx // see above
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = serverAttributes(account)
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start postgres: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		if err := cmd.Wait(); err != nil {
			log.Printf("postgres ended: %v", err)
		}
		close(ended)
	}()
	return cmd, ended, nil
}

// stopServer ends the server without saving anything.
func stopServer(server *exec.Cmd, ended <-chan struct{}) error {
	_ = server.Process.Signal(syscall.SIGQUIT) // fails if it has ended
	select {
	case <-ended:
		return nil
	case <-time.After(killAfter):
		_ = server.Process.Kill()
		<-ended
		return errors.New("postgres had to be killed")
	}
}

// await waits until the server takes connections and runs a first statement.
func await(ctx context.Context, url, first string, ended <-chan struct{}) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		_, err := db.ExecContext(ctx, first)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.New("postgres ended while it started")
		default:
		}
		if pause(ctx) != nil {
			return fmt.Errorf("connect to postgres: %w", err)
		}
	}
}

// announce writes the state file, whole from the moment it is there.
func announce(dir string, pid int) error {
	text, err := json.Marshal(state{Socket: filepath.Join(dir, socketDir), PID: pid})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, stateFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// watch returns when the cluster has had no user for as long as the job says,
// the server has ended, or the keeper was asked to stop. The cluster is gone by
// then.
func watch(ctx context.Context, j job, server *exec.Cmd, ended <-chan struct{}, restarts <-chan os.Signal,
	again func(how os.Signal) (*exec.Cmd, <-chan struct{}, error)) error {
	users, err := os.Open(filepath.Join(j.Dir, usersFile))
	if err != nil {
		return errors.Join(err, stopServer(server, ended))
	}
	defer users.Close()
	used := time.Now()
	for {
		select {
		case <-ended:
			return errors.New("postgres ended while the cluster was in use")
		case <-ctx.Done():
			return errors.Join(stopServer(server, ended), os.RemoveAll(j.Dir))
		case how := <-restarts:
			if server, ended, err = again(how); err != nil {
				return fmt.Errorf("restart: %w", err)
			}
			continue
		case <-time.After(5 * tick):
		}
		gone, err := endIfUnused(j, users, &used, server, ended)
		if err != nil {
			return errors.Join(err, stopServer(server, ended))
		}
		if gone {
			return nil
		}
	}
}

// endIfUnused ends the cluster if its time has come. used is when it last had a
// user.
func endIfUnused(j job, users *os.File, used *time.Time, server *exec.Cmd, ended <-chan struct{}) (bool, error) {
	gone := false
	// Nobody can join while we hold the lock on the base. If it is taken,
	// somebody may be joining right now; we come back.
	_, err := ifUnlocked(j.Base, func() error {
		free, err := tryLock(users, syscall.LOCK_EX)
		if err != nil {
			return err
		}
		if !free {
			*used = time.Now()
			return nil
		}
		if time.Since(*used) < j.Idle {
			return syscall.Flock(int(users.Fd()), syscall.LOCK_UN)
		}
		gone = true
		return errors.Join(stopServer(server, ended), os.RemoveAll(j.Dir))
	})
	return gone, err
}
