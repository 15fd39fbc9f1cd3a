package mail

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	netmail "net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/keptmail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Mails that are kept are for whoever tries the server out: the newest, for a
// few days.
const (
	maxKept = 500
	// KeepFor is how long mails are kept.
	KeepFor = 7 * 24 * time.Hour
)

var trimKeptSQL = store.MaintainBoth(`DELETE FROM kept_mails WHERE id <= $1 OR created_at < $2`)

// keep stores a mail that is not sent.
func (m *Mailer) keep(ctx context.Context, in Message, msg *gomail.Msg) error {
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return fmt.Errorf("write a mail: %w", err)
	}
	now := m.Now()
	return m.db.Tx(ctx, func(ctx context.Context) error {
		kept, err := m.db.Ent(ctx).KeptMail.Create().SetRecipient(in.To.Email).SetSubject(in.Subject).SetMessage(raw.Bytes()).SetCreatedAt(now).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep a mail: %w", err)
		}
		if _, err := m.db.Exec(ctx, trimKeptSQL, kept.ID-maxKept, now.Add(-KeepFor)); err != nil {
			return fmt.Errorf("remove old mails: %w", err)
		}
		return nil
	})
}

// Kept gives the mails that were kept, the newest first.
func (m *Mailer) Kept(ctx context.Context, limit int) ([]*ent.KeptMail, error) {
	mails, err := m.db.Ent(ctx).KeptMail.Query().Order(ent.Desc(keptmail.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list kept mails: %w", err)
	}
	return mails, nil
}

// Forget removes kept mails that are older than KeepFor.
func (m *Mailer) Forget(ctx context.Context) error {
	if _, err := m.db.Exec(ctx, trimKeptSQL, 0, m.Now().Add(-KeepFor)); err != nil {
		return fmt.Errorf("remove old mails: %w", err)
	}
	return nil
}

// Parts reads the text and the HTML of a mail as they were written.
func Parts(message []byte) (header netmail.Header, text, html string, err error) {
	m, err := netmail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, "", "", fmt.Errorf("read a mail: %w", err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, "", "", fmt.Errorf("read a mail: %w", err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, text, html, nil
		}
		if err != nil {
			return nil, "", "", fmt.Errorf("read a mail: %w", err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return nil, "", "", fmt.Errorf("read a mail: %w", err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(body)
		} else {
			text = string(body)
		}
	}
}

//go:embed kept.html.tmpl
var keptPage string

var keptTemplate = template.Must(template.New("").Parse(keptPage))

// Handler shows the mails that were kept, to this machine only: they have the
// tokens of whoever they are for.
func (m *Mailer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mail", m.serveList)
	mux.HandleFunc("GET /mail/{id}", m.serveMail)
	mux.HandleFunc("GET /mail/{id}/html", m.serveHTML)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !fromThisMachine(r) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; img-src data: http: https:; base-uri 'none'; form-action 'none'")
		mux.ServeHTTP(w, r)
	})
}

// fromThisMachine reports whether a request comes from a browser on this
// machine: over a loopback address, not passed on by a proxy, and asked by a
// name of this machine, so that no page of another site can read the answer.
func fromThisMachine(r *http.Request) bool {
	for _, header := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(header) != "" {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.Unmap().IsLoopback()
}

type shown struct {
	ID                       int
	From, To, Subject, At    string
	MessageID, Text, Headers string
}

func (m *Mailer) serveList(w http.ResponseWriter, r *http.Request) {
	mails, err := m.Kept(r.Context(), 100)
	if err != nil {
		http.Error(w, "the mails cannot be read", http.StatusInternalServerError)
		return
	}
	rows := make([]shown, len(mails))
	for i, k := range mails {
		rows[i] = shown{ID: k.ID, To: k.Recipient, Subject: k.Subject, At: k.CreatedAt.Format(time.RFC3339)}
	}
	m.show(w, "list", rows)
}

func (m *Mailer) serveMail(w http.ResponseWriter, r *http.Request) {
	k, text, _ := m.load(w, r)
	if k == nil {
		return
	}
	head, _, _ := bytes.Cut(k.Message, []byte("\r\n\r\n"))
	m.show(w, "mail", shown{ID: k.ID, To: k.Recipient, Subject: k.Subject, At: k.CreatedAt.Format(time.RFC3339), Text: text, Headers: string(head)})
}

func (m *Mailer) serveHTML(w http.ResponseWriter, r *http.Request) {
	k, _, html := m.load(w, r)
	if k == nil {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox")
	_, _ = io.WriteString(w, html) //nolint:gosec // G705: a mail of this server in a sandbox; the client may be gone
}

func (m *Mailer) load(w http.ResponseWriter, r *http.Request) (k *ent.KeptMail, text, html string) {
	key, err := strconv.Atoi(r.PathValue("id"))
	if err == nil {
		k, err = m.db.Ent(r.Context()).KeptMail.Get(r.Context(), key)
	}
	if err == nil {
		_, text, html, err = Parts(k.Message)
	}
	if err != nil {
		http.NotFound(w, r)
		return nil, "", ""
	}
	return k, text, html
}

func (m *Mailer) show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = keptTemplate.ExecuteTemplate(w, name, data) // the client may be gone
}
