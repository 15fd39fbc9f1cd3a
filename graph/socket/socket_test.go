package socket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/broadsheet-cms/broadsheet/graph/socket"
)

type clientKey struct{}

// stand is a server whose operations are named by the query of their payload.
type stand struct {
	*socket.Server
	url   string
	admit atomic.Pointer[func(r *http.Request) (context.Context, error)]

	mu    sync.Mutex
	tells map[int]func() // by account
	began chan struct{}  // an element for each operation that waits
	left  chan struct{}  // an element for each WebSocket that has left its place
}

func newStand(t *testing.T, opts socket.Options) *stand {
	t.Helper()
	s := &stand{tells: map[int]func(){}, began: make(chan struct{}, 100), left: make(chan struct{}, 100)}
	opts.Begin = func(ctx context.Context, payload json.RawMessage) (socket.Stream, json.RawMessage) {
		var p struct{ Query string }
		_ = json.Unmarshal(payload, &p)
		if p.Query == "wrong" {
			return nil, json.RawMessage(`[{"message":"wrong"}]`)
		}
		return &counting{stand: s, kind: p.Query}, nil
	}
	opts.Admit = func(r *http.Request) (context.Context, error) {
		if f := s.admit.Load(); f != nil {
			return (*f)(r)
		}
		return context.WithValue(r.Context(), clientKey{}, r.Header.Get("Authorization")), nil
	}
	opts.Client = func(ctx context.Context) socket.Client {
		name, _ := ctx.Value(clientKey{}).(string)
		account := 0
		if name != "" {
			account = 1
		}
		return socket.Client{Key: name, Account: account}
	}
	opts.Watch = func(account int, tell func()) func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tells[account] = tell
		return func() {}
	}
	opts.Address = func(context.Context) string { return "here" }
	s.Server = socket.NewServer(opts)
	s.OnLeave(func() { s.left <- struct{}{} })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			s.ServeEvents(w, r, func(ctx context.Context) (socket.Stream, json.RawMessage) {
				return opts.Begin(ctx, json.RawMessage(`{"query":"`+r.URL.Query().Get("query")+`"}`))
			})
			return
		}
		s.ServeWebSocket(w, r)
	}))
	s.url = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(s.Close)
	return s
}

// counting tells 1 and 2 and ends, or waits, or tells a lot.
type counting struct {
	stand *stand
	kind  string
	n     int
}

func (*counting) Close() {}

func (c *counting) Next(ctx context.Context) (json.RawMessage, error) {
	c.n++
	switch {
	case c.kind == "missed":
		return nil, socket.ErrMissed
	case c.kind == "flood":
		return json.RawMessage(`{"data":"` + strings.Repeat("x", 1<<16) + `"}`), ctx.Err()
	case c.kind == "wait" || c.kind == "one" && c.n > 1:
		c.stand.began <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	case c.n > 2:
		return nil, io.EOF
	}
	return json.RawMessage(fmt.Sprintf(`{"data":%d}`, c.n)), nil
}

