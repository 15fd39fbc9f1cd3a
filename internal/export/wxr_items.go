package export

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"html"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// body writes blocks for WordPress, with absolute addresses.
func (e *wxrExport) body(blocks []richtext.Block) string {
	return wxr.Body(blocks, func(mediaID string) int {
		key, err := id.DecodeAs(id.Media, mediaID)
		if err != nil {
			return 0
		}
		return number(files, key)
	}, func(b richtext.Block) string {
		return permalink.AbsoluteHTML(e.base, richtext.PlacedHTML([]richtext.Block{b}))
	})
}

// seo are the fields of the plugin Yoast SEO, which other plugins read too.
func seo(s *schema.SEO) (all []wxr.Meta) {
	if s == nil {
		return nil
	}
	noIndex := ""
	if s.NoIndex {
		noIndex = "1"
	}
	for _, m := range []wxr.Meta{{Key: "_yoast_wpseo_title", Value: s.Title}, {Key: "_yoast_wpseo_metadesc", Value: s.Description}, {Key: "_yoast_wpseo_canonical", Value: s.CanonicalURL},
		{Key: "_yoast_wpseo_meta-robots-noindex", Value: noIndex}} {
		if m.Value != "" {
			all = append(all, m)
		}
	}
	return all
}

func anyList(value any) []any {
	l, _ := value.([]any)
	return l
}

// socialFields are those of Yoast SEO for what previews show.
var socialFields = map[string]string{
	"openGraphTitle": "_yoast_wpseo_opengraph-title", "openGraphDescription": "_yoast_wpseo_opengraph-description", "openGraphImage": "_yoast_wpseo_opengraph-image",
	"twitterTitle": "_yoast_wpseo_twitter-title", "twitterDescription": "_yoast_wpseo_twitter-description", "twitterImage": "_yoast_wpseo_twitter-image",
}

// custom are the fields of another system, as an import from WordPress keeps them.
func (e *wxrExport) custom(fields map[string]any) (all []wxr.Meta) {
	kept, _ := fields["fields"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(kept)) {
		switch value := kept[key].(type) {
		case string:
			all = append(all, wxr.Meta{Key: key, Value: value})
		case []any:
			for _, v := range value {
				all = append(all, wxr.Meta{Key: key, Value: fmt.Sprint(v)})
			}
		}
	}
	for _, call := range anyList(fields["shortcodes"]) {
		all = append(all, wxr.Meta{Key: wxr.ShortcodeField, Value: fmt.Sprint(call)})
	}
	if kicker, _ := fields["kicker"].(string); kicker != "" {
		all = append(all, wxr.Meta{Key: "kicker", Value: kicker})
	}
	social, _ := fields["social"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(social)) {
		if key := socialFields[name]; key != "" {
			all = append(all, wxr.Meta{Key: key, Value: fmt.Sprint(social[name])})
		}
	}
	for key := range fields {
		switch key {
		case "shortcodes", "kicker", "social":
		case "fields", "sticky", "format", "status", "trashed":
		case "passwordProtected":
			e.limit("articles and pages behind a password: as private ones", 1)
		default:
			e.limit("custom fields of another system: left out", 1)
		}
	}
	return all
}

