package graph

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Node is the field of the same name of Query.
func (r *queryResolver) Node(ctx context.Context, publicID string) (model.Node, error) {
	found, err := r.nodes(ctx, "id", []string{publicID})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// maxNodes bounds the ids of one call.
const maxNodes = 100

// Nodes is the field of the same name of Query.
func (r *queryResolver) Nodes(ctx context.Context, ids []string) ([]model.Node, error) {
	if len(ids) > maxNodes {
		return nil, fault.BadInput("ids", "at most %d ids can be asked for at once", maxNodes)
	}
	return r.nodes(ctx, "ids", ids)
}

// nodes finds objects of any types by one statement for each type.
func (r *Resolver) nodes(ctx context.Context, field string, ids []string) ([]model.Node, error) {
	type place struct {
		prefix string
		key    int
	}
	places := make([]place, len(ids))
	keys := map[string][]int{}
	for i, s := range ids {
		prefix, key, err := id.Decode(s)
		if err != nil {
			return nil, fault.BadInput(field, "%.40q is no id of this API", s).Because(err)
		}
		places[i] = place{prefix, key}
		keys[prefix] = append(keys[prefix], key)
	}
	byType := make(map[string]map[int]model.Node, len(keys))
	for prefix, of := range keys {
		found, err := r.find(ctx, prefix, of)
		if err != nil {
			return nil, err
		}
		byType[prefix] = found
	}
	nodes := make([]model.Node, len(ids))
	for i, p := range places {
		if n, ok := byType[p.prefix][p.key]; ok {
			nodes[i] = n
		}
	}
	return nodes, nil
}

// find gives the visible objects of one type by key. A type that has no way to
// be looked up here, such as a bookmark, answers like one that does not exist.
func (r *Resolver) find(ctx context.Context, prefix string, keys []int) (map[int]model.Node, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	switch prefix {
	case id.Article:
		found, err := r.Articles.ByIDs(ctx, keys)
		return articleNodes(ctx, keys, found, err)
	case id.Category:
		return listed(keys, dir.Categories.ByID), nil
	case id.Place:
		return listed(keys, dir.Places.ByID), nil
	case id.Series:
		return listed(keys, dir.Series.ByID), nil
	case id.Author:
		return listed(keys, dir.Authors.ByID), nil
	case id.Menu:
		return listed(keys, dir.MenuByID), nil
	case id.MenuItem:
		return listed(keys, dir.MenuItemByID), nil
	case id.AdSlot:
		return listed(keys, dir.AdSlotByID), nil
	case id.Tag:
		return nodesOf(r.Taxonomy.TagsByIDs(ctx, keys))
	case id.Media:
		return nodesOf(r.Articles.Media(ctx, keys))
	case id.Page:
		return nodesOf(r.Pages.PagesByIDs(ctx, keys))
	case id.AuditEntry:
		return r.auditNodes(ctx, keys)
	case id.Job:
		return nodesOf(r.Jobs.ByIDs(ctx, keys))
	case id.Redirect:
		return nodesOf(r.Pages.RedirectsByIDs(ctx, keys))
	case id.Comment:
		return nodesOf(r.Comments.ByIDs(ctx, keys))
	case id.Session:
		return nodesOf(r.Accounts.SessionsByIDs(ctx, keys))
	case id.Newsletter:
		return nodesOf(r.Newsletters.ByIDs(ctx, keys))
	case id.NewsletterIssue:
		if access.Require(ctx, access.ManageNewsletters) != nil {
			return nil, nil
		}
		return nodesOf(r.Newsletters.IssuesByIDs(ctx, keys))
	case id.LiveEntry:
		return nodesOf(r.Articles.LiveEntriesByIDs(ctx, keys))
	case id.Correction:
		return nodesOf(r.Articles.CorrectionsByIDs(ctx, keys))
	}
	return r.findAtDesk(ctx, prefix, keys)
}

// findAtDesk is find for what the newsroom keeps to itself: to everybody else
// that is not there.
func (r *Resolver) findAtDesk(ctx context.Context, prefix string, keys []int) (map[int]model.Node, error) {
	if access.Require(ctx, access.ReadNewsroom) != nil {
		return nil, nil
	}
	switch prefix {
	case id.User:
		return nodesOf(r.Newsroom.Members(ctx, keys))
	case id.Revision:
		return nodesOf(r.Newsroom.RevisionsByIDs(ctx, keys))
	case id.ArticleNote:
		return nodesOf(r.Newsroom.NotesByIDs(ctx, keys))
	case id.PreviewToken:
		return nodesOf(r.Newsroom.PreviewsByIDs(ctx, keys))
	}
	return nil, nil
}

func articleNodes(ctx context.Context, keys []int, found map[int]*ent.Article, err error) (map[int]model.Node, error) {
	if err != nil {
		return nil, err
	}
	loaders, err := loader.For(ctx)
	if err != nil {
		return nil, err
	}
	loaders.Articles.Add(pick(keys, func(k int) *ent.Article { return found[k] }))
	return nodesOf(found, nil)
}

func nodesOf[T model.Node](found map[int]T, err error) (map[int]model.Node, error) {
	nodes := make(map[int]model.Node, len(found))
	for key, n := range found {
		nodes[key] = n
	}
	return nodes, err
}

func listed[T interface {
	comparable
	model.Node
}](keys []int, byID func(int) T) map[int]model.Node {
	var none T
	nodes := make(map[int]model.Node, len(keys))
	for _, k := range keys {
		if n := byID(k); n != none {
			nodes[k] = n
		}
	}
	return nodes
}

// targetPrefix gives the id prefix of what menus and redirects lead to.
var targetPrefix = map[string]string{
	"CATEGORY": id.Category, "TAG": id.Tag, "PAGE": id.Page, "ARTICLE": id.Article, "AUTHOR": id.Author, "PLACE": id.Place, "SERIES": id.Series,
}

// target finds what a menu item or redirect leads to, nil when it is not to be
// seen.
func (r *Resolver) target(ctx context.Context, targetType string, key int) (model.Node, error) {
	dir, err := r.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	if targetType == "TAG" && dir.Tag(key) != nil {
		return dir.Tag(key), nil
	}
	found, err := r.find(ctx, targetPrefix[targetType], []int{key})
	if n, ok := found[key]; ok && err == nil {
		return n, nil
	}
	return nil, err
}

// pathOf is the path at which a thing is shown, empty for what has no page.
func pathOf(n model.Node) string {
	switch t := n.(type) {
	case *ent.Article:
		return articlePath(t)
	case *ent.Category:
		return categoryPath(t)
	case *ent.Tag:
		return permalink.Path(permalink.Tag, t.Slug)
	case *ent.Place:
		return permalink.Path(permalink.Place, t.Slug)
	case *ent.Series:
		return permalink.Path(permalink.Series, t.Slug)
	case *ent.Author:
		return permalink.Path(permalink.Author, t.Slug)
	case *ent.Page:
		return pagePath(t)
	}
	return ""
}
