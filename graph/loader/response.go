package loader

import (
	"cmp"
	"context"
	"sync/atomic"

	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/bookmark"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/media"
	"github.com/broadsheet-cms/broadsheet/internal/newsletter"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
	"github.com/broadsheet-cms/broadsheet/internal/webhook"
)

// Services are what rows are loaded from.
type Services struct {
	Accounts    *account.Service
	Articles    *content.Service
	Audit       *audit.Log
	Bookmarks   *bookmark.Service
	Comments    *comment.Service
	Moderator   *comment.Moderator
	Popularity  *popularity.Service
	Directory   *directory.Directory
	Jobs        *job.Office
	MediaDesk   *media.Editor
	Newsletters *newsletter.Service
	Newsroom    *newsroom.Service
	Partners    *partner.Service
	Webhooks    *webhook.Service
	Pages       *site.Service
	Taxonomy    *taxonomy.Service

	// Cohort bounds the rows of a cohort, and so the keys of one statement. Longer
	// lists are several cohorts. 0 means 500.
	Cohort int
}

const defaultCohort = 500

func (r *Response) maxCohort() int { return cmp.Or(r.Cohort, defaultCohort) }

// Response is the rows of one response, or of one mutation in it.
type Response struct {
	// Shown is what the response was made from.
	Shown Shown

	*Services
	directory atomic.Pointer[directory.Snapshot]
}

type responseKey struct{}

// With gives a context for a new response.
func With(ctx context.Context, services *Services) context.Context {
	return context.WithValue(ctx, responseKey{}, &Response{Services: services})
}

// For gives the response that ctx belongs to. Resolvers always have one: see
// graph.Handler.
func For(ctx context.Context) *Response {
	r, ok := ctx.Value(responseKey{}).(*Response)
	if !ok {
		panic("loader: a field was resolved outside of a response")
	}
	return r
}

// Dir gives the directory, the same for the whole response. Whatever uses it
// depends on the site's settings as well.
func (r *Response) Dir(ctx context.Context) (*directory.Snapshot, error) {
	if s := r.directory.Load(); s != nil {
		return s, nil
	}
	s, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	if !r.directory.CompareAndSwap(nil, s) {
		return r.directory.Load(), nil
	}
	r.Shown.note(Dependency{Entity: Settings})
	return s, nil
}
