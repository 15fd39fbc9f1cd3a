package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/search"
)

// WorkQueue is the field of the same name of Query.
func (r *queryResolver) WorkQueue(ctx context.Context, first *int32, after *string, last *int32, before *string, filter *model.WorkQueueFilter, orderBy *newsroom.Order) (*model.ArticleConnection, error) {
	list, err := workQueue(filter)
	if err != nil {
		return nil, err
	}
	if orderBy != nil {
		list.Order = *orderBy
	}
	return r.newsroomList(ctx, "workQueue", list, relay.Args{First: first, After: after, Last: last, Before: before})
}

// workQueue decodes the filter of the work queue.
func workQueue(f *model.WorkQueueFilter) (newsroom.List, error) {
	list := newsroom.List{Order: newsroom.LongestWaiting}
	if f == nil {
		return list, nil
	}
	for _, key := range []struct {
		field, prefix string
		id            *string
		into          **int
	}{{"filter.categoryId", id.Category, f.CategoryID.Value(), &list.Category}, {"filter.assigneeId", id.User, f.AssigneeID.Value(), &list.Assignee}} {
		if key.id == nil {
			continue
		}
		k, err := decodeID(key.field, key.prefix, *key.id)
		if err != nil {
			return list, err
		}
		*key.into = &k
	}
	isTrue := func(b *bool) bool { return b != nil && *b }
	list.Statuses, list.Kinds, list.Language = f.Statuses.Value(), f.Kinds.Value(), orEmpty(f.Language.Value())
	list.Unassigned, list.Own = isTrue(f.Unassigned.Value()), isTrue(f.Mine.Value())
	return list, nil
}

// MyArticles is the field of the same name of Query.
func (r *queryResolver) MyArticles(ctx context.Context, first *int32, after *string, last *int32, before *string, statuses []article.Status) (*model.ArticleConnection, error) {
	if len(statuses) == 0 {
		statuses = newsroom.Statuses()
	}
	list := newsroom.List{Own: true, Statuses: statuses, Order: newsroom.LastChanged}
	return r.newsroomList(ctx, "myArticles", list, relay.Args{First: first, After: after, Last: last, Before: before})
}

// newsroomList answers one of the newsroom's lists.
func (r *Resolver) newsroomList(ctx context.Context, field string, of newsroom.List, args relay.Args) (*model.ArticleConnection, error) {
	return articlePage(ctx, field, args, relay.List[*loader.Article]{
		Name: listName(field, queueFilterName(of), access.Of(ctx).UserID),
		Key:  func(a *loader.Article) keyset.Key { return of.Order.Key(a.Stored()) },
		Beyond: func(ctx context.Context, k keyset.Key, behind bool) (bool, error) {
			return r.Newsroom.Beyond(ctx, of, k, behind)
		},
		Count: func(ctx context.Context, limit int) (int, error) {
			counts, err := r.Newsroom.CountQueue(ctx, of, limit)
			total := 0
			for _, c := range counts {
				total += c.Count
			}
			return min(total, limit), err
		},
	}, func(ctx context.Context, w keyset.Window) ([]*ent.Article, error) {
		return r.Newsroom.Queue(ctx, of, w)
	})
}

// queueFilterName tells the filter of a list from every other.
func queueFilterName(l newsroom.List) string {
	number := func(n *int) string {
		if n == nil {
			return "-"
		}
		return fmt.Sprint(*n)
	}
	return fmt.Sprint(l.Statuses, l.Own, number(l.Category), number(l.Assignee), l.Unassigned, l.Language, l.Kinds, l.Order)
}

// articlePage reads a page of a list of articles.
func articlePage(ctx context.Context, field string, args relay.Args, list relay.List[*loader.Article], read func(context.Context, keyset.Window) ([]*ent.Article, error)) (*model.ArticleConnection, error) {
	return relay.Page(ctx, args, list, read, func(found []*ent.Article) []*loader.Article {
		return loader.Articles.List(ctx, loader.Dependency{List: field}, found)
	})
}

