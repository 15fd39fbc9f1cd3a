// Package socket carries operations whose results come one after another: over
// WebSocket by graphql-transport-ws, and as server-sent events by the distinct
// connections of graphql-sse. It knows the protocols and bounds; what an operation
// is and who may run it is said by its Options.
package socket

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Stream gives the results of an operation, one after another.
type Stream interface {
	// Next waits for the next result, as JSON. The error is io.EOF after the last, and
	// ErrMissed when results passed the stream by.
	Next(ctx context.Context) (json.RawMessage, error)
	Close()
}

// ErrMissed ends a stream that cannot say what happened meanwhile: the client must
// subscribe again.
var ErrMissed = errors.New("results were missed")

// Client is for whom a connection is answered.
type Client struct {
	Key      any  // compares equal for as long as the client is the same and may do the same
	Account  int  // whose changes end the connection; 0: nobody is signed in
	Volatile bool // whether it is looked up again before each result
}

// Refused says why a client is not admitted.
type Refused struct {
	Status int // of HTTP
	Reason string
}

func (r *Refused) Error() string { return r.Reason }

// Options of a Server. Zero durations and numbers mean their defaults.
type Options struct {
	// Begin begins an operation from the payload of a subscribe message. Else it gives
	// a list of errors, as JSON.
	Begin func(ctx context.Context, payload json.RawMessage) (Stream, json.RawMessage)
	// Admit gives the context of a request, with for whom it is answered, or a Refused.
	Admit func(r *http.Request) (context.Context, error)
	// Client says who that is.
	Client func(ctx context.Context) Client
	// Watch calls tell when an account changes or loses a session.
	Watch func(account int, tell func()) (stop func())
	// Address gives the network that a request comes from, empty where it is not
	// bounded.
	Address func(ctx context.Context) string
	// Origins are those whose pages may connect; * for all. The server's own may.
	Origins []string

	MaxConnections int           // of the server; 20,000
	MaxPerAddress  int           // connections of one address; 100
	MaxOperations  int           // of one WebSocket at once; 50
	MaxMessage     int64         // bytes that a client sends at once; 1 MiB
	MaxUnsent      int           // bytes that wait for a client; 1 MiB, or one result
	InitTimeout    time.Duration // until connection_init; 10 s
	KeepAlive      time.Duration // of silence, after which the client is asked; 25 s
	SendTimeout    time.Duration // of one message; 10 s
	RecheckEvery   time.Duration // after which a signed-in client is looked up again; 5 min
	Logger         *slog.Logger
}

func (o Options) withDefaults() Options {
	for _, n := range []struct {
		value     *int
		byDefault int
	}{{&o.MaxConnections, 20_000}, {&o.MaxPerAddress, 100}, {&o.MaxOperations, 50}, {&o.MaxUnsent, 1 << 20}} {
		if *n.value == 0 {
			*n.value = n.byDefault
		}
	}
	for _, d := range []struct {
		value     *time.Duration
		byDefault time.Duration
	}{{&o.InitTimeout, 10 * time.Second}, {&o.KeepAlive, 25 * time.Second}, {&o.SendTimeout, 10 * time.Second}, {&o.RecheckEvery, 5 * time.Minute}} {
		if *d.value == 0 {
			*d.value = d.byDefault
		}
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Counts say what a server has and did.
type Counts struct {
	WebSockets, EventStreams, Operations int64 // there are now
	Slow, Refused                        int64 // so far: dropped, and not let in
}

// Server keeps the connections of a node.
type Server struct {
	opts  Options
	ctx   context.Context // of all connections
	end   context.CancelFunc
	group sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	all       int
	addresses map[string]int
	sockets   map[*conn]struct{}

	webSockets, eventStreams, operations, slow, refused atomic.Int64

	left func() // for tests: a WebSocket has left its place
}

// NewServer makes a server, which is closed by Close.
func NewServer(opts Options) *Server {
	s := &Server{opts: opts.withDefaults(), addresses: map[string]int{}, sockets: map[*conn]struct{}{}, left: func() {}}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.group.Go(s.sweep)
	return s
}

// Counts gives what the server has and did.
func (s *Server) Counts() Counts {
	return Counts{WebSockets: s.webSockets.Load(), EventStreams: s.eventStreams.Load(), Operations: s.operations.Load(), Slow: s.slow.Load(), Refused: s.refused.Load()}
}

// Drain ends all connections, with a code that says to connect again, and takes no
// more.
func (s *Server) Drain() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.conns() {
		c.close(websocket.StatusServiceRestart, "the server stops: connect again")
	}
	s.end()
}

// conns are the sockets that there are now.
func (s *Server) conns() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.sockets))
}

// Close drains and waits until everything has ended.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.Drain()
	s.group.Wait()
}

// enter takes a place for a connection, or says with which status it is refused.
func (s *Server) enter(ctx context.Context) (leave func(), status int) {
	address := s.opts.Address(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed, s.all >= s.opts.MaxConnections:
		s.refused.Add(1)
		return nil, http.StatusServiceUnavailable
	case address != "" && s.addresses[address] >= s.opts.MaxPerAddress:
		s.refused.Add(1)
		return nil, http.StatusTooManyRequests
	}
	s.all++
	if address != "" {
		s.addresses[address]++
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if address == "" {
			return
		}
		if s.addresses[address]--; s.addresses[address] == 0 {
			delete(s.addresses, address)
		}
	}), 0
}

// refuse answers a request that gets no connection.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "5")
	w.WriteHeader(status)
	code, message := "TRY_AGAIN", "this server takes no more connections at the moment"
	if status == http.StatusTooManyRequests {
		code, message = "RATE_LIMITED", "your address has as many connections as it may: end one first"
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}}}) // the client may be gone
}

// sweep looks after silent sockets.
func (s *Server) sweep() {
	tick := time.NewTicker(max(s.opts.KeepAlive/5, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-tick.C:
			for _, c := range s.conns() {
				c.look(now)
			}
		}
	}
}

func (s *Server) anyOrigin() bool { return slices.Contains(s.opts.Origins, "*") }
