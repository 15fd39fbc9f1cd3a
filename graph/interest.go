package graph

import (
	"context"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/readersettings"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/interest"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/popularity"
)

// FollowedTopics is the field of the same name of Viewer.
func (r *viewerResolver) FollowedTopics(ctx context.Context, v *model.Viewer, first *int32, after *string, last *int32, before *string) (*model.FollowedTopicConnection, error) {
	ctx = access.With(ctx, v.As)
	list := relay.List[*loader.FollowedTopic]{Name: listName("followedTopics", v.As.UserID), Beyond: relay.BeyondBy(r.Interests.Follows), Count: r.Interests.CountFollows,
		Key: func(f *loader.FollowedTopic) keyset.Key { return interest.FollowKey(f.Stored()) }}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Interests.Follows, func(found []*interest.Follow) []*loader.FollowedTopic {
		return loader.FollowedTopics.List(ctx, loader.Dependency{List: "followedTopics"}, found)
	})
}

// Topic is the field of the same name of FollowedTopic.
func (r *followedTopicResolver) Topic(ctx context.Context, f *loader.FollowedTopic) (loader.Topic, error) {
	n, err := f.Node(ctx)
	topic, _ := n.(loader.Topic) // nil when it was just deleted
	return topic, err
}

// Feed is the field of the same name of Viewer.
func (r *viewerResolver) Feed(ctx context.Context, v *model.Viewer, first *int32, after *string, last *int32, before *string) (*model.ArticleConnection, error) {
	ctx = access.With(ctx, v.As)
	read := func(ctx context.Context, w keyset.Window) ([]*ent.Article, error) {
		places, err := r.Interests.Feed(ctx, w)
		if err != nil {
			return nil, err
		}
		keys := make([]int, len(places))
		for i, p := range places {
			keys[i] = p.ArticleID
		}
		found, err := r.Articles.ByIDs(ctx, keys)
		articles := make([]*ent.Article, 0, len(places))
		for _, key := range keys {
			if a := found[key]; a != nil {
				articles = append(articles, a)
			}
		}
		return articles, err
	}
	list := relay.List[*loader.Article]{Name: listName("feed", v.As.UserID), Key: feedKey, Beyond: relay.BeyondBy(read),
		Count: func(ctx context.Context, limit int) (int, error) {
			places, err := r.Interests.Feed(ctx, keyset.First(limit))
			return len(places), err
		}}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, read, func(found []*ent.Article) []*loader.Article {
		return loader.Articles.List(ctx, loader.Dependency{List: "feed"}, found)
	})
}

func feedKey(a *loader.Article) keyset.Key {
	k := keyset.Key{ID: a.ID}
	if a.PublishedAt != nil {
		k.Time = a.PublishedAt.UnixMicro()
	}
	return k
}

// Notifications is the field of the same name of Viewer.
func (r *viewerResolver) Notifications(ctx context.Context, v *model.Viewer, first *int32, after *string, last *int32, before *string) (*model.NotificationConnection, error) {
	ctx = access.With(ctx, v.As)
	list := relay.List[*loader.Notification]{Name: listName("notifications", v.As.UserID), Beyond: relay.BeyondBy(r.Interests.Notifications),
		Key: func(n *loader.Notification) keyset.Key { return interest.NotificationKey(n.Stored()) },
		Count: func(ctx context.Context, limit int) (int, error) {
			return r.Interests.CountNotifications(ctx, false, limit)
		}}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Interests.Notifications, func(found []*interest.Notification) []*loader.Notification {
		return loader.Notifications.List(ctx, loader.Dependency{List: "notifications"}, found)
	})
}

// Kind is the field of the same name of Notification.
func (r *notificationResolver) Kind(_ context.Context, n *loader.Notification) (model.NotificationKind, error) {
	return model.NotificationKind(n.Stored().Kind), nil
}

// maxUnread is how far unread notifications are counted.
const maxUnread = 100

// UnreadNotificationCount is the field of the same name of Viewer.
func (r *viewerResolver) UnreadNotificationCount(ctx context.Context, v *model.Viewer) (int32, error) {
	n, err := r.Interests.CountNotifications(access.With(ctx, v.As), true, maxUnread)
	return int32(n), err
}

