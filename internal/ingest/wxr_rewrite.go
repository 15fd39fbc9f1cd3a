package ingest

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

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
