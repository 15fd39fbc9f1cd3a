// Package smtptest runs a mail server within a test: it takes mails over SMTP
// with TLS and authentication, and gives them back.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Username and Password are those that the server takes.
const (
	Username = "mailer"
	Password = "a password of the mail server"
)

// Mail is a mail that arrived.
type Mail struct {
	From, To string
	Data     []byte
	Signed   bool // whether the client had signed in
	TLS      bool
}

// Server is a mail server. It refuses addresses at refused.example for good, and
// answers for busy.example that it is busy.
type Server struct {
	Host string
	Port int
	// Roots are what its certificate is checked by.
	Roots *x509.CertPool

	mu     sync.Mutex
	down   bool
	mails  []Mail
	hook   func(to string)
	onRcpt func(to string)
}

// New starts a server on an address of its own.
func New(t testing.TB) *Server {
	t.Helper()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a test
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: x509.NewCertPool()}
	s.Roots.AddCert(certified.Certificate())
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	server.Domain, server.EnableSMTPUTF8, server.MaxMessageBytes = "mail.example", true, 10<<20
	server.TLSConfig = &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12}
	server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = server.Serve(&gate{listener, s}) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	return s
}

// gate closes connections to a server that is down.
type gate struct {
	net.Listener
	server *Server
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || !g.server.isDown() {
			return conn, err
		}
		_ = conn.Close()
	}
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}

// SetDown has the server close all connections that begin.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Mails gives those that arrived, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// OnMail has f called for each mail, before it is taken.
func (s *Server) OnMail(f func(to string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = f
}

// OnRecipient has f called for each recipient, before the mail itself comes.
func (s *Server) OnRecipient(f func(to string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRcpt = f
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	from, to string
	signed   bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != Username || password != Password {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasSuffix(to, "@refused.example"):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	case strings.HasSuffix(to, "@busy.example"):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	}
	s.server.mu.Lock()
	hook := s.server.onRcpt
	s.server.mu.Unlock()
	if hook != nil {
		hook(to)
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, secure := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	hook := s.server.hook
	s.server.mu.Unlock()
	if hook != nil {
		hook(s.to)
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, Mail{From: s.from, To: s.to, Data: data, Signed: s.signed, TLS: secure})
	return nil
}

func (s *session) Reset() { s.from, s.to = "", "" }

func (s *session) Logout() error { return nil }