// ReadingHistory is the field of the same name of Viewer.
func (r *viewerResolver) ReadingHistory(ctx context.Context, v *model.Viewer, first *int32, after *string, last *int32, before *string) (*model.ReadArticleConnection, error) {
	ctx = access.With(ctx, v.As)
	list := relay.List[*loader.ReadArticle]{Name: listName("readingHistory", v.As.UserID), Beyond: relay.BeyondBy(r.Interests.History), Count: r.Interests.CountHistory,
		Key: func(x *loader.ReadArticle) keyset.Key { return interest.ReadKey(x.Stored()) }}
	return relay.Page(ctx, relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Interests.History, func(found []*interest.Read) []*loader.ReadArticle {
		return loader.ReadArticles.List(ctx, loader.Dependency{List: "readingHistory"}, found)
	})
}

func readerSettings(s *ent.ReaderSettings) *model.ReaderSettings {
	return &model.ReaderSettings{HistoryEnabled: s.HistoryEnabled, NotifyReplies: s.NotifyReplies, NotifyFollowed: s.NotifyFollowed, NotifyBreaking: s.NotifyBreaking,
		Digest: model.DigestFrequency(s.Digest)}
}

// Settings is the field of the same name of Viewer.
func (r *viewerResolver) Settings(ctx context.Context, v *model.Viewer) (*model.ReaderSettings, error) {
	s, err := r.Interests.Settings(access.With(ctx, v.As))
	if err != nil {
		return nil, err
	}
	return readerSettings(s), nil
}

func topicOf(publicID string) (interest.Topic, error) {
	prefix, key, err := id.Decode(publicID)
	if err != nil {
		return interest.Topic{}, fault.Mistake(fault.Invalid, "topicId", "%.40q is no id of this API", publicID)
	}
	return interest.Topic{Prefix: prefix, Key: key}, nil
}

// changeTopic follows or unfollows a topic and gives it.
func changeTopic(ctx context.Context, publicID string, change func(ctx context.Context, t interest.Topic) error) (loader.Topic, []model.UserError, error) {
	t, err := topicOf(publicID)
	if err == nil {
		err = change(ctx, t)
	}
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return nil, wrong, err
	}
	nodes, err := loader.Nodes(ctx, []loader.Ref{{Prefix: t.Prefix, Key: t.Key}})
	if err != nil {
		return nil, wrong, err
	}
	topic, _ := nodes[0].(loader.Topic)
	return topic, wrong, nil
}

// Follow is the field of the same name of Mutation.
func (r *mutationResolver) Follow(ctx context.Context, in model.FollowInput) (*model.FollowPayload, error) {
	topic, wrong, err := changeTopic(ctx, in.TopicID, func(ctx context.Context, t interest.Topic) error { return r.Interests.Follow(ctx, t, in.Notify) })
	return payload(&model.FollowPayload{Topic: topic, UserErrors: wrong}, err)
}

// Unfollow is the field of the same name of Mutation.
func (r *mutationResolver) Unfollow(ctx context.Context, in model.UnfollowInput) (*model.UnfollowPayload, error) {
	topic, wrong, err := changeTopic(ctx, in.TopicID, r.Interests.Unfollow)
	return payload(&model.UnfollowPayload{Topic: topic, UserErrors: wrong}, err)
}

// MarkArticleRead is the field of the same name of Mutation.
func (r *mutationResolver) MarkArticleRead(ctx context.Context, in model.MarkArticleReadInput) (*model.MarkArticleReadPayload, error) {
	key, err := keyOf("articleId", id.Article, in.ArticleID)
	noted := false
	if err == nil {
		noted, err = r.Interests.MarkRead(ctx, key)
	}
	wrong, err := mistakes(err)
	return payload(&model.MarkArticleReadPayload{IsNoted: noted, UserErrors: wrong}, err)
}

// ClearReadingHistory is the field of the same name of Mutation.
func (r *mutationResolver) ClearReadingHistory(ctx context.Context) (*model.ClearReadingHistoryPayload, error) {
	n, err := r.Interests.ClearHistory(ctx)
	wrong, err := mistakes(err)
	return payload(&model.ClearReadingHistoryPayload{ClearedCount: int32(n), UserErrors: wrong}, err)
}

