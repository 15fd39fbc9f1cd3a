// Package webhook tells partners of changes by requests to addresses of theirs,
// after the specification of Standard Webhooks (https://www.standardwebhooks.com).
//
// What is told, and to whom, is what the feed of changes of a key gives: a
// consumer of the log writes it down once for all nodes (consume.go), and jobs send
// it, in order for each article (send.go).
package webhook

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Webhook is where a partner is told.
type Webhook struct {
	ID, KeyID int
	URL       string
	// EventTypes are the types of events that are told; all for none.
	EventTypes []string
	// FullPayload says that events carry the article, not its id alone.
	FullPayload    bool
	CreatedAt      time.Time
	DisabledAt     *time.Time
	disabledReason DisabledReason

	secret, oldSecret string // as they are stored
	oldUntil          *time.Time
}

// PublicID is its id in the API.
func (w *Webhook) PublicID() string { return id.Encode(id.Webhook, w.ID) }

// IsNode marks types that node(id:) finds.
func (*Webhook) IsNode() {}

// DisabledReason is why it is disabled.
func (w *Webhook) DisabledReason() DisabledReason {
	if w.DisabledAt == nil {
		return NotDisabled
	}
	return w.disabledReason
}

// APIKeyID is the public id of its key.
func (w *Webhook) APIKeyID() string { return id.Encode(id.APIKey, w.KeyID) }

// DisabledReason is why a webhook is disabled.
type DisabledReason string

// The reasons.
const (
	NotDisabled DisabledReason = "NONE"
	ByStaff     DisabledReason = "STAFF"
	Gone        DisabledReason = "GONE" // it answered 410
)

// State is how far a delivery is.
type State string

// The states.
const (
	Waiting   State = "WAITING"
	Delivered State = "DELIVERED"
	Failed    State = "FAILED" // after the last attempt
)

// Delivery is one event for one webhook.
type Delivery struct {
	ID, WebhookID         int
	Article               int // 0: it is of none
	Comment               int // 0: it is of none
	EventType             string
	Reason                string // why a copy must go
	At                    time.Time
	State                 State
	Run                   int // how often it was asked for again
	AttemptCount          int
	NextAt                time.Time
	FinishedAt            *time.Time
	Status                int // of the last answer; 0: there was none
	LastError, LastAnswer string

	cursor string
}

// PublicID is its id in the API.
func (d *Delivery) PublicID() string { return id.Encode(id.WebhookDelivery, d.ID) }

// MessageID is what the header webhook-id says. Attempts have the same; whoever has
// done what the message asks may ignore a second one.
func (d *Delivery) MessageID() string { return fmt.Sprintf("msg_%s_%d", d.PublicID()[4:], d.Run) }

// IsNode marks types that node(id:) finds.
func (*Delivery) IsNode() {}

// ArticleID is the public id of the article, nil for none.
func (d *Delivery) ArticleID() *string {
	if d.Article == 0 {
		return nil
	}
	public := id.Encode(id.Article, d.Article)
	return &public
}

// CommentID is the public id of the comment, nil for none.
func (d *Delivery) CommentID() *string {
	if d.Comment == 0 {
		return nil
	}
	public := id.Encode(id.Comment, d.Comment)
	return &public
}

// NextAttemptAt is when it is sent next, nil when it is not.
func (d *Delivery) NextAttemptAt() *time.Time {
	if d.State != Waiting {
		return nil
	}
	return &d.NextAt
}

// LastStatus is the status of the last answer, nil when there was none.
func (d *Delivery) LastStatus() *int {
	if d.Status == 0 {
		return nil
	}
	return &d.Status
}

// Service keeps the webhooks of one database and sends what they are told.
type Service struct {
	db       *store.DB
	partners *partner.Service
	jobs     *job.Runner
	audit    *audit.Log
	client   *http.Client
	// Sealer seals the secrets that are stored.
	Sealer secret.Sealer
	// Insecure allows http:// and is for tests.
	Insecure bool
	// Backoff is how long to wait after each failed attempt, before jitter; an event
	// has one attempt more.
	Backoff []time.Duration
	// Rest is how long a webhook is left alone after many failures in a row.
	Rest time.Duration
	// Claim is how long a node that was killed keeps what it was sending from others:
	// longer than an attempt may take.
	Claim time.Duration
	// Now is the clock, for tests.
	Now func() time.Time
}

// attemptTimeout bounds one request, from the look-up of the name to the last byte
// that is read.
const attemptTimeout = 15 * time.Second

// backoff is that of the specification, 75 hours in all.
var backoff = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// New gives the service, which follows the log and sends by jobs.
func New(db *store.DB, log *event.Log, partners *partner.Service, jobs *job.Runner, record *audit.Log) *Service {
	s := &Service{db: db, partners: partners, jobs: jobs, audit: record, Backoff: backoff, Rest: time.Minute, Claim: claimFor,
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	s.Reach(outbound.IsOpen)
	log.OnceForAllNodes(s)
	partners.RemindBy(s)
	job.Register(jobs, send, s.send)
	return s
}

// Reach sets which addresses requests may go to, for tests.
func (s *Service) Reach(open func(netip.Addr) bool) {
	s.client = outbound.NewClient(attemptTimeout, open)
	// A redirect is a failed attempt: the signature is for whoever it was made for.
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
}

const columns = `w.id, w.key_id, w.url, w.types, w.full_payload, w.secret, w.old_secret, w.old_secret_until, w.created_at, w.disabled_at, w.disabled_reason`

var (
	allSQL    = store.MaintainBoth(`SELECT ` + columns + ` FROM webhooks w ORDER BY w.id LIMIT 1000`)
	activeSQL = store.MaintainBoth(`SELECT ` + columns + ` FROM webhooks w JOIN api_keys k ON k.id = w.key_id WHERE w.disabled_at IS NULL AND k.revoked_at IS NULL ORDER BY w.id LIMIT 1000`)
	oneSQL    = store.MaintainBoth(`SELECT ` + columns + ` FROM webhooks w WHERE w.id = $1`)
)

func scan(rows *sql.Rows) (*Webhook, error) {
	w := new(Webhook)
	var types string
	err := rows.Scan(&w.ID, &w.KeyID, &w.URL, &types, &w.FullPayload, &w.secret, &w.oldSecret, &w.oldUntil, &w.CreatedAt, &w.DisabledAt, &w.disabledReason)
	w.EventTypes = strings.Fields(types)
	return w, err
}

const deliveryColumns = `id, webhook_id, article_id, comment_id, type, reason, cursor, at, state, run, attempts, next_at, finished_at, last_status, last_error, last_answer`

func scanDelivery(rows *sql.Rows) (*Delivery, error) {
	d := new(Delivery)
	err := rows.Scan(&d.ID, &d.WebhookID, &d.Article, &d.Comment, &d.EventType, &d.Reason, &d.cursor, &d.At, &d.State, &d.Run, &d.AttemptCount, &d.NextAt, &d.FinishedAt,
		&d.Status, &d.LastError, &d.LastAnswer)
	return d, err
}

// one gives a webhook, nil when there is none.
func (s *Service) one(ctx context.Context, key int) (*Webhook, error) {
	found, err := store.Collect(ctx, s.db, oneSQL, scan, key)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}
