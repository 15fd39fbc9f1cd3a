// Package digest sends readers who want it a mail with the new articles about
// what they follow, each day or each week.
//
// When a reader's next digest is due stands beside the reader's choice. Moving it
// on is what claims a digest: it is done after the mail server has the text and
// before it is told that the mail is complete. So a digest that was interrupted
// before is sent again, and nobody gets one twice.
package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/readersettings"
	"github.com/broadsheet-cms/broadsheet/ent/suppression"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service sends digests. Its exported fields are set before it is used.
type Service struct {
	db        *store.DB
	interests *interest.Service
	articles  *content.Service
	mail      *mail.Mailer
	links     *link.Signer

	// Zone is where the site's day begins.
	Zone func(ctx context.Context) (*time.Location, error)
	// ServerURL is where this server is reached from outside, without a slash at
	// its end.
	ServerURL string
	// Now is the clock, for tests.
	Now func() time.Time
}

var sendJob = job.Kind[struct{}]{Name: "digest.send", Timeout: 10 * time.Minute, MaxAttempts: 100, Concurrency: 1}

// New gives the service and registers its job, which looks each minute for
// digests that are due.
func New(db *store.DB, interests *interest.Service, articles *content.Service, jobs *job.Runner, mailer *mail.Mailer, links *link.Signer) *Service {
	s := &Service{db: db, interests: interests, articles: articles, mail: mailer, links: links,
		Zone: func(context.Context) (*time.Location, error) { return time.UTC, nil },
		Now:  func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	job.Register(jobs, sendJob, func(ctx context.Context, _ struct{}) error { return s.Send(ctx) })
	job.Periodic(jobs, sendJob, struct{}{}, job.Every(time.Minute))
	return s
}

const (
	// hour is when digests are sent, on the site's clock; weekly ones on Mondays.
	hour = 6
	// maxArticles is how many articles a digest has.
	maxArticles = 10
	// batch is how many readers are read at once, planned how many a run plans, and
	// turn how long it sends before it lets other jobs run.
	batch   = 200
	planned = 10_000
	turn    = 5 * time.Minute
	// later is when a digest is tried again that the mail server did not take.
	later = 10 * time.Minute
)

var periods = map[readersettings.Digest]time.Duration{readersettings.DigestDaily: 24 * time.Hour, readersettings.DigestWeekly: 7 * 24 * time.Hour}

// next is the first moment after another at which digests are sent.
func next(kind readersettings.Digest, after time.Time, zone *time.Location) time.Time {
	local := after.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), hour, 0, 0, 0, zone)
	for !at.After(after) || kind == readersettings.DigestWeekly && at.Weekday() != time.Monday {
		at = time.Date(at.Year(), at.Month(), at.Day()+1, hour, 0, 0, 0, zone)
	}
	return at.UTC()
}

var (
	planSQL = store.MaintainBoth(`UPDATE reader_settings SET digest_due_at = $2 WHERE id IN (
		SELECT id FROM reader_settings WHERE digest = $1 AND digest_due_at IS NULL LIMIT $3)`)
	dueSQL = store.MaintainBoth(`SELECT r.user_id, r.digest_due_at, r.digest_sent_at, u.email, u.display_name, u.language, u.status
		FROM reader_settings r JOIN users u ON u.id = r.user_id WHERE r.digest = $1 AND r.digest_due_at <= $2 ORDER BY r.digest_due_at LIMIT $3`)
	claimSQL  = store.MaintainBoth(`UPDATE reader_settings SET digest_due_at = $3, digest_sent_at = $4 WHERE user_id = $1 AND digest = $2 AND digest_due_at <= $5`)
	returnSQL = store.MaintainBoth(`UPDATE reader_settings SET digest_due_at = $3, digest_sent_at = $4 WHERE user_id = $1 AND digest = $2`)
	stopSQL   = store.MaintainBoth(`UPDATE reader_settings SET digest = 'NEVER', digest_due_at = NULL WHERE user_id = $1`)
)

