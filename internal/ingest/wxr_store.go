package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/articledetail"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// items reads the files a second time and stores posts and pages.
func (in *wxrImport) items(ctx context.Context) error {
	err := in.read(ctx, func(s *oldSite, rec wxr.Record) error {
		it := rec.Item
		if it == nil {
			return nil
		}
		if it.Index < in.from {
			if as := in.typeOf(it); as == "post" || as == wxr.TypePage { // for numbers given twice
				(&post{site: s}).identify(it)
			}
			return nil
		}
		p := in.newPost(s, it)
		if p == nil {
			return nil
		}
		p.end = checkpoint{Index: it.Index + 1}
		if it.More {
			p.end.Index = it.Index
		}
		return in.put(ctx, p)
	}, func(bad *wxr.ItemError) error {
		if bad.Index < in.from {
			return nil
		}
		p := &post{kind: "damaged"}
		p.at = position{bad.Index, bad.Line, bad.Offset}
		p.end = checkpoint{Index: bad.Index + 1}
		p.reject(string(bad.Code), "%v", bad.Err)
		return in.put(ctx, p)
	})
	if err != nil && !errors.Is(err, ErrStrict) {
		return err
	}
	return errors.Join(in.flush(ctx), err)
}

func (p *post) reject(code, format string, args ...any) {
	p.item.reject(code, format, args...)
	p.draft, p.page = nil, nil
}

// put adds a post and stores the batch when it is full.
func (in *wxrImport) put(ctx context.Context, p *post) error {
	if in.opts.Strict && (p.refusal != nil || len(p.repairs) > 0) {
		return strictly(p.at, append(p.repairs, fixOf(p.refusal)...))
	}
	if p.uri != "" && slices.ContainsFunc(in.batch, func(other *post) bool { return other.uri == p.uri }) {
		if err := in.flush(ctx); err != nil {
			return err
		}
	}
	in.batch = append(in.batch, p)
	in.size += p.size
	limit := in.opts.batchItems
	if limit == 0 {
		limit = maxBatchItems
	}
	if len(in.batch) >= limit || in.size >= maxBatchBytes {
		return in.flush(ctx)
	}
	return nil
}

// flush stores the batch; where that fails, each of its posts by itself.
func (in *wxrImport) flush(ctx context.Context) error {
	batch := in.batch
	in.batch, in.size = nil, 0
	if len(batch) == 0 {
		return nil
	}
	defer in.tell()
	err := in.attempt(ctx, batch)
	if err == nil {
		return nil
	}
	if in.opts.DryRun { // the transaction is lost, and all that was in it
		return fmt.Errorf("the rehearsal ends at items %d to %d: %w", batch[0].at.index, batch[len(batch)-1].at.index, err)
	}
	refused := 0
	for _, p := range batch {
		if len(batch) > 1 || gaveUp(err) {
			err = in.attempt(ctx, []*post{p})
		}
		if err == nil {
			refused = 0
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if ping := in.DB.Ping(ctx); ping != nil {
			return fmt.Errorf("the database is gone: %w", ping)
		}
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			if refused++; refused >= maxRefusals {
				return fmt.Errorf("the database refuses everything: %w", err)
			}
		}
		p.reject(reasonRefused, "%v", err)
		if err := in.attempt(ctx, []*post{p}); err != nil {
			return err
		}
	}
	return nil
}

// attempt stores posts in one transaction, all or none, with the progress.
func (in *wxrImport) attempt(ctx context.Context, posts []*post) error {
	in.undo = nil
	next := in.report.clone()
	err := in.DB.Tx(content.DeferRelated(ctx), func(ctx context.Context) error {
		if err := in.Content.ShareTaxonomy(ctx); err != nil {
			return err
		}
		if err := in.store(ctx, posts, next); err != nil {
			return err
		}
		if in.opts.DryRun {
			return nil
		}
		return in.progress.save(ctx, posts[len(posts)-1].end, next, in.Content.Now(), false)
	})
	if err != nil {
		for _, undo := range in.undo {
			undo()
		}
		return err
	}
	in.report = next
	return nil
}

