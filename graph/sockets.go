package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/broadsheet-cms/broadsheet/graph/socket"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
	"github.com/broadsheet-cms/broadsheet/internal/watch"
)

// SocketOptions say who may keep connections open, and how many.
type SocketOptions struct {
	// Admit puts into the context of a request for whom it is answered, or answers
	// instead of next. It is what requests pass before they reach Handler.
	Admit  func(next http.Handler) http.Handler
	Watch  *watch.Hub
	Exempt func(address string) bool // addresses that MaxPerAddress does not bound; nil: none
	// Enter takes a place among the requests that are answered at once, which leave
	// gives back; nil: there are any number.
	Enter          func() (leave func(), ok bool)
	Origins        []string // whose pages may connect; * for all
	MaxConnections int
	MaxPerAddress  int
	MaxOperations  int // of one WebSocket
	MaxMessage     int64
	KeepAlive      time.Duration
	InitTimeout    time.Duration
	Logger         *slog.Logger
}

// Sockets are the connections over which operations are answered again and again.
// They belong to one Handler.
type Sockets struct {
	server   *socket.Server
	opts     SocketOptions
	endpoint atomic.Pointer[endpoint]
}

// endpoint is what answers what comes over sockets.
type endpoint struct {
	exchange exchange
	exec     checked
}

// NewSockets makes them; whoever does closes them.
func NewSockets(opts SocketOptions) *Sockets {
	s := &Sockets{opts: opts}
	s.server = socket.NewServer(socket.Options{
		Begin: s.begin, Admit: s.admit, Client: clientOf,
		Watch: func(account int, tell func()) func() {
			return opts.Watch.Watch(watch.Subject{Of: watch.Account, Key: account}, func(watch.Change) { tell() })
		},
		Address: s.address, Origins: opts.Origins, MaxConnections: opts.MaxConnections, MaxPerAddress: opts.MaxPerAddress, MaxOperations: opts.MaxOperations,
		MaxMessage: opts.MaxMessage, KeepAlive: opts.KeepAlive, InitTimeout: opts.InitTimeout, Logger: opts.Logger})
	return s
}

// Drain ends all connections, so that their clients connect to another node.
func (s *Sockets) Drain() { s.server.Drain() }

// Close drains and waits. Nil sockets are closed.
func (s *Sockets) Close() {
	if s != nil {
		s.server.Close()
	}
}

// Counts say how many connections there are.
func (s *Sockets) Counts() socket.Counts { return s.server.Counts() }

// upgrades reports whether a request asks for a WebSocket.
func upgrades(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// clientOf says for whom a context is.
func clientOf(ctx context.Context) socket.Client {
	type known struct {
		viewer access.Viewer
		key    int
	}
	v, k := access.Of(ctx), partner.Of(ctx)
	v.Name = ""
	who := known{viewer: v}
	if k != nil {
		who.key = k.ID
	}
	return socket.Client{Key: who, Account: v.UserID, Volatile: k != nil || v.Preview != 0}
}

func (s *Sockets) address(ctx context.Context) string {
	address := access.OriginOf(ctx).Address
	if s.opts.Exempt != nil && s.opts.Exempt(address) {
		return ""
	}
	return throttle.Network(address)
}

// admission is an answer that nobody reads but for its status.
type admission struct {
	header http.Header
	status int
}

func (a *admission) Header() http.Header         { return a.header }
func (a *admission) WriteHeader(status int)      { a.status = status }
func (a *admission) Write(p []byte) (int, error) { return len(p), nil }

func (s *Sockets) admit(r *http.Request) (ctx context.Context, err error) {
	if s.opts.Admit == nil {
		return r.Context(), nil
	}
	w := &admission{header: http.Header{}}
	s.opts.Admit(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })).ServeHTTP(w, r)
	if ctx == nil {
		return nil, &socket.Refused{Status: w.status, Reason: fmt.Sprintf("refused with status %d", w.status)}
	}
	// No cookie can be set over a socket.
	return account.WithJar(ctx, nil), nil
}

// enter takes a place among what is answered at once. Leaving twice leaves once.
func (s *Sockets) enter() (leave func(), refused *refusal) {
	if s.opts.Enter == nil {
		return func() {}, nil
	}
	leave, ok := s.opts.Enter()
	if !ok {
		return nil, because(http.StatusServiceUnavailable, fault.TryAgain, "too many requests are being answered: try again in a moment")
	}
	return sync.OnceFunc(leave), nil
}

