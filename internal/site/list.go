package site

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

const redirectColumns = `r.id, r.path, r.target_type, r.target_id, r.address, r.status_code`

// The list of redirects sorts by path in the order of bytes, which both
// databases know. Paths are unique, so no tie needs breaking. With $1 not empty,
// only paths that begin so.
var (
	redirectsForwardSQL  = store.Read(redirectPage(`r.path COLLATE "C"`, ">", "ASC"), redirectPage(`r.path`, ">", "ASC"))
	redirectsBackwardSQL = store.Read(redirectPage(`r.path COLLATE "C"`, "<", "DESC"), redirectPage(`r.path`, "<", "DESC"))
	countRedirectsSQL    = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM redirects r WHERE substr(r.path, 1, length(CAST($1 AS text))) = $1 LIMIT $2) AS counted`)
)

// redirectPage reads from one bound towards the other: $2 where the read begins
// when it is not empty, $3 where it ends.
func redirectPage(path, beyond, order string) string {
	back := map[string]string{">": "<", "<": ">"}[beyond]
	return `SELECT ` + redirectColumns + ` FROM redirects r WHERE substr(r.path, 1, length(CAST($1 AS text))) = $1
		AND (CAST($2 AS text) = '' OR ` + path + ` ` + beyond + ` $2) AND (CAST($3 AS text) = '' OR ` + path + ` ` + back + ` $3)
		ORDER BY ` + path + ` ` + order + ` LIMIT $4`
}

// RedirectKey is the place of a redirect in the list of redirects.
func RedirectKey(r *ent.Redirect) keyset.Key { return keyset.Key{Text: r.Path, ID: r.ID} }

// Redirects gives a window of the redirects whose paths begin with prefix, by
// path.
func (s *Service) Redirects(ctx context.Context, prefix string, w keyset.Window) ([]*ent.Redirect, error) {
	if err := access.Require(ctx, access.ManagePages); err != nil {
		return nil, err
	}
	statement, from, to := redirectsForwardSQL, w.After, w.Before
	if w.Backward {
		statement, from, to = redirectsBackwardSQL, w.Before, w.After
	}
	rows, err := store.Collect(ctx, s.db, statement, scanRedirect, prefix, textOf(from), textOf(to), w.Limit)
	if err != nil {
		return nil, fmt.Errorf("list redirects: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

func textOf(k *keyset.Key) string {
	if k == nil {
		return ""
	}
	return k.Text
}

// CountRedirects counts the redirects whose paths begin with prefix, up to a
// limit.
func (s *Service) CountRedirects(ctx context.Context, prefix string, limit int) (int, error) {
	if err := access.Require(ctx, access.ManagePages); err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, s.db, countRedirectsSQL, store.ScanInt, prefix, limit)
	if err != nil {
		return 0, fmt.Errorf("count redirects: %w", err)
	}
	return n[0], nil
}

// maxPages bounds the list of all pages. Static pages are few.
const maxPages = 1000

// ListPages gives the visible pages by path, without their bodies.
func (s *Service) ListPages(ctx context.Context) ([]*ent.Page, error) {
	pages, err := s.db.Ent(ctx).Page.Query().Order(page.ByPath(), page.ByID()).Limit(maxPages).
		Select(page.FieldTitle, page.FieldSlug, page.FieldPath, page.FieldParentID, page.FieldPosition, page.FieldPublishedAt, page.FieldUpdatedAt).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	return pages, nil
}

// AllPages gives all pages by path, whatever their status: those in the trash,
// or those that are not.
func (s *Service) AllPages(ctx context.Context, trashed bool) ([]*ent.Page, error) {
	if err := access.Require(ctx, access.ManagePages); err != nil {
		return nil, err
	}
	which := page.TrashedAtIsNil()
	if trashed {
		which = page.TrashedAtNotNil()
	}
	pages, err := s.db.Ent(ctx).Page.Query().Where(which).Order(page.ByPath(), page.ByID()).Limit(maxPages).Select(publicColumns...).All(access.AsSystem(ctx))
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	return pages, nil
}
