// Package budget bounds how much an address or an account may ask of one node in a
// minute, in the points of cost that the API counts.
package budget

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/httpheader"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// maxSubjects bounds whom a node remembers. Who is forgotten has a whole budget
// again.
const maxSubjects = 100_000

// Settings of the budgets. A whole minute's points can be asked for at once.
type Settings struct {
	Address int            // points a minute of one address; 0: any number
	Account int            // points a minute of one account; 0: any number
	Exempt  []netip.Prefix // addresses without a budget, such as those of the front end's own servers
}

// Budgets are those of one node.
type Budgets struct {
	settings Settings
	now      func() time.Time

	mu      sync.Mutex
	buckets *simplelru.LRU[string, *rate.Limiter]
}

// New makes whole budgets.
func New(s Settings) *Budgets {
	b := &Budgets{settings: s, now: time.Now}
	b.buckets, _ = simplelru.NewLRU[string, *rate.Limiter](maxSubjects, nil) // fails for sizes below 1
	return b
}

// Take takes points for whoever the request of ctx comes from. It gives how many are
// left, -1 for any number, and when there are too few how long to wait for them; then
// none are taken.
func (b *Budgets) Take(ctx context.Context, points int) (left int, wait time.Duration) {
	subject, most := b.subject(ctx)
	if most == 0 {
		return -1, 0
	}
	bucket := b.bucket(subject, most)
	now := b.now()
	// What costs more than a whole budget waits for a whole one.
	r := bucket.ReserveN(now, min(points, most))
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return max(0, int(bucket.TokensAt(now))), wait
}

// Charge takes points for a request over HTTP. When there are too few it takes none, and
// says in the headers of the answer, which is 429 then, how many there are in a minute, how
// many are left, and in how many seconds there are enough.
func (b *Budgets) Charge(ctx context.Context, h http.Header, points int) (enough bool) {
	left, wait := b.Take(ctx, points)
	if wait <= 0 {
		return true
	}
	_, most := b.subject(ctx)
	seconds := httpheader.Seconds(wait)
	h.Set("Retry-After", seconds)
	h.Set("RateLimit-Limit", strconv.Itoa(most))
	h.Set("RateLimit-Remaining", strconv.Itoa(left))
	h.Set("RateLimit-Reset", seconds)
	h.Set("Cache-Control", "private, no-store") // it is about one client
	return false
}

// Charger takes points for a request over HTTP, as [Budgets] do.
type Charger interface {
	// Charge takes points of cost. When there are too few it says so in the headers of
	// the answer.
	Charge(ctx context.Context, h http.Header, points int) (enough bool)
}

// Admit takes points for a request, or answers that too much was asked for. Where nobody
// charges, any number may be asked for.
func Admit(c Charger, w http.ResponseWriter, r *http.Request, points int) bool {
	if c == nil || c.Charge(r.Context(), w.Header(), points) {
		return true
	}
	http.Error(w, "You asked for more than is allowed in a minute: try again later.", http.StatusTooManyRequests)
	return false
}

// subject is whose budget a request has, and how many points that is a minute.
// Partners' keys have quotas of their own.
func (b *Budgets) subject(ctx context.Context) (string, int) {
	if v := access.Of(ctx); v.UserID != 0 {
		return "account " + strconv.Itoa(v.UserID), b.settings.Account
	}
	address := access.OriginOf(ctx).Address
	if address == "" {
		return "", 0
	}
	if b.Exempts(address) {
		return "", 0
	}
	return "address " + throttle.Network(address), b.settings.Address
}

// Exempts reports whether an address has no budget.
func (b *Budgets) Exempts(address string) bool {
	ip, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(b.settings.Exempt, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

func (b *Budgets) bucket(subject string, most int) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, ok := b.buckets.Get(subject); ok {
		return known
	}
	bucket := rate.NewLimiter(rate.Limit(float64(most)/60), most)
	b.buckets.Add(subject, bucket)
	return bucket
}
