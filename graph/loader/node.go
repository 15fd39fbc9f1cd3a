package loader

import (
	"context"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Node is any row with a public id.
type Node interface {
	IsNode()
	PublicID() string
}

// Ref names a row of any type by the prefix of its public id and its key. The
// zero value names none.
type Ref struct {
	Prefix string
	Key    int
}

// Nodes gives the rows that are named and visible, in the order of refs, by one
// statement for each type.
func Nodes(ctx context.Context, refs []Ref) ([]Node, error) { return For(ctx).nodes(ctx, refs) }

func (r *Response) nodes(ctx context.Context, refs []Ref) ([]Node, error) {
	keys := map[string][]int{}
	seen := map[Ref]bool{{}: true}
	for _, ref := range refs {
		if !seen[ref] {
			seen[ref] = true
			keys[ref.Prefix] = append(keys[ref.Prefix], ref.Key)
		}
	}
	byType := make(map[string]map[int]Node, len(keys))
	for prefix, of := range keys {
		found, err := r.find(ctx, prefix, of)
		if err != nil {
			return nil, err
		}
		byType[prefix] = found
	}
	nodes := make([]Node, len(refs))
	for i, ref := range refs {
		if n, ok := byType[ref.Prefix][ref.Key]; ok {
			nodes[i] = n
		}
	}
	return nodes, nil
}

// find gives the visible rows of one type by key. A type that has no way to be
// looked up here, such as a bookmark, answers like one that does not exist.
func (r *Response) find(ctx context.Context, prefix string, keys []int) (map[int]Node, error) {
	switch prefix {
	case id.Article:
		return nodesOf(ctx, r, Articles, keys)
	case id.Category:
		return nodesOf(ctx, r, Categories, keys)
	case id.Place:
		return nodesOf(ctx, r, Places, keys)
	case id.Series:
		return nodesOf(ctx, r, AllSeries, keys)
	case id.Author:
		return nodesOf(ctx, r, Authors, keys)
	case id.Menu:
		return nodesOf(ctx, r, Menus, keys)
	case id.MenuItem:
		return r.findItems(ctx, keys)
	case id.AdSlot:
		return nodesOf(ctx, r, AdSlots, keys)
	case id.Tag:
		return nodesOf(ctx, r, Tags, keys)
	case id.Media:
		return nodesOf(ctx, r, MediaItems, keys)
	case id.Page:
		return nodesOf(ctx, r, Pages, keys)
	case id.AuditEntry:
		return nodesOf(ctx, r, AuditEntries, keys)
	case id.APIKey:
		return nodesOf(ctx, r, APIKeys, keys)
	case id.Webhook:
		return nodesOf(ctx, r, Webhooks, keys)
	case id.WebhookDelivery:
		return nodesOf(ctx, r, WebhookDeliveries, keys)
	case id.Job:
		return nodesOf(ctx, r, DeadJobs, keys)
	case id.Redirect:
		return nodesOf(ctx, r, Redirects, keys)
	case id.Comment:
		return nodesOf(ctx, r, Comments, keys)
	case id.Session:
		return nodesOf(ctx, r, Sessions, keys)
	case id.Newsletter:
		return nodesOf(ctx, r, Newsletters, keys)
	case id.NewsletterIssue:
		return nodesOf(ctx, r, NewsletterIssues, keys)
	case id.LiveEntry:
		return nodesOf(ctx, r, LiveEntries, keys)
	case id.Correction:
		return nodesOf(ctx, r, Corrections, keys)
	}
	return r.findAtDesk(ctx, prefix, keys)
}

// findAtDesk is find for what the newsroom keeps to itself: to everybody else
// that is not there.
func (r *Response) findAtDesk(ctx context.Context, prefix string, keys []int) (map[int]Node, error) {
	if access.Require(ctx, access.ReadNewsroom) != nil {
		return nil, nil
	}
	switch prefix {
	case id.User:
		return nodesOf(ctx, r, Members, keys)
	case id.Revision:
		return nodesOf(ctx, r, Revisions, keys)
	case id.ArticleNote:
		return nodesOf(ctx, r, Notes, keys)
	case id.PreviewToken:
		return nodesOf(ctx, r, PreviewTokens, keys)
	}
	return nil, nil
}

func nodesOf[T, R any, N interface {
	*R
	Node
}](ctx context.Context, r *Response, k *Kind[T, R], keys []int) (map[int]Node, error) {
	found, err := k.found(ctx, r, keys)
	if err != nil {
		return nil, err
	}
	nodes := make(map[int]Node, len(found))
	for i, row := range k.enter(r, align(keys, found)) {
		if row != nil {
			nodes[keys[i]] = N(row)
		}
	}
	return nodes, nil
}

// findItems finds items of menus, as visible as where their menu lists them.
func (r *Response) findItems(ctx context.Context, keys []int) (map[int]Node, error) {
	dir, err := r.Dir(ctx)
	if err != nil {
		return nil, err
	}
	var items []*directory.MenuItem
	for _, key := range keys {
		if it := dir.MenuItemByID(key); it != nil {
			items = append(items, it)
		}
	}
	shown := enterItems(r, [][]*directory.MenuItem{items})[0]
	if !slices.ContainsFunc(shown, func(it *MenuItem) bool { return it.TargetType == menuitem.TargetTypeArticle }) {
		// One that leads to a hidden article costs a statement, so one that is not
		// there costs it as well.
		if _, err := articlesByIDs(ctx, r, []int{0}); err != nil {
			return nil, err
		}
	}
	visible, err := visibleItems(ctx, shown)
	if err != nil {
		return nil, err
	}
	nodes := make(map[int]Node, len(visible))
	for _, it := range visible {
		nodes[it.ID] = it
	}
	return nodes, nil
}

// nodeOf keeps a nil row from becoming an interface that is not nil.
func nodeOf[R any, N interface {
	*R
	Node
}](row N, err error) (Node, error) {
	if row == nil || err != nil {
		return nil, err
	}
	return row, nil
}

// targetPrefix gives the id prefix of what menus and redirects lead to.
var targetPrefix = map[string]string{
	"CATEGORY": id.Category, "TAG": id.Tag, "PAGE": id.Page, "ARTICLE": id.Article, "AUTHOR": id.Author, "PLACE": id.Place, "SERIES": id.Series,
}

// targetOf names what a menu item or redirect leads to, nothing for an address.
func targetOf(targetType string, key int) Ref {
	prefix, ok := targetPrefix[targetType]
	if !ok {
		return Ref{}
	}
	return Ref{prefix, key}
}
