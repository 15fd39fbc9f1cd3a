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

// sharedIdle is how long the shared cluster outlives its last user: enough to bridge
// the gap between two test binaries of one run, or two runs in a row, and less than a
// minute of memory that nobody uses.
const sharedIdle = 30 * time.Second

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
	return start(ctx, job{Settings: settings})
}

// Standby starts another cluster that follows this one by streaming replication, as a
// hot standby with the same and further settings, which ends as one of Start does. This one must have been started with
// wal_level=replica and max_wal_senders above 2.
func (c *Cluster) Standby(ctx context.Context, settings ...string) (*Cluster, error) {
	return start(ctx, job{Settings: slices.Concat(c.started.Settings, settings), Primary: c.AdminURL("postgres")})
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

// start starts a cluster in the temporary folder with the binaries of this machine.
func start(ctx context.Context, j job) (*Cluster, error) {
	bin, err := findBinaries(ctx)
	if err != nil {
		return nil, err
	}
	if j.Base, err = baseDir(os.TempDir()); err != nil {
		return nil, err
	}
	j.Bin = bin.dir
	return startJob(ctx, j)
}

func startJob(ctx context.Context, j job) (*Cluster, error) {
	var c *Cluster
	err := withLock(ctx, j.Base, func() error {
		if err := sweep(ctx, j.Base); err != nil {
			return err
		}
		dir, err := os.MkdirTemp(j.Base, "own")
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
		return nil, errors.Join(err, c.abandon(j.Base))
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
