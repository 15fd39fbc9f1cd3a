package webhook

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type args struct {
	Webhook int `json:"webhook"`
}

// send sends what one webhook has waiting. A node runs a few of them at once, so
// that one that is slow delays no other for long.
var send = job.Kind[args]{Name: "webhook.send", Timeout: 5 * time.Minute, MaxAttempts: 1000, Concurrency: 6}

// Bounds on the work of one job.
const (
	workFor     = 4 * time.Minute
	atOnce      = 32
	parallel    = 4
	claimFor    = time.Minute // longer than an attempt may take
	giveUpAfter = 8           // failures in a row, after which the whole webhook rests
	maxAnswer   = 64 << 10    // bytes of an answer that are read
	keepAnswer  = 500         // bytes of it that are kept
	maxPause    = 24 * time.Hour
)

var (
	// Of each article, and of each comment, the oldest that waits, if it is due and nobody sends it now.
	claimSQL = store.MaintainBoth(`UPDATE webhook_deliveries SET claimed_until = $3 WHERE id IN (
			SELECT w.id FROM webhook_deliveries w WHERE w.webhook_id = $1 AND w.state = 'WAITING' AND w.next_at <= $2 AND (w.claimed_until IS NULL OR w.claimed_until <= $2)
			AND NOT EXISTS (SELECT 1 FROM webhook_deliveries o WHERE o.webhook_id = w.webhook_id AND o.article_id = w.article_id AND o.comment_id = w.comment_id AND o.state = 'WAITING' AND o.id < w.id)
			ORDER BY w.next_at, w.id LIMIT $4)
		AND state = 'WAITING' AND (claimed_until IS NULL OR claimed_until <= $2) RETURNING ` + deliveryColumns)
	nextSQL = store.MaintainBoth(`SELECT w.next_at, w.claimed_until FROM webhook_deliveries w WHERE w.webhook_id = $1 AND w.state = 'WAITING'
			AND NOT EXISTS (SELECT 1 FROM webhook_deliveries o WHERE o.webhook_id = w.webhook_id AND o.article_id = w.article_id AND o.comment_id = w.comment_id AND o.state = 'WAITING' AND o.id < w.id)
		ORDER BY CASE WHEN w.claimed_until > w.next_at THEN w.claimed_until ELSE w.next_at END LIMIT 1`)
	doneSQL = store.MaintainBoth(`UPDATE webhook_deliveries SET state = $3, attempts = attempts + 1, finished_at = $4, claimed_until = NULL, last_status = $5, last_error = $6, last_answer = $7
		WHERE id = $1 AND state = 'WAITING' AND run = $2`)
	laterSQL = store.MaintainBoth(`UPDATE webhook_deliveries SET attempts = attempts + 1, next_at = $3, claimed_until = NULL, last_status = $4, last_error = $5, last_answer = $6
		WHERE id = $1 AND state = 'WAITING' AND run = $2`)
	// What comes after it need not be looked at before.
	behindSQL  = store.MaintainBoth(`UPDATE webhook_deliveries SET next_at = $3 WHERE webhook_id = $1 AND article_id = $2 AND comment_id = $4 AND state = 'WAITING' AND next_at < $3`)
	restSQL    = store.MaintainBoth(`UPDATE webhook_deliveries SET next_at = $2 WHERE webhook_id = $1 AND state = 'WAITING' AND next_at < $2`)
	releaseSQL = store.MaintainBoth(`UPDATE webhook_deliveries SET claimed_until = NULL WHERE id = $1 AND state = 'WAITING'`)
	disableSQL = store.MaintainBoth(`UPDATE webhooks SET disabled_at = $2, disabled_reason = $3 WHERE id = $1 AND disabled_at IS NULL`)
)

