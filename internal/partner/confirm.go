package partner

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// A reminder by mail goes to a person, whose key may not follow the changes: the mail
// has a signed link, which says for this partner that its copy of this article, killed
// by this event, is gone.

// confirmPath is where such links lead, with a token behind.
const confirmPath = "/partner/confirm/"

const signConfirm = "partner.confirm"

// confirmation is what a link is for.
type confirmation struct {
	key, article int
	removed      int64 // id of the event of the kill; 0: the log has it no more
}

func (c confirmation) String() string { return fmt.Sprintf("%d-%d-%d", c.key, c.article, c.removed) }

// confirmLink is the address that a mail has.
func (m *byMail) confirmLink(ctx context.Context, c confirmation) (string, error) {
	token, err := m.links.Sign(ctx, signConfirm, c.String())
	return m.ServerURL + confirmPath + token, err
}

// errLink says that a link is none, or one of a kill that was taken back.
var errLink = fault.New(fault.NotFound, "This link is not valid, or not any more.")

// confirmationOf reads a token. The article must be killed.
func (m *byMail) confirmationOf(ctx context.Context, token string) (c confirmation, err error) {
	payload, ok, err := m.links.Open(ctx, signConfirm, token)
	if err != nil {
		return c, err
	}
	if _, failed := fmt.Sscanf(payload, "%d-%d-%d", &c.key, &c.article, &c.removed); !ok || failed != nil {
		return c, errLink
	}
	system := access.AsSystem(ctx)
	a, err := m.db.Ent(system).Article.Query().Where(article.ID(c.article)).Select(article.FieldID, article.FieldStatus).Only(system)
	switch {
	case ent.IsNotFound(err), err == nil && a.Status != article.StatusKilled:
		return c, errLink
	case err != nil:
		return c, fmt.Errorf("find the article of a link: %w", err)
	}
	return c, nil
}

var confirmSQL = store.MaintainBoth(`UPDATE partner_copies SET acknowledged_at = coalesce(acknowledged_at, $4), reason = 'KILLED'
	WHERE key_id = $1 AND article_id = $2 AND coalesce(removed_id, 0) = $3 AND (removed_id IS NULL OR reason = 'KILLED')`)

// confirm records that the partner's copy is gone.
func (m *byMail) confirm(ctx context.Context, token string) (c confirmation, err error) {
	err = m.db.Tx(ctx, func(ctx context.Context) error {
		if c, err = m.confirmationOf(ctx, token); err != nil {
			return err
		}
		done, err := m.db.Exec(ctx, confirmSQL, c.key, c.article, c.removed, m.Now())
		if err != nil {
			return fmt.Errorf("record a confirmation: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errLink.WithCause(err)
		}
		return nil
	})
	return c, err
}

// serveConfirmation answers the links of mails. Reading changes nothing, as programs
// that look at mails follow their links.
func (s *Service) serveConfirmation(w http.ResponseWriter, r *http.Request) {
	if s.mails == nil {
		http.NotFound(w, r)
		return
	}
	token, done := strings.TrimPrefix(r.URL.Path, confirmPath), r.Method == http.MethodPost
	var c confirmation
	var err error
	switch {
	case done:
		c, err = s.mails.confirm(r.Context(), token)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		c, err = s.mails.confirmationOf(r.Context(), token)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "Open the link of the mail, and press the button.", http.StatusMethodNotAllowed)
		return
	}
	var brand mail.Brand
	if err == nil {
		brand, err = s.mails.mail.Brand(r.Context())
	}
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		http.Error(w, errLink.Message, http.StatusNotFound)
		return
	case err != nil:
		slog.ErrorContext(r.Context(), "a link of a reminder could not be answered", "error", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "This does not work right now. Try again later.", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	page := map[string]any{"Site": brand.Name, "Article": id.Encode(id.Article, c.article), "Done": done}
	_ = confirmPages.ExecuteTemplate(w, mail.Supported(brand.Language), page) // the client may be gone
}

var confirmPages = template.Must(template.New("").Parse(`
{{define "head"}}<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}button{font:inherit;padding:.6rem 1rem}</style>{{end}}
{{define "en"}}<!doctype html>
<html lang="en"><head><title>{{.Site}}: {{.Article}}</title>{{template "head"}}</head><body>
{{if .Done}}<h1>Thank you</h1><p>{{.Site}} has noted that your copy of the article {{.Article}} is gone.</p>
{{else}}<h1>Is your copy gone?</h1><p>{{.Site}} killed the article {{.Article}}: nobody may show it any more. Remove it everywhere, also from caches, apps and archives, before you confirm.</p>
<form method="post"><button>Our copy is gone</button></form>{{end}}</body></html>{{end}}
{{define "ar"}}<!doctype html>
<html lang="ar" dir="rtl"><head><title>{{.Site}}: {{.Article}}</title>{{template "head"}}</head><body>
{{if .Done}}<h1>شكرًا لكم</h1><p>سجّل {{.Site}} أن نسختكم من المادة {{.Article}} قد حُذفت.</p>
{{else}}<h1>هل حُذفت نسختكم؟</h1><p>سحب {{.Site}} نهائيًا المادة {{.Article}}، ولا يجوز لأحد عرضها بعد الآن. احذفوها من كل مكان، ومن الذاكرات المؤقتة والتطبيقات والأرشيف أيضًا، قبل التأكيد.</p>
<form method="post"><button>حُذفت نسختنا</button></form>{{end}}</body></html>{{end}}`))
