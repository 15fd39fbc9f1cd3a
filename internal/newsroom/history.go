package newsroom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

// headers are the columns of a revision without the article in it, which is
// large: see Snapshots.
var headers = []string{revision.FieldID, revision.FieldArticleID, revision.FieldNumber, revision.FieldAction, revision.FieldStatus,
	revision.FieldVersion, revision.FieldTitle, revision.FieldNote, revision.FieldUserID, revision.FieldCreatedAt}

// RevisionKey is the place of a revision in the list of those of its article.
func RevisionKey(r *ent.Revision) keyset.Key { return keyset.Key{ID: r.Number} }

// Revisions gives a window of the revisions of an article, newest first and
// without their snapshots, to those who have its record.
func (s *Service) Revisions(ctx context.Context, of *Record, w keyset.Window) ([]*ent.Revision, error) {
	order := ent.Desc(revision.FieldNumber)
	if w.Backward {
		order = ent.Asc(revision.FieldNumber)
	}
	rows := []*ent.Revision{}
	err := s.db.Ent(ctx).Revision.Query().Where(revision.ArticleID(of.Article.ID), revision.NumberLT(w.Newer().ID), revision.NumberGT(w.Older().ID)).
		Order(order).Limit(w.Limit).Select(headers...).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the history of an article: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// CountRevisions counts the revisions of an article up to a limit.
func (s *Service) CountRevisions(ctx context.Context, of *Record, limit int) (int, error) {
	last, err := s.lastRevision(ctx, of.Article.ID) // they are numbered without gaps
	return min(last, limit), err
}

// HasRevision reports whether an article has a revision before the one with a
// number, or after it.
func (s *Service) HasRevision(ctx context.Context, of *Record, number int, before bool) (bool, error) {
	side := revision.NumberGT(number)
	if before {
		side = revision.NumberLT(number)
	}
	found, err := s.db.Ent(ctx).Revision.Query().Where(revision.ArticleID(of.Article.ID), side).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look beyond a page of revisions: %w", err)
	}
	return found, nil
}

// Revision gives one revision of an article by its number, nil when there is
// none.
func (s *Service) Revision(ctx context.Context, of *Record, number int) (*ent.Revision, error) {
	return s.oneRevision(ctx, revision.ArticleID(of.Article.ID), revision.Number(number))
}

func (s *Service) oneRevision(ctx context.Context, where ...predicate.Revision) (*ent.Revision, error) {
	r, err := s.db.Ent(ctx).Revision.Query().Where(where...).Order(ent.Desc(revision.FieldNumber)).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find a revision: %w", err)
	}
	return r, nil
}

// RevisionsByIDs gives revisions by key, of articles that the viewer works on.
func (s *Service) RevisionsByIDs(ctx context.Context, ids []int) (map[int]*ent.Revision, error) {
	rows, err := s.db.Ent(ctx).Revision.Query().Where(revision.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find revisions: %w", err)
	}
	return onTheirs(ctx, s, rows, func(r *ent.Revision) (int, int) { return r.ID, r.ArticleID })
}

// onTheirs gives rows by key, those alone that hang on articles which the
// viewer works on.
func onTheirs[T any](ctx context.Context, s *Service, rows []T, keys func(T) (row, article int)) (map[int]T, error) {
	var articles []int
	for _, r := range rows {
		if _, a := keys(r); !slices.Contains(articles, a) {
			articles = append(articles, a)
		}
	}
	records, err := s.Records(ctx, articles)
	if err != nil {
		return nil, err
	}
	found := make(map[int]T, len(rows))
	for _, r := range rows {
		if key, a := keys(r); records[a] != nil {
			found[key] = r
		}
	}
	return found, nil
}

// Snapshots gives the articles that revisions kept, by the keys of these. It is
// for revisions that the viewer was given.
func (s *Service) Snapshots(ctx context.Context, ids []int) (map[int]*content.Draft, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	rows, err := s.db.Ent(ctx).Revision.Query().Where(revision.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read revisions: %w", err)
	}
	found := make(map[int]*content.Draft, len(rows))
	for _, r := range rows {
		if found[r.ID], err = Snapshot(r); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Past is an article as readers saw it at some moment. Draft is nil where it
// has not changed since.
type Past struct {
	Article *ent.Article
	Draft   *content.Draft
}

// LiveAt gives what readers saw of an article at a moment, nil when they saw
// nothing of it. It is for those who work on the article. An article is named
// by its key or, where that is 0, by the slug that it has now.
func (s *Service) LiveAt(ctx context.Context, articleID int, slug string, at time.Time) (*Past, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	if articleID == 0 {
		system := access.AsSystem(ctx)
		ids, err := s.db.Ent(system).Article.Query().Where(article.Slug(slug)).IDs(system)
		if err != nil {
			return nil, fmt.Errorf("find an article: %w", err)
		}
		if len(ids) == 0 {
			return nil, nil
		}
		articleID = ids[0]
	}
	records, err := s.Records(ctx, []int{articleID})
	if err != nil || records[articleID] == nil {
		return nil, err
	}
	row := records[articleID].Article
	r, err := s.oneRevision(ctx, revision.ArticleID(articleID), revision.CreatedAtLTE(at.UTC()))
	if err != nil {
		return nil, err
	}
	if r == nil {
		return s.untouched(ctx, row, at)
	}
	d, err := Snapshot(r)
	if err != nil {
		return nil, err
	}
	was := rowOf(row, d)
	if !content.Live(was) {
		return nil, nil
	}
	return &Past{Article: was, Draft: d}, nil
}

// untouched answers for an article that was imported and never changed here.
func (s *Service) untouched(ctx context.Context, row *ent.Article, at time.Time) (*Past, error) {
	last, err := s.lastRevision(ctx, row.ID)
	if err != nil || last > 0 || !content.Live(row) || row.PublishedAt == nil || row.PublishedAt.After(at) {
		return nil, err
	}
	return &Past{Article: row}, nil
}

// rowOf gives an article's row as it was when it had the words of a draft.
func rowOf(now *ent.Article, d *content.Draft) *ent.Article {
	was := *now
	was.Kind, was.Status, was.Visibility, was.TrashedAt = d.Kind, d.Status, d.Visibility, d.TrashedAt
	was.Title, was.Subtitle, was.Excerpt, was.Slug, was.Language = d.Title, d.Subtitle, d.Excerpt, d.Slug, d.Language
	was.TranslationGroup = d.TranslationGroup
	was.PublishedAt, was.FirstPublishedAt, was.UpdatedAt, was.CorrectedAt = d.PublishedAt, d.FirstPublishedAt, d.UpdatedAt, d.CorrectedAt
	was.CommentPolicy, was.CommentsCloseAt = d.CommentPolicy, d.CommentsCloseAt
	was.PrimaryCategoryID, was.SeriesID, was.SeriesPosition, was.FeaturedMediaID = d.PrimaryCategory, d.Series, d.SeriesPosition, d.FeaturedMedia
	was.WordCount, was.ReadingMinutes = content.Length(d)
	return &was
}
