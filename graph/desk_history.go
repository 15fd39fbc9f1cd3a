package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// Revisions is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) Revisions(ctx context.Context, record *loader.Record, first *int32, after *string, last *int32, before *string) (*model.RevisionConnection, error) {
	article := record.Stored().Article.ID
	list := relay.List[*loader.Revision]{
		Name: listName("revisions", article),
		Key:  func(r *loader.Revision) keyset.Key { return newsroom.RevisionKey(r.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			return r.Newsroom.HasRevision(ctx, article, k.ID, behind)
		},
		Count: record.CountRevisions,
	}
	window, err := relay.Args{First: first, After: after, Last: last, Before: before}.Window(list.Name)
	if err != nil {
		return nil, err
	}
	page, err := record.RevisionPage(ctx, window)
	if err != nil {
		return nil, err
	}
	return relay.NewConnection(list, window, page), nil
}

func (r *articleDiffResolver) Body(_ context.Context, d *newsroom.Diff) ([]*model.BlockChange, error) {
	return model.BlockChanges(d.Blocks), nil
}

func (r *revisionResolver) Status(_ context.Context, rev *loader.Revision) (article.Status, error) {
	return article.Status(rev.Status), nil
}

func (r *articleContentResolver) Body(_ context.Context, d *loader.Content) ([]model.ContentBlock, error) {
	return model.Blocks(d.Stored().Body), nil
}

func (r *articleContentResolver) BodyHTML(_ context.Context, d *loader.Content) (string, error) {
	return content.HTMLOf(d.Stored()), nil
}

func (r *articleContentResolver) BodyText(_ context.Context, d *loader.Content) (string, error) {
	return content.TextOf(d.Stored()), nil
}

// articleAt answers with an article as readers saw it at a moment. What hangs on
// it is known before anybody asks, so the article as it is now can be asked for
// beside it.
func (r *Resolver) articleAt(ctx context.Context, past *newsroom.Past) (*loader.Article, error) {
	if past == nil {
		return nil, nil
	}
	a, d := loader.Articles.One(ctx, past.Article), past.Draft
	if d == nil {
		return a, nil
	}
	tags, err := r.Taxonomy.TagsByIDs(ctx, d.Tags)
	if err != nil {
		return nil, err
	}
	known := loader.Past{Places: d.Places, Categories: d.Categories, Entries: content.EntriesOf(d)}
	known.Detail = &ent.ArticleDetail{ArticleID: a.ID, Blocks: d.Body, HTML: content.HTMLOf(d), Text: content.TextOf(d), Byline: d.Byline, Dateline: d.Dateline,
		Seo: d.SEO, Rights: d.Rights, SourceName: d.Source.Name, SourceURL: d.Source.URL}
	known.HTML, known.Authors = known.Detail.HTML, d.Authors
	for _, key := range d.Tags {
		if t := tags[key]; t != nil { // it may be gone
			known.Tags = append(known.Tags, t)
		}
	}
	a.KnowsPast(known)
	return a, nil
}