func (s *stand) dial(t *testing.T, protocols ...string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(1 << 22)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

const (
	initial   = `{"type":"connection_init"}`
	ack       = `{"type":"connection_ack"}`
	subscribe = `{"id":"1","type":"subscribe","payload":{"query":"count"}}`
)

func operation(id, query string) string {
	return fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":{"query":%q}}`, id, query)
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		send []string
		want []string
		code websocket.StatusCode // 0: the socket stays open
	}{
		"a connection":                {[]string{initial}, []string{ack}, 0},
		"a connection with a payload": {[]string{`{"type":"connection_init","payload":{"a":1}}`}, []string{ack}, 0},
		"a ping before and after":     {[]string{`{"type":"ping"}`, initial, `{"type":"ping","payload":{"a":1}}`}, []string{`{"type":"pong"}`, ack, `{"type":"pong","payload":{"a":1}}`}, 0},
		"a pong":                      {[]string{initial, `{"type":"pong"}`, `{"type":"ping"}`}, []string{ack, `{"type":"pong"}`}, 0},
		"an operation":                {[]string{initial, subscribe}, []string{ack, `{"id":"1","type":"next","payload":{"data":1}}`, `{"id":"1","type":"next","payload":{"data":2}}`, `{"id":"1","type":"complete"}`}, 0},
		"no complete after an error":  {[]string{initial, operation("1", "wrong")}, []string{ack, `{"id":"1","type":"error","payload":[{"message":"wrong"}]}`}, 0},
		"complete of what is not":     {[]string{initial, `{"id":"9","type":"complete"}`, `{"type":"ping"}`}, []string{ack, `{"type":"pong"}`}, 0},

		"no JSON":                       {[]string{"{"}, nil, 4400},
		"a list":                        {[]string{"[]"}, nil, 4400},
		"no type":                       {[]string{"{}"}, nil, 4400},
		"an unknown type":               {[]string{`{"type":"start"}`}, nil, 4400},
		"a payload that is no object":   {[]string{`{"type":"connection_init","payload":"x"}`}, nil, 4400},
		"an operation without an id":    {[]string{initial, `{"type":"subscribe","payload":{"query":"count"}}`}, []string{ack}, 4400},
		"an operation without payload":  {[]string{initial, `{"id":"1","type":"subscribe"}`}, []string{ack}, 4400},
		"an operation before the ack":   {[]string{subscribe}, nil, 4401},
		"an operation twice":            {[]string{initial, operation("1", "wait"), operation("1", "wait")}, []string{ack}, 4409},
		"a second connection_init":      {[]string{initial, initial}, []string{ack}, 4429},
		"what was missed":               {[]string{initial, operation("1", "missed")}, []string{ack}, websocket.StatusTryAgainLater},
		"a client that is not admitted": {[]string{`{"type":"connection_init","payload":{"authorization":"Bearer bad"}}`}, nil, 4403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, socket.Options{})
			admit := func(r *http.Request) (context.Context, error) {
				if r.Header.Get("Authorization") == "Bearer bad" {
					return nil, &socket.Refused{Status: http.StatusUnauthorized}
				}
				return r.Context(), nil
			}
			s.admit.Store(&admit)
			conn := s.dial(t, socket.Protocol)
			for _, m := range c.send {
				if err := conn.Write(t.Context(), websocket.MessageText, []byte(m)); err != nil {
					t.Fatal(err)
				}
			}
			for _, want := range c.want {
				_, got, err := conn.Read(t.Context())
				if err != nil || string(got) != want {
					t.Fatalf("%s %v, want %s", got, err, want)
				}
			}
			if c.code == 0 { // and nothing more follows
				_ = conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping","payload":{"last":1}}`))
				if _, got, err := conn.Read(t.Context()); err != nil || string(got) != `{"type":"pong","payload":{"last":1}}` {
					t.Errorf("afterwards: %s %v", got, err)
				}
				return
			}
			if _, got, err := conn.Read(t.Context()); websocket.CloseStatus(err) != c.code {
				t.Errorf("%s %v, want it closed with %d", got, err, c.code)
			}
			<-s.left // until the place is free
			if n := s.Counts().WebSockets; n != 0 {
				t.Errorf("%d WebSockets are left", n)
			}
		})
	}
}

func TestSocketsThatDoNotBegin(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{InitTimeout: 10 * time.Millisecond})
	if _, _, err := s.dial(t, socket.Protocol).Read(t.Context()); websocket.CloseStatus(err) != 4408 {
		t.Errorf("without connection_init: %v", err)
	}
	if _, _, err := s.dial(t, "graphql-ws").Read(t.Context()); websocket.CloseStatus(err) != 4406 {
		t.Errorf("another protocol: %v", err)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{MaxPerAddress: 2, MaxOperations: 1, MaxMessage: 200})
	first := s.dial(t, socket.Protocol)
	s.dial(t, socket.Protocol)
	_, response, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{socket.Protocol}})
	if err == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Errorf("a third connection: %v %v", response, err)
	}
	for _, m := range []string{initial, operation("1", "wait"), operation("2", "wait")} {
		_ = first.Write(t.Context(), websocket.MessageText, []byte(m))
	}
	_, _, _ = first.Read(t.Context()) // the ack
	if _, got, err := first.Read(t.Context()); err != nil || !strings.Contains(string(got), `"type":"error"`) || !strings.Contains(string(got), "RATE_LIMITED") {
		t.Errorf("a second operation: %s %v", got, err)
	}
	_ = first.Write(t.Context(), websocket.MessageText, []byte(operation("3", strings.Repeat("x", 300))))
	if _, _, err := first.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a large message: %v", err)
	}
	<-s.left
	s.dial(t, socket.Protocol) // in the place that was left
}

