package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

// changeArticle answers a mutation of one article: once for all requests with
// the same idempotency key.
func (r *mutationResolver) changeArticle(ctx context.Context, key graphql.Omittable[*string], mutation string,
	do func(ctx context.Context) (*ent.Article, error),
) (*model.ArticlePayload, error) {
	changed, err := kept(ctx, r.Repeats, creation{mutation, key}, func(ctx context.Context) (*ent.Article, int, error) {
		changed, err := do(ctx)
		if err != nil {
			return nil, 0, err
		}
		return changed, changed.ID, nil
	}, r.Newsroom.Article)
	return articlePayload(ctx, changed, err)
}

func articlePayload(ctx context.Context, changed *ent.Article, err error) (*model.ArticlePayload, error) {
	wrong, err := mistakes(err)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		changed = nil
	}
	return &model.ArticlePayload{Article: loader.Articles.One(ctx, changed), UserErrors: wrong}, nil
}

// CreateArticle is the field of the same name of Mutation.
func (r *mutationResolver) CreateArticle(ctx context.Context, input model.CreateArticleInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "createArticle", func(ctx context.Context) (*ent.Article, error) {
		patch, err := decodeContent("article", input.Article)
		if err != nil {
			return nil, err
		}
		return r.Newsroom.Create(ctx, *patch, orEmpty(input.Note.Value()))
	})
}

// UpdateArticle is the field of the same name of Mutation.
func (r *mutationResolver) UpdateArticle(ctx context.Context, input model.UpdateArticleInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "updateArticle", func(ctx context.Context) (*ent.Article, error) {
		key, err := articleKey(input.ID)
		if err != nil {
			return nil, err
		}
		patch, err := decodeContent("article", input.Article)
		if err != nil {
			return nil, err
		}
		substantive := input.IsSubstantive.Value()
		return r.Newsroom.Update(ctx, key, newsroom.Update{Patch: *patch, Expected: number(input.ExpectedVersion), Note: orEmpty(input.Note.Value()),
			Substantive: substantive != nil && *substantive})
	})
}

// articleKey gives the key of an article named in an input.
func articleKey(publicID string) (int, error) {
	key, err := decodeID("id", id.Article, publicID)
	if err == nil && key == 0 {
		err = fault.Mistake(fault.Missing, "id", "There is no such article.")
	}
	return key, err
}

func number(given graphql.Omittable[*int32]) *int {
	if v := given.Value(); v != nil {
		n := int(*v)
		return &n
	}
	return nil
}

// step answers a mutation that takes one article one step on.
func (r *mutationResolver) step(ctx context.Context, step newsroom.Step, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.take(ctx, step, input.IdempotencyKey, input.ID, newsroom.StepInput{Expected: number(input.ExpectedVersion), Note: orEmpty(input.Note.Value())})
}

func (r *mutationResolver) take(ctx context.Context, step newsroom.Step, key graphql.Omittable[*string], publicID string, t newsroom.StepInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, key, string(step), func(ctx context.Context) (*ent.Article, error) {
		var err error
		if t.Article, err = articleKey(publicID); err != nil {
			return nil, err
		}
		return r.Newsroom.Step(ctx, step, t)
	})
}

// SubmitArticleForReview is the field of the same name of Mutation.
func (r *mutationResolver) SubmitArticleForReview(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Submit, input)
}

// RequestChanges is the field of the same name of Mutation.
func (r *mutationResolver) RequestChanges(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.RequestChanges, input)
}

// ApproveArticle is the field of the same name of Mutation.
func (r *mutationResolver) ApproveArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Approve, input)
}

// ReopenArticle is the field of the same name of Mutation.
func (r *mutationResolver) ReopenArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Reopen, input)
}

// ScheduleArticle is the field of the same name of Mutation.
func (r *mutationResolver) ScheduleArticle(ctx context.Context, input model.ScheduleArticleInput) (*model.ArticlePayload, error) {
	return r.take(ctx, newsroom.Schedule, input.IdempotencyKey, input.ID, newsroom.StepInput{Expected: number(input.ExpectedVersion),
		Note: orEmpty(input.Note.Value()), At: &input.At, UnpublishAt: input.UnpublishAt.Value()})
}

