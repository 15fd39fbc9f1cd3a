//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pgtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// Files in a cluster's directory.
const (
	usersFile  = "users.lock"  // locked shared by each process that uses the cluster
	keeperFile = "keeper.lock" // locked by the keeper while it lives
	stateFile  = "state.json"  // appears when the server takes connections
	logFile    = "log"         // of keeper, initdb and server
	dataDir    = "data"        // of the server, and its user's own
	socketDir  = "socket"      // likewise
)

const (
	// sharedIdle is how long the shared cluster outlives its last user: enough
	// to bridge the gap between two test binaries of one run, or two runs in a
	// row, and less than a minute of memory that nobody uses.
	sharedIdle = 30 * time.Second

	// maxSocketPath is the longest path of a socket that all systems take.
	maxSocketPath = 103

	tick = 10 * time.Millisecond
)

// Cluster is a running private PostgreSQL server. It listens on a unix socket
// that nobody but its user (and root) can reach, and keeps nothing: writes are
// not flushed to disk, and its directory goes when it ends. That directory is in
// [os.TempDir], or in memory for the cluster that tests share.
type Cluster struct {
	dir   string
	users *os.File // its lock says that this process uses the cluster

	socket string
	pid    int
	stop   sync.Once

	// Of the process that started the cluster.
	keeper  *os.Process
	stopped chan struct{} // closed when the keeper is gone
	started job
}

// Start makes a cluster for one program, such as a benchmark, that is not a
// test. Each setting is a "name=value" of postgresql.conf, over the defaults for
// tests; see [Cluster.URL] for the rest. ctx bounds the start alone. The cluster
// ends with Stop, or with the process however that ends. The error of a machine
// without PostgreSQL says what to install.
func Start(ctx context.Context, settings ...string) (*Cluster, error) {
	bin, err := findBinaries(ctx)
	if err != nil {
		return nil, err
	}
	base, err := baseDir(os.TempDir())
	if err != nil {
		return nil, err
	}
	return startOwn(ctx, base, bin, settings)
}

// Standby starts another cluster that follows this one by streaming replication, as a
// hot standby with the same and further settings, which ends as one of Start does. This one must have been started with
// wal_level=replica and max_wal_senders above 2.
func (c *Cluster) Standby(ctx context.Context, settings ...string) (*Cluster, error) {
	bin, err := findBinaries(ctx)
	if err != nil {
		return nil, err
	}
	base, err := baseDir(os.TempDir())
	if err != nil {
		return nil, err
	}
	return startJob(ctx, base, job{Base: base, Bin: bin.dir, Settings: slices.Concat(c.started.Settings, settings), Primary: c.AdminURL("postgres")})
}

// Create makes an empty database for the role broadsheet, and gives its URL.
func (c *Cluster) Create(ctx context.Context, name string) (string, error) {
	db, err := sql.Open("postgres", c.AdminURL("postgres"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name)+" OWNER broadsheet TEMPLATE template0"); err != nil {
		return "", fmt.Errorf("create a database: %w", err)
	}
	return c.URL(name), nil
}

// Restart ends the server, at once as a crash does or after its sessions were told,
// and starts it again. It returns when that takes connections. Only the process that
// started the cluster can do this.
func (c *Cluster) Restart(ctx context.Context, crash bool) error {
	how := restartFast
	if crash {
		how = restartCrash
	}
	if err := os.Remove(filepath.Join(c.dir, stateFile)); err != nil {
		return err
	}
	if err := c.keeper.Signal(how); err != nil {
		return err
	}
	return c.wait(ctx)
}

func startOwn(ctx context.Context, base string, bin binaries, settings []string) (*Cluster, error) {
	return startJob(ctx, base, job{Base: base, Bin: bin.dir, Settings: settings})
}

