package feed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Publisher tells a hub of WebSub (https://www.w3.org/TR/websub/) which feeds have
// changed. Subscribers then hear of it from the hub, in place of asking.
type Publisher struct {
	feeds *Service
	jobs  *job.Runner
	// hub is the address of the hub; empty: none is told.
	hub    string
	client *http.Client
	// Gather is how long changes of one feed are gathered before the hub is told.
	Gather time.Duration
}

// pingArgs name the feeds of one thing: by its kind and key, or, for the feeds of a
// language, by the language.
type pingArgs struct {
	Entity   string `json:"entity"`
	Key      int    `json:"key"`
	Language string `json:"language,omitempty"`
}

// Entities of feeds that are no lists of articles.
const (
	languageFeeds = "language"
	commentFeeds  = "comments" // of an article, all for 0
)

var ping = job.Kind[pingArgs]{Name: "websub.ping", Timeout: time.Minute, Concurrency: 2}

// pingTimeout bounds one request to a hub, gatherFor how long changes are gathered.
const (
	pingTimeout = 15 * time.Second
	gatherFor   = 5 * time.Second
	maxHubSays  = 4 << 10 // bytes of an answer that are read
)

// PublishTo has a hub told of what changes, once for all nodes; of nothing when it
// has no address. It is called once, at the start.
func (s *Service) PublishTo(hub string, log *event.Log, jobs *job.Runner) *Publisher {
	p := &Publisher{feeds: s, jobs: jobs, hub: hub, Gather: gatherFor}
	p.Reach(nil)
	job.Register(jobs, ping, p.ping) // what another node enqueued is run, or ends, here
	if hub != "" {
		s.hub = hub
		log.OnceForAllNodes(p)
	}
	return p
}

// advertise names the hub of a feed, and the feed itself, in the headers of an answer.
func (s *Service) advertise(ctx context.Context, w http.ResponseWriter, a Address) error {
	if s.hub == "" {
		return nil
	}
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return err
	}
	w.Header().Add("Link", "<"+s.hub+`>; rel="hub"`)
	w.Header().Add("Link", "<"+s.base(dir)+a.Path()+`>; rel="self"`)
	return nil
}

// Reach sets which addresses requests may go to, for tests; nil: those of the open
// web.
func (p *Publisher) Reach(open func(netip.Addr) bool) {
	p.client = outbound.NewClient(pingTimeout, open)
}

// Name implements event.Consumer.
func (p *Publisher) Name() string { return "websub" }

// Consume implements event.Consumer: it asks for a ping for each feed that changed.
// A feed that waits for its ping already is not asked for again.
func (p *Publisher) Consume(ctx context.Context, events []event.Event) error {
	changed := map[pingArgs]bool{}
	var articles []int
	for _, e := range events {
		switch e.Entity {
		case id.Article:
			for _, lists := range [][]event.List{e.Was, e.Is} {
				for _, l := range lists {
					changed[pingArgs{Entity: l.Entity, Key: l.Owner}] = true
				}
			}
			if len(e.Was)+len(e.Is) > 0 {
				articles = append(articles, e.EntityID)
			}
			if len(e.Was) > 0 && e.OldLanguage != "" {
				changed[pingArgs{Entity: languageFeeds, Language: e.OldLanguage}] = true
			}
		case id.Comment:
			if e.Action == event.Published || e.Action == event.Unpublished || e.Edited {
				changed[pingArgs{Entity: commentFeeds}] = true
				changed[pingArgs{Entity: commentFeeds, Key: e.ArticleID}] = true
			}
		}
	}
	languages, err := p.languages(ctx, articles)
	if err != nil {
		return err
	}
	for _, l := range languages {
		changed[pingArgs{Entity: languageFeeds, Language: l}] = true
	}
	discussed, err := p.discussed(ctx, articles)
	if err != nil {
		return err
	}
	for _, key := range discussed { // they name the article, and go with it
		changed[pingArgs{Entity: commentFeeds}] = true
		changed[pingArgs{Entity: commentFeeds, Key: key}] = true
	}
	at := time.Now().Add(p.Gather)
	for args := range changed {
		if err := job.Enqueue(ctx, p.jobs, ping, args, job.Options{RunAt: at, UniqueKey: fmt.Sprintf("%s:%d%s", args.Entity, args.Key, args.Language)}); err != nil {
			return err
		}
	}
	return nil
}

