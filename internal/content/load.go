package content

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/relatedpin"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// lockArticleSQL holds the row of an article until the transaction ends, so that two
// who change it come one after the other. On SQLite there is one writer.
var (
	lockArticleSQL  = store.Maintain(`SELECT id FROM articles WHERE id = $1 FOR UPDATE`, `SELECT id FROM articles WHERE id = $1`)
	lockArticlesSQL = store.Maintain(`SELECT id FROM articles WHERE id IN (SELECT id FROM each_id($1)) ORDER BY id FOR UPDATE`,
		`SELECT id FROM articles WHERE id IN (SELECT id FROM each_id($1))`)
)

// Hold keeps others from changing articles until the transaction of ctx, which
// must carry one, is over. What is read of them from now on stays true.
func (s *Service) Hold(ctx context.Context, ids []int) error {
	if _, err := store.Collect(ctx, s.db, lockArticlesSQL, store.ScanInt, s.db.IDs(ids)); err != nil {
		return fmt.Errorf("hold articles: %w", err)
	}
	return nil
}

// Load gives an article as it is stored and as the draft that Save would store
// again, and holds it for the transaction of ctx, which must carry one. It is
// for the program's own work; both are nil when there is no such article.
func (s *Service) Load(ctx context.Context, id int) (*ent.Article, *Draft, error) {
	ctx = access.AsSystem(ctx)
	held, err := store.Collect(ctx, s.db, lockArticleSQL, store.ScanInt, id)
	if err != nil {
		return nil, nil, fmt.Errorf("hold article %d: %w", id, err)
	}
	if len(held) == 0 {
		return nil, nil, nil
	}
	loaded, err := s.LoadHeld(ctx, []int{id})
	if err != nil {
		return nil, nil, err
	}
	return loaded[0].Article, loaded[0].Draft, nil
}

// Loaded is an article as it is stored and as the draft that Save would store
// again.
type Loaded struct {
	Article *ent.Article
	Draft   *Draft
}

// LoadHeld is Load for many articles whose rows the transaction of ctx holds
// already. The answer is in the order of ids, all of which must be there.
func (s *Service) LoadHeld(ctx context.Context, ids []int) ([]Loaded, error) {
	ctx = access.AsSystem(ctx)
	client := s.db.Ent(ctx)
	rows, err := client.Article.Query().Where(article.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("load articles: %w", err)
	}
	drafts := make(map[int]*Draft, len(rows))
	byID := make(map[int]*ent.Article, len(rows))
	for _, row := range rows {
		byID[row.ID], drafts[row.ID] = row, draftOf(row)
	}
	if err := s.loadParts(ctx, client, ids, drafts); err != nil {
		return nil, fmt.Errorf("load articles: %w", err)
	}
	loaded := make([]Loaded, len(ids))
	for i, id := range ids {
		if byID[id] == nil {
			return nil, fmt.Errorf("load articles: there is no article %d", id)
		}
		loaded[i] = Loaded{byID[id], drafts[id]}
	}
	return loaded, nil
}

func draftOf(a *ent.Article) *Draft {
	d := &Draft{
		ID: a.ID, Kind: a.Kind, Status: a.Status, Visibility: a.Visibility, TrashedAt: a.TrashedAt,
		Title: a.Title, Subtitle: a.Subtitle, Excerpt: a.Excerpt, Slug: a.Slug, Language: a.Language, TranslationGroup: a.TranslationGroup,
		CreatedBy:   a.CreatedBy,
		PublishedAt: a.PublishedAt, FirstPublishedAt: a.FirstPublishedAt, UpdatedAt: a.UpdatedAt, CorrectedAt: a.CorrectedAt,
		ScheduledAt: a.ScheduledAt, EmbargoUntil: a.EmbargoUntil, UnpublishAt: a.UnpublishAt,
		CommentPolicy: a.CommentPolicy, CommentsCloseAt: a.CommentsCloseAt,
		PrimaryCategory: a.PrimaryCategoryID, Series: a.SeriesID, SeriesPosition: a.SeriesPosition, FeaturedMedia: a.FeaturedMediaID,
		Source: Source{VersionAt: a.SourceVersionAt, Hash: a.SourceHash},
	}
	if a.SourceURI != nil {
		d.Source.URI = *a.SourceURI
	}
	return d
}

// loadParts puts into drafts, by key, what hangs on their articles.
func (s *Service) loadParts(ctx context.Context, client *ent.Client, ids []int, drafts map[int]*Draft) error {
	details, err := client.ArticleDetail.Query().Where(articledetail.ArticleIDIn(ids...)).All(ctx)
	if err != nil {
		return err
	}
	for _, detail := range details {
		d := drafts[detail.ArticleID]
		d.Body, d.Byline, d.Dateline, d.SEO, d.Rights, d.Custom = detail.Blocks, detail.Byline, detail.Dateline, detail.Seo, detail.Rights, detail.Custom
		d.Source.Name, d.Source.URL = detail.SourceName, detail.SourceURL
	}
	entries, err := client.LiveEntry.Query().Where(liveentry.ArticleIDIn(ids...)).Order(ent.Asc(liveentry.FieldPublishedAt, liveentry.FieldID)).All(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		d := drafts[e.ArticleID]
		d.Entries = append(d.Entries, Entry{ID: e.ID, Title: e.Title, Body: e.Blocks, PublishedAt: e.PublishedAt, Key: e.IsKey, Pinned: e.IsPinned})
	}
	pins, err := client.RelatedPin.Query().Where(relatedpin.ArticleIDIn(ids...)).Order(ent.Asc(relatedpin.FieldPosition)).All(ctx)
	if err != nil {
		return err
	}
	for _, p := range pins {
		drafts[p.ArticleID].Pins = append(drafts[p.ArticleID].Pins, p.RelatedID)
	}
	for _, part := range []struct {
		into func(*Draft) *[]int
		read func(context.Context, []int) (map[int][]int, error)
	}{
		{func(d *Draft) *[]int { return &d.Authors }, s.AuthorIDs},
		{func(d *Draft) *[]int { return &d.Places }, s.PlaceIDs},
		{func(d *Draft) *[]int { return &d.Categories }, s.CategoryIDs},
	} {
		found, err := part.read(ctx, ids)
		if err != nil {
			return err
		}
		for id, d := range drafts {
			*part.into(d) = found[id]
		}
	}
	tags, err := s.Tags(ctx, ids)
	if err != nil {
		return err
	}
	for id, d := range drafts {
		for _, t := range tags[id] {
			d.Tags = append(d.Tags, t.ID)
		}
	}
	return nil
}
