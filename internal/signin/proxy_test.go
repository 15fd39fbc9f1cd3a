package signin

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
)

// through sends a request as a proxy or a client does, and gives whom it is taken
// for.
func through(t *testing.T, d *Authenticator, remote, forwarded string) access.Origin {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", nil)
	r.RemoteAddr = remote
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return d.origin(r)
}

func TestAProxyThatIsNotTrustedIsToldOfOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := New(nil, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	through(t, d, "10.0.0.1:1", "192.0.2.7")
	through(t, d, "192.0.2.1:1", "")
	if log.Len() > 0 {
		t.Errorf("logged without a reason: %s", &log)
	}
	for range 3 {
		if o := through(t, d, "172.17.0.1:1", "192.0.2.7"); o.Address != "172.17.0.1" {
			t.Errorf("believed: %s", o.Address)
		}
	}
	if text := log.String(); strings.Count(text, "--trusted-proxies") != 1 || !strings.Contains(text, "address=172.17.0.1") || strings.Contains(text, "192.0.2.7") {
		t.Errorf("logged: %s", text)
	}
}

// TestSpoofedAddressesShareABudget sends one request after another that each claim to
// come from elsewhere.
func TestSpoofedAddressesShareABudget(t *testing.T) {
	t.Parallel()
	d := New(nil, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Logger: slog.New(slog.DiscardHandler)})
	for name, c := range map[string]struct {
		remote, before string // what the proxy adds stands behind what the client sent
		after          string
	}{
		"by a client":           {"192.0.2.1:1", "", ""},
		"through a proxy":       {"10.0.0.1:1", "", ", 192.0.2.1"},
		"through two proxies":   {"10.0.0.1:1", "", ", 192.0.2.1, 10.0.0.2"},
		"as a trusted proxy":    {"10.0.0.1:1", "10.9.9.9, ", ", 192.0.2.1"},
		"with what is no list":  {"10.0.0.1:1", ",,", ",192.0.2.1"},
		"with words before it":  {"10.0.0.1:1", "unknown, _hidden, ", ", 192.0.2.1"},
		"in brackets or a port": {"10.0.0.1:1", "[2001:db8::1]:80, ", ", 192.0.2.1"},
	} {
		b := budget.New(budget.Settings{Address: 600})
		refused := 0
		for i := range 10 {
			o := through(t, d, c.remote, fmt.Sprintf("%s203.0.113.%d%s", c.before, i, c.after))
			if _, wait := b.Take(access.WithOrigin(t.Context(), o), 100); wait > 0 {
				refused++
			}
		}
		if refused < 3 { // a slow machine fills some of it again
			t.Errorf("%s: %d of 10 were refused", name, refused)
		}
	}
}
