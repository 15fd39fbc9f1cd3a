// Package newsroom is the work on articles: writing, review, scheduling,
// publication, correction, withdrawal, and the history of all that. Every
// change goes through change (this file), which asks who may do it, refuses
// what has been overtaken, stores the article through content, and leaves a
// revision and an entry in the record of who did what.
package newsroom

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/idempotency"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service is the work on articles.
type Service struct {
	db       *store.DB
	log      *event.Log
	audit    *audit.Log
	articles *content.Service
	site     *site.Service
	repeats  *idempotency.Store
	failing  failures // what is due and does not succeed
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives the service.
func New(db *store.DB, log *event.Log, record *audit.Log, articles *content.Service, pages *site.Service, repeats *idempotency.Store) *Service {
	return &Service{db: db, log: log, audit: record, articles: articles, site: pages, repeats: repeats,
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// ConflictError says that somebody saved the article after the version that
// the caller knows. Nothing was changed.
type ConflictError struct {
	Current *ent.Article
	fault   *fault.Error
}

func conflict(current *ent.Article) error {
	return &ConflictError{Current: current, fault: fault.Mistake(fault.VersionConflict, "expectedVersion",
		"Somebody saved this article meanwhile: it is at version %d.", current.Version)}
}

// Error implements error.
func (e *ConflictError) Error() string { return e.fault.Error() }

// Unwrap gives the fault.
func (e *ConflictError) Unwrap() error { return e.fault }

// working is an article while it is being changed.
type working struct {
	now    time.Time
	viewer access.Viewer
	row    *ent.Article   // as it was
	draft  *content.Draft // as it shall be
	own    bool           // the viewer began it or is on its by-line
}

// change is one kind of change of one article.
type change struct {
	action   string // name of the mutation; the revision and the audit entry bear it
	needs    access.Capability
	expected *int   // version that the caller knows; nil: any
	note     string // of the revision
	trashed  bool   // it is about articles in the trash
	// may refuses whoever may not do this with this article.
	may func(w *working) error
	// apply changes w.draft, and whatever else belongs to the change. It gives a
	// move when the article's status changes and its words do not.
	apply func(ctx context.Context, w *working) (*content.Move, error)
	// after runs once the article is stored, in the same transaction, with the
	// number of its new revision.
	after func(ctx context.Context, w *working, saved *ent.Article, revision int) error
}

// change carries out a change for the viewer of ctx: all of it or nothing.
func (s *Service) change(ctx context.Context, articleID int, c change) (saved *ent.Article, err error) {
	if err := access.Require(ctx, c.needs); err != nil {
		return nil, err
	}
	if err := checkText("note", c.note, maxNote); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.articles.ShareTaxonomy(ctx); err != nil {
			return err
		}
		w, err := s.open(ctx, viewer, articleID, c)
		if err != nil {
			return err
		}
		ctx = access.AsSystem(ctx)
		if err := s.baseline(ctx, w.row, w.draft); err != nil {
			return err
		}
		before := stateOf(w.row)
		move, err := c.apply(ctx, w)
		if err != nil {
			return err
		}
		var stored []*ent.Article
		if move != nil {
			stored, err = s.articles.Move(ctx, *move)
		} else {
			w.draft.EditedAt = &w.now
			stored, err = s.save(ctx, w)
		}
		if err != nil {
			return err
		}
		saved = stored[0]
		revision, err := s.revise(ctx, saved, c.action, c.note, w.now)
		if err != nil {
			return err
		}
		if c.after != nil {
			if err := c.after(ctx, w, saved, revision); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, audit.Entry{Action: c.action, Entity: id.Article, EntityID: articleID, Before: before, After: stateOf(saved)})
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// save stores the words of an article. What readers see, or will see at its moment,
// must not come to fail a blocking check that it passed.
func (s *Service) save(ctx context.Context, w *working) ([]*ent.Article, error) {
	if !isPublic(w.row.Status) {
		return s.articles.Save(ctx, w.draft)
	}
	failed, err := s.blocking(ctx, w.row.ID)
	if err != nil {
		return nil, err
	}
	stored, err := s.articles.Save(ctx, w.draft)
	if err != nil {
		return nil, err
	}
	return stored, s.passes(ctx, w.row.ID, failed...)
}

// open holds an article for a change, or says why the viewer cannot change it.
// What the viewer may not see answers like what is not there.
func (s *Service) open(ctx context.Context, viewer access.Viewer, articleID int, c change) (*working, error) {
	visible := s.db.Ent(ctx).Article.Query().Where(article.ID(articleID))
	if c.trashed {
		visible = s.db.Ent(access.AsSystem(ctx)).Article.Query().Where(article.ID(articleID), article.TrashedAtNotNil())
		ctx = access.AsSystem(ctx)
	}
	seen, err := visible.Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for an article: %w", err)
	}
	if !seen {
		return nil, missing()
	}
	row, draft, err := s.articles.Load(ctx, articleID)
	if err != nil {
		return nil, err
	}
	if row == nil || (row.TrashedAt != nil) != c.trashed { // while the row was waited for
		return nil, missing()
	}
	w := &working{now: s.Now(), viewer: viewer, row: row, draft: draft}
	if w.own, err = s.owns(ctx, viewer, draft); err != nil {
		return nil, err
	}
	if c.trashed && !w.own && !viewer.Can(access.EditArticles) {
		return nil, missing()
	}
	if err := c.may(w); err != nil {
		return nil, err
	}
	if c.expected != nil && *c.expected != row.Version {
		return nil, conflict(row)
	}
	return w, nil
}

func missing() error { return fault.Mistake(fault.Missing, "id", "There is no such article.") }

// owns reports whether an article is the viewer's own: begun by the viewer, or
// with the viewer on its by-line.
func (s *Service) owns(ctx context.Context, v access.Viewer, d *content.Draft) (bool, error) {
	if v.UserID == 0 {
		return false, nil
	}
	if d.CreatedBy != nil && *d.CreatedBy == v.UserID {
		return true, nil
	}
	if len(d.Authors) == 0 {
		return false, nil
	}
	own, err := s.db.Ent(ctx).Author.Query().Where(author.IDIn(d.Authors...), author.UserID(v.UserID)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look whose article it is: %w", err)
	}
	return own, nil
}

// state is what the record of who did what keeps of an article. The words are
// in the revisions.
type state struct {
	Status      article.Status `json:"status"`
	Version     int            `json:"version"`
	Title       string         `json:"title"`
	Slug        string         `json:"slug"`
	PublishedAt *time.Time     `json:"publishedAt,omitempty"`
	ScheduledAt *time.Time     `json:"scheduledAt,omitempty"`
	Embargo     *time.Time     `json:"embargoUntil,omitempty"`
	UnpublishAt *time.Time     `json:"unpublishAt,omitempty"`
	TrashedAt   *time.Time     `json:"trashedAt,omitempty"`
}

func stateOf(a *ent.Article) *state {
	return &state{Status: a.Status, Version: a.Version, Title: a.Title, Slug: a.Slug, PublishedAt: a.PublishedAt, ScheduledAt: a.ScheduledAt,
		Embargo: a.EmbargoUntil, UnpublishAt: a.UnpublishAt, TrashedAt: a.TrashedAt}
}
