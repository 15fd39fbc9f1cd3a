package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// certificate writes one for localhost and its key, as written at a moment.
func certificate(t *testing.T, dir string, serial int64, at time.Time) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return certFile, keyFile, pool
}

func TestServesHTTP2OverTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t, t.TempDir(), 1, time.Now())
	s := New(Routes{GraphQL: http.NotFoundHandler(), Ready: func(context.Context) error { return nil }},
		Options{RequestTimeout: time.Second, ShutdownTimeout: time.Second, MaxRequestBytes: 1 << 20, TLS: TLS{CertFile: cert, KeyFile: key}, Addr: "127.0.0.1:0", PlainAddr: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	ctx, cancel := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(a net.Addr) { listening <- a }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	addr := (<-listening).String()
	for proto, transport := range map[string]*http.Transport{
		"HTTP/2.0": {TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, ForceAttemptHTTP2: true},
		"HTTP/1.1": {TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = w.Body.Close()
		if w.StatusCode != http.StatusOK || w.Proto != proto || w.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%d by %s, want %s: %v", w.StatusCode, w.Proto, proto, w.Header)
		}
		transport.CloseIdleConnections()
	}
	old := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: tls.VersionTLS11}}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+addr+"/healthz", nil)
	if w, err := old.RoundTrip(r); err == nil {
		_ = w.Body.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

func TestRenewedCertificatesAreRead(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Now().Add(-time.Hour)
	cert, key, _ := certificate(t, dir, 1, at)
	config, _, err := TLS{CertFile: cert, KeyFile: key, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}.Config("443")
	if err != nil {
		t.Fatal(err)
	}
	f := &certificateFiles{cert: cert, key: key, logger: slog.New(slog.NewTextHandler(t.Output(), nil))}
	serial := func() int64 {
		f.looked = time.Time{}
		c, err := f.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	if c, err := config.GetCertificate(nil); err != nil || c.Leaf.SerialNumber.Int64() != 1 || serial() != 1 {
		t.Fatalf("%v, %v", c, err)
	}
	certificate(t, dir, 2, at.Add(time.Minute))
	if n := serial(); n != 2 {
		t.Errorf("certificate %d once the files were renewed", n)
	}
	if err := os.WriteFile(key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("certificate %d while the key is written", n)
	}
	if _, _, err := (TLS{CertFile: cert, KeyFile: key}).Config("443"); err == nil {
		t.Error("a certificate without its key is taken at the start")
	}
}

func TestACMEIsForTheNamedHosts(t *testing.T) {
	t.Parallel()
	config, plain, err := TLS{Hosts: []string{"news.example.com"}, Folder: t.TempDir(), Directory: "http://127.0.0.1:1/"}.Config("443")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(config.NextProtos, "acme-tls/1") || !slices.Contains(config.NextProtos, "h2") {
		t.Errorf("protocols %q", config.NextProtos)
	}
	if _, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "other.example.com"}); err == nil || !strings.Contains(err.Error(), "not configured") {
		t.Errorf("a certificate for a host that is not named: %v", err)
	}
	w := httptest.NewRecorder()
	plain.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://news.example.com/a?b=c", nil))
	if w.Code != http.StatusFound || w.Header().Get("Location") != "https://news.example.com/a?b=c" {
		t.Errorf("plain HTTP: %d %v", w.Code, w.Header())
	}
}

// TestPlainHTTPLeadsToThePortOfHTTPS: that of the settings, else that of the listener.
func TestPlainHTTPLeadsToThePortOfHTTPS(t *testing.T) {
	t.Parallel()
	cert, key, _ := certificate(t, t.TempDir(), 1, time.Now())
	for name, source := range map[string]TLS{
		"files": {CertFile: cert, KeyFile: key},
		"acme":  {Hosts: []string{"news.example.com"}, Folder: t.TempDir(), Directory: "http://127.0.0.1:1/"},
	} {
		for host, want := range map[string]map[string]string{
			"8443": {"news.example.com": "news.example.com:8443", "news.example.com:80": "news.example.com:8443", "[::1]": "[::1]:8443", "[::1]:80": "[::1]:8443"},
			"443":  {"news.example.com": "news.example.com", "news.example.com:8080": "news.example.com", "[::1]": "[::1]", "[::1]:80": "[::1]"},
		} {
			_, plain, err := source.Config(host)
			if err != nil {
				t.Fatal(err)
			}
			for asked, location := range want {
				r := httptest.NewRequest(http.MethodGet, "http://placeholder/a%2Fb?c=d", nil)
				r.Host = asked
				w := httptest.NewRecorder()
				plain.ServeHTTP(w, r)
				if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != "https://"+location+"/a%2Fb?c=d" {
					t.Errorf("%s, port %s: %s leads to %d %q, want %q", name, host, asked, w.Code, got, location)
				}
			}
			w := httptest.NewRecorder()
			plain.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://news.example.com/graphql", nil))
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s: a POST is answered %d", name, w.Code)
			}
		}
	}
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s, _ := testServer(t, nil)
	if got := s.publicPort(listener); got != port {
		t.Errorf("port %s, want the listener's %s", got, port)
	}
	s, _ = testServer(t, func(_ *Routes, o *Options) { o.PublicPort = "443" })
	if got := s.publicPort(listener); got != "443" {
		t.Errorf("port %s, want that of the settings", got)
	}
}
