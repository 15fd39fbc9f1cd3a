// Package signin is the HTTP of signing in: whom a request is answered for, the
// cookie of a browser's session, and the way to an OpenID provider and back.
package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/session"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// Options of an Authenticator.
type Options struct {
	// SiteURL is the address of the site. With https, cookies go over that only.
	SiteURL string
	// TrustedProxies are the networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed.
	TrustedProxies []netip.Prefix
	// TrustedOrigins are those whose pages may act for who is signed in.
	TrustedOrigins []string
	// RequestID gives the id of a request from its context.
	RequestID func(context.Context) string
	// Keys answers requests that bring an API key as their bearer token, by what
	// comes next; nil: there are no keys.
	Keys func(next http.Handler) http.Handler
	// KeyPrefix is what API keys begin with.
	KeyPrefix string
	Logger    *slog.Logger
}

// Authenticator finds who sends a request, by session cookie, token or key, and puts them into its context.
type Authenticator struct {
	accounts *account.Service
	opts     Options
	secure   bool
	own      *http.CrossOriginProtection
	warned   atomic.Int64 // when the log last told of a proxy that is not trusted, in seconds since 1970
}

// New gives the authenticator of the accounts.
func New(accounts *account.Service, opts Options) *Authenticator {
	d := &Authenticator{accounts: accounts, opts: opts, secure: strings.HasPrefix(opts.SiteURL, "https://"), own: http.NewCrossOriginProtection()}
	if opts.Logger == nil {
		d.opts.Logger = slog.Default()
	}
	for _, origin := range opts.TrustedOrigins {
		if err := d.own.AddTrustedOrigin(origin); err != nil {
			d.opts.Logger.Warn("an origin that is none is not trusted", "origin", origin)
		}
	}
	return d
}

// Handler puts the viewer and the origin of each request into its context. An
// invalid bearer token is refused, as its program believes to be signed in; a
// cookie that opens nothing is taken away and its browser is anonymous. A
// request with a cookie that another site's page has made is refused.
func (d *Authenticator) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := access.WithOrigin(r.Context(), d.origin(r))
		foreign := d.foreign(r)
		jar := d.jar(w, r)
		if !foreign {
			ctx = account.WithJar(ctx, jar)
		}
		token, kind := bearer(r), session.KindBearer
		if token == "" {
			token, kind = jar.token(), session.KindCookie
		}
		if token == "" {
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		if d.opts.Keys != nil && kind == session.KindBearer && strings.HasPrefix(token, d.opts.KeyPrefix) {
			d.opts.Keys(next).ServeHTTP(w, r.WithContext(ctx))
			return
		}
		// What one viewer gets is for no cache between.
		w.Header().Set("Cache-Control", "private, no-store")
		if kind == session.KindCookie && foreign {
			refuse(w, http.StatusForbidden, fault.Forbidden, "Pages of other sites cannot act for who is signed in here.")
			return
		}
		viewer, err := d.accounts.Authenticate(ctx, token, kind)
		switch {
		case err == nil:
			ctx = access.With(ctx, viewer)
		case fault.CodeOf(err) == fault.TryAgain, errors.Is(err, context.DeadlineExceeded): // which can come while waiting for a connection
			d.opts.Logger.WarnContext(ctx, "a session could not be looked up", "error", err)
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusServiceUnavailable, fault.TryAgain, "The database is not available at the moment. Try again.")
			return
		case errors.Is(err, context.Canceled): // the client is gone
			return
		case !errors.Is(err, account.ErrNoSession):
			d.opts.Logger.ErrorContext(ctx, "a session could not be looked up", "error", err)
			refuse(w, http.StatusServiceUnavailable, fault.Internal, "internal error")
			return
		case kind == session.KindBearer:
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			refuse(w, http.StatusUnauthorized, fault.Unauthenticated, "The token is not valid, or not any more: sign in again.")
			return
		default:
			jar.Drop()
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// From puts where each request comes from into its context, and no viewer: for what
// answers everybody alike.
func (d *Authenticator) From(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(access.WithOrigin(r.Context(), d.origin(r))))
	})
}

// foreign reports whether a page of another site made a request that may do
// something. A WebSocket begins with a GET and may do everything.
func (d *Authenticator) foreign(r *http.Request) bool {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		begins := *r
		begins.Method = http.MethodPost
		return d.own.Check(&begins) != nil
	}
	return d.own.Check(r) != nil
}

