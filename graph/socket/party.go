package socket

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// errChanged says that the client of a connection is not who it was, or may not do
// what it could.
var errChanged = errors.New("the session ended or changed")

// admitWithin bounds the time to look a client up.
const admitWithin = 10 * time.Second

// party is the client of one connection: who that is, and whether it still holds.
type party struct {
	server  *Server
	request *http.Request
	changed func() // is called when the client has to be looked up; it must not wait

	stale atomic.Bool
	mu    sync.Mutex
	known time.Time // when it was looked up
	ctx   context.Context
	who   Client
	stop  func()
}

// admit looks the client up for the first time.
func (p *party) admit(ctx context.Context) error {
	admitted, err := p.look(ctx)
	if err != nil {
		return err
	}
	p.be(admitted)
	return nil
}

// be takes the client from the context of a request that was admitted.
func (p *party) be(admitted context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx, p.who, p.known = admitted, p.server.opts.Client(admitted), time.Now()
	if p.who.Account != 0 && p.stop == nil {
		p.stop = p.server.opts.Watch(p.who.Account, func() {
			p.stale.Store(true)
			p.changed()
		})
		// What happened between the look and the watch.
		p.stale.Store(true)
	}
}

// look gives the context of the request as it would be answered now, without an end.
func (p *party) look(ctx context.Context) (context.Context, error) {
	ctx, cancel := context.WithTimeout(ctx, admitWithin)
	defer cancel()
	admitted, err := p.server.opts.Admit(p.request.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	return context.WithoutCancel(admitted), nil
}

// check reports that the client is who it was, and looks it up where that is not
// certain.
func (p *party) check(ctx context.Context, always bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.who.Account == 0 && !p.who.Volatile
	if known || !always && !p.who.Volatile && !p.stale.Load() && time.Since(p.known) < p.server.opts.RecheckEvery {
		return nil
	}
	p.stale.Store(false) // before the look: what comes during it counts anew
	admitted, err := p.look(ctx)
	if err != nil {
		p.stale.Store(true)
		return err
	}
	if p.server.opts.Client(admitted).Key != p.who.Key {
		return errChanged
	}
	p.ctx, p.known = admitted, time.Now()
	return nil
}

// context gives a context of the client that ends with life.
func (p *party) context(life context.Context) (context.Context, context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithCancel(p.ctx)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() { stop(); cancel() }
}

func (p *party) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// due reports whether a client that is signed in was not looked up for long.
func (p *party) due(now time.Time) bool {
	if !p.mu.TryLock() { // it is looked up just now
		return false
	}
	defer p.mu.Unlock()
	return p.who.Account != 0 && now.Sub(p.known) >= p.server.opts.RecheckEvery
}