// send sends what is due, and asks to be called again when more will be.
func (s *Service) send(ctx context.Context, a args) error {
	w, err := s.one(ctx, a.Webhook)
	if err != nil || w == nil || w.DisabledAt != nil {
		return err
	}
	keys, err := s.partners.ForProgram(ctx, []int{w.KeyID})
	if err != nil {
		return err
	}
	k := keys[w.KeyID]
	if k == nil || !s.partners.Valid(k) {
		return nil // what waits stays in the log
	}
	end := time.Now().Add(workFor)
	b := &batch{Service: s, webhook: w, key: k}
	for time.Now().Before(end) && ctx.Err() == nil {
		now := s.Now()
		claimed, err := store.Collect(ctx, s.db, claimSQL, scanDelivery, w.ID, now, now.Add(s.Claim), atOnce)
		if err != nil {
			return fmt.Errorf("claim deliveries: %w", err)
		}
		if len(claimed) == 0 {
			break
		}
		if err := b.send(ctx, claimed); err != nil {
			return err
		}
		if b.gone.Load() {
			return nil
		}
		if b.failures.Load() >= giveUpAfter {
			if _, err := s.db.Exec(ctx, restSQL, w.ID, s.Now().Add(s.Rest)); err != nil {
				return fmt.Errorf("let a webhook rest: %w", err)
			}
			break
		}
	}
	return s.again(ctx, w.ID)
}

// again asks for the next moment at which something is due.
func (s *Service) again(ctx context.Context, key int) error {
	next, err := store.Collect(ctx, s.db, nextSQL, func(rows *sql.Rows) (at time.Time, err error) {
		var claimed *time.Time
		err = rows.Scan(&at, &claimed)
		if claimed != nil && claimed.After(at) {
			at = *claimed
		}
		return at, err
	}, key)
	if err != nil || len(next) == 0 {
		return err
	}
	return s.soon(ctx, key, next[0])
}

// batch is the work of one job.
type batch struct {
	*Service

	webhook  *Webhook
	key      *partner.Key
	failures atomic.Int64 // in a row
	gone     atomic.Bool
}

// send sends deliveries of distinct articles, a few at once.
func (b *batch) send(ctx context.Context, claimed []*Delivery) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, d := range claimed {
		group.Go(func() error {
			if b.gone.Load() || b.failures.Load() >= giveUpAfter {
				_, err := b.db.Exec(ctx, releaseSQL, d.ID)
				return err
			}
			return b.deliver(ctx, d)
		})
	}
	return group.Wait()
}

// answer is what came of an attempt.
type answer struct {
	status int
	err    string
	text   string
	after  time.Duration // of Retry-After
}

func (a answer) ok() bool { return a.err == "" && a.status >= 200 && a.status < 300 }

func (b *batch) deliver(ctx context.Context, d *Delivery) error {
	body, err := b.payload(ctx, d)
	if err != nil {
		return err
	}
	a := b.post(ctx, d, body)
	if ctx.Err() != nil {
		return ctx.Err() // the claim ends by itself
	}
	return b.record(ctx, d, a)
}

// record writes down what came of an attempt.
func (b *batch) record(ctx context.Context, d *Delivery, a answer) error {
	now := b.Now()
	return b.db.Tx(ctx, func(ctx context.Context) error {
		switch {
		case a.ok():
			b.failures.Store(0)
			if d.cursor != "" && d.Reason != "" {
				if err := b.partners.Told(ctx, b.key, d.cursor); err != nil {
					return err
				}
			}
			_, err := b.db.Exec(ctx, doneSQL, d.ID, d.Run, Delivered, now, a.status, "", a.text)
			return err
		case a.status == http.StatusGone:
			b.gone.Store(true)
			if _, err := b.db.Exec(ctx, disableSQL, b.webhook.ID, now, Gone); err != nil {
				return err
			}
			_, err := b.db.Exec(ctx, doneSQL, d.ID, d.Run, Failed, now, a.status, a.err, a.text)
			return err
		}
		b.failures.Add(1)
		if d.AttemptCount >= len(b.Backoff) {
			_, err := b.db.Exec(ctx, doneSQL, d.ID, d.Run, Failed, now, a.status, a.err, a.text)
			return err
		}
		wait := max(jitter(b.Backoff[d.AttemptCount]), min(a.after, maxPause))
		next := now.Add(wait).Truncate(time.Microsecond)
		if _, err := b.db.Exec(ctx, laterSQL, d.ID, d.Run, next, a.status, a.err, a.text); err != nil {
			return err
		}
		_, err := b.db.Exec(ctx, behindSQL, d.WebhookID, d.Article, next, d.Comment)
		return err
	})
}

