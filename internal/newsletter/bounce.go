package newsletter

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/subscriber"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var suppressSQL = store.MaintainBoth(`INSERT INTO suppressions (email_hash, reason, created_at) VALUES ($1, $2, $3) ON CONFLICT (email_hash) DO NOTHING`)

// suppressed reports whether an address gets no newsletters any more.
func (s *Service) suppressed(ctx context.Context, email string) (bool, error) {
	there, err := s.db.Ent(ctx).Suppression.Query().Where(suppression.EmailHash(secret.Hash(email))).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a suppression: %w", err)
	}
	return there, nil
}

// Suppress puts an address on the suppression list and ends its subscriptions.
func (s *Service) Suppress(ctx context.Context, address string, reason suppression.Reason) error {
	email, err := account.Email(address)
	if err != nil {
		return fault.Mistake(fault.Invalid, "email", "This is not an e-mail address.")
	}
	return s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if _, err := s.db.Exec(ctx, suppressSQL, secret.Hash(email), string(reason), s.Now()); err != nil {
			return fmt.Errorf("suppress an address: %w", err)
		}
		keys, err := s.db.Ent(ctx).Subscriber.Query().Where(subscriber.Email(email)).IDs(ctx)
		if err != nil {
			return fmt.Errorf("look for a subscriber: %w", err)
		}
		for _, key := range keys {
			if err := s.leave(ctx, key, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Release takes an address from the suppression list.
func (s *Service) Release(ctx context.Context, address string) error {
	email, err := account.Email(address)
	if err != nil {
		return fault.Mistake(fault.Invalid, "email", "This is not an e-mail address.")
	}
	n, err := s.db.Ent(ctx).Suppression.Delete().Where(suppression.EmailHash(secret.Hash(email))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("release an address: %w", err)
	}
	if n == 0 {
		return fault.Mistake(fault.Missing, "email", "The address is not on the suppression list.")
	}
	return nil
}

// sent tells the runner of jobs what became of a mail.
func sent(err error) error {
	if _, refused := errors.AsType[*mail.RefusedError](err); refused {
		return job.Permanent(err)
	}
	return err
}

// Paths of this package's requests.
const (
	oneClickPath = "/newsletters/unsubscribe/"
	bouncePath   = "/newsletters/bounces"
)

// Handler serves what mail programs and mail services send: the POST by which a
// mail program unsubscribes its user (RFC 8058), and reports of bounces.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	s.mail.HandleOneClick(mux, mail.OneClick{Path: oneClickPath, Page: mail.PageUnsubscribe, Done: "You are unsubscribed.", Stop: func(ctx context.Context, token string) error {
		_, err := s.Unsubscribe(ctx, token)
		return err
	}})
	mux.HandleFunc("POST "+bouncePath, s.serveBounces)
	return mail.Unlisted(mux)
}

// Bounds of a report of bounces.
const (
	maxReport     = 1 << 20
	maxBounces    = 1000
	reportIsOf    = 5 * time.Minute
	signatureName = "X-Broadsheet-Signature"
	timestampName = "X-Broadsheet-Timestamp"
)

// bounce is one address of a report.
type bounce struct {
	Email string `json:"email"`
	// Type is "bounce" for a mailbox that does not exist, "complaint" for somebody
	// who called a mail spam. Any other, such as a full mailbox, changes nothing.
	Type string `json:"type"`
}

// serveBounces takes a report of bounces: JSON {"bounces": [{"email": …, "type":
// "bounce"}]}, signed with the shared secret over its timestamp and body.
func (s *Service) serveBounces(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err != nil {
		http.Error(w, "The report is too large.", http.StatusRequestEntityTooLarge)
		return
	}
	if s.BounceSecret == "" || !s.signed(r, body) {
		http.Error(w, "The signature is not valid.", http.StatusUnauthorized)
		return
	}
	var report struct {
		Bounces []bounce `json:"bounces"`
	}
	if err := json.Unmarshal(body, &report); err != nil || len(report.Bounces) > maxBounces {
		http.Error(w, fmt.Sprintf("The report must be JSON with at most %d bounces.", maxBounces), http.StatusBadRequest)
		return
	}
	for _, b := range report.Bounces {
		reason, known := map[string]suppression.Reason{"bounce": suppression.ReasonBounce, "complaint": suppression.ReasonComplaint}[strings.ToLower(b.Type)]
		if !known {
			continue
		}
		if err := s.Suppress(r.Context(), b.Email, reason); err != nil && fault.CodeOf(err) != fault.BadUserInput {
			slog.ErrorContext(r.Context(), "a bounce could not be kept", "error", err)
			http.Error(w, "This does not work right now. Try again later.", http.StatusServiceUnavailable)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// signed reports whether a request has the signature of the shared secret: hex
// HMAC-SHA256 over timestamp, dot and body. An old one is not taken again.
func (s *Service) signed(r *http.Request, body []byte) bool {
	stamp := r.Header.Get(timestampName)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || s.Now().Sub(time.Unix(seconds, 0)).Abs() > reportIsOf {
		return false
	}
	h := hmac.New(sha256.New, []byte(s.BounceSecret))
	h.Write([]byte(stamp + "."))
	h.Write(body)
	given, err := hex.DecodeString(r.Header.Get(signatureName))
	return err == nil && hmac.Equal(given, h.Sum(nil))
}
