package testkit

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy is a network between the program and its PostgreSQL that can fail.
type Proxy struct {
	URL string // of the database, through the proxy

	network, target string
	mu              sync.Mutex
	silent          bool
	delay           time.Duration
	conns           map[net.Conn]*sync.Once
	changed         chan struct{} // closed when silent or delay change
}

// NewProxy puts a proxy before the database of a URL.
func NewProxy(t testing.TB, database string) *Proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{network: "tcp", target: u.Host, conns: map[net.Conn]*sync.Once{}, changed: make(chan struct{})}
	if host := u.Query().Get("host"); host != "" { // a folder with the socket of the server
		port := u.Port()
		if q := u.Query().Get("port"); q != "" {
			port = q
		}
		if port == "" {
			port = "5432"
		}
		p.network, p.target = "unix", host+"/.s.PGSQL."+port
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at the end of the test
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.Pass()
		p.Reset()
		running.Wait()
	})
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	p.URL = u.String()
	return p
}

// Blackhole swallows every byte in both directions from now on and closes
// nothing, as a firewall does that forgot a connection. New connections are
// accepted and hear nothing.
func (p *Proxy) Blackhole() { p.set(true, 0) }

// Delay holds every byte for a while.
func (p *Proxy) Delay(d time.Duration) { p.set(false, d) }

// Pass lets everything through again. What was swallowed is lost: connections
// of that time stay silent.
func (p *Proxy) Pass() { p.set(false, 0) }

func (p *Proxy) set(silent bool, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent, p.delay = silent, delay
	close(p.changed)
	p.changed = make(chan struct{})
}

// Reset breaks all connections with a TCP reset.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn, once := range p.conns {
		once.Do(func() {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = conn.Close()
		})
	}
}

func (p *Proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = new(sync.Once)
}

func (p *Proxy) drop(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn].Do(func() { _ = conn.Close() })
	delete(p.conns, conn)
}

func (p *Proxy) serve(client net.Conn) {
	p.keep(client)
	defer p.drop(client)
	server, err := net.Dial(p.network, p.target) //nolint:noctx // a socket of this machine
	if err != nil {
		return
	}
	p.keep(server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client); p.drop(server) })
	p.copy(client, server)
	_ = client.Close()
	both.Wait()
}

// copy hands bytes on until one side closes. A connection that lost bytes says
// nothing any more.
func (p *Proxy) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	lost := false
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		silent, delay, changed := p.silent, p.delay, p.changed
		p.mu.Unlock()
		if delay > 0 {
			select {
			case <-time.After(delay):
			case <-changed:
			}
		}
		if lost = lost || silent; lost {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
