package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// destination is where an address of the old site leads now. Without a path it
// leads nowhere here.
type destination struct {
	path   string
	target site.Target
}

// resolve finds where addresses lead now: by the redirects that the import has
// stored, by the paths of pages, by the number in a short address, by the
// address of a file. Addresses of other sites have no entry.
func (in *wxrImport) resolve(ctx context.Context, s *oldSite, addresses []string) (map[string]destination, error) {
	found := make(map[string]destination, len(addresses))
	paths := map[string]string{}   // by address
	numbers := map[string]string{} // URIs by address
	var asked, uris []string
	files := map[string]int{}
	root := strings.TrimRight(s.base.Path, "/")
	for _, address := range addresses {
		u, ok := s.path(address)
		if _, known := found[address]; known || !ok || strings.HasPrefix(address, "#") || address == "" {
			continue
		}
		found[address] = destination{}
		if key := s.fileByAddress(address); key != 0 {
			files[address] = key
			continue
		}
		for _, name := range []string{"p", "page_id", "attachment_id"} {
			if n, err := strconv.Atoi(u.Query().Get(name)); err == nil && n > 0 {
				numbers[address] = s.itemURI(n)
				uris = append(uris, numbers[address])
			}
		}
		path, ok := permalink.Clean(u.EscapedPath())
		switch {
		case !ok || numbers[address] != "":
		case strings.TrimRight(path, "/") == root:
			if u.RawQuery == "" {
				found[address] = destination{path: "/"}
			}
		default:
			paths[address] = path
			asked = append(asked, path)
		}
	}
	byPath, err := in.byPath(ctx, root, asked)
	if err != nil {
		return nil, err
	}
	articles, err := in.stored(ctx, uris)
	if err != nil {
		return nil, err
	}
	pages, err := in.storedPages(ctx, uris)
	if err != nil {
		return nil, err
	}
	blobs, err := in.addressesOf(ctx, files)
	if err != nil {
		return nil, err
	}
	for address := range found {
		switch {
		case paths[address] != "":
			found[address] = byPath[paths[address]]
		case articles[numbers[address]] != nil:
			a := articles[numbers[address]]
			found[address] = destination{permalink.Path(permalink.Article, a.Slug), site.Target{Type: menuitem.TargetTypeArticle, ID: a.ID}}
		case pages[numbers[address]] != nil:
			g := pages[numbers[address]]
			found[address] = destination{permalink.Path(permalink.Page, g.Path), site.Target{Type: menuitem.TargetTypePage, ID: g.ID}}
		case blobs[address] != "":
			found[address] = destination{path: blobs[address]}
		}
		if d := found[address]; d.path != "" {
			if _, fragment, ok := strings.Cut(address, "#"); ok && fragment != "" {
				d.path += "#" + fragment
				found[address] = d
			}
		}
	}
	return found, nil
}

// addressesOf gives our addresses of files that are in the blob store.
func (in *wxrImport) addressesOf(ctx context.Context, files map[string]int) (map[string]string, error) {
	if len(files) == 0 {
		return nil, nil
	}
	known, err := in.Content.StoredMedia(ctx, slices.Collect(maps.Values(files)))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for address, key := range files {
		if m := known[key]; m != nil && m.BlobKey != "" {
			found[address] = content.MediaURL(m)
		}
	}
	return found, nil
}

// byPath gives where old paths lead.
func (in *wxrImport) byPath(ctx context.Context, root string, paths []string) (map[string]destination, error) {
	found := map[string]destination{}
	client := in.DB.Ent(ctx)
	ids := map[menuitem.TargetType][]int{}
	for chunk := range slices.Chunk(paths, 500) {
		rows, err := client.Redirect.Query().Where(redirect.PathIn(chunk...)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for redirects: %w", err)
		}
		for _, r := range rows {
			d := destination{path: r.Address}
			if r.TargetID != nil {
				d.target = site.Target{Type: menuitem.TargetType(r.TargetType), ID: *r.TargetID}
				ids[d.target.Type] = append(ids[d.target.Type], *r.TargetID)
			}
			found[r.Path] = d
		}
		bare := make([]string, len(chunk))
		for i, p := range chunk {
			bare[i] = strings.Trim(strings.TrimPrefix(p, root), "/")
		}
		pages, err := client.Page.Query().Where(page.PathIn(bare...)).Select(page.FieldPath).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for pages: %w", err)
		}
		for _, g := range pages {
			found[root+"/"+g.Path] = destination{permalink.Path(permalink.Page, g.Path), site.Target{Type: menuitem.TargetTypePage, ID: g.ID}}
		}
		if err := ownPaths(ctx, client, root, chunk, found); err != nil {
			return nil, err
		}
	}
	names, err := pathsOf(ctx, client, ids)
	if err != nil {
		return nil, err
	}
	for path, d := range found {
		if d.target.ID != 0 && d.path == "" {
			d.path = names[d.target.Type][d.target.ID]
			found[path] = d
		}
	}
	return found, nil
}