// UnscheduleArticle is the field of the same name of Mutation.
func (r *mutationResolver) UnscheduleArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Unschedule, input)
}

// EmbargoArticle is the field of the same name of Mutation.
func (r *mutationResolver) EmbargoArticle(ctx context.Context, input model.EmbargoArticleInput) (*model.ArticlePayload, error) {
	return r.take(ctx, newsroom.Embargo, input.IdempotencyKey, input.ID, newsroom.StepInput{Expected: number(input.ExpectedVersion),
		Note: orEmpty(input.Note.Value()), At: &input.Until, UnpublishAt: input.UnpublishAt.Value()})
}

// LiftEmbargo is the field of the same name of Mutation.
func (r *mutationResolver) LiftEmbargo(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.LiftEmbargo, input)
}

// PublishArticle is the field of the same name of Mutation.
func (r *mutationResolver) PublishArticle(ctx context.Context, input model.PublishArticleInput) (*model.ArticlePayload, error) {
	return r.take(ctx, newsroom.Publish, input.IdempotencyKey, input.ID, newsroom.StepInput{Expected: number(input.ExpectedVersion),
		Note: orEmpty(input.Note.Value()), UnpublishAt: input.UnpublishAt.Value()})
}

// UnpublishArticle is the field of the same name of Mutation.
func (r *mutationResolver) UnpublishArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Unpublish, input)
}

// ArchiveArticle is the field of the same name of Mutation.
func (r *mutationResolver) ArchiveArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.step(ctx, newsroom.Archive, input)
}

// KillArticle is the field of the same name of Mutation.
func (r *mutationResolver) KillArticle(ctx context.Context, input model.KillArticleInput) (*model.ArticlePayload, error) {
	return r.take(ctx, newsroom.Kill, input.IdempotencyKey, input.ID, newsroom.StepInput{Expected: number(input.ExpectedVersion),
		Notice: orEmpty(input.Notice.Value()), Reason: orEmpty(input.Reason.Value())})
}

// TrashArticle is the field of the same name of Mutation.
func (r *mutationResolver) TrashArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "trashArticle", func(ctx context.Context) (*ent.Article, error) {
		key, err := articleKey(input.ID)
		if err != nil {
			return nil, err
		}
		return r.Newsroom.Trash(ctx, key, number(input.ExpectedVersion), orEmpty(input.Note.Value()))
	})
}

// RestoreArticle is the field of the same name of Mutation.
func (r *mutationResolver) RestoreArticle(ctx context.Context, input model.ArticleStepInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "restoreArticle", func(ctx context.Context) (*ent.Article, error) {
		key, err := articleKey(input.ID)
		if err != nil {
			return nil, err
		}
		return r.Newsroom.Recover(ctx, key, number(input.ExpectedVersion), orEmpty(input.Note.Value()))
	})
}

// RestoreRevision is the field of the same name of Mutation.
func (r *mutationResolver) RestoreRevision(ctx context.Context, input model.RestoreRevisionInput) (*model.ArticlePayload, error) {
	return r.changeArticle(ctx, input.IdempotencyKey, "restoreRevision", func(ctx context.Context) (*ent.Article, error) {
		key, err := articleKey(input.ID)
		if err != nil {
			return nil, err
		}
		return r.Newsroom.Restore(ctx, key, int(input.Number), number(input.ExpectedVersion), orEmpty(input.Note.Value()))
	})
}

// maxBulk bounds the articles of one bulk mutation.
const maxBulk = 100

// bulkReserve is the time of a request that a bulk mutation leaves for its
// answer, at most a quarter of it.
const bulkReserve = 2 * time.Second

