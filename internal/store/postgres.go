package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// How long PostgreSQL may be silent. A connection can die without a word: a
// firewall forgets it, an address moves to another machine, a cable is cut. Every
// wait for it therefore has an end of its own.
const (
	// dialTimeout bounds making a connection, connectTimeout that and signing in.
	dialTimeout    = 3 * time.Second
	connectTimeout = 5 * time.Second
	// writeTimeout bounds handing bytes to the network.
	writeTimeout = 10 * time.Second
	// answerMargin is how much longer than a statement may take its answer is
	// waited for.
	answerMargin = 5 * time.Second
	// lastWords is how long a connection is heard after the context of its
	// operation ended: long enough for the server to confirm that it gave up.
	lastWords = time.Second
	// A connection that was idle for idleCheck is asked whether it lives before
	// it is used, and given pingTimeout to say so.
	idleCheck   = 10 * time.Second
	pingTimeout = time.Second
	// lostPackets ends a connection whose packets nobody acknowledges.
	lostPackets = 10 * time.Second
	// listenPing is how often the connection that listens is asked whether it
	// lives. It is given up after listenSilence without a word.
	listenPing    = 15 * time.Second
	listenSilence = 40 * time.Second
)

// postgresURL puts the settings of a session into a URL, where it does not say
// otherwise.
func postgresURL(dsn string, opts Options) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		// The parser's message repeats the URL, password and all.
		return "", errors.New("database: the postgres URL cannot be parsed")
	}
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	q := u.Query()
	for _, setting := range [][2]string{
		{"application_name", "broadsheet"},
		{"connect_timeout", strconv.Itoa(int(connectTimeout.Seconds()))},
		{"jit", "off"}, // compiles for longer than our statements run
		// Our statements are prepared once and look rows up by keys: one plan fits
		// all arguments, and planning costs several times what running does.
		{"plan_cache_mode", "force_generic_plan"},
		{"TimeZone", "UTC"},
		{"statement_timeout", milliseconds(max(opts.statementTimeout(), 0))},
		// A node that stops in the middle of a transaction must not keep its locks,
		// nor one that waits for a lock its connection.
		{"lock_timeout", milliseconds(opts.lockTimeout())},
		{"idle_in_transaction_session_timeout", milliseconds(opts.idleInTransaction())},
		// The server's side of a connection that died silently.
		{"tcp_keepalives_idle", "10"},
		{"tcp_keepalives_interval", "5"},
		{"tcp_keepalives_count", "3"},
		{"tcp_user_timeout", milliseconds(lostPackets)},
	} {
		if !q.Has(setting[0]) {
			q.Set(setting[0], setting[1])
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// postgresConnector makes connections that cannot wait for ever.
type postgresConnector struct {
	*pq.Connector
	// silentAt is when a connection last turned out to be dead, in nanoseconds:
	// those that were last heard before are not trusted any more.
	silentAt atomic.Int64
	closed   atomic.Bool // the whole pool
	observe  Observer
}

func newPostgresConnector(dsn string, opts Options) (*postgresConnector, error) {
	c, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	dialer := &postgresDialer{answer: opts.statementTimeout() + answerMargin}
	if opts.statementTimeout() < 0 {
		dialer.answer = 0 // statements without a limit: keepalives find a dead server
	}
	c.Dialer(dialer)
	return &postgresConnector{Connector: c}, nil
}

type wireKey struct{}

// Connect implements driver.Connector.
func (c *postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	p := &postgresKeeper{pool: c, connecting: ctx}
	conn, err := c.Connector.Connect(context.WithValue(ctx, wireKey{}, p))
	p.connecting = nil
	if p.signedIn != nil {
		p.signedIn()
	}
	if err != nil {
		return nil, withTryAgain(ctx, err)
	}
	return &session{Conn: conn, keeper: p, observe: c.observe}, nil
}

// postgresDialer opens connections whose reads and writes have ends.
type postgresDialer struct {
	answer  time.Duration // longest wait for bytes; 0: any
	listens bool          // for the listener, which runs no statements
}

// Dial implements pq.Dialer.
func (d *postgresDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (d *postgresDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext. The driver also dials to ask the
// server that it gives a statement up; a query waits for that to be done.
func (d *postgresDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         setUserTimeout,
	}
	keeper, _ := ctx.Value(wireKey{}).(*postgresKeeper)
	cancels := keeper == nil && !d.listens
	if cancels {
		dialer.Timeout = lastWords
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: conn, answer: d.answer}
	switch {
	case keeper != nil:
		// The driver signs in without looking at the context.
		if keeper.signedIn != nil {
			keeper.signedIn() // the driver tries another way
		}
		stop := context.AfterFunc(keeper.connecting, func() { w.cut(0, 0) })
		keeper.wire, keeper.signedIn = w, func() { stop() }
	case cancels:
		w.cutAt = time.Now().Add(lastWords)
	}
	return w, nil
}

// wire is a network connection whose every read and write has an end.
type wire struct {
	net.Conn
	answer time.Duration
	heard  atomic.Int64 // when bytes last came, in nanoseconds

	mu    sync.Mutex
	limit time.Time // set by the driver, while it signs in
	cutAt time.Time // set when nobody waits for an answer any more
	turn  int       // number of the operation that cutAt and wrote are about
	wrote bool
}

// SetDeadline implements net.Conn for the driver.
func (w *wire) SetDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.limit = t
	return w.Conn.SetDeadline(t)
}

// Read implements net.Conn.
func (w *wire) Read(b []byte) (int, error) {
	if err := w.prepare(w.answer, w.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(b)
	if n > 0 {
		w.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	if err := w.prepare(writeTimeout, w.SetWriteDeadline); err != nil {
		return 0, err
	}
	n, err := w.Conn.Write(b)
	if n > 0 {
		w.mu.Lock()
		w.wrote = true
		w.mu.Unlock()
	}
	return n, err
}

// hasWritten reports whether anything of the operation was sent.
func (w *wire) hasWritten() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.wrote
}

// prepare sets a deadline: the first of all that apply.
func (w *wire) prepare(longest time.Duration, set func(time.Time) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var end time.Time
	if longest > 0 {
		end = time.Now().Add(longest)
	}
	for _, t := range []time.Time{w.limit, w.cutAt} {
		if !t.IsZero() && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	return set(end)
}

// begin starts an operation, or the pause between two; its number is for cut.
func (w *wire) begin() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	w.cutAt, w.wrote = time.Time{}, false
	return w.turn
}

// cut ends the waits of an operation soon, if it is still under way.
func (w *wire) cut(turn int, in time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if turn == w.turn {
		w.cutAt = time.Now().Add(in)
		_ = w.Conn.SetDeadline(w.cutAt) // a closed connection waits for nothing
	}
}

// postgresKeeper ends the operations of a connection with their contexts.
type postgresKeeper struct {
	pool *postgresConnector
	wire *wire

	connecting context.Context // while the connection is made
	signedIn   func()
}

func (k *postgresKeeper) start(ctx context.Context, _ bool) (func(), error) {
	turn := k.wire.begin()
	stop := context.AfterFunc(ctx, func() { k.wire.cut(turn, lastWords) })
	return func() { stop() }, nil
}

func (k *postgresKeeper) startTx(ctx context.Context, _ bool) (func(), error) {
	return k.start(ctx, false)
}

func (k *postgresKeeper) returned() { k.wire.begin() }

// taken refuses a connection that is as old as one that was found dead, and asks
// one that was idle for long whether it lives.
func (k *postgresKeeper) taken(ctx context.Context, ping func(context.Context) error) error {
	heard := k.wire.heard.Load()
	if heard < k.pool.silentAt.Load() {
		return k.discard()
	}
	if time.Since(time.Unix(0, heard)) < idleCheck {
		return nil
	}
	turn := k.wire.begin()
	k.wire.cut(turn, pingTimeout)
	// The context is not handed on: the driver would wait for a server that is
	// asked to give up.
	if err := ping(context.WithoutCancel(ctx)); err != nil {
		k.pool.silent()
		return k.discard()
	}
	k.wire.begin()
	return nil
}

// discard ends a connection without a word: the pool would wait for the server
// to confirm that each of its statements is forgotten.
func (k *postgresKeeper) discard() error {
	_ = k.wire.Close()
	return driver.ErrBadConn
}

func (k *postgresKeeper) closing() {
	if k.pool.closed.Load() {
		_ = k.wire.Close()
	}
}

func (c *postgresConnector) silent() { c.silentAt.Store(time.Now().UnixNano()) }

func (k *postgresKeeper) explain(ctx context.Context, err error, commits bool) error {
	if err == nil {
		return nil
	}
	if isConnectionLost(err) {
		k.pool.silent()
		if commits && k.wire.hasWritten() {
			return unconfirmed(err)
		}
	}
	return withTryAgain(ctx, err)
}
