package signin

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// TestAddressIsThatOfTheClient: a client can write what it likes into
// X-Forwarded-For; only what trusted proxies added to it counts.
func TestAddressIsThatOfTheClient(t *testing.T) {
	t.Parallel()
	d := New(nil, Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	for name, test := range map[string]struct{ remote, forwarded, want string }{
		"no proxy":                     {"192.0.2.1:4711", "", "192.0.2.1"},
		"a client that pretends":       {"192.0.2.1:4711", "198.51.100.1", "192.0.2.1"},
		"a proxy":                      {"10.0.0.1:4711", "198.51.100.1", "198.51.100.1"},
		"a proxy of IPv6":              {"[::1]:4711", "2001:db8::1", "2001:db8::1"},
		"two proxies":                  {"10.0.0.1:4711", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
		"a pretender behind a proxy":   {"10.0.0.1:4711", "127.0.0.1, 198.51.100.1", "198.51.100.1"},
		"a proxy that says nothing":    {"10.0.0.1:4711", "", "10.0.0.1"},
		"a proxy that says rubbish":    {"10.0.0.1:4711", "198.51.100.1, unknown", "10.0.0.1"},
		"an address of IPv4 in IPv6":   {"[::ffff:10.0.0.1]:4711", "198.51.100.1", "198.51.100.1"},
		"only proxies, as in a health": {"10.0.0.1:4711", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
	} {
		r := httptest.NewRequestWithContext(context.Background(), "GET", "/", nil)
		r.RemoteAddr = test.remote
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := d.address(r); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "/", "/graphiql/": "/graphiql/", "/a?b=c": "/a?b=c", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/",
		"/a\nb": "/", "javascript:alert(1)": "/", "/\t/evil.example": "/",
	} {
		if got := localPath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}