// kinds are those of paths of our own scheme that lead to things with slugs.
var kinds = map[menuitem.TargetType]permalink.Kind{
	menuitem.TargetTypeArticle: permalink.Article, menuitem.TargetTypeCategory: permalink.Category,
	menuitem.TargetTypeTag: permalink.Tag, menuitem.TargetTypeAuthor: permalink.Author,
}

// ownPaths finds what stands under paths of our own scheme, as an export of a site like
// this one has them.
func ownPaths(ctx context.Context, client *ent.Client, root string, paths []string, found map[string]destination) error {
	at := map[permalink.Kind]map[string]string{} // paths by slug
	for _, p := range paths {
		kind, slug := permalink.Parse(strings.TrimPrefix(p, root))
		if _, known := found[p]; known || slug == "" {
			continue
		}
		if at[kind] == nil {
			at[kind] = map[string]string{}
		}
		at[kind][slug] = p
	}
	for of, kind := range kinds {
		if len(at[kind]) == 0 {
			continue
		}
		slugs, err := slugsOf(ctx, client, of, sql.FieldIn("slug", slices.Collect(maps.Keys(at[kind]))...))
		if err != nil {
			return fmt.Errorf("look for paths of our own: %w", err)
		}
		for key, slug := range slugs {
			found[at[kind][slug]] = destination{permalink.Path(kind, slug), site.Target{Type: of, ID: key}}
		}
	}
	return nil
}

// pathsOf gives the paths of things by type and key.
func pathsOf(ctx context.Context, client *ent.Client, ids map[menuitem.TargetType][]int) (map[menuitem.TargetType]map[int]string, error) {
	found := map[menuitem.TargetType]map[int]string{}
	for of, keys := range ids {
		slugs, err := slugsOf(ctx, client, of, sql.FieldIn("id", keys...))
		if err != nil {
			return nil, fmt.Errorf("look for targets of redirects: %w", err)
		}
		kind := kinds[of]
		if of == menuitem.TargetTypePage {
			kind = permalink.Page
		}
		for key, slug := range slugs {
			slugs[key] = permalink.Path(kind, slug)
		}
		found[of] = slugs
	}
	return found, nil
}

// slugsOf gives the slugs of some things of a type by their keys; of pages, the paths.
func slugsOf(ctx context.Context, client *ent.Client, of menuitem.TargetType, which func(*sql.Selector)) (map[int]string, error) {
	found := map[int]string{}
	var err error
	switch of {
	case menuitem.TargetTypeArticle:
		var rows []*ent.Article
		rows, err = client.Article.Query().Where(which).Select(article.FieldSlug).All(ctx)
		for _, r := range rows {
			found[r.ID] = r.Slug
		}
	case menuitem.TargetTypePage:
		var rows []*ent.Page
		rows, err = client.Page.Query().Where(which).Select(page.FieldPath).All(ctx)
		for _, r := range rows {
			found[r.ID] = r.Path
		}
	case menuitem.TargetTypeCategory:
		var rows []*ent.Category
		rows, err = client.Category.Query().Where(which).Select(category.FieldSlug).All(ctx)
		for _, r := range rows {
			found[r.ID] = r.Slug
		}
	case menuitem.TargetTypeTag:
		var rows []*ent.Tag
		rows, err = client.Tag.Query().Where(which).Select(tag.FieldSlug).All(ctx)
		for _, r := range rows {
			found[r.ID] = r.Slug
		}
	case menuitem.TargetTypeAuthor:
		var rows []*ent.Author
		rows, err = client.Author.Query().Where(which).Select(author.FieldSlug).All(ctx)
		for _, r := range rows {
			found[r.ID] = r.Slug
		}
	}
	return found, err
}