// UpdateReaderSettings is the field of the same name of Mutation.
func (r *mutationResolver) UpdateReaderSettings(ctx context.Context, in model.UpdateReaderSettingsInput) (*model.UpdateReaderSettingsPayload, error) {
	set, err := r.Interests.UpdateSettings(ctx, func(s *ent.ReaderSettings) {
		for _, b := range []struct {
			given *bool
			into  *bool
		}{{in.HistoryEnabled.Value(), &s.HistoryEnabled}, {in.NotifyReplies.Value(), &s.NotifyReplies}, {in.NotifyFollowed.Value(), &s.NotifyFollowed},
			{in.NotifyBreaking.Value(), &s.NotifyBreaking}} {
			if b.given != nil {
				*b.into = *b.given
			}
		}
		if digest := in.Digest.Value(); digest != nil {
			s.Digest = readersettings.Digest(*digest)
		}
	})
	wrong, err := mistakes(err)
	if err != nil || len(wrong) > 0 {
		return payload(&model.UpdateReaderSettingsPayload{UserErrors: wrong}, err)
	}
	return &model.UpdateReaderSettingsPayload{Settings: readerSettings(set), UserErrors: wrong}, nil
}

// MarkNotificationsRead is the field of the same name of Mutation.
func (r *mutationResolver) MarkNotificationsRead(ctx context.Context, in *model.MarkNotificationsReadInput) (*model.MarkNotificationsReadPayload, error) {
	var keys []int
	var err error
	if in != nil && in.Ids.Value() != nil {
		keys = []int{}
		for _, publicID := range in.Ids.Value() {
			var key int
			if key, err = keyOf("ids", id.Notification, publicID); err != nil {
				break
			}
			keys = append(keys, key)
		}
	}
	n := 0
	if err == nil {
		n, err = r.Interests.MarkNotificationsRead(ctx, keys)
	}
	wrong, err := mistakes(err)
	return payload(&model.MarkNotificationsReadPayload{MarkedCount: int32(n), UserErrors: wrong}, err)
}

// maxBreaking bounds the words of breaking news, in characters.
const maxBreaking = 200

// SendBreakingNews is the field of the same name of Mutation.
func (r *mutationResolver) SendBreakingNews(ctx context.Context, in model.SendBreakingNewsInput) (*model.SendBreakingNewsPayload, error) {
	key, err := keyOf("articleId", id.Article, in.ArticleID)
	switch {
	case err != nil:
	case in.Text == "" || !utf8.ValidString(in.Text):
		err = fault.Mistake(fault.Blank, "text", "Write what has happened.")
	case utf8.RuneCountInString(in.Text) > maxBreaking:
		err = fault.Mistake(fault.TooLong, "text", "The text has at most %d characters.", maxBreaking)
	default:
		err = r.Interests.SendBreaking(ctx, interest.Breaking{Article: key, Text: in.Text})
	}
	wrong, err := mistakes(err)
	return payload(&model.SendBreakingNewsPayload{IsSent: err == nil && len(wrong) == 0, UserErrors: wrong}, err)
}

// RecordView is the field of the same name of Mutation.
func (r *mutationResolver) RecordView(ctx context.Context, in model.RecordViewInput) (*model.RecordViewPayload, error) {
	key, err := keyOf("articleId", id.Article, in.ArticleID)
	counted := false
	if err == nil {
		counted, err = r.Popularity.Record(ctx, key)
	}
	wrong, err := mistakes(err)
	return payload(&model.RecordViewPayload{IsCounted: counted, UserErrors: wrong}, err)
}

var spans = map[model.MostReadWindow]popularity.Span{model.MostReadWindowHour: popularity.Hour, model.MostReadWindowDay: popularity.Day,
	model.MostReadWindowWeek: popularity.Week, model.MostReadWindowMonth: popularity.Month}

const defaultMostRead = 10

// MostRead is the field of the same name of Query.
func (r *queryResolver) MostRead(ctx context.Context, window *model.MostReadWindow, categoryID *string, first *int32) ([]*loader.Article, error) {
	span, section, n := popularity.Day, 0, defaultMostRead
	if window != nil {
		span = spans[*window]
	}
	if first != nil {
		n = int(*first)
	}
	if n < 1 || n > popularity.MaxRanked {
		return nil, fault.BadInput("first", "first must be from 1 to %d", popularity.MaxRanked)
	}
	if categoryID != nil {
		var err error
		if section, err = decodeID("categoryId", id.Category, *categoryID); err != nil || section == 0 {
			return []*loader.Article{}, err
		}
	}
	keys, err := r.Popularity.MostRead(ctx, span, section, n)
	if err != nil {
		return nil, err
	}
	found, err := r.Articles.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	articles := make([]*ent.Article, 0, len(keys))
	for _, key := range keys {
		if a := found[key]; a != nil {
			articles = append(articles, a)
		}
	}
	return loader.Articles.List(ctx, loader.Dependency{List: "mostRead"}, articles), nil
}