// store decides about posts, writes those that are new or changed, and counts
// what became of each.
func (in *wxrImport) store(ctx context.Context, posts []*post, report *WXRReport) error {
	var uris []string
	for _, p := range posts {
		if p.uri != "" {
			uris = append(uris, p.uri)
		}
	}
	stored, err := in.stored(ctx, uris)
	if err != nil {
		return err
	}
	pages, err := in.storedPages(ctx, uris)
	if err != nil {
		return err
	}
	keys := make(map[string]int, len(posts)) // of articles, for comments
	for uri, a := range stored {
		keys[uri] = a.ID
	}
	results := make([]*result, len(posts))
	var open []int
	for i, p := range posts {
		copied := p.item // what the attempt finds is for this attempt only
		res := &result{item: &copied, outcome: Rejected}
		results[i] = res
		switch {
		case p.refusal != nil:
			res.code, res.message = p.refusal.code, p.refusal.message
		case p.leave:
			res.outcome = leftOut
		case p.part > 0:
		case p.isEntry:
		case p.draft != nil:
			if err := in.decideArticle(ctx, p, stored[p.uri], res); err != nil {
				return err
			}
			if res.outcome == Created || res.outcome == Updated {
				open = append(open, i)
			}
		case p.page != nil:
			if err := in.storePage(ctx, p, pages[p.uri], res); err != nil {
				return err
			}
		}
	}
	if err := in.storeArticles(ctx, posts, open, stored, results, keys); err != nil {
		return err
	}
	for i, p := range posts {
		res := results[i]
		if err := in.keepEntries(ctx, p, res, report); err != nil {
			return err
		}
		if p.part == 0 {
			report.count(p.kind, p.status, res)
			switch {
			case res.outcome == Rejected, res.outcome == leftOut, p.isEntry && res.outcome != Unchanged:
				countName(&report.Dropped, "of items of the type "+cmp.Or(p.kind, "post")+" that are not here", p.metaCount)
			case res.outcome == Created || res.outcome == Updated:
				p.meta.count(report)
			}
		}
		if err := in.storeComments(ctx, p, keys[p.uri], report); err != nil {
			return err
		}
	}
	return nil
}

// stored gives the articles that were imported before.
func (in *wxrImport) stored(ctx context.Context, uris []string) (map[string]*ent.Article, error) {
	found := make(map[string]*ent.Article, len(uris))
	for chunk := range slices.Chunk(uris, 500) {
		rows, err := heldByURI(ctx, in.DB, in.Content, chunk)
		if err != nil {
			return nil, err
		}
		for _, a := range rows {
			found[*a.SourceURI] = a
		}
	}
	return found, nil
}

// nextOfPost gives the draft that a stored one becomes when its post has changed:
// what WordPress does not know stays as it is.
func nextOfPost(old, post content.Draft) content.Draft {
	next := old
	next.Kind, next.Status, next.Visibility, next.TrashedAt = post.Kind, post.Status, post.Visibility, post.TrashedAt
	next.Subtitle, next.Byline, next.Dateline = cmp.Or(post.Subtitle, old.Subtitle), cmp.Or(post.Byline, old.Byline), cmp.Or(post.Dateline, old.Dateline)
	next.Title, next.Excerpt, next.Slug, next.Language = post.Title, post.Excerpt, cmp.Or(post.Slug, old.Slug), post.Language
	next.Body, next.SEO, next.Custom, next.Source = post.Body, post.SEO, post.Custom, post.Source
	next.PublishedAt, next.UpdatedAt, next.ScheduledAt, next.CommentPolicy = post.PublishedAt, post.UpdatedAt, post.ScheduledAt, post.CommentPolicy
	next.PrimaryCategory, next.Categories, next.Tags, next.Authors, next.FeaturedMedia =
		post.PrimaryCategory, post.Categories, post.Tags, post.Authors, post.FeaturedMedia
	if next.PublishedAt == nil && next.Status == article.StatusPublished {
		next.PublishedAt = old.PublishedAt
	}
	return next
}

