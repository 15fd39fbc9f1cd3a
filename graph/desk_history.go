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
func (r *newsroomRecordResolver) Revisions(ctx context.Context, record *newsroom.Record, first *int32, after *string, last *int32, before *string) (*model.RevisionConnection, error) {
	desk := r.Newsroom
	list := relay.List[*ent.Revision]{
		Name: listName("revisions", record.Article.ID),
		Key:  newsroom.RevisionKey,
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			return desk.HasRevision(ctx, record, k.ID, behind)
		},
		Count: func(ctx context.Context, limit int) (int, error) { return desk.CountRevisions(ctx, record, limit) },
	}
	read := func(ctx context.Context, w keyset.Window) ([]*ent.Revision, error) {
		return desk.Revisions(ctx, record, w)
	}
	page, err := relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read)
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.AddRevisions(page.Nodes())
	return page, nil
}

// Revision is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) Revision(ctx context.Context, record *newsroom.Record, number int32) (*ent.Revision, error) {
	return r.Newsroom.Revision(ctx, record, int(number))
}

// Diff is the field of the same name of NewsroomRecord.
func (r *newsroomRecordResolver) Diff(ctx context.Context, record *newsroom.Record, from, to int32) (*newsroom.Diff, error) {
	return r.Newsroom.Diff(ctx, record, int(from), int(to))
}

func (r *articleDiffResolver) Body(_ context.Context, d *newsroom.Diff) ([]*model.BlockChange, error) {
	return model.BlockChanges(d.Blocks), nil
}

func (r *revisionResolver) Status(_ context.Context, rev *ent.Revision) (article.Status, error) {
	return article.Status(rev.Status), nil
}

func (r *revisionResolver) Author(ctx context.Context, rev *ent.Revision) (*newsroom.Member, error) {
	return member(ctx, rev.UserID)
}

func (r *revisionResolver) Content(ctx context.Context, rev *ent.Revision) (*content.Draft, error) {
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	return loaders.Snapshots.Load(ctx, rev)
}

func (r *articleContentResolver) Body(_ context.Context, d *content.Draft) ([]model.ContentBlock, error) {
	return model.Blocks(d.Body), nil
}

func (r *articleContentResolver) BodyHTML(_ context.Context, d *content.Draft) (string, error) {
	return content.HTMLOf(d), nil
}

func (r *articleContentResolver) BodyText(_ context.Context, d *content.Draft) (string, error) {
	return content.TextOf(d), nil
}

func (r *articleContentResolver) PrimaryCategory(ctx context.Context, d *content.Draft) (*ent.Category, error) {
	return (&articleResolver{r.Resolver}).PrimaryCategory(ctx, &ent.Article{PrimaryCategoryID: d.PrimaryCategory})
}

func (r *articleContentResolver) Authors(ctx context.Context, d *content.Draft) ([]*ent.Author, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return pick(d.Authors, dir.Authors.ByID), nil
}

// asItWas answers with an article as readers saw it at a moment. What hangs on
// it is told to the loaders before anybody asks: handler.go gives the field
// loaders of its own, so that the article as it is now can be asked for beside
// it.
func (r *Resolver) asItWas(ctx context.Context, past *newsroom.Past) (*ent.Article, error) {
	if past == nil {
		return nil, nil
	}
	a, d := past.Article, past.Draft
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Articles.Add([]*ent.Article{a})
	if d == nil {
		return a, nil
	}
	tags, err := r.Taxonomy.TagsByIDs(ctx, d.Tags)
	if err != nil {
		return nil, err
	}
	detail := &ent.ArticleDetail{ArticleID: a.ID, Blocks: d.Body, HTML: content.HTMLOf(d), Text: content.TextOf(d), Byline: d.Byline, Dateline: d.Dateline,
		Seo: d.SEO, Rights: d.Rights, SourceName: d.Source.Name, SourceURL: d.Source.URL}
	loaders.Detail.Prime(a, detail)
	loaders.BodyHTML.Prime(a, detail.HTML)
	loaders.AuthorIDs.Prime(a, d.Authors)
	loaders.PlaceIDs.Prime(a, d.Places)
	loaders.CategoryIDs.Prime(a, d.Categories)
	loaders.ArticleTags.Prime(a, pick(d.Tags, func(key int) *ent.Tag { return tags[key] }))
	loaders.LiveEntries.Prime(a, content.EntriesOf(d))
	return a, nil
}