func startJob(ctx context.Context, base string, j job) (*Cluster, error) {
	var c *Cluster
	err := withLock(ctx, base, func() error {
		if err := sweep(ctx, base); err != nil {
			return err
		}
		dir, err := os.MkdirTemp(base, "own")
		if err != nil {
			return err
		}
		c, err = launch(dir, j)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start a PostgreSQL cluster: %w", err)
	}
	if err := c.wait(ctx); err != nil {
		return nil, errors.Join(err, c.abandon(base))
	}
	return c, nil
}

// joinShared makes this process a user of the user's shared cluster, which it
// starts if there is none. The process is a user until it ends.
func joinShared(ctx context.Context, bin binaries) (*Cluster, error) {
	temp, ok := memoryDir()
	if !ok {
		temp = os.TempDir()
	}
	base, err := baseDir(temp)
	if err != nil {
		return nil, err
	}
	return joinNamed(ctx, base, "shared"+strconv.Itoa(bin.major), bin, sharedIdle)
}

func joinNamed(ctx context.Context, base, name string, bin binaries, idle time.Duration) (*Cluster, error) {
	dir := filepath.Join(base, name)
	var c *Cluster
	err := withLock(ctx, base, func() error {
		err := sweep(ctx, base)
		if err != nil {
			return err
		}
		// What the sweep left has a keeper, which cannot end while we are here.
		err = os.Mkdir(dir, 0o711) // the server's user passes through
		switch {
		case err == nil:
			c, err = launch(dir, job{Base: base, Bin: bin.dir, Idle: idle})
		case errors.Is(err, fs.ErrExist):
			c, err = use(dir)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("share a PostgreSQL cluster: %w", err)
	}
	if err := c.wait(ctx); err != nil {
		return nil, errors.Join(err, c.abandon(base))
	}
	return c, nil
}

// URL returns the URL of a database of the cluster for its role broadsheet,
// which may create databases but is no superuser, as in production. The
// database postgres is there from the start.
func (c *Cluster) URL(database string) string { return c.urlAs("broadsheet", database) }

// AdminURL returns the URL of a database for the cluster's superuser.
func (c *Cluster) AdminURL(database string) string { return c.urlAs("postgres", database) }

func (c *Cluster) urlAs(role, database string) string {
	return socketURL(c.socket, role, database)
}

// PID returns the process id of the server, the parent of all its processes.
func (c *Cluster) PID() int { return c.pid }

// Stop ends the cluster and removes its directory. It returns when both are
// done; calling it again does nothing.
func (c *Cluster) Stop() {
	c.stop.Do(func() { _ = c.users.Close() })
	<-c.stopped
}

// socketURL is the URL of a database behind the socket in dir.
func socketURL(dir, role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(role),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {dir}, "port": {"5432"}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

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

// job is what a keeper is told.
type job struct {
	Base     string        // folder whose lock guards starts and ends
	Dir      string        // the cluster's directory
	Bin      string        // folder of the server binaries
	Idle     time.Duration // how long the cluster outlives its last user
	Settings []string      // name=value
	Primary  string        // URL of the server that this one is a standby of; empty: it is none
}

// state is what a keeper tells.
type state struct {
	Socket string
	PID    int
}

// launch starts the keeper of a new cluster in the empty directory dir and makes
// this process the first user. The caller holds the lock on the base folder.
func launch(dir string, j job) (_ *Cluster, err error) {
	j.Dir = dir
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	for _, name := range []string{usersFile, keeperFile, logFile} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			return nil, err
		}
	}
	// The keeper inherits this open file, and with it the lock, so that there is
	// no moment at which the directory seems to be nobody's.
	alive, err := os.Open(filepath.Join(dir, keeperFile))
	if err != nil {
		return nil, err
	}
	defer alive.Close()
	if _, err := tryLock(alive, syscall.LOCK_EX); err != nil {
		return nil, err
	}
	output, err := os.OpenFile(filepath.Join(dir, logFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	c, err := use(dir)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// No context ends the keeper: it ends when the cluster has no user.
	cmd := exec.Command(self)                //nolint:noctx // see above
	cmd.Args[0] = "broadsheet-pgtest-keeper" // for who reads the list of processes
	cmd.Env = append(os.Environ(), keeperVariable+"="+string(text))
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = []*os.File{alive}
	// An interrupt from the terminal is for the tests; the keeper cleans up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		_ = c.users.Close()
		return nil, err
	}
	c.keeper, c.started = cmd.Process, j
	c.stopped = make(chan struct{})
	go func() {
		_ = cmd.Wait() // what a keeper has to say is in its log
		close(c.stopped)
	}()
	return c, nil
}

// use makes this process a user of the cluster in dir.
func use(dir string) (*Cluster, error) {
	users, err := os.Open(filepath.Join(dir, usersFile))
	if err != nil {
		return nil, err
	}
	// Only the keeper ever asks for more, and that under the lock of the base.
	if ok, err := tryLock(users, syscall.LOCK_SH); err != nil || !ok {
		_ = users.Close()
		return nil, errors.Join(err, errors.New("the users file of "+dir+" is locked"))
	}
	return &Cluster{dir: dir, users: users}, nil
}

// wait returns when the server takes connections, or its keeper has given up.
func (c *Cluster) wait(ctx context.Context) error {
	for {
		text, err := os.ReadFile(filepath.Join(c.dir, stateFile))
		if err == nil {
			var s state
			if err := json.Unmarshal(text, &s); err != nil {
				return fmt.Errorf("read %s: %w", stateFile, err)
			}
			c.socket, c.pid = s.Socket, s.PID
			return nil
		}
		if !kept(c.dir) {
			return fmt.Errorf("PostgreSQL did not start; its log ends with:\n%s", logTail(c.dir))
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting for PostgreSQL to start: %w; its log ends with:\n%s", err, logTail(c.dir))
		}
	}
}

// abandon leaves a cluster that did not start, and removes it if its keeper has
// given up too.
func (c *Cluster) abandon(base string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	_ = c.users.Close()
	return withLock(ctx, base, func() error { return sweep(ctx, base) })
}

// logTail returns the last lines of a cluster's log.
func logTail(dir string) string {
	const most = 2000
	text, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
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
