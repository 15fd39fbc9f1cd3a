package graph

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
)

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// ModerationQueue is the field of the same name of Query.
func (r *queryResolver) ModerationQueue(ctx context.Context, view *model.ModerationView, first *int32, after *string, last *int32, before *string, filter *model.ModerationFilter) (*model.ModeratedCommentConnection, error) {
	q := comment.Queue{View: comment.Waiting}
	if view != nil {
		q.View = comment.View(*view)
	}
	if filter != nil {
		if publicID := filter.ArticleID.Value(); publicID != nil {
			key, err := decodeID("filter.articleId", id.Article, *publicID)
			if err != nil {
				return nil, err
			}
			if q.Article = key; key == 0 {
				q.Article = -1 // no article has this key
			}
		}
		if reason := filter.Reason.Value(); reason != nil {
			q.Reason = comment.Reason(*reason)
		}
	}
	read := func(ctx context.Context, w keyset.Window) ([]*comment.Item, error) {
		return r.Moderator.List(ctx, q, w)
	}
	list := relay.List[*loader.ModeratedComment]{Name: listName("moderationQueue", q), Beyond: relay.BeyondBy(read),
		Key:   func(m *loader.ModeratedComment) keyset.Key { return comment.ItemKey(m.Stored()) },
		Count: func(ctx context.Context, limit int) (int, error) { return r.Moderator.Count(ctx, q, limit) }}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read, func(found []*comment.Item) []*loader.ModeratedComment {
		return loader.ModeratedComments.List(ctx, loader.Dependency{List: "moderationQueue"}, found)
	})
}

// ModerationCounts is the field of the same name of Query.
func (r *queryResolver) ModerationCounts(ctx context.Context) (*model.ModerationCounts, error) {
	counts := &model.ModerationCounts{ByReason: []*model.ModerationReasonCount{}}
	for view, into := range map[comment.View]*int32{comment.Waiting: &counts.Waiting, comment.Reported: &counts.Reported, comment.Spam: &counts.Spam} {
		n, err := r.Moderator.Count(ctx, comment.Queue{View: view}, relay.MaxCount)
		if err != nil {
			return nil, err
		}
		*into = int32(n)
	}
	tally, err := r.Moderator.Tally(ctx, relay.MaxCount)
	if err != nil {
		return nil, err
	}
	for _, reason := range slices.Sorted(maps.Keys(tally)) {
		counts.ByReason = append(counts.ByReason, &model.ModerationReasonCount{Reason: model.ModerationReason(reason), Count: int32(tally[reason])})
	}
	return counts, nil
}

// Status is the field of the same name of ModeratedComment.
func (r *moderatedCommentResolver) Status(_ context.Context, m *loader.ModeratedComment) (model.CommentStatus, error) {
	return model.CommentStatus(m.Stored().Status), nil
}

// Reasons is the field of the same name of ModeratedComment.
func (r *moderatedCommentResolver) Reasons(_ context.Context, m *loader.ModeratedComment) ([]model.ModerationReason, error) {
	reasons := make([]model.ModerationReason, len(m.Stored().HeldFor))
	for i, reason := range m.Stored().HeldFor {
		reasons[i] = model.ModerationReason(reason)
	}
	return reasons, nil
}

// Reports is the field of the same name of ModeratedComment.
func (r *moderatedCommentResolver) Reports(ctx context.Context, m *loader.ModeratedComment) ([]*model.CommentReport, error) {
	found, err := m.AllReports(ctx)
	if err != nil {
		return nil, err
	}
	reports := make([]*model.CommentReport, len(found))
	for i, f := range found {
		reports[i] = &model.CommentReport{Reason: model.ReportReason(f.Reason), Explanation: f.Explanation, Law: f.Law, Name: f.Name, Email: f.Email,
			GoodFaith: f.GoodFaith, CreatedAt: f.CreatedAt, Decision: model.ReportDecision(f.Decision), DecidedAt: f.DecidedAt}
	}
	return reports, nil
}

// EarlierTexts is the field of the same name of ModeratedComment.
func (r *moderatedCommentResolver) EarlierTexts(ctx context.Context, m *loader.ModeratedComment) ([]*model.EarlierCommentText, error) {
	found, err := m.Earlier(ctx)
	if err != nil {
		return nil, err
	}
	texts := make([]*model.EarlierCommentText, len(found))
	for i, f := range found {
		texts[i] = &model.EarlierCommentText{Body: f.Body, ReplacedAt: f.ReplacedAt}
	}
	return texts, nil
}

// moderate answers a decision about several comments.
func moderate(ctx context.Context, ids []string, decide func(ctx context.Context, keys []int) ([]*comment.Item, error)) (*model.ModerateCommentsPayload, error) {
	keys := make([]int, 0, len(ids))
	var items []*comment.Item
	var err error
	for _, publicID := range ids {
		var key int
		if key, err = keyOf("ids", id.Comment, publicID); err != nil {
			break
		}
		keys = append(keys, key)
	}
	if err == nil {
		items, err = decide(ctx, keys)
	}
	wrong, err := mistakes(err)
	return payload(&model.ModerateCommentsPayload{Comments: loader.ModeratedComments.Rows(ctx, items), UserErrors: wrong}, err)
}

