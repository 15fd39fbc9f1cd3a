// Package outbound makes requests to hosts that somebody else names, such as
// where a file is or where a webhook goes, and reaches the open web only: never
// this machine, its network or a cloud's metadata.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrForbidden says that a host is not one of the open web.
var ErrForbidden = errors.New("the address is not one of the open web")

// closed are networks that netip does not call private, and that lead into
// networks of somebody's own all the same: shared address space (RFC 6598),
// protocol assignments, benchmarks, documentation, 6to4, Teredo and NAT64, in
// which a private IPv4 address can be written as an IPv6 one.
var closed = func() []netip.Prefix {
	var all []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// IsOpen reports whether an address is one of the open web.
func IsOpen(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Zone() != "" || !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range closed {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

// Bounds on one request.
const (
	maxRedirects = 5
	dialTimeout  = 10 * time.Second
	headTimeout  = 20 * time.Second
)

// NewClient gives a client that reaches hosts of the open web only. The check
// is made when a connection is dialled, after names were looked up and for
// every redirect anew: a name that leads inside, or that changes where it
// leads, does not help. With open other addresses than those of IsOpen are allowed,
// for tests.
func NewClient(timeout time.Duration, open func(netip.Addr) bool) *http.Client {
	if open == nil {
		open = IsOpen
	}
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" || !open(to.Addr()) {
			return fmt.Errorf("%s: %w", address, ErrForbidden)
		}
		return nil
	}}
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			// No proxy: it would dial in our place.
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headTimeout,
			MaxIdleConns: 16, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return Check(r.URL.Scheme, r.URL.Host)
		},
	}
}

// Check refuses what is no address of the web.
func Check(scheme, host string) error {
	if scheme != "http" && scheme != "https" || host == "" {
		return fmt.Errorf("%s://%s: %w", scheme, host, ErrForbidden)
	}
	return nil
}