// due is a digest to be sent.
type due struct {
	kind                  readersettings.Digest
	user                  int
	at                    time.Time
	sent                  *time.Time
	email, name, language string
	active                bool
}

// since is where the articles of a digest begin: where those of the last ended.
func (d due) since(now time.Time) time.Time {
	period := periods[d.kind]
	if d.sent == nil {
		return d.at.Add(-period)
	}
	if oldest := now.Add(-2 * period); d.sent.Before(oldest) { // digests were off meanwhile
		return oldest
	}
	return *d.sent
}

// Send sends the digests that are due. What the mail server does not take now is
// tried again later.
func (s *Service) Send(ctx context.Context) error {
	ctx = access.AsSystem(ctx)
	zone, err := s.Zone(ctx)
	if err != nil {
		return fmt.Errorf("read the site's time zone: %w", err)
	}
	r := &run{Service: s, zone: zone}
	defer r.disconnect()
	end := time.Now().Add(turn)
	for kind := range periods {
		if _, err := s.db.Exec(ctx, planSQL, string(kind), next(kind, s.Now(), zone), planned); err != nil {
			return fmt.Errorf("plan digests: %w", err)
		}
		for more := true; more && time.Now().Before(end); {
			if more, err = r.batch(ctx, kind); err != nil {
				return job.RetryAfter(fmt.Errorf("send digests: %w", err), later)
			}
		}
	}
	return nil
}

// run is the work of one job.
type run struct {
	*Service
	zone  *time.Location
	conn  *mail.Conn
	brand mail.Brand
}

func (r *run) disconnect() {
	if r.conn != nil {
		_ = r.conn.Close() // all mails were answered; a connection that does not end well changes nothing
		r.conn = nil
	}
}

// batch sends the next digests of a kind, and tells whether more may follow. Each
// leaves the list of those that are due.
func (r *run) batch(ctx context.Context, kind readersettings.Digest) (more bool, err error) {
	list, err := store.Collect(ctx, r.db, dueSQL, func(rows *sql.Rows) (due, error) {
		d, status := due{kind: kind}, ""
		err := rows.Scan(&d.user, &d.at, &d.sent, &d.email, &d.name, &d.language, &status)
		d.active = status == "ACTIVE"
		return d, err
	}, string(kind), r.Now(), batch)
	if err != nil {
		return false, err
	}
	for _, d := range list {
		if err := r.send(ctx, d); err != nil {
			return false, err
		}
	}
	return len(list) == batch, nil
}

// errTaken says that another process sends a digest, or that its reader wants none
// any more.
var errTaken = errors.New("the digest is not to be sent any more")

// claim moves the next digest on: by whoever does so first.
func (r *run) claim(ctx context.Context, d due, sent *time.Time) error {
	now := r.Now()
	result, err := r.db.Exec(ctx, claimSQL, d.user, string(d.kind), next(d.kind, now, r.zone), sent, now)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = errTaken
	}
	return err
}

// skip is claim without a mail.
func (r *run) skip(ctx context.Context, d due) error {
	if err := r.claim(ctx, d, d.sent); !errors.Is(err, errTaken) {
		return err
	}
	return nil
}

func (r *run) send(ctx context.Context, d due) error {
	suppressed, err := r.db.Ent(ctx).Suppression.Query().Where(suppression.EmailHash(secret.Hash(d.email))).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for a suppression: %w", err)
	}
	if suppressed || !d.active {
		return r.skip(ctx, d)
	}
	now := r.Now()
	articles, err := r.newFor(ctx, d, now)
	if err != nil {
		return err
	}
	if len(articles) == 0 {
		return r.skip(ctx, d)
	}
	if r.conn == nil {
		if r.brand, err = r.mail.Brand(ctx); err != nil {
			return err
		}
		if r.conn, err = r.mail.Connect(ctx); err != nil {
			return err
		}
	}
	msg, err := r.message(ctx, d, articles)
	if err != nil {
		return err
	}
	return r.deliver(ctx, d, msg, now)
}