// ApproveComments is the field of the same name of Mutation.
func (r *mutationResolver) ApproveComments(ctx context.Context, in model.ModerateCommentsInput) (*model.ModerateCommentsPayload, error) {
	return moderate(ctx, in.Ids, r.Moderator.Approve)
}

// RejectComments is the field of the same name of Mutation.
func (r *mutationResolver) RejectComments(ctx context.Context, in model.ModerateCommentsInput) (*model.ModerateCommentsPayload, error) {
	return moderate(ctx, in.Ids, r.Moderator.Reject)
}

// MarkCommentsSpam is the field of the same name of Mutation.
func (r *mutationResolver) MarkCommentsSpam(ctx context.Context, in model.ModerateCommentsInput) (*model.ModerateCommentsPayload, error) {
	return moderate(ctx, in.Ids, r.Moderator.MarkSpam)
}

// moderateOne answers a decision about one comment.
func moderateOne(ctx context.Context, publicID string, decide func(ctx context.Context, key int) (*comment.Item, error)) (*model.ModerateCommentPayload, error) {
	key, err := keyOf("id", id.Comment, publicID)
	var item *comment.Item
	if err == nil {
		item, err = decide(ctx, key)
	}
	wrong, err := mistakes(err)
	return payload(&model.ModerateCommentPayload{Comment: loader.ModeratedComments.One(ctx, item), UserErrors: wrong}, err)
}

// RemoveComment is the field of the same name of Mutation.
func (r *mutationResolver) RemoveComment(ctx context.Context, in model.RemoveCommentInput) (*model.ModerateCommentPayload, error) {
	return moderateOne(ctx, in.ID, func(ctx context.Context, key int) (*comment.Item, error) {
		return r.Moderator.Remove(ctx, key, in.Reason, in.ShowReason)
	})
}

// PinComment is the field of the same name of Mutation.
func (r *mutationResolver) PinComment(ctx context.Context, in model.CommentInput) (*model.ModerateCommentPayload, error) {
	return moderateOne(ctx, in.ID, func(ctx context.Context, key int) (*comment.Item, error) { return r.Moderator.Pin(ctx, key, true) })
}

// UnpinComment is the field of the same name of Mutation.
func (r *mutationResolver) UnpinComment(ctx context.Context, in model.CommentInput) (*model.ModerateCommentPayload, error) {
	return moderateOne(ctx, in.ID, func(ctx context.Context, key int) (*comment.Item, error) { return r.Moderator.Pin(ctx, key, false) })
}

// CloseThread is the field of the same name of Mutation.
func (r *mutationResolver) CloseThread(ctx context.Context, in model.CommentInput) (*model.ModerateCommentPayload, error) {
	return moderateOne(ctx, in.ID, func(ctx context.Context, key int) (*comment.Item, error) {
		return r.Moderator.CloseThread(ctx, key, true)
	})
}

// ReopenThread is the field of the same name of Mutation.
func (r *mutationResolver) ReopenThread(ctx context.Context, in model.CommentInput) (*model.ModerateCommentPayload, error) {
	return moderateOne(ctx, in.ID, func(ctx context.Context, key int) (*comment.Item, error) {
		return r.Moderator.CloseThread(ctx, key, false)
	})
}

func (r *mutationResolver) restrict(ctx context.Context, kind readerrestriction.Kind, in model.RestrictReaderInput) (*model.RestrictReaderPayload, error) {
	key, err := keyOf("commentId", id.Comment, in.CommentID)
	var made *ent.ReaderRestriction
	if err == nil {
		made, err = r.Moderator.Restrict(ctx, comment.Restrict{CommentID: key, Kind: kind, Reason: text(in.Reason), ExpiresAt: in.Until.Value(), Address: in.IncludeAddress})
	}
	wrong, err := mistakes(err)
	return payload(&model.RestrictReaderPayload{Restriction: loader.ReaderRestrictions.One(ctx, made), UserErrors: wrong}, err)
}

// BanReader is the field of the same name of Mutation.
func (r *mutationResolver) BanReader(ctx context.Context, in model.RestrictReaderInput) (*model.RestrictReaderPayload, error) {
	return r.restrict(ctx, readerrestriction.KindBanned, in)
}

// MuteReader is the field of the same name of Mutation.
func (r *mutationResolver) MuteReader(ctx context.Context, in model.RestrictReaderInput) (*model.RestrictReaderPayload, error) {
	return r.restrict(ctx, readerrestriction.KindMuted, in)
}

// LiftRestriction is the field of the same name of Mutation.
func (r *mutationResolver) LiftRestriction(ctx context.Context, in model.LiftRestrictionInput) (*model.LiftRestrictionPayload, error) {
	key, err := keyOf("id", id.ReaderRestriction, in.ID)
	if err == nil {
		err = r.Moderator.Lift(ctx, key)
	}
	wrong, err := mistakes(err)
	return payload(&model.LiftRestrictionPayload{LiftedID: unless(wrong, in.ID), UserErrors: wrong}, err)
}

