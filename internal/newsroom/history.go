package newsroom

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/revision"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// A revision is read without the article in it, which is large: see Snapshots.
// {order} is the direction of reading.
const (
	revisionColumns   = `r.id, r.article_id, r.number, r.action, r.status, r.version, r.title, r.note, r.user_id, r.created_at`
	revisionsPostgres = `SELECT ` + revisionColumns + ` FROM each_id($1) CROSS JOIN LATERAL (
			SELECT ` + revisionColumns + ` FROM revisions r WHERE r.article_id = each_id.id AND r.number < $2 AND r.number > $3
			ORDER BY r.number {order} LIMIT $4) r
		ORDER BY r.article_id, r.number DESC`
	revisionsSQLite = `SELECT ` + revisionColumns + ` FROM each_id($1) CROSS JOIN revisions r
		WHERE r.id IN (SELECT x.id FROM revisions x WHERE x.article_id = each_id.id AND x.number < $2 AND x.number > $3
			ORDER BY x.number {order} LIMIT $4)
		ORDER BY r.article_id, r.number DESC`
)

func readRevisions(order string) *store.Statement {
	return store.Read(strings.ReplaceAll(revisionsPostgres, "{order}", order), strings.ReplaceAll(revisionsSQLite, "{order}", order))
}

var (
	newestRevisionsSQL = readRevisions("DESC")
	oldestRevisionsSQL = readRevisions("ASC")
	// Revisions are numbered without gaps.
	countRevisionsSQL = store.ReadBoth(`SELECT r.article_id, max(r.number) FROM each_id($1) JOIN revisions r ON r.article_id = each_id.id GROUP BY r.article_id`)
)

// RevisionKey is the place of a revision in the list of those of its article.
func RevisionKey(r *ent.Revision) keyset.Key { return keyset.Key{ID: r.Number} }

// Revisions gives a window of the revisions of each article, newest first and
// without their snapshots, to those who have their records.
func (s *Service) Revisions(ctx context.Context, articles []int, w keyset.Window) (map[int][]*ent.Revision, error) {
	statement := newestRevisionsSQL
	if w.Backward {
		statement = oldestRevisionsSQL
	}
	rows, err := store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (*ent.Revision, error) {
		r := new(ent.Revision)
		err := rows.Scan(&r.ID, &r.ArticleID, &r.Number, &r.Action, &r.Status, &r.Version, &r.Title, &r.Note, &r.UserID, &r.CreatedAt)
		return r, err
	}, s.db.IDs(articles), w.Newer().ID, w.Older().ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read the history of articles: %w", err)
	}
	found := make(map[int][]*ent.Revision, len(articles))
	for _, r := range rows {
		found[r.ArticleID] = append(found[r.ArticleID], r)
	}
	return found, nil
}

// CountRevisions counts the revisions of each article up to a limit.
func (s *Service) CountRevisions(ctx context.Context, articles []int, limit int) (map[int]int, error) {
	counts, err := store.Counts(ctx, s.db, countRevisionsSQL, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("count revisions: %w", err)
	}
	for article, n := range counts {
		counts[article] = min(n, limit)
	}
	return counts, nil
}

// RevisionsNumbered gives the revisions of each article that have one of the
// numbers, by number and by article, with their snapshots.
func (s *Service) RevisionsNumbered(ctx context.Context, articles []int, numbers ...int) (map[int]map[int]*ent.Revision, error) {
	rows, err := s.db.Ent(ctx).Revision.Query().Where(revision.ArticleIDIn(articles...), revision.NumberIn(numbers...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("find revisions: %w", err)
	}
	found := make(map[int]map[int]*ent.Revision, len(numbers))
	for _, r := range rows {
		if found[r.Number] == nil {
			found[r.Number] = map[int]*ent.Revision{}
		}
		found[r.Number][r.ArticleID] = r
	}
	return found, nil
}

// HasRevision reports whether an article has a revision before the one with a
// number, or after it.
func (s *Service) HasRevision(ctx context.Context, articleID, number int, before bool) (bool, error) {
	side := revision.NumberGT(number)
	if before {
		side = revision.NumberLT(number)
	}
	found, err := s.db.Ent(ctx).Revision.Query().Where(revision.ArticleID(articleID), side).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look beyond a page of revisions: %w", err)
	}
	return found, nil
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