// decideArticle compares a post with what is stored.
func (in *wxrImport) decideArticle(ctx context.Context, p *post, old *ent.Article, res *result) error {
	switch version := p.draft.Source.VersionAt; {
	case old == nil:
		res.outcome = Created
	case old.SourceHash == p.hash:
		res.outcome, res.code = Unchanged, reasonSame
	case version != nil && old.SourceVersionAt != nil && version.Before(*old.SourceVersionAt):
		res.outcome, res.code = Unchanged, reasonOlder
	case old.EditedAt != nil:
		res.outcome, res.code, res.message = Kept, reasonEdited, "was edited here on "+old.EditedAt.UTC().Format(time.RFC3339)
	case old.TrashedAt != nil:
		there, err := in.trashedThere(ctx, old.ID)
		if err != nil {
			return err
		}
		if res.outcome = Updated; !there {
			res.outcome, res.code, res.message = Kept, reasonTrashed, "was put in the trash here"
		}
	default:
		res.outcome = Updated
	}
	return nil
}

// trashedThere reports whether the import itself put an article in the trash,
// as it was there.
func (in *wxrImport) trashedThere(ctx context.Context, id int) (bool, error) {
	detail, err := in.DB.Ent(ctx).ArticleDetail.Query().Where(articledetail.ArticleID(id)).Only(ctx)
	if err != nil {
		return false, fmt.Errorf("read article %d: %w", id, err)
	}
	there, _ := detail.Custom["trashed"].(bool)
	return there, nil
}

// storeArticles writes the posts at the places in open.
func (in *wxrImport) storeArticles(ctx context.Context, posts []*post, open []int, stored map[string]*ent.Article, results []*result, keys map[string]int) error {
	if len(open) == 0 {
		return nil
	}
	refs := map[*oldSite][]wxr.TermRef{}
	for _, i := range open {
		refs[posts[i].site] = append(refs[posts[i].site], posts[i].terms...)
	}
	for s, list := range refs {
		if err := in.ensureRefs(ctx, s, list); err != nil {
			return err
		}
	}
	uris := make([]string, len(open))
	for n, i := range open {
		uris[n] = posts[i].uri
	}
	had, err := loadDrafts(ctx, in.Content, stored, uris)
	if err != nil {
		return err
	}
	drafts := make([]*content.Draft, len(open))
	wanted := make([]string, len(open))
	for n, i := range open {
		p := posts[i]
		d := *p.draft
		d.Body = slices.Clone(d.Body) // Save completes it
		if err := in.connect(ctx, p, &d); err != nil {
			return err
		}
		if old := had[p.uri]; old != nil {
			d = nextOfPost(*old, d)
		}
		drafts[n], wanted[n] = &d, d.Slug
	}
	saved, err := in.Content.Save(ctx, drafts...)
	if err != nil {
		return err
	}
	var redirects []site.Redirect
	var sticky []int
	for n, i := range open {
		p, a := posts[i], saved[n]
		if stuck, _ := p.draft.Custom["sticky"].(bool); stuck && stored[p.uri] == nil { // what is there, editors may have taken off the page
			sticky = append(sticky, a.ID)
		}
		keys[p.uri] = a.ID
		if wanted[n] != "" && a.Slug != wanted[n] {
			results[i].repair(reasonSlugTaken, "another article has the slug %q: numbered", wanted[n])
		}
		before := ""
		if old := stored[p.uri]; old != nil && old.Slug != a.Slug {
			before = permalink.Path(permalink.Article, old.Slug)
		}
		redirects = append(redirects, p.redirects(site.Target{Type: menuitem.TargetTypeArticle, ID: a.ID}, permalink.Path(permalink.Article, a.Slug), before)...)
	}
	if err := in.Picks.AddPicks(ctx, sticky...); err != nil {
		return err
	}
	return in.addRedirects(ctx, redirects)
}

