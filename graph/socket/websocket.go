package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Protocol is the WebSocket subprotocol.
const Protocol = "graphql-transport-ws"

// Codes that close a socket, as the protocol says.
const (
	badRequest        websocket.StatusCode = 4400
	unauthorized      websocket.StatusCode = 4401
	forbidden         websocket.StatusCode = 4403
	noSubprotocol     websocket.StatusCode = 4406
	initTimeout       websocket.StatusCode = 4408
	alreadySubscribed websocket.StatusCode = 4409
	tooManyInits      websocket.StatusCode = 4429
)

// conn is one WebSocket.
type conn struct {
	server *Server
	socket *websocket.Conn
	party  *party
	ctx    context.Context // ends with the socket
	cancel context.CancelFunc
	heard  atomic.Int64 // when the client last sent something, in nanoseconds since 1970
	acked  atomic.Bool
	asked  atomic.Int64 // when it was pinged since, 0: it was not
	wrong  atomic.Bool  // whether somebody looks already whether the client changed

	mu         sync.Mutex
	operations map[string]*operation
	unsent     [][]byte
	bytes      int
	writing    bool
	written    chan struct{} // is closed when writing ends
	closing    bool
}

type operation struct{ cancel context.CancelFunc }

// message is what client and server send one another.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// ServeWebSocket takes a request for a WebSocket. The socket outlives the handler.
func (s *Server) ServeWebSocket(w http.ResponseWriter, r *http.Request) {
	leave, status := s.enter(r.Context())
	if leave == nil {
		refuse(w, status)
		return
	}
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Protocol}, OriginPatterns: patterns(s.opts.Origins),
		InsecureSkipVerify: s.anyOrigin()})
	if err != nil { // it is answered
		leave()
		s.opts.Logger.DebugContext(r.Context(), "a WebSocket was refused", "error", err)
		return
	}
	socket.SetReadLimit(s.opts.MaxMessage)
	c := &conn{server: s, socket: socket, operations: map[string]*operation{}}
	c.ctx, c.cancel = context.WithCancel(context.Background()) // Drain closes it with a code
	c.party = &party{server: s, request: slim(r), changed: c.suspect}
	c.heard.Store(time.Now().UnixNano())
	s.mu.Lock()
	s.sockets[c] = struct{}{}
	if !s.closed {
		s.group.Add(1)
	}
	stopped := s.closed
	s.mu.Unlock()
	s.webSockets.Add(1)
	run := func() {
		defer s.left()
		defer leave()
		c.run()
	}
	if stopped {
		c.cancel()
		run()
		return
	}
	go func() { // ends with the socket; Close waits for it
		defer s.group.Done()
		run()
	}()
}

// patterns leave out what is no origin.
func patterns(origins []string) []string {
	return slices.DeleteFunc(slices.Clone(origins), func(o string) bool { return o == "" || o == "*" })
}

// slim is a request with what is needed to look up its client again, as sockets live
// long.
func slim(r *http.Request) *http.Request {
	small := &http.Request{Method: http.MethodPost, Host: r.Host, URL: r.URL, RemoteAddr: r.RemoteAddr, TLS: r.TLS, Header: http.Header{}, Proto: r.Proto}
	for _, name := range []string{"Authorization", "Cookie", "X-Broadsheet-Preview", "X-Forwarded-For", "X-Forwarded-Proto", "User-Agent", "Origin", "Sec-Fetch-Site"} {
		if values := r.Header.Values(name); len(values) > 0 {
			small.Header[name] = slices.Clone(values)
		}
	}
	return small
}

