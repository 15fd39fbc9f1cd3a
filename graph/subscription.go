package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/generated"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/graph/socket"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/watch"
)

type subscriptionResolver struct{ *Resolver }

// Subscription answers the entry points for subscriptions.
func (r *Resolver) Subscription() generated.SubscriptionResolver { return &subscriptionResolver{r} }

// readWithin bounds the time to read what an event tells of.
const readWithin = 10 * time.Second

// outcome is how a subscription ended: nil when there is nothing more to tell.
type outcome struct {
	mu  sync.Mutex
	err error
}

func (o *outcome) set(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *outcome) get() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

type outcomeKey struct{}

// errEnded ends a subscription that has nothing more to tell.
var errEnded = errors.New("the subscription has ended")

// stream runs tell until it fails or ctx ends, and gives what it sends. An error
// other than errEnded makes the client subscribe again.
func stream[T any](ctx context.Context, r *Resolver, tell func(ctx context.Context, send func(T) error) error) <-chan T {
	events := make(chan T)
	end, _ := ctx.Value(outcomeKey{}).(*outcome)
	go func() { // ends with ctx, which whoever subscribed ends
		defer close(events)
		defer func() {
			if thrown := recover(); thrown != nil {
				end.set(recovered(ctx, thrown))
			}
		}()
		err := tell(ctx, func(event T) error {
			select {
			case events <- event:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil && !errors.Is(err, errEnded) {
			end.set(errors.Join(socket.ErrMissed, err))
		}
	}()
	return events
}

// follow tells of the changes of a subject. What read sends is read anew for each, by
// the rules of the viewer.
func follow[T any](ctx context.Context, r *Resolver, subject watch.Subject, read func(ctx context.Context, c watch.Change, send func(T) error) error) <-chan T {
	queue := r.Watch.Queue(subject) // before anything is read, so that nothing is missed in between
	return stream(ctx, r, func(ctx context.Context, send func(T) error) error {
		defer queue.Close()
		for {
			changes, err := queue.Next(ctx)
			if err != nil {
				return err
			}
			for _, c := range changes {
				if err := r.reading(ctx, func(ctx context.Context) error { return read(ctx, c, send) }); err != nil {
					return err
				}
			}
		}
	})
}

// reading gives read a response of its own, whose rows it may send.
func (r *Resolver) reading(ctx context.Context, read func(context.Context) error) error {
	within, cancel := context.WithTimeout(loader.With(ctx, r.rows), readWithin)
	defer cancel()
	return read(within)
}

// mostOfFilter bounds the values of one part of a filter.
const mostOfFilter = 100

// published is a decoded PublishedFilter.
type published struct {
	lists     [][]watch.List // one of each must be among those of the article
	languages []string
	kinds     []string
}

func decodePublished(in *model.PublishedFilter) (f published, err error) {
	if in == nil {
		return f, nil
	}
	var wrong []error
	for _, part := range []struct {
		name, prefix string
		ids          []string
	}{{"categories", id.Category, in.Categories.Value()}, {"tags", id.Tag, in.Tags.Value()}, {"authors", id.Author, in.Authors.Value()}} {
		if part.ids == nil {
			continue
		}
		if len(part.ids) > mostOfFilter {
			return f, fault.BadInput("filter."+part.name, "at most %d can be given", mostOfFilter)
		}
		keys, err := decodeIDs("filter."+part.name, part.prefix, part.ids)
		wrong = append(wrong, err)
		lists := make([]watch.List, len(keys))
		for i, key := range keys {
			lists[i] = watch.List{Prefix: part.prefix, Owner: key}
		}
		f.lists = append(f.lists, lists)
	}
	if f.languages = in.Languages.Value(); len(f.languages) > mostOfFilter {
		return f, fault.BadInput("filter.languages", "at most %d can be given", mostOfFilter)
	}
	for _, k := range in.Kinds.Value() {
		f.kinds = append(f.kinds, string(k))
	}
	return f, errors.Join(wrong...)
}

func (f published) in(lists []watch.List) bool {
	for _, wanted := range f.lists {
		if !slices.ContainsFunc(wanted, func(l watch.List) bool { return slices.Contains(lists, l) }) {
			return false
		}
	}
	return true
}

func (f published) fits(a *ent.Article) bool {
	if f.languages != nil && !slices.ContainsFunc(f.languages, func(l string) bool { return language.Base(l) == language.Base(a.Language) }) {
		return false
	}
	return f.kinds == nil || slices.Contains(f.kinds, string(a.Kind))
}

// ArticlePublished is the field of the same name of Subscription.
func (r *subscriptionResolver) ArticlePublished(ctx context.Context, filter *model.PublishedFilter) (<-chan *loader.Article, error) {
	wanted, err := decodePublished(filter)
	if err != nil {
		return nil, err
	}
	return follow(ctx, r.Resolver, watch.Subject{Of: watch.Publications}, func(ctx context.Context, c watch.Change, send func(*loader.Article) error) error {
		if !wanted.in(c.In) {
			return nil
		}
		a, err := loader.Articles.ByID(ctx, c.ID)
		if err != nil || a == nil || !wanted.fits(a.Stored()) {
			return err
		}
		return send(a)
	}), nil
}

// ArticleUpdated is the field of the same name of Subscription.
func (r *subscriptionResolver) ArticleUpdated(ctx context.Context, publicID string) (<-chan *loader.Article, error) {
	key, err := decodeID("id", id.Article, publicID)
	if err != nil {
		return nil, err
	}
	queue := r.Watch.Queue(watch.Subject{Of: watch.Article, Key: key})
	return stream(ctx, r.Resolver, func(ctx context.Context, send func(*loader.Article) error) error {
		defer queue.Close()
		for {
			err := r.reading(ctx, func(ctx context.Context) error {
				a, err := loader.Articles.ByID(ctx, key)
				if err != nil {
					return err
				}
				if err = send(a); err == nil && a == nil {
					err = errEnded
				}
				return err
			})
			if err != nil {
				return err
			}
			// Many changes, or some that were missed, are told by one reading.
			if _, err := queue.Next(ctx); err != nil && !errors.Is(err, watch.ErrMissed) {
				return err
			}
		}
	}), nil
}

// BreakingNews is the field of the same name of Subscription.
func (r *subscriptionResolver) BreakingNews(ctx context.Context) (<-chan *model.BreakingNews, error) {
	return follow(ctx, r.Resolver, watch.Subject{Of: watch.Breaking}, func(ctx context.Context, c watch.Change, send func(*model.BreakingNews) error) error {
		a, err := loader.Articles.ByID(ctx, c.ID)
		if err != nil || a == nil {
			return err
		}
		return send(&model.BreakingNews{Article: a, Text: c.Text, SentAt: c.At})
	}), nil
}

// CommentAdded is the field of the same name of Subscription.
func (r *subscriptionResolver) CommentAdded(ctx context.Context, articleID string) (<-chan *loader.Comment, error) {
	key, err := decodeID("articleId", id.Article, articleID)
	if err != nil {
		return nil, err
	}
	queue := r.Watch.Queue(watch.Subject{Of: watch.Comments, Key: key})
	return stream(ctx, r.Resolver, func(ctx context.Context, send func(*loader.Comment) error) error {
		defer queue.Close()
		changes := []watch.Change{{}}
		for {
			err := r.reading(ctx, func(ctx context.Context) error {
				there, err := r.Articles.Visible(ctx, []int{key})
				if err != nil {
					return err
				}
				if !there[key] {
					return errEnded
				}
				return r.tellComments(ctx, changes, send)
			})
			if err != nil {
				return err
			}
			if changes, err = queue.Next(ctx); err != nil {
				return err
			}
		}
	}), nil
}

// tellComments sends the comments of changes that can be seen.
func (r *subscriptionResolver) tellComments(ctx context.Context, changes []watch.Change, send func(*loader.Comment) error) error {
	keys := make([]int, 0, len(changes))
	for _, c := range changes {
		if c.ID != 0 && !slices.Contains(keys, c.ID) { // 0: the article changed
			keys = append(keys, c.ID)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	comments, err := loader.Comments.ByIDs(ctx, keys)
	if err != nil {
		return err
	}
	for _, c := range comments {
		if c == nil {
			continue
		}
		if err := send(c); err != nil {
			return err
		}
	}
	return nil
}

// Changes is the field of the same name of Subscription.
func (r *subscriptionResolver) Changes(ctx context.Context, after *string, types []model.ChangeType) (<-chan *model.ChangeFeed, error) {
	k, err := requestKey(ctx)
	if err != nil {
		return nil, err
	}
	wanted := changeTypes(types)
	from := orEmpty(after)
	if from == "" {
		if from, err = r.Partners.End(ctx, k); err != nil {
			return nil, err
		}
	}
	// A cursor that is wrong is refused before anything is told.
	if err := r.Partners.CheckChanges(ctx, k, from, wanted); err != nil {
		return nil, err
	}
	return stream(ctx, r.Resolver, func(ctx context.Context, send func(*model.ChangeFeed) error) error {
		return r.Partners.Follow(ctx, k, from, wanted, func(page *partner.Page) error {
			feed, err := changeFeed(page)
			if err != nil {
				return err
			}
			return send(feed)
		})
	}), nil
}

// NotificationAdded is the field of the same name of Subscription.
func (r *subscriptionResolver) NotificationAdded(ctx context.Context) (<-chan *loader.Notification, error) {
	account := access.Of(ctx).UserID
	return follow(ctx, r.Resolver, watch.Subject{Of: watch.Notifications}, func(ctx context.Context, c watch.Change, send func(*loader.Notification) error) error {
		if !c.Includes(account) {
			return nil
		}
		found, err := r.Interests.MadeAt(ctx, c.At)
		if err != nil {
			return err
		}
		for _, n := range loader.Notifications.Rows(ctx, found) {
			if err := send(n); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

// opening gives a context for a subscription that is about to be opened, and how it
// will end.
func opening(ctx context.Context) (context.Context, *outcome) {
	end := &outcome{}
	return context.WithValue(ctx, outcomeKey{}, end), end
}

// subscribed is an open subscription.
type subscribed struct {
	ctx       context.Context // of the operation
	cancel    context.CancelFunc
	responses graphql.ResponseHandler
	end       *outcome
	answered  func(*graphql.Response)
}

// Close implements socket.Stream.
func (s *subscribed) Close() { s.cancel() }

// Next implements socket.Stream.
func (s *subscribed) Next(ctx context.Context) (json.RawMessage, error) {
	within, cancel := context.WithCancel(s.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	response := s.responses(within)
	if err := cmp.Or(ctx.Err(), s.ctx.Err()); err != nil {
		return nil, err
	}
	if response == nil {
		return nil, cmp.Or(s.end.get(), io.EOF)
	}
	s.answered(response)
	return marshal(executed(response)), nil
}
