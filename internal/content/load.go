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
var lockArticleSQL = store.Maintain(`SELECT id FROM articles WHERE id = $1 FOR UPDATE`, `SELECT id FROM articles WHERE id = $1`)

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
	client := s.db.Ent(ctx)
	row, err := client.Article.Query().Where(article.ID(id)).Only(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("load article %d: %w", id, err)
	}
	d := draftOf(row)
	if err := s.loadParts(ctx, client, d); err != nil {
		return nil, nil, fmt.Errorf("load article %d: %w", id, err)
	}
	return row, d, nil
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

func (s *Service) loadParts(ctx context.Context, client *ent.Client, d *Draft) error {
	detail, err := client.ArticleDetail.Query().Where(articledetail.ArticleID(d.ID)).Only(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return err
	}
	if detail != nil {
		d.Body, d.Byline, d.Dateline, d.SEO, d.Rights, d.Custom = detail.Blocks, detail.Byline, detail.Dateline, detail.Seo, detail.Rights, detail.Custom
		d.Source.Name, d.Source.URL = detail.SourceName, detail.SourceURL
	}
	entries, err := client.LiveEntry.Query().Where(liveentry.ArticleID(d.ID)).Order(ent.Asc(liveentry.FieldPublishedAt, liveentry.FieldID)).All(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		d.Entries = append(d.Entries, Entry{ID: e.ID, Title: e.Title, Body: e.Blocks, PublishedAt: e.PublishedAt, Key: e.IsKey, Pinned: e.IsPinned})
	}
	pins, err := client.RelatedPin.Query().Where(relatedpin.ArticleID(d.ID)).Order(ent.Asc(relatedpin.FieldPosition)).All(ctx)
	if err != nil {
		return err
	}
	for _, p := range pins {
		d.Pins = append(d.Pins, p.RelatedID)
	}
	for _, part := range []struct {
		into *[]int
		read func(context.Context, []int) (map[int][]int, error)
	}{{&d.Authors, s.AuthorIDs}, {&d.Places, s.PlaceIDs}, {&d.Categories, s.CategoryIDs}} {
		found, err := part.read(ctx, []int{d.ID})
		if err != nil {
			return err
		}
		*part.into = found[d.ID]
	}
	tags, err := s.Tags(ctx, []int{d.ID})
	if err != nil {
		return err
	}
	for _, t := range tags[d.ID] {
		d.Tags = append(d.Tags, t.ID)
	}
	return nil
}
