package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// Settings say how mails are sent.
type Settings struct {
	Host     string // empty: mails are kept
	Port     int
	Username string // empty: without authentication
	Password string
	// Security is STARTTLS, TLS from the first byte, or None, which sends
	// passwords only to this machine.
	Security Security
	From     Address // empty: the site's name, noreply@ its host
	Timeout  time.Duration
	RootCAs  *x509.CertPool // nil: those of the system
}

// Security is how a connection to a mail server is protected.
type Security string

// The kinds of security.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls"
	None     Security = "none"
)

// RefusedError says that the mail server will never take a mail.
type RefusedError struct{ cause error }

// Error implements error.
func (e *RefusedError) Error() string { return "the mail server refused the mail: " + e.cause.Error() }

// Unwrap gives the answer of the server.
func (e *RefusedError) Unwrap() error { return e.cause }

// BusyError says that the mail server did not take a mail this time: it answered,
// so the mail was not sent.
type BusyError struct{ cause error }

// Error implements error.
func (e *BusyError) Error() string { return "the mail server is busy: " + e.cause.Error() }

// Unwrap gives the answer of the server.
func (e *BusyError) Unwrap() error { return e.cause }

// ErrNotHandedOver says that a mail was not sent as the function that Conn.Send
// calls last did not allow it. The connection can be used no more.
var ErrNotHandedOver = errors.New("the mail was not to be handed over")

// Conn sends mails one after another. It is not safe for concurrent use.
type Conn struct {
	mailer *Mailer
	brand  Brand
	client *gomail.Client
	smtp   *smtp.Client // nil: mails are kept
}

// Connect opens a connection to the mail server and signs in.
func (m *Mailer) Connect(ctx context.Context) (*Conn, error) {
	brand, err := m.brand(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what the site is called: %w", err)
	}
	c := &Conn{mailer: m, brand: brand}
	if m.Keeps() {
		return c, nil
	}
	s := m.settings
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(s.Timeout), gomail.WithHELO(hostOf(brand.URL)),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12})}
	switch s.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case None:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password))
	}
	if c.client, err = gomail.NewClient(s.Host, options...); err != nil {
		return nil, fmt.Errorf("set up mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if c.smtp, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		return nil, fmt.Errorf("connect to the mail server %s:%d: %w", s.Host, s.Port, err)
	}
	return c, nil
}

// Send sends one mail, or keeps it. A mail that the server will never take is a
// *RefusedError, one that it may take later a *BusyError. With any other error
// after handOver was called it is not known whether the server has it.
//
// Right before the end of the message, which makes the server responsible for
// it, handOver is called: it can note that, and its error keeps the mail from
// being sent. A nil one does nothing.
func (c *Conn) Send(ctx context.Context, in Message, handOver func(ctx context.Context) error) error {
	msg, err := c.mailer.compose(c.brand, in)
	if err != nil {
		return &RefusedError{err}
	}
	if handOver == nil {
		handOver = func(context.Context) error { return nil }
	}
	if c.smtp == nil {
		if err := handOver(ctx); err != nil {
			return errors.Join(ErrNotHandedOver, err)
		}
		return c.mailer.keep(ctx, in, msg)
	}
	if err := c.smtp.UpdateDeadline(c.mailer.settings.Timeout); err != nil {
		return fmt.Errorf("set a deadline for the mail server: %w", err)
	}
	sender, err := msg.GetSender(false)
	if err != nil {
		return &RefusedError{err}
	}
	if err := c.smtp.Mail(sender); err != nil {
		return c.failed("take the sender", err)
	}
	if err := c.smtp.Rcpt(in.To.Email); err != nil {
		return c.failed("take the recipient", err)
	}
	body, err := c.smtp.Data()
	if err != nil {
		return c.failed("take a message", err)
	}
	if _, err := msg.WriteTo(body); err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	if err := handOver(ctx); err != nil {
		// Only the end of the connection takes back a message that has begun.
		return errors.Join(ErrNotHandedOver, err, c.smtp.Close())
	}
	if err := body.Close(); err != nil {
		return c.failed("take the mail", err)
	}
	return nil
}

// failed says what the server did not do, and makes it ready for the next mail.
func (c *Conn) failed(what string, err error) error {
	err = fmt.Errorf("the mail server did not %s: %w", what, err)
	answer, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return err
	}
	if reset := c.smtp.Reset(); reset != nil {
		return errors.Join(err, reset)
	}
	if answer.Code >= 500 && answer.Code < 600 {
		return &RefusedError{err}
	}
	return &BusyError{err}
}

// Close ends the connection.
func (c *Conn) Close() error {
	if c.smtp == nil {
		return nil
	}
	if err := c.client.CloseWithSMTPClient(c.smtp); err != nil {
		return fmt.Errorf("end the connection to the mail server: %w", err)
	}
	return nil
}