func (c *conn) run() {
	defer func() {
		c.cancel()
		c.party.leave()
		_ = c.socket.CloseNow() // it may be closed
		c.server.mu.Lock()
		delete(c.server.sockets, c)
		c.server.mu.Unlock()
		c.server.webSockets.Add(-1)
	}()
	if c.socket.Subprotocol() != Protocol {
		c.close(noSubprotocol, "Subprotocol not acceptable")
	}
	late := time.AfterFunc(c.server.opts.InitTimeout, func() { c.close(initTimeout, "Connection initialisation timeout") })
	defer late.Stop()
	for {
		kind, text, err := c.socket.Read(c.ctx)
		if err != nil {
			return
		}
		c.heard.Store(time.Now().UnixNano())
		c.asked.Store(0)
		if c.isClosing() {
			continue // until the client has closed as well
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil {
			c.close(badRequest, "Invalid message received")
			continue
		}
		c.take(m, late)
	}
}

// take answers one message.
func (c *conn) take(m message, late *time.Timer) {
	switch m.Type {
	case "connection_init":
		if c.acked.Load() {
			c.close(tooManyInits, "Too many initialisation requests")
			return
		}
		late.Stop()
		c.begin(m.Payload)
	case "ping":
		c.send(message{Type: "pong", Payload: m.Payload})
	case "pong":
	case "subscribe":
		c.subscribe(m)
	case "complete":
		if m.ID == "" {
			c.close(badRequest, "Invalid message received: complete needs an id")
			return
		}
		c.mu.Lock()
		o := c.operations[m.ID]
		delete(c.operations, m.ID)
		c.mu.Unlock()
		if o != nil {
			o.cancel()
		}
	default:
		c.close(badRequest, "Invalid message received: unknown type")
	}
}

// carried are the headers that connection_init may have as its payload, since
// browsers cannot send any with a WebSocket.
var carried = []string{"Authorization", "X-Broadsheet-Preview", "X-Broadsheet-Client"}

// begin acknowledges a connection.
func (c *conn) begin(payload json.RawMessage) {
	params := map[string]any{}
	if len(payload) > 0 && !bytes.Equal(payload, []byte("null")) && json.Unmarshal(payload, &params) != nil {
		c.close(badRequest, "Invalid message received: the payload of connection_init must be an object")
		return
	}
	for name, value := range params {
		text, ok := value.(string)
		for _, header := range carried {
			if ok && strings.EqualFold(name, header) {
				c.party.request.Header.Set(header, text)
			}
		}
	}
	if err := c.party.admit(c.ctx); err != nil {
		c.deny(err)
		return
	}
	c.acked.Store(true)
	c.send(message{Type: "connection_ack"})
}

// deny closes the socket of a client that is not admitted, or not any more.
func (c *conn) deny(err error) {
	refused, ok := errors.AsType[*Refused](err)
	switch {
	case errors.Is(err, errChanged):
		c.close(forbidden, "Forbidden: "+errChanged.Error()+", connect again")
	case ok && refused.Status < http.StatusInternalServerError && refused.Status != http.StatusTooManyRequests:
		c.close(forbidden, "Forbidden")
	default:
		c.close(websocket.StatusTryAgainLater, "try again later")
	}
}

// maxID is how many bytes the id of an operation has at most.
const maxID = 256

func (c *conn) subscribe(m message) {
	switch {
	case !c.acked.Load():
		c.close(unauthorized, "Unauthorized")
		return
	case m.ID == "" || len(m.ID) > maxID || len(m.Payload) == 0 || m.Payload[0] != '{':
		c.close(badRequest, "Invalid message received: subscribe needs an id and an object as its payload")
		return
	}
	ctx, cancel := c.party.context(c.ctx)
	o := &operation{cancel}
	c.mu.Lock()
	_, taken := c.operations[m.ID]
	full := len(c.operations) >= c.server.opts.MaxOperations
	if !taken && !full && !c.closing {
		c.operations[m.ID] = o
		c.server.group.Add(1)
	}
	closing := c.closing
	c.mu.Unlock()
	switch {
	case closing:
		cancel()
	case taken:
		cancel()
		c.close(alreadySubscribed, fmt.Sprintf("Subscriber for %.60s already exists", m.ID))
	case full:
		cancel()
		c.send(message{ID: m.ID, Type: "error", Payload: json.RawMessage(fmt.Sprintf(
			`[{"message":"a connection has at most %d operations at once","extensions":{"code":"RATE_LIMITED"}}]`, c.server.opts.MaxOperations))})
	default:
		go func() { // ends with the operation or the socket; Close waits for it
			defer c.server.group.Done()
			defer cancel()
			c.server.operations.Add(1)
			defer c.server.operations.Add(-1)
			c.operate(ctx, o, m)
		}()
	}
}

// operate runs one operation.
func (c *conn) operate(ctx context.Context, o *operation, m message) {
	if err := c.party.check(ctx, true); err != nil {
		if ctx.Err() == nil {
			c.deny(err)
		}
		return
	}
	stream, errs := c.server.opts.Begin(ctx, m.Payload)
	if errs != nil {
		c.last(o, message{ID: m.ID, Type: "error", Payload: errs})
		return
	}
	defer stream.Close()
	for {
		result, err := stream.Next(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, io.EOF):
			c.last(o, message{ID: m.ID, Type: "complete"})
			return
		case err != nil:
			c.close(websocket.StatusTryAgainLater, "events were missed: connect again")
			return
		}
		if err := c.party.check(ctx, false); err != nil {
			if ctx.Err() == nil {
				c.deny(err)
			}
			return
		}
		c.mu.Lock()
		there := c.operations[m.ID] == o
		c.mu.Unlock()
		if !there {
			return
		}
		c.send(message{ID: m.ID, Type: "next", Payload: result})
	}
}

