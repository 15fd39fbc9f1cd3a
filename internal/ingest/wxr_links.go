package ingest

import (
	"context"
	"fmt"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/store"
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

// Bodies with links are found by the host of the old site in them. What was
// edited here is left alone.
var (
	linkingArticlesSQL = store.MaintainBoth(`SELECT d.article_id FROM article_details d JOIN articles a ON a.id = d.article_id
		WHERE d.article_id > $1 AND a.source_uri LIKE $2 AND a.edited_at IS NULL AND CAST(d.blocks AS text) LIKE $3 ORDER BY d.article_id LIMIT 100`)
	linkingEntriesSQL = store.MaintainBoth(`SELECT e.id FROM live_entries e JOIN articles a ON a.id = e.article_id
		WHERE e.id > $1 AND a.source_uri LIKE $2 AND a.edited_at IS NULL AND CAST(e.blocks AS text) LIKE $3 ORDER BY e.id LIMIT 100`)
	linkingPagesSQL = store.MaintainBoth(`SELECT p.id FROM pages p
		WHERE p.id > $1 AND p.source_uri LIKE $2 AND CAST(p.blocks AS text) LIKE $3 ORDER BY p.id LIMIT 100`)
)

// rewriteLinks turns links to the old site's own addresses into links within
// this one, wherever they lead now.
func (in *wxrImport) rewriteLinks(ctx context.Context, s *oldSite) error {
	counts := map[string]int{}
	for _, of := range []struct {
		statement *store.Statement
		rewrite   func(ctx context.Context, s *oldSite, keys []int, counts map[string]int) error
	}{{linkingArticlesSQL, in.rewriteArticles}, {linkingEntriesSQL, in.rewriteEntries}, {linkingPagesSQL, in.rewritePages}} {
		for last := 0; ; {
			keys, err := store.Collect(ctx, in.DB, of.statement, store.ScanInt, last, s.uri+"/%", "%"+bareHost(s.base)+"%")
			if err != nil {
				return fmt.Errorf("look for links to %s: %w", s.uri, err)
			}
			if len(keys) == 0 {
				break
			}
			last = keys[len(keys)-1]
			err = in.DB.Tx(ctx, func(ctx context.Context) error { return of.rewrite(ctx, s, keys, counts) })
			if err != nil {
				return err
			}
		}
	}
	for key, n := range counts {
		countName(&in.report.Links, key, n)
	}
	return nil
}

func (in *wxrImport) rewriteArticles(ctx context.Context, s *oldSite, keys []int, counts map[string]int) error {
	client := in.DB.Ent(ctx)
	rows, err := client.ArticleDetail.Query().Where(articledetail.ArticleIDIn(keys...)).Select(articledetail.FieldArticleID, articledetail.FieldBlocks).All(ctx)
	if err != nil {
		return fmt.Errorf("read bodies: %w", err)
	}
	bodies := make([][]richtext.Block, len(rows))
	for i, r := range rows {
		bodies[i] = r.Blocks
	}
	changed, err := in.relink(ctx, s, bodies, counts)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if !changed[i] {
			continue
		}
		if err := client.ArticleDetail.UpdateOneID(r.ID).SetBlocks(bodies[i]).SetHTML(bodyHTML(bodies[i])).Exec(ctx); err != nil {
			return fmt.Errorf("write a body: %w", err)
		}
		if err := in.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: r.ArticleID}); err != nil {
			return err
		}
	}
	return nil
}

func (in *wxrImport) rewriteEntries(ctx context.Context, s *oldSite, keys []int, counts map[string]int) error {
	client := in.DB.Ent(ctx)
	rows, err := client.LiveEntry.Query().Where(liveentry.IDIn(keys...)).Select(liveentry.FieldArticleID, liveentry.FieldBlocks).All(ctx)
	if err != nil {
		return fmt.Errorf("read entries of live blogs: %w", err)
	}
	bodies := make([][]richtext.Block, len(rows))
	for i, r := range rows {
		bodies[i] = r.Blocks
	}
	changed, err := in.relink(ctx, s, bodies, counts)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if !changed[i] {
			continue
		}
		if err := client.LiveEntry.UpdateOneID(r.ID).SetBlocks(bodies[i]).SetHTML(bodyHTML(bodies[i])).Exec(ctx); err != nil {
			return fmt.Errorf("write an entry: %w", err)
		}
		if err := in.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Article, EntityID: r.ArticleID}); err != nil {
			return err
		}
	}
	return nil
}