// bulk does something with each of many articles by itself. Whatever happens to
// one, what was done with the others is answered.
func (r *mutationResolver) bulk(ctx context.Context, articles []*model.ArticleVersionInput,
	do func(ctx context.Context, key int, expected *int) (*ent.Article, error),
) (*model.BulkArticlePayload, error) {
	payload := &model.BulkArticlePayload{Results: make([]*model.ArticlePayload, 0, len(articles)), UserErrors: []model.UserError{}}
	if len(articles) > maxBulk {
		payload.UserErrors = append(payload.UserErrors, model.InputError{Message: fmt.Sprintf("At most %d articles are taken at once.", maxBulk),
			Field: []string{"articles"}, Code: fault.LimitReached})
		return payload, nil
	}
	end, limited := ctx.Deadline()
	reserve := min(bulkReserve, time.Until(end)/4)
	done := make([]*ent.Article, 0, len(articles))
	for _, a := range articles {
		var changed *ent.Article
		key, err := articleKey(a.ID)
		if limited && time.Until(end) < reserve {
			err = fault.Mistake(fault.Failed, "id", "The time of the request was over before this one. Nothing was done with it; send it again.")
		}
		if err == nil {
			changed, err = do(ctx, key, number(a.ExpectedVersion))
		}
		if fault.CodeOf(err) == fault.Forbidden {
			// One of many: the others are answered.
			err = fault.Mistake(fault.Denied, "id", "Your role does not allow this.")
		}
		if _, failed := mistakes(err); failed != nil {
			graphql.AddError(ctx, failed)
			err = fault.Mistake(fault.Failed, "id", "The server failed. Nothing was done with this one; send it again.")
		}
		wrong, _ := mistakes(err) // nothing else is left by now
		if len(wrong) > 0 {
			changed = nil
		}
		done = append(done, changed)
		payload.Results = append(payload.Results, &model.ArticlePayload{UserErrors: wrong})
	}
	for i, a := range loader.Articles.Rows(ctx, done) { // all at once: they are shown side by side
		payload.Results[i].Article = a
	}
	showTogether(ctx, payload.Results)
	return payload, nil
}

func (r *mutationResolver) bulkStep(ctx context.Context, step newsroom.Step, articles []*model.ArticleVersionInput, note graphql.Omittable[*string], at *time.Time) (*model.BulkArticlePayload, error) {
	return r.bulk(ctx, articles, func(ctx context.Context, key int, expected *int) (*ent.Article, error) {
		return r.Newsroom.Step(ctx, step, newsroom.StepInput{Article: key, Expected: expected, Note: orEmpty(note.Value()), At: at})
	})
}

// ApproveArticles is the field of the same name of Mutation.
func (r *mutationResolver) ApproveArticles(ctx context.Context, input model.BulkArticleInput) (*model.BulkArticlePayload, error) {
	return r.bulkStep(ctx, newsroom.Approve, input.Articles, input.Note, nil)
}

// ScheduleArticles is the field of the same name of Mutation.
func (r *mutationResolver) ScheduleArticles(ctx context.Context, input model.BulkScheduleInput) (*model.BulkArticlePayload, error) {
	return r.bulkStep(ctx, newsroom.Schedule, input.Articles, input.Note, &input.At)
}

// PublishArticles is the field of the same name of Mutation.
func (r *mutationResolver) PublishArticles(ctx context.Context, input model.BulkArticleInput) (*model.BulkArticlePayload, error) {
	return r.bulkStep(ctx, newsroom.Publish, input.Articles, input.Note, nil)
}

// UnpublishArticles is the field of the same name of Mutation.
func (r *mutationResolver) UnpublishArticles(ctx context.Context, input model.BulkArticleInput) (*model.BulkArticlePayload, error) {
	return r.bulkStep(ctx, newsroom.Unpublish, input.Articles, input.Note, nil)
}

// ArchiveArticles is the field of the same name of Mutation.
func (r *mutationResolver) ArchiveArticles(ctx context.Context, input model.BulkArticleInput) (*model.BulkArticlePayload, error) {
	return r.bulkStep(ctx, newsroom.Archive, input.Articles, input.Note, nil)
}

// TrashArticles is the field of the same name of Mutation.
func (r *mutationResolver) TrashArticles(ctx context.Context, input model.BulkArticleInput) (*model.BulkArticlePayload, error) {
	return r.bulk(ctx, input.Articles, func(ctx context.Context, key int, expected *int) (*ent.Article, error) {
		return r.Newsroom.Trash(ctx, key, expected, orEmpty(input.Note.Value()))
	})
}