// last sends the last message of an operation, whose id is free from then on.
func (c *conn) last(o *operation, m message) {
	c.mu.Lock()
	there := c.operations[m.ID] == o
	if there {
		delete(c.operations, m.ID)
	}
	c.mu.Unlock()
	if there {
		c.send(m)
	}
}

// send puts a message into the line. A client that does not read what waits for it
// is dropped, and holds nobody back.
func (c *conn) send(m message) {
	text, err := json.Marshal(m)
	if err != nil { // a result that is no JSON
		c.close(websocket.StatusInternalError, "internal error")
		return
	}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	if len(c.unsent) > 0 && c.bytes+len(text) > c.server.opts.MaxUnsent {
		c.mu.Unlock()
		c.server.slow.Add(1)
		c.drop()
		return
	}
	c.unsent, c.bytes = append(c.unsent, text), c.bytes+len(text)
	start := !c.writing
	if start {
		c.writing, c.written = true, make(chan struct{})
		c.server.group.Add(1)
	}
	c.mu.Unlock()
	if start {
		go func() { // ends when nothing waits; Close waits for it
			defer c.server.group.Done()
			c.write()
		}()
	}
}

// write sends what waits.
func (c *conn) write() {
	for {
		c.mu.Lock()
		if len(c.unsent) == 0 {
			c.writing, c.unsent = false, nil
			close(c.written)
			c.mu.Unlock()
			return
		}
		text := c.unsent[0]
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(c.ctx, c.server.opts.SendTimeout)
		err := c.socket.Write(ctx, websocket.MessageText, text)
		late := ctx.Err() != nil && c.ctx.Err() == nil
		cancel()
		c.mu.Lock()
		if err != nil {
			c.writing, c.unsent, c.bytes, c.closing = false, nil, 0, true
			close(c.written)
			c.mu.Unlock()
			if late {
				c.server.slow.Add(1)
			}
			c.cancel()
			return
		}
		c.unsent, c.bytes = c.unsent[1:], c.bytes-len(text)
		c.mu.Unlock()
	}
}

// drop ends the socket at once.
func (c *conn) drop() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.cancel()
}

func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// close ends all operations and closes the socket with a code.
func (c *conn) close(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	c.closing = true
	all := c.operations
	c.operations = map[string]*operation{}
	written := c.written
	c.server.group.Add(1)
	c.mu.Unlock()
	for _, o := range all {
		o.cancel()
	}
	if len(reason) > 120 {
		reason = reason[:120]
	}
	go func() { // ends within the library's timeouts; Close waits for it
		defer c.server.group.Done()
		if written != nil { // what was said before is sent
			select {
			case <-written:
			case <-c.ctx.Done():
			}
		}
		_ = c.socket.Close(code, reason) // the client may be gone
		c.cancel()
	}()
}

// suspect looks whether the client is still who it was. It does not wait.
func (c *conn) suspect() {
	if c.wrong.Swap(true) {
		return
	}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	c.server.group.Add(1)
	c.mu.Unlock()
	go func() { // ends within admitWithin; Close waits for it
		defer c.server.group.Done()
		c.wrong.Store(false)
		if err := c.party.check(c.ctx, false); err != nil && c.ctx.Err() == nil {
			c.deny(err)
		}
	}()
}

// look pings a silent client, and drops one that stays silent.
func (c *conn) look(now time.Time) {
	asked := c.asked.Load()
	switch {
	case !c.acked.Load() || c.isClosing():
	case asked != 0:
		if now.Sub(time.Unix(0, asked)) > c.server.opts.KeepAlive {
			c.drop()
		}
	case now.Sub(time.Unix(0, c.heard.Load())) > c.server.opts.KeepAlive:
		c.asked.Store(now.UnixNano())
		c.send(message{Type: "ping"})
	}
	if c.party.due(now) {
		c.suspect()
	}
}