// deliver gives a digest to the mail server.
func (r *run) deliver(ctx context.Context, d due, msg mail.Message, now time.Time) error {
	err := r.conn.Send(ctx, msg, func(ctx context.Context) error { return r.claim(ctx, d, &now) })
	_, refused := errors.AsType[*mail.RefusedError](err)
	_, busy := errors.AsType[*mail.BusyError](err)
	switch {
	case err == nil:
		return nil
	case refused:
		return r.skip(ctx, d) // the next one may be taken
	case busy:
		_, err := r.db.Exec(ctx, returnSQL, d.user, string(d.kind), now.Add(later), d.sent)
		return err
	case errors.Is(err, errTaken):
		r.disconnect()
		return nil
	}
	r.disconnect()
	return err
}

// newFor gives the newest articles about what a reader follows since the last
// digest; of the whole site for a reader who follows nothing.
func (r *run) newFor(ctx context.Context, d due, now time.Time) ([]*ent.Article, error) {
	ctx = access.With(ctx, access.Viewer{UserID: d.user, Role: access.Reader})
	since := d.since(now)
	follows, err := r.interests.CountFollows(ctx, 1)
	if err != nil {
		return nil, err
	}
	var found []*ent.Article
	if follows == 0 {
		if found, err = r.articles.LatestInForms(ctx, content.List{Kind: content.BySite, Language: d.language}, 0, maxArticles); err != nil {
			return nil, err
		}
	} else if found, err = r.followed(ctx); err != nil {
		return nil, err
	}
	fresh := found[:0:0]
	for _, a := range found {
		if a.PublishedAt != nil && a.PublishedAt.After(since) && len(fresh) < maxArticles {
			fresh = append(fresh, a)
		}
	}
	return fresh, nil
}

func (r *run) followed(ctx context.Context) ([]*ent.Article, error) {
	places, err := r.interests.Feed(ctx, keyset.First(maxArticles))
	if err != nil {
		return nil, err
	}
	keys := make([]int, len(places))
	for i, p := range places {
		keys[i] = p.ArticleID
	}
	byKey, err := r.articles.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	var found []*ent.Article
	for _, key := range keys {
		if a := byKey[key]; a != nil { // it may be taken back meanwhile
			found = append(found, a)
		}
	}
	return found, nil
}

const (
	oneClickPath = "/digests/unsubscribe/" // of this server, where one POST ends digests
	signStop     = "digest.stop"
)

func (r *run) message(ctx context.Context, d due, articles []*ent.Article) (mail.Message, error) {
	token, err := r.links.Sign(ctx, signStop, strconv.Itoa(d.user))
	if err != nil {
		return mail.Message{}, err
	}
	words := mail.Digest{Weekly: d.kind == readersettings.DigestWeekly, Language: d.language, SettingsURL: r.brand.Link(mail.PageSettings, ""), StopURL: r.brand.Link(mail.PageStopDigest, token)}
	for _, a := range articles {
		words.Articles = append(words.Articles, mail.Article{Title: a.Title, Summary: a.Excerpt, URL: r.brand.URL + permalink.Path(permalink.Article, a.Slug)})
	}
	body, err := mail.RenderDigest(r.brand, words)
	if err != nil {
		return mail.Message{}, err
	}
	return mail.Message{To: mail.Address{Name: d.name, Email: d.email}, Content: body, ID: fmt.Sprintf("digest-%d-%d", d.user, d.at.Unix()),
		Unsubscribe: r.ServerURL + oneClickPath + token}, nil
}

// Stop ends the digests of whoever has the token of one. Doing it again changes
// nothing. Mistakes: EXPIRED.
func (s *Service) Stop(ctx context.Context, token string) error {
	payload, ok, err := s.links.Open(ctx, signStop, token)
	if err != nil {
		return fmt.Errorf("open a link: %w", err)
	}
	user, bad := strconv.Atoi(payload)
	if !ok || bad != nil {
		return fault.Mistake(fault.Expired, "token", "This link is not valid.")
	}
	if _, err := s.db.Exec(ctx, stopSQL, user); err != nil {
		return fmt.Errorf("end the digests of a reader: %w", err)
	}
	return nil
}