func (in *wxrImport) rewritePages(ctx context.Context, s *oldSite, keys []int, counts map[string]int) error {
	client := in.DB.Ent(ctx)
	rows, err := client.Page.Query().Where(page.IDIn(keys...)).All(ctx)
	if err != nil {
		return fmt.Errorf("read pages: %w", err)
	}
	var uris []string
	for _, r := range rows {
		uris = append(uris, *r.SourceURI)
	}
	seen, err := sources(ctx, in.DB, uris)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r *ent.Page) bool { return seen[*r.SourceURI].version != r.Version }) // changed here
	bodies := make([][]richtext.Block, len(rows))
	for i, r := range rows {
		bodies[i] = r.Blocks
	}
	changed, err := in.relink(ctx, s, bodies, counts)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if !changed[i] {
			continue
		}
		if err := client.Page.UpdateOneID(r.ID).SetBlocks(bodies[i]).SetHTML(bodyHTML(bodies[i])).Exec(ctx); err != nil {
			return fmt.Errorf("write a page: %w", err)
		}
		if err := in.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Page, EntityID: r.ID}); err != nil {
			return err
		}
	}
	return nil
}

// relink rewrites the links of bodies in place and tells which have changed.
func (in *wxrImport) relink(ctx context.Context, s *oldSite, bodies [][]richtext.Block, counts map[string]int) ([]bool, error) {
	var addresses []string
	for _, body := range bodies {
		eachLink(body, func(address string) string {
			addresses = append(addresses, address)
			return address
		})
	}
	found, err := in.resolve(ctx, s, addresses)
	if err != nil {
		return nil, err
	}
	changed := make([]bool, len(bodies))
	for i, body := range bodies {
		eachLink(body, func(address string) string {
			d, ours := found[address]
			switch {
			case !ours || strings.HasPrefix(address, "/"):
				return address
			case d.path == "":
				if s.fileByAddress(address) != 0 {
					counts["to files that are not fetched yet"]++
				} else {
					counts["to what is not here"]++
				}
				return address
			}
			counts["made internal"]++
			changed[i] = true
			return d.path
		})
	}
	return changed, nil
}

// eachLink gives every address that a body links to, and takes another for it.
func eachLink(body []richtext.Block, f func(address string) string) {
	inline := func(s *string) { *s = eachHref(*s, f) }
	link := func(s *string) {
		if *s != "" {
			*s = f(*s)
		}
	}
	var items func(all []richtext.ListItem)
	items = func(all []richtext.ListItem) {
		for i := range all {
			inline(&all[i].HTML)
			items(all[i].Items)
		}
	}
	for i := range body {
		b := &body[i]
		for _, s := range []*string{&b.HTML, &b.Citation, &b.Caption, &b.Credit} {
			inline(s)
		}
		link(&b.Href)
		if b.Kind == richtext.Button || b.Kind == richtext.File && b.MediaID == "" {
			link(&b.URL)
		}
		items(b.Items)
		for _, rows := range [][]richtext.TableRow{b.Head, b.Rows} {
			for _, row := range rows {
				for j := range row.Cells {
					inline(&row.Cells[j].HTML)
				}
			}
		}
		for j := range b.Images {
			p := &b.Images[j]
			inline(&p.Caption)
			inline(&p.Credit)
			link(&p.Href)
		}
	}
}

// escaped writes an attribute as package richtext does.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;")

// eachHref is eachLink for inline HTML as package richtext writes it, with
// attributes in double quotes.
func eachHref(text string, f func(address string) string) string {
	const mark = ` href="`
	if !strings.Contains(text, mark) {
		return text
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, mark)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		value, after, ok := strings.Cut(rest, `"`)
		if !ok {
			return out.String() + mark + rest
		}
		out.WriteString(mark + escaped.Replace(f(html.UnescapeString(value))) + `"`)
		text = after
	}
}