// jitter spreads attempts over ±20 %.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// post makes one request.
func (b *batch) post(ctx context.Context, d *Delivery, body []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	now := b.Now()
	signatures, err := b.sign(d.MessageID(), now, body)
	if err != nil {
		return answer{err: err.Error()}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.webhook.URL, bytes.NewReader(body))
	if err != nil {
		return answer{err: "the address cannot be read"}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Broadsheet-Webhooks")
	r.Header.Set(standardwebhooks.HeaderWebhookID, d.MessageID())
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	response, err := b.client.Do(r)
	if err != nil {
		return answer{err: short(err.Error())}
	}
	defer func() { _ = response.Body.Close() }()
	// What is longer, or takes longer, is not waited for.
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	a := answer{status: response.StatusCode, text: short(string(text))}
	if err != nil && !a.ok() {
		a.err = short(err.Error())
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= int(maxPause.Seconds()) {
		a.after = time.Duration(seconds) * time.Second
	}
	return a
}

// short makes a text that both databases can keep.
func short(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text[:min(len(text), keepAnswer)], "\uFFFD"), "\x00", "")
	return strings.TrimSpace(text)
}

// sign gives the signatures of a message, by the secret before too while that is
// valid.
func (b *batch) sign(message string, at time.Time, body []byte) (string, error) {
	secrets := []string{b.webhook.secret}
	if b.webhook.oldSecret != "" && b.webhook.oldUntil != nil && b.webhook.oldUntil.After(at) {
		secrets = append(secrets, b.webhook.oldSecret)
	}
	var all []string
	for _, stored := range secrets {
		text, err := b.Sealer.Open(stored)
		if err != nil {
			return "", err
		}
		signer, err := standardwebhooks.NewWebhook(text)
		if err != nil {
			return "", errors.New("the secret cannot be read")
		}
		signature, err := signer.Sign(message, at, body)
		if err != nil {
			return "", err
		}
		all = append(all, signature)
	}
	return strings.Join(all, " "), nil
}

// message is the body of a request.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// thin is the data of an event: which article, and where to read it.
type thin struct {
	ArticleID string `json:"articleId"`
	Reason    string `json:"reason,omitempty"`
	Cursor    string `json:"cursor,omitempty"` // a reminder may have none
	Href      string `json:"href"`
}

// full is thin with the article as it is now, null if the copy must go.
type full struct {
	thin

	Article json.RawMessage `json:"article"`
}

// ofComment is the data of an event about a comment, without the comment.
type ofComment struct {
	CommentID string `json:"commentId"`
	ArticleID string `json:"articleId"`
	Href      string `json:"href"`
}

// fullComment is ofComment with the comment as it is now, null if the copy must go.
type fullComment struct {
	ofComment

	Comment *partner.Comment `json:"comment"`
}

type test struct {
	Message string `json:"message"`
}

// payload writes a message. An article is as it is at this moment: what changed
// since comes with a message of its own.
func (b *batch) payload(ctx context.Context, d *Delivery) ([]byte, error) {
	m := message{Type: d.EventType, Timestamp: d.At.UTC()}
	if d.EventType == TestEvent {
		m.Data = test{"This is a test."}
		return encode(m)
	}
	if d.Comment != 0 {
		return b.commentPayload(ctx, d, m)
	}
	public := id.Encode(id.Article, d.Article)
	data := thin{public, d.Reason, d.cursor, "/partner/articles/" + public}
	m.Data = data
	if b.webhook.FullPayload {
		stories, err := b.partners.Available(ctx, b.key, []int{d.Article})
		if err != nil {
			return nil, err
		}
		out := full{thin: data, Article: json.RawMessage("null")}
		if story := stories[d.Article]; story != nil {
			if out.Article, err = ninjs.Encode(story.Item); err != nil {
				return nil, err
			}
		}
		m.Data = out
	}
	return encode(m)
}

func (b *batch) commentPayload(ctx context.Context, d *Delivery, m message) ([]byte, error) {
	public := id.Encode(id.Comment, d.Comment)
	data := ofComment{public, id.Encode(id.Article, d.Article), "/partner/comments/" + public}
	m.Data = data
	if b.webhook.FullPayload {
		found, err := b.partners.CommentsOf(ctx, b.key, []int{d.Comment})
		if err != nil {
			return nil, err
		}
		m.Data = fullComment{data, found[d.Comment]}
	}
	return encode(m)
}

// encode writes a message. Articles stand in it as they are exported.
func encode(m message) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("write a message: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