func TestAClientThatDoesNotReadIsDropped(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{SendTimeout: 100 * time.Millisecond, MaxUnsent: 1 << 18})
	slow, quick := s.dial(t, socket.Protocol), s.dial(t, socket.Protocol)
	for _, m := range []string{initial, operation("1", "flood")} {
		_ = slow.Write(t.Context(), websocket.MessageText, []byte(m))
	}
	for _, m := range []string{initial, subscribe} {
		_ = quick.Write(t.Context(), websocket.MessageText, []byte(m))
	}
	for range 4 {
		if _, _, err := quick.Read(t.Context()); err != nil {
			t.Fatalf("another client: %v", err)
		}
	}
	<-s.left
	if c := s.Counts(); c.Slow == 0 || c.WebSockets > 1 {
		t.Errorf("a client that does not read is not dropped: %+v", c)
	}
}

func TestASilentClientIsDropped(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{KeepAlive: 20 * time.Millisecond})
	c := s.dial(t, socket.Protocol)
	_ = c.Write(t.Context(), websocket.MessageText, []byte(initial))
	_, _, _ = c.Read(t.Context())
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != `{"type":"ping"}` {
		t.Errorf("%s %v", got, err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("a client that did not answer is kept")
	}
}

func TestAChangedAccountEndsItsConnections(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{})
	var name atomic.Value
	name.Store("reader")
	admit := func(r *http.Request) (context.Context, error) {
		return context.WithValue(r.Context(), clientKey{}, name.Load()), nil
	}
	s.admit.Store(&admit)
	c := s.dial(t, socket.Protocol)
	for _, m := range []string{initial, operation("1", "wait")} {
		_ = c.Write(t.Context(), websocket.MessageText, []byte(m))
	}
	_, _, _ = c.Read(t.Context())
	<-s.began
	tell := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tells[1]()
	}
	tell() // nothing that matters
	_ = c.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`))
	if _, got, err := c.Read(t.Context()); err != nil || string(got) != `{"type":"pong"}` {
		t.Fatalf("after a change that does not matter: %s %v", got, err)
	}
	name.Store("nobody")
	tell()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != 4403 {
		t.Errorf("after the session ended: %v", err)
	}
}

func TestDraining(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{})
	c := s.dial(t, socket.Protocol)
	for _, m := range []string{initial, operation("1", "wait")} {
		_ = c.Write(t.Context(), websocket.MessageText, []byte(m))
	}
	_, _, _ = c.Read(t.Context())
	<-s.began
	go s.Drain()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusServiceRestart {
		t.Errorf("%v", err)
	}
	if _, response, err := websocket.Dial(t.Context(), s.url, nil); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a connection afterwards: %v", err)
	}
}

func TestEventStreams(t *testing.T) {
	t.Parallel()
	s := newStand(t, socket.Options{})
	for query, want := range map[string]string{
		"count":  ":\n\nevent: next\ndata: {\"data\":1}\n\nevent: next\ndata: {\"data\":2}\n\nevent: complete\ndata: \n\n",
		"wrong":  "event: next\ndata: {\"errors\":[{\"message\":\"wrong\"}]}\n\nevent: complete\ndata: \n\n",
		"missed": ":\n\n", // without complete, so that the client connects again
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"?query="+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(got) != want || response.Header.Get("Content-Type") != socket.EventStream {
			t.Errorf("%s: %q %v, want %q", query, got, err, want)
		}
	}
}