func refuse(w http.ResponseWriter, status int, code fault.Code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"message":%q,"extensions":{"code":%q}}]}`, message, code) // the client may be gone
}

// bearer gives the token of an Authorization header, empty when there is none.
// Other schemes are for whoever stands in front of the server.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	if token = strings.TrimSpace(token); token == "" {
		return "empty" // said to be signed in, so it must not pass as anonymous
	}
	return token
}

// origin says where a request comes from.
func (d *Authenticator) origin(r *http.Request) access.Origin {
	o := access.Origin{Address: d.address(r), UserAgent: r.UserAgent()}
	if len(o.UserAgent) > maxAgent {
		o.UserAgent = o.UserAgent[:maxAgent]
	}
	o.UserAgent = strings.ToValidUTF8(strings.ReplaceAll(o.UserAgent, "\x00", ""), "")
	if d.opts.RequestID != nil {
		o.RequestID = d.opts.RequestID(r.Context())
	}
	return o
}

const maxAgent = 300 // bytes of a User-Agent that are kept

// address is the client's: what the proxies that are trusted say, from the
// nearest on, up to the first that is none of them.
func (d *Authenticator) address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if forwarded := r.Header.Get("X-Forwarded-For"); forwarded != "" && !d.trusts(ip) {
		d.warnOfProxy(r.Context(), ip)
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && d.trusts(ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = next
	}
	return ip.Unmap().String()
}

// warnOfProxy says, once an hour, that a proxy is not trusted: then all who come by
// it are one address, and share its limits. The header may as well be a client's
// invention, so it is not believed.
func (d *Authenticator) warnOfProxy(ctx context.Context, ip netip.Addr) {
	now := time.Now().Unix()
	if last := d.warned.Load(); now-last < 3600 || !d.warned.CompareAndSwap(last, now) {
		return
	}
	d.opts.Logger.WarnContext(ctx, "X-Forwarded-For comes from an address that --trusted-proxies does not name: if that is your proxy, all its clients share one limit", "address", ip.String())
}

func (d *Authenticator) trusts(ip netip.Addr) bool {
	for _, p := range d.opts.TrustedProxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// isSecure reports whether the browser speaks https.
func (d *Authenticator) isSecure(r *http.Request) bool {
	if d.secure || r.TLS != nil {
		return true
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip, err := netip.ParseAddr(host)
	return err == nil && d.trusts(ip) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// jar is the cookie of a browser's session.
type jar struct {
	w      http.ResponseWriter
	r      *http.Request
	secure bool
}

func (d *Authenticator) jar(w http.ResponseWriter, r *http.Request) *jar {
	return &jar{w, r, d.isSecure(r)}
}

// hostOnly is the prefix of names by which browsers refuse a cookie that another
// host or a plain connection tries to set (RFC 6265bis).
const hostOnly = "__Host-"

func (j *jar) name() string {
	if j.secure {
		return hostOnly + "broadsheet"
	}
	return "broadsheet"
}

func (j *jar) token() string {
	if c, err := j.r.Cookie(j.name()); err == nil {
		return c.Value
	}
	return ""
}

// Keep implements account.Jar.
func (j *jar) Keep(token string, until time.Time) {
	j.set(&http.Cookie{Value: token, Expires: until}) //nolint:gosec // G124: set below
}

// Drop implements account.Jar.
func (j *jar) Drop() { j.set(&http.Cookie{MaxAge: -1}) } //nolint:gosec // G124: set below

func (j *jar) set(c *http.Cookie) { //nolint:gosec // G124: Secure follows the request, plain http has none
	c.Name, c.Path, c.HttpOnly, c.Secure, c.SameSite = j.name(), "/", true, j.secure, http.SameSiteStrictMode
	// One cookie of this name an answer: the last word counts.
	var others []string
	for _, line := range j.w.Header().Values("Set-Cookie") {
		if !strings.HasPrefix(line, c.Name+"=") {
			others = append(others, line)
		}
	}
	j.w.Header().Del("Set-Cookie")
	for _, line := range append(others, c.String()) {
		j.w.Header().Add("Set-Cookie", line)
	}
}
