package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// TLS says where certificates come from: from files, or by ACME.
type TLS struct {
	CertFile, KeyFile string
	Hosts             []string     // that certificates are had for by ACME
	Folder            string       // where those are kept
	Email             string       // that the authority writes to; may be empty
	Directory         string       // of the authority; empty: Let's Encrypt
	Client            *http.Client // to the authority; nil: the default one
	Logger            *slog.Logger
}

// Enabled reports whether there are any.
func (t TLS) Enabled() bool { return t.CertFile != "" || len(t.Hosts) > 0 }

// httpsPort is the port of https where an address names none.
const httpsPort = "443"

// toHTTPS sends browsers to the same address by https, at a port.
func toHTTPS(port string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use https", http.StatusBadRequest)
			return
		}
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil { // without a port
			host = strings.Trim(r.Host, "[]")
		}
		to := url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)}
		if port == httpsPort {
			if to.Host = host; strings.Contains(host, ":") { // IPv6
				to.Host = "[" + host + "]"
			}
		}
		http.Redirect(w, r, to.String()+r.URL.RequestURI(), http.StatusFound) //nolint:gosec // G710: the host is the one that was asked
	})
}

// Config gives the settings of a listener, and what answers plain HTTP: it sends
// browsers to https at a port, and answers challenges of ACME.
func (t TLS) Config(port string) (*tls.Config, http.Handler, error) {
	if len(t.Hosts) > 0 {
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(t.Hosts...), Cache: autocert.DirCache(t.Folder), Email: t.Email,
			Client: &acme.Client{DirectoryURL: t.Directory, HTTPClient: t.Client, UserAgent: "broadsheet"}}
		if t.Directory == "" {
			m.Client.DirectoryURL = autocert.DefaultACMEDirectory
		}
		c := m.TLSConfig() // HTTP/2, and the challenge tls-alpn-01 on this listener
		c.MinVersion = tls.VersionTLS12
		return c, m.HTTPHandler(toHTTPS(port)), nil
	}
	f := &certificateFiles{cert: t.CertFile, key: t.KeyFile, logger: t.Logger}
	if err := f.load(); err != nil {
		return nil, nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: f.get}, toHTTPS(port), nil
}

// lookAfter is how often files of certificates are looked at.
const lookAfter = 10 * time.Second

// certificateFiles is a certificate that is read again when its files were
// renewed.
type certificateFiles struct {
	cert, key string
	logger    *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate
	written time.Time // the newer of the files
	looked  time.Time
}

// load reads the files if they changed. Files that do not fit together leave the
// certificate as it was: one of them may be renewed already.
func (f *certificateFiles) load() error {
	var written time.Time
	for _, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return fmt.Errorf("certificate: %w", err)
		}
		if info.ModTime().After(written) {
			written = info.ModTime()
		}
	}
	if f.loaded != nil && written.Equal(f.written) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", f.cert, f.key, err)
	}
	f.loaded, f.written = &pair, written
	return nil
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) >= lookAfter {
		f.looked = time.Now()
		if err := f.load(); err != nil {
			f.logger.Error("the certificate's files cannot be read again: the one before is used on", "error", err)
		}
	}
	if f.loaded == nil {
		return nil, errors.New("no certificate")
	}
	return f.loaded, nil
}