// languages are those of articles, each once.
func (p *Publisher) languages(ctx context.Context, articles []int) ([]string, error) {
	if len(articles) == 0 {
		return nil, nil
	}
	found, err := p.feeds.db.Ent(ctx).Article.Query().Where(article.IDIn(articles...)).Unique(true).Select(article.FieldLanguage).Strings(access.AsSystem(ctx))
	if err != nil {
		return nil, fmt.Errorf("find the languages of articles: %w", err)
	}
	return found, nil
}

// discussed are those of the articles that have comments which readers may see.
func (p *Publisher) discussed(ctx context.Context, articles []int) ([]int, error) {
	if len(articles) == 0 {
		return nil, nil
	}
	found, err := p.feeds.db.Ent(ctx).Comment.Query().Where(comment.ArticleIDIn(articles...), comment.StatusEQ(comment.StatusApproved)).Unique(true).Select(comment.FieldArticleID).Ints(access.AsSystem(ctx))
	if err != nil {
		return nil, fmt.Errorf("find the articles with comments: %w", err)
	}
	return found, nil
}

// topics are the addresses of the feeds of one thing, in the formats that name the
// hub; none when there is no such thing any more.
func (p *Publisher) topics(ctx context.Context, args pingArgs) (topics []string, err error) {
	ctx = access.With(ctx, access.Viewer{})
	dir, err := p.feeds.dir.Current(ctx)
	if err != nil {
		return nil, err
	}
	a := Address{Of: permalink.Front}
	formats := []Format{RSS, Atom, JSON}
	named := true
	switch args.Entity {
	case event.Site:
	case languageFeeds:
		a.Of, a.Slug = Language, args.Language
	case commentFeeds:
		a.Comments, formats = true, []Format{RSS, Atom}
		if args.Key != 0 {
			var of map[int]*ent.Article
			if of, err = p.feeds.articles.ByIDs(ctx, []int{args.Key}); of[args.Key] != nil {
				a.Of, a.Slug = permalink.Article, of[args.Key].Slug
			} else {
				named = false
			}
		}
	case id.Category:
		if c := dir.Categories.ByID(args.Key); c != nil {
			a.Of, a.Slug = permalink.Category, c.Slug
		}
	case id.Place:
		if c := dir.Places.ByID(args.Key); c != nil {
			a.Of, a.Slug = permalink.Place, c.Slug
		}
	case id.Series:
		if c := dir.Series.ByID(args.Key); c != nil {
			a.Of, a.Slug = permalink.Series, c.Slug
		}
	case id.Author:
		if c := dir.Authors.ByID(args.Key); c != nil {
			a.Of, a.Slug = permalink.Author, c.Slug
		}
	case id.Tag:
		var of map[int]*ent.Tag
		if of, err = p.feeds.terms.TagsByIDs(ctx, []int{args.Key}); of[args.Key] != nil {
			a.Of, a.Slug = permalink.Tag, of[args.Key].Slug
		}
	}
	if err != nil || !named || a.Of == permalink.Front && args.Key != 0 {
		return nil, err
	}
	for _, f := range formats {
		a.Format = f
		topics = append(topics, p.feeds.base(dir)+a.Path())
	}
	return topics, nil
}

// ping tells the hub that the feeds of one thing have changed.
func (p *Publisher) ping(ctx context.Context, args pingArgs) error {
	if p.hub == "" {
		return nil
	}
	topics, err := p.topics(ctx, args)
	if err != nil || len(topics) == 0 {
		return err
	}
	form := url.Values{"hub.mode": {"publish"}, "hub.url": topics}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.hub, strings.NewReader(form.Encode()))
	if err != nil {
		return job.Permanent(fmt.Errorf("the hub: %w", err))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", generator)
	answer, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("tell the hub: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, maxHubSays))
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case err != nil:
		return fmt.Errorf("tell the hub: %w", err)
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests:
		return job.Permanent(fmt.Errorf("the hub refuses: %s: %.200q", answer.Status, said))
	}
	return fmt.Errorf("the hub answers %s: %.200q", answer.Status, said)
}