// Kind is the field of the same name of ReaderRestriction.
func (r *readerRestrictionResolver) Kind(_ context.Context, x *loader.ReaderRestriction) (model.RestrictionKind, error) {
	return model.RestrictionKind(x.Stored().Kind), nil
}

// ReaderRestrictions is the field of the same name of Query.
func (r *queryResolver) ReaderRestrictions(ctx context.Context, first *int32, after *string, last *int32, before *string) (*model.ReaderRestrictionConnection, error) {
	list := relay.List[*loader.ReaderRestriction]{Name: "readerRestrictions", Beyond: relay.BeyondBy(r.Moderator.Restrictions), Count: r.Moderator.CountRestrictions,
		Key: func(x *loader.ReaderRestriction) keyset.Key { return comment.RestrictionKey(x.Stored()) }}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Moderator.Restrictions, func(found []*ent.ReaderRestriction) []*loader.ReaderRestriction {
		return loader.ReaderRestrictions.List(ctx, loader.Dependency{List: "readerRestrictions"}, found)
	})
}

// SetArticleCommentPolicy is the field of the same name of Mutation.
func (r *mutationResolver) SetArticleCommentPolicy(ctx context.Context, in model.SetArticleCommentPolicyInput) (*model.SetArticleCommentPolicyPayload, error) {
	key, err := keyOf("articleId", id.Article, in.ArticleID)
	if err == nil {
		set := comment.ArticleRules{}
		if mode := in.Mode.Value(); mode != nil {
			set.Mode = new(string(*mode))
		}
		if moderation := in.Moderation.Value(); moderation != nil {
			set.Moderation = new(string(*moderation))
		}
		if in.ClosesAt.IsSet() {
			set.ClosesAt = new(in.ClosesAt.Value())
		}
		err = r.Moderator.SetArticleRules(ctx, key, set)
	}
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return payload(&model.SetArticleCommentPolicyPayload{UserErrors: wrong}, err)
	}
	a, err := loader.Articles.ByID(ctx, key)
	return payload(&model.SetArticleCommentPolicyPayload{Article: a, UserErrors: wrong}, err)
}

func commentSettings(stored *schema.CommentSettings) *model.CommentSettings {
	r := comment.RulesOf(stored)
	s := &model.CommentSettings{Mode: r.Mode, Moderation: model.CommentModerationAfter, CloseAfterDays: int32(r.CloseAfterDays), MaxDepth: int32(r.MaxDepth),
		MaxLength: int32(r.MaxLength), MaxLinks: int32(r.MaxLinks), EditMinutes: int32(r.EditFor.Minutes()), MinSeconds: int32(r.MinTime.Seconds()),
		HeldWords: orEmptyList(r.HeldWords), RefusedWords: orEmptyList(r.RefusedWords), BlockedNetworks: orEmptyList(stored.BlockedNetworks)}
	if r.Before {
		s.Moderation = model.CommentModerationBefore
	}
	return s
}

// CommentSettings is the field of the same name of Query.
func (r *queryResolver) CommentSettings(ctx context.Context) (*model.CommentSettings, error) {
	stored, err := r.Moderator.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return commentSettings(stored), nil
}

// UpdateCommentSettings is the field of the same name of Mutation.
func (r *mutationResolver) UpdateCommentSettings(ctx context.Context, in model.UpdateCommentSettingsInput) (*model.UpdateCommentSettingsPayload, error) {
	set, err := r.Moderator.UpdateSettings(ctx, func(s *schema.CommentSettings) {
		if mode := in.Mode.Value(); mode != nil {
			s.Mode = string(*mode)
		}
		if moderation := in.Moderation.Value(); moderation != nil {
			s.Moderation = string(*moderation)
		}
		for _, n := range []struct {
			given *int32
			into  *int
		}{{in.CloseAfterDays.Value(), &s.CloseAfterDays}, {in.MaxDepth.Value(), &s.MaxDepth}, {in.MaxLength.Value(), &s.MaxLength}} {
			if n.given != nil {
				*n.into = int(*n.given)
			}
		}
		for _, n := range []struct {
			given *int32
			into  **int
		}{{in.MaxLinks.Value(), &s.MaxLinks}, {in.EditMinutes.Value(), &s.EditMinutes}, {in.MinSeconds.Value(), &s.MinSeconds}} {
			if n.given != nil {
				*n.into = new(int(*n.given))
			}
		}
		for _, l := range []struct {
			given []string
			into  *[]string
		}{{in.HeldWords.Value(), &s.HeldWords}, {in.RefusedWords.Value(), &s.RefusedWords}, {in.BlockedNetworks.Value(), &s.BlockedNetworks}} {
			if l.given != nil {
				*l.into = slices.Clone(l.given)
			}
		}
	})
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return payload(&model.UpdateCommentSettingsPayload{UserErrors: wrong}, err)
	}
	return &model.UpdateCommentSettingsPayload{Settings: commentSettings(set), UserErrors: wrong}, nil
}