// language adds the language of a thing where it is not that of the site, as the plugin
// Polylang does.
func (e *wxrExport) language(it *wxr.Item, of string) {
	base, _, _ := strings.Cut(of, "-")
	if ours, _, _ := strings.Cut(cmp.Or(e.site.Language, "en"), "-"); of != "" && !strings.EqualFold(base, ours) {
		it.Terms = append(it.Terms, wxr.TermRef{Domain: "language", Slug: strings.ToLower(of), Name: of})
	}
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func (e *wxrExport) pages(ctx context.Context) error {
	return each(func(after int) ([]*ent.Page, error) {
		return e.DB.Ent(ctx).Page.Query().Where(page.IDGT(after)).Order(ent.Asc(page.FieldID)).Limit(batch).All(ctx)
	}, func(p *ent.Page) int { return p.ID }, func(p *ent.Page) error {
		e.wrote("pages")
		it := &wxr.Item{Title: text(p.Title), Link: e.link(permalink.Page, p.Path), Content: e.body(p.Blocks), ID: number(pages, p.ID), MenuOrder: p.Position,
			Date: p.CreatedAt, DateGMT: orZero(p.PublishedAt), Modified: cmp.Or(orZero(p.UpdatedAt), orZero(p.PublishedAt)), Name: name(p.Slug), Status: "draft", Type: "page", CommentStatus: "closed"}
		if p.ParentID != nil {
			it.Parent = number(pages, *p.ParentID)
		}
		if p.Status == page.StatusPublished {
			it.Status = "publish"
			if p.Visibility == page.VisibilityPrivate {
				it.Status = "private"
			}
		}
		e.trash(it, p.TrashedAt)
		e.finish(it, p.Language, seo(p.Seo), p.Custom)
		if p.TranslationGroup != nil {
			e.limit("translations: not joined", 1)
		}
		return e.out.Item(it, nil)
	})
}

// trash puts an item into the trash, from a moment on.
func (e *wxrExport) trash(it *wxr.Item, at *time.Time) {
	if at == nil {
		return
	}
	it.Meta = append(it.Meta, wxr.Meta{Key: "_wp_trash_meta_status", Value: it.Status}, wxr.Meta{Key: "_wp_trash_meta_time", Value: strconv.FormatInt(at.Unix(), 10)})
	it.Status, it.Name, it.Modified = "trash", it.Name+"__trashed", *at
}

// finish fills in what posts and pages have alike.
func (e *wxrExport) finish(it *wxr.Item, language string, fields []wxr.Meta, custom map[string]any) {
	it.GUID = e.base + "/?p=" + strconv.Itoa(it.ID)
	it.Meta = append(append(it.Meta, fields...), e.custom(custom)...)
	e.language(it, language)
	if status, ok := custom["status"].(string); ok && it.Status == "draft" {
		it.Status = status // as the system had it from which it came
	}
}

// statuses are what WordPress has for the statuses of articles, and what is said of
// those that it has not.
var statuses = map[article.Status]struct{ status, limit string }{
	article.StatusPublished: {"publish", ""}, article.StatusScheduled: {"future", ""}, article.StatusInReview: {"pending", ""}, article.StatusDraft: {"draft", ""},
	article.StatusApproved:    {"pending", "approved articles: as articles in review"},
	article.StatusEmbargoed:   {"future", "articles under embargo: as scheduled ones"},
	article.StatusUnpublished: {"draft", "articles that were taken back: as drafts"},
	article.StatusArchived:    {"draft", "articles in the archive: as drafts"},
}

// formats are what WordPress calls kinds of articles.
var formats = map[article.Kind]string{article.KindGallery: "gallery", article.KindVideo: "video", article.KindAudio: "audio"}

func (e *wxrExport) articles(ctx context.Context) error {
	return each(func(after int) ([]*ent.Article, error) {
		rows, err := e.DB.Ent(ctx).Article.Query().Where(article.IDGT(after)).Order(ent.Asc(article.FieldID)).Limit(batch).WithDetail().WithTags(func(q *ent.TagQuery) { q.Order(ent.Asc(tag.FieldID)) }).
			WithCategories(func(q *ent.CategoryQuery) { q.Order(ent.Asc(category.FieldID)) }).WithPrimaryCategory().WithPlaces().WithSeries().
			WithLiveEntries(func(q *ent.LiveEntryQuery) { q.Order(ent.Desc("published_at"), ent.Desc("id")) }).
			WithBylines(func(q *ent.BylineQuery) { q.WithAuthor().Order(ent.Asc("position")) }).All(ctx)
		if err != nil {
			return nil, err
		}
		return rows, e.findOldPaths(ctx, rows)
	}, func(a *ent.Article) int { return a.ID }, func(a *ent.Article) error { return e.article(ctx, a) })
}

func (e *wxrExport) article(ctx context.Context, a *ent.Article) error {
	status, known := statuses[a.Status]
	if !known {
		e.limit("articles that were killed: left out", 1)
		return nil
	}
	e.wrote("articles")
	if status.limit != "" {
		e.limit(status.limit, 1)
	}
	d := a.Edges.Detail
	if d == nil {
		d = &ent.ArticleDetail{}
	}
	it := &wxr.Item{Title: text(a.Title), Link: e.link(permalink.Article, a.Slug), Content: e.body(d.Blocks), Excerpt: text(a.Excerpt), ID: number(articles, a.ID), Date: a.CreatedAt,
		DateGMT: orZero(a.PublishedAt), Modified: cmp.Or(orZero(a.UpdatedAt), orZero(a.PublishedAt)), Name: name(a.Slug), Status: status.status, Type: "post", CommentStatus: "open"}
	switch a.Status {
	case article.StatusPublished:
		if a.Visibility == article.VisibilityPrivate {
			it.Status = "private"
		}
	case article.StatusScheduled:
		it.DateGMT = orZero(a.ScheduledAt)
	case article.StatusEmbargoed:
		if it.DateGMT = orZero(a.EmbargoUntil); it.DateGMT.IsZero() {
			it.Status = "draft"
		}
	default:
		it.DateGMT, it.Modified = time.Time{}, time.Time{}
	}
	custom := d.Custom
	sticky, _ := custom["sticky"].(bool)
	it.Sticky = sticky || e.sticky[a.ID]
	e.trash(it, a.TrashedAt)
	switch a.CommentPolicy {
	case article.CommentPolicyClosed:
		it.CommentStatus = "closed"
	case article.CommentPolicyRegistered:
		e.limit("articles on which accounts alone may comment: open to all", 1)
	}
	e.filed(it, a)
	if a.FeaturedMediaID != nil {
		it.Meta = append(it.Meta, wxr.Meta{Key: "_thumbnail_id", Value: strconv.Itoa(number(files, *a.FeaturedMediaID))})
	}
	e.extra(it, a, d)
	e.oldSlugs(it, a.ID)
	e.finish(it, a.Language, seo(d.Seo), custom)
	return e.out.Item(it, e.comments(ctx, a.ID))
}

// filed adds authors and what an article is filed under.
func (e *wxrExport) filed(it *wxr.Item, a *ent.Article) {
	add := func(domain, slug, called string) {
		it.Terms = append(it.Terms, wxr.TermRef{Domain: domain, Slug: name(slug), Name: text(called)})
	}
	primary := a.Edges.PrimaryCategory
	if primary != nil {
		add("category", primary.Slug, primary.Name)
		it.Meta = append(it.Meta, wxr.Meta{Key: "_yoast_wpseo_primary_category", Value: strconv.Itoa(number(sections, primary.ID))})
	}
	for _, c := range a.Edges.Categories {
		if primary == nil || c.ID != primary.ID {
			add("category", c.Slug, c.Name)
		}
	}
	for _, t := range a.Edges.Tags {
		add(taxonomyOf(t), t.Slug, t.Name)
	}
	for _, p := range a.Edges.Places {
		add(placeTaxonomy, p.Slug, p.Name)
	}
	if x := a.Edges.Series; x != nil {
		add(seriesTaxonomy, x.Slug, x.Name)
	}
	format := formats[a.Kind]
	if custom := a.Edges.Detail; custom != nil && format == "" {
		format, _ = custom.Custom["format"].(string)
	}
	if format != "" {
		add("post_format", "post-format-"+format, format)
	}
	if a.Kind != article.KindArticle && formats[a.Kind] == "" {
		e.limit("articles of the kind "+string(a.Kind)+": as plain posts", 1)
	}
	for i, by := range a.Edges.Bylines {
		if who := by.Edges.Author; who != nil {
			if i == 0 {
				it.Creator = who.Slug
			}
			if len(a.Edges.Bylines) > 1 { // as the plugin Co-Authors Plus has them
				it.Terms = append(it.Terms, wxr.TermRef{Domain: "author", Slug: "cap-" + name(who.Slug), Name: who.Slug})
			}
		}
	}
	if it.Creator == "" {
		e.limit("articles without an author", 1)
	}
}

// extra writes what has no place in WordPress as custom fields and counts what has none
// even there.
func (e *wxrExport) extra(it *wxr.Item, a *ent.Article, d *ent.ArticleDetail) {
	rights := d.Rights
	if rights == nil {
		rights = &schema.Rights{}
	}
	for _, f := range [][2]string{{"subtitle", a.Subtitle}, {"byline", d.Byline}, {"dateline", d.Dateline}, {"editor_note", d.EditorNote}, {"source_name", d.SourceName}, {"source_url", d.SourceURL},
		{"rights_holder", rights.Holder}, {"rights_notice", rights.Notice}, {"usage_terms", rights.UsageTerms}} {
		if f[1] != "" {
			it.Meta = append(it.Meta, wxr.Meta{Key: f[0], Value: f[1]})
			e.limit("as the custom field "+f[0], 1)
		}
	}
	for i, entry := range a.Edges.LiveEntries {
		if i == 0 {
			e.limit("live blogs: their entries stand in the body", 1)
		}
		heading := richtext.Block{Kind: richtext.Heading, Level: 2, HTML: text(strings.TrimSpace(entry.PublishedAt.UTC().Format("2006-01-02 15:04") + " " + entry.Title))}
		it.Content += "\n\n" + e.body(append([]richtext.Block{heading}, entry.Blocks...))
	}
	if a.TranslationGroup != nil {
		e.limit("translations: not joined", 1)
	}
	if a.CorrectedAt != nil {
		e.limit("articles with corrections: the corrections are left out", 1)
	}
}

// maxOldPaths bounds how many addresses an article had before are written.
const maxOldPaths = 50

var oldPathsSQL = store.MaintainBoth(`SELECT o.target_id, o.path FROM (
		SELECT r.target_id, r.path, row_number() OVER (PARTITION BY r.target_id ORDER BY r.path) AS n FROM each_id($1) JOIN redirects r ON r.target_id = each_id.id WHERE r.target_type = 'ARTICLE'
	) AS o WHERE o.n <= $2 ORDER BY o.target_id, o.path`)

// findOldPaths reads the paths from which redirects lead to articles.
func (e *wxrExport) findOldPaths(ctx context.Context, articles []*ent.Article) error {
	keys := make([]int, len(articles))
	for i, a := range articles {
		keys[i] = a.ID
	}
	e.oldPaths = map[int][]string{}
	_, err := store.Collect(ctx, e.DB, oldPathsSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var key int
		var old string
		err = rows.Scan(&key, &old)
		e.oldPaths[key] = append(e.oldPaths[key], old)
		return none, err
	}, e.DB.IDs(keys), maxOldPaths)
	if err != nil {
		return fmt.Errorf("read old addresses: %w", err)
	}
	return nil
}