// maxStatusCount is how far the articles of one status are counted.
const maxStatusCount = 1000

// WorkQueueCounts is the field of the same name of Query.
func (r *queryResolver) WorkQueueCounts(ctx context.Context, filter *model.WorkQueueFilter) ([]*model.StatusCount, error) {
	list, err := workQueue(filter)
	if err != nil {
		return nil, err
	}
	found, err := r.Newsroom.CountQueue(ctx, list, maxStatusCount+1)
	if err != nil {
		return nil, err
	}
	counts := make([]*model.StatusCount, len(found))
	for i, c := range found {
		counts[i] = &model.StatusCount{Status: c.Status, Count: &relay.Count{Value: min(c.Count, maxStatusCount), AtLeast: c.Count > maxStatusCount}}
	}
	return counts, nil
}

// Staff is the field of the same name of Query.
func (r *queryResolver) Staff(ctx context.Context, query *string, first *int32, after *string) ([]*loader.Member, error) {
	members, err := relay.Paged[*newsroom.Member](first, after)(r.Newsroom.Staff(ctx, orEmpty(query)))
	if err != nil {
		return nil, err
	}
	return loader.Members.Rows(ctx, members), nil
}

// Calendar is the field of the same name of Query.
func (r *queryResolver) Calendar(ctx context.Context, from, to time.Time, first *int32) (*model.Calendar, error) {
	n := 200
	if first != nil {
		n = int(*first)
	}
	c, err := r.Newsroom.Calendar(ctx, from, to, n)
	if err != nil {
		return nil, err
	}
	articles := make([]*ent.Article, len(c.Entries))
	for i, e := range c.Entries {
		articles[i] = e.Article
	}
	shown := &model.Calendar{Entries: make([]*model.CalendarEntry, len(c.Entries)), HasMore: c.HasMore}
	for i, a := range loader.Articles.List(ctx, loader.Dependency{List: "calendar"}, articles) {
		shown.Entries[i] = &model.CalendarEntry{Kind: c.Entries[i].Occasion, At: c.Entries[i].At, Article: a}
	}
	return shown, nil
}

// Trash is the field of the same name of Query.
func (r *queryResolver) Trash(ctx context.Context, first *int32, after *string, last *int32, before *string) (*model.ArticleConnection, error) {
	list := relay.List[*loader.Article]{Name: listName("trash", access.Of(ctx).UserID), Key: func(a *loader.Article) keyset.Key { return newsroom.TrashKey(a.Stored()) },
		Beyond: r.Newsroom.BeyondInTrash, Count: r.Newsroom.CountTrash}
	return articlePage(ctx, "trash", relay.Args{First: first, After: after, Last: last, Before: before}, list, r.Newsroom.InTrash)
}

// NewsroomSearch is the field of the same name of Query.
func (r *queryResolver) NewsroomSearch(ctx context.Context, query string, filter *model.SearchFilter, statuses []article.Status, trashed *bool, first *int32, after *string) (*model.SearchConnection, error) {
	narrowed, err := searchFilter(filter)
	if err != nil {
		return nil, err
	}
	if len(statuses) == 0 {
		statuses = newsroom.Statuses()
	}
	scope := search.Scope{Trashed: trashed != nil && *trashed}
	for _, s := range statuses {
		scope.Statuses = append(scope.Statuses, string(s))
	}
	name := listName("newsroomSearch", query, fmt.Sprintf("%+v%+v", narrowed, scope), access.Of(ctx).UserID)
	window, err := relay.Args{First: first, After: after}.Window(name)
	if err != nil {
		return nil, err
	}
	results, err := r.Services.Search.SearchNewsroom(ctx, search.Query{Text: query, Filter: narrowed, First: window.Limit, After: window.After}, scope)
	if err != nil {
		return nil, err
	}
	return searchPage(ctx, "newsroomSearch", name, window, results, r.Newsroom.ArticlesByIDs)
}