// begin begins an operation that came over a WebSocket.
func (s *Sockets) begin(ctx context.Context, payload json.RawMessage) (socket.Stream, json.RawMessage) {
	e := s.endpoint.Load()
	if _, refused := e.exchange.charge(ctx, requestPoints); refused != nil {
		return nil, list(refused.shown())
	}
	q := &request{}
	if refused := q.decode(payload, "the payload"); refused != nil {
		return nil, list(refused.shown())
	}
	return e.exchange.begin(ctx, http.MethodPost, q, e.exec)
}

func list(errs ...*gqlerror.Error) json.RawMessage {
	text, err := json.Marshal(errs)
	if err != nil { // their extensions are texts
		return json.RawMessage(`[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`)
	}
	return text
}

// begin begins an operation whose results are told one after another. It is checked
// as one over HTTP, and its time is bounded for each result.
func (e exchange) begin(ctx context.Context, method string, q *request, exec checked) (_ socket.Stream, errs json.RawMessage) {
	defer func() {
		if thrown := recover(); thrown != nil {
			errs = list(e.present(ctx, recovered(ctx, thrown)))
		}
	}()
	start := time.Now()
	leave, refused := e.sockets.enter()
	if refused != nil {
		return nil, list(refused.shown())
	}
	kept := false // by an operation that is executed later
	defer func() {
		if !kept {
			leave()
		}
	}()
	ctx = graphql.StartOperationTrace(ctx)
	within, cancel := context.WithTimeoutCause(ctx, e.timeout, tookTooLong)
	defer cancel()
	if refused := e.persisted.find(within, q); refused != nil {
		return nil, list(refused.shown())
	}
	now := graphql.Now()
	q.ReadTime = graphql.TraceTiming{Start: now, End: now}
	operation, wrong := exec.CreateOperationContext(within, &q.RawParams)
	if wrong != nil {
		response := exec.DispatchError(graphql.WithOperationContext(within, operation), wrong)
		e.observe(ctx, start, nil, 0, response.Errors)
		return nil, list(response.Errors...)
	}
	kind := operation.Operation.Operation
	if kind == ast.Mutation && method != http.MethodPost {
		return nil, list(refuse(http.StatusMethodNotAllowed, "mutations cannot be sent by GET").shown())
	}
	if q.register != "" && e.persisted.automatic != nil {
		e.persisted.automatic.add(q.register, q.Query)
	}
	cost := e.documents.Cost(operation.Operation, operation.Variables)
	if _, refused := e.charge(ctx, cost); refused != nil {
		return nil, list(refused.shown())
	}
	opened, end := opening(ctx)
	opened, stop := context.WithCancel(opened)
	answered := func(response *graphql.Response) { e.observe(opened, start, operation, cost, response.Errors) }
	if kind != ast.Subscription {
		kept = true
		return &oneResult{leave: leave, run: func(ctx context.Context) *graphql.Response {
			within, cancel := context.WithTimeoutCause(opened, e.timeout, tookTooLong)
			defer cancel()
			defer context.AfterFunc(ctx, cancel)()
			responses, inner := exec.DispatchOperation(within, operation)
			response := responses(inner)
			if response == nil {
				response = &graphql.Response{Errors: gqlerror.List{because(0, tookTooLong.Code, tookTooLong.Message).shown()}}
			}
			answered(response)
			return response
		}, stop: stop}, nil
	}
	responses, inner := exec.DispatchOperation(opened, operation)
	told := 0
	return &subscribed{ctx: inner, cancel: stop, responses: responses, end: end, answered: func(response *graphql.Response) {
		if told++; told > 1 { // else the time from the subscription to its first result
			start = time.Now()
		}
		answered(response)
	}}, nil
}

// oneResult is a query or mutation, which has one result.
type oneResult struct {
	run  func(context.Context) *graphql.Response
	stop context.CancelFunc
	done bool
	// leave gives its place among what is answered at once back.
	leave func()
}

// Close implements socket.Stream.
func (o *oneResult) Close() {
	o.stop()
	o.leave()
}

// Next implements socket.Stream.
func (o *oneResult) Next(ctx context.Context) (json.RawMessage, error) {
	if o.done {
		return nil, io.EOF
	}
	o.done = true
	defer o.leave()
	return marshal(executed(o.run(ctx))), nil
}