// oldSlugs adds the addresses that an article had before.
func (e *wxrExport) oldSlugs(it *wxr.Item, key int) {
	for _, p := range e.oldPaths[key] {
		if of, slug := permalink.Parse(p); of == permalink.Article {
			it.Meta = append(it.Meta, wxr.Meta{Key: "_wp_old_slug", Value: name(slug)})
		}
	}
}

// approved is what WordPress has for the statuses of comments.
var approved = map[entcomment.Status]string{entcomment.StatusApproved: "1", entcomment.StatusPending: "0", entcomment.StatusSpam: "spam", entcomment.StatusTrash: "trash"}

// comments gives those of an article in the order of their keys: what is replied to comes
// before the reply.
func (e *wxrExport) comments(ctx context.Context, articleID int) iter.Seq2[wxr.Comment, error] {
	return func(yield func(wxr.Comment, error) bool) {
		stop := errors.New("stopped")
		err := each(func(after int) ([]*ent.Comment, error) {
			return e.DB.Ent(ctx).Comment.Query().Where(entcomment.ArticleID(articleID), entcomment.IDGT(after)).WithUser().Order(ent.Asc(entcomment.FieldID)).Limit(batch).All(ctx)
		}, func(c *ent.Comment) int { return c.ID }, func(c *ent.Comment) error {
			if c.RemovedAt != nil || c.Body == "" {
				e.limit("comments that were removed: left out, replies to them stand at the top", 1)
				return nil
			}
			status, known := approved[c.Status]
			if !known {
				status = "trash"
				e.limit("comments with the status "+string(c.Status)+": in the trash", 1)
			}
			e.wrote("comments")
			out := wxr.Comment{ID: c.ID, Author: text(comment.AuthorName(c)), Email: c.GuestEmail, Content: remark(c.Body), Approved: status, Type: strings.ToLower(string(c.Kind)), Date: c.PostedAt}
			if c.ParentID != nil {
				out.Parent = *c.ParentID
			}
			if u := c.Edges.User; u != nil {
				out.Email = u.Email
				e.limit("comments of accounts: as those of guests", 1)
			}
			if !yield(out, nil) {
				return stop
			}
			return nil
		})
		if err != nil && !errors.Is(err, stop) {
			yield(wxr.Comment{}, err)
		}
	}
}

// spaced is text whose spaces HTML would not keep.
var spaced = regexp.MustCompile(`[\t ]{2}|\t|\n |\n{3}`)

// remark writes the plain text of a comment as HTML.
func remark(body string) string {
	if spaced.MatchString(body) {
		return "<pre>" + html.EscapeString(body) + "</pre>"
	}
	return html.EscapeString(body)
}