// connect puts the keys of what a post refers to into its draft.
func (in *wxrImport) connect(ctx context.Context, p *post, d *content.Draft) error {
	s := p.site
	for _, t := range p.terms {
		key := s.keys[termKey{t.Domain, decoded(firstOf(t.Slug, t.Name))}]
		switch {
		case key == 0 || !isSubject(t.Domain):
		case t.Domain == "category":
			if len(d.Categories) < maxSections && !slices.Contains(d.Categories, key) {
				d.Categories = append(d.Categories, key)
			}
		case len(d.Tags) < maxTags && !slices.Contains(d.Tags, key):
			d.Tags = append(d.Tags, key)
		}
	}
	if len(d.Categories) > 0 {
		primary := d.Categories[0]
		if key := s.keys[s.termIDs[p.primary]]; p.primary != 0 && slices.Contains(d.Categories, key) {
			primary = key
		}
		d.PrimaryCategory = &primary
		d.Categories = slices.DeleteFunc(d.Categories, func(c int) bool { return c == primary })
	}
	for _, login := range p.authors {
		low := strings.ToLower(login)
		if s.authors[low] == 0 {
			a := authorOf(firstOf(words(login), "?"))
			a.Slug = decoded(login)
			ids, err := in.Taxonomy.EnsureAuthors(ctx, a)
			if err != nil {
				return err
			}
			s.authors[low] = ids[0]
			in.undo = append(in.undo, func() { delete(s.authors, low) })
			if err := in.addRedirects(ctx, s.authorRedirects(login, ids[0])); err != nil {
				return err
			}
		}
		d.Authors = append(d.Authors, s.authors[low])
	}
	if key := s.media[p.meta.thumbnail]; key != 0 && s.kinds[p.meta.thumbnail] == "" {
		d.FeaturedMedia = &key
	}
	return nil
}

func firstOf(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// redirects lead from where a post was to where it is: from its permanent link,
// from those with former slugs, and from its former path here.
func (p *post) redirects(target site.Target, now, before string) []site.Redirect {
	var all []site.Redirect
	add := func(old string) {
		path, ok := permalink.Clean(old)
		if !ok || path == "/" || path == now {
			return
		}
		all = append(all, site.Redirect{Path: old, Target: target})
	}
	if before != "" {
		add(before)
	}
	u, ok := p.site.path(p.link)
	if !ok || p.link == "" || u.RawQuery != "" || strings.Trim(u.Path, "/") == strings.Trim(p.site.base.Path, "/") {
		return all
	}
	add(u.EscapedPath())
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for _, old := range p.oldSlugs {
		parts[len(parts)-1] = old
		add("/" + strings.Join(parts, "/"))
	}
	return all
}

// addRedirects stores redirects and counts those that are new.
func (in *wxrImport) addRedirects(ctx context.Context, all []site.Redirect) error {
	for chunk := range slices.Chunk(all, 500) {
		paths := make([]string, 0, len(chunk))
		valid := make([]site.Redirect, 0, len(chunk))
		for _, r := range chunk {
			if path, ok := permalink.Clean(r.Path); ok && path != "/" {
				paths, valid = append(paths, path), append(valid, r)
			}
		}
		if len(valid) == 0 {
			continue
		}
		known, err := in.DB.Ent(ctx).Redirect.Query().Where(redirect.PathIn(paths...)).Count(ctx)
		if err != nil {
			return fmt.Errorf("look for redirects: %w", err)
		}
		if _, err := in.Site.SaveRedirects(ctx, valid...); err != nil {
			return err
		}
		in.madeRedirects += len(valid) - known
	}
	return nil
}
