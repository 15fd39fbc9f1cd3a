package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// post is one step of the second reading: a post or page with what became of
// its words, or the line that says why there is none.
type post struct {
	item
	site     *oldSite
	kind     string // type and status as they were read
	status   string
	part     int
	leave    bool // nothing to be stored, nothing to be told
	number   int
	name     string
	link     string
	oldSlugs []string
	terms    []wxr.TermRef
	authors  []string // logins, in the order of the by-line
	primary  int      // number of a term
	comments []wxr.Comment

	parent int      // number of the page above
	apart  []string // shortcodes that nobody knows

	draft     *content.Draft // of an article
	page      *site.Page
	entries   []*oldEntry // of a live blog
	isEntry   bool        // the item itself is one
	metaCount int         // of its custom fields
	meta      fields
}

// newPost makes a post or page of an item; nil for what the survey has counted.
func (in *wxrImport) newPost(s *oldSite, it *wxr.Item) *post {
	if it.Type == "attachment" || it.Type == "nav_menu_item" {
		return nil
	}
	p := &post{site: s, kind: it.Type, status: it.Status, number: it.ID, name: it.Name, link: it.Link, part: it.Part, comments: it.Comments}
	p.at = position{it.Index, it.Line, it.Offset}
	p.size = len(it.Content) + 256*len(it.Comments)
	p.metaCount = len(it.Meta)
	p.repairs = damage(it)
	as := in.typeOf(it)
	switch {
	case withinUs[it.Type]:
		p.leave = true
		return p
	case as == wxr.TypeLeaveOut:
		p.leave = true
		return p
	case as == "":
		p.uri = it.GUID
		p.reject(reasonUnknownType, "there is no place for items of the type %q", shorten(it.Type, 60))
		return p
	case it.Status == "auto-draft" || it.Status == "inherit":
		p.leave = true
		return p
	}
	if !p.identify(it) {
		return p
	}
	if it.Part > 0 {
		if as == "post" {
			in.takeLiveComments(p)
		}
		return p
	}
	p.terms, p.parent, p.meta = it.Terms, it.Parent, readFields(it)
	for _, call := range p.meta.apart {
		p.keepApart(call)
	}
	if as == "post" {
		in.takeLiveComments(p)
	}
	if as == wxr.TypeLiveEntry {
		in.toEntry(p, it)
		return p
	}
	title, body := in.words(p, it)
	if as == wxr.TypePage {
		p.toPage(it, title, body)
	} else {
		p.toArticle(it, title, body)
		in.toKind(p, it)
	}
	p.seal()
	return p
}

// identify gives the post its address as an identity. A number that another
// item of the file has leaves the guid.
func (p *post) identify(it *wxr.Item) bool {
	s := p.site
	if it.ID == 0 {
		if p.uri = it.GUID; p.uri == "" {
			p.uri = it.Link
		}
		if p.uri == "" {
			p.reject(reasonNoIdentity, "the item has neither a number nor a guid nor a link")
			return false
		}
		p.repair(reasonNoIdentity, "the item has no number: known by its guid or link")
		return p.take()
	}
	p.uri = s.itemURI(it.ID)
	me := s.hash(it.GUID + "\x00" + it.Link)
	first, twice := s.guids[it.ID]
	switch {
	case !twice && len(s.guids) < maxSeen:
		s.guids[it.ID] = me
	case !twice || it.Part > 0 && first == me:
	case it.GUID == "" || first == me:
		p.reject(reasonDuplicateID, "an earlier item has the number %d and the same guid", it.ID)
		return false
	default:
		p.uri = it.GUID
		p.repair(reasonDuplicateID, "an earlier item has the number %d: known by its guid", it.ID)
		return it.Part > 0 || p.take()
	}
	return true
}

// take makes sure that no other item of the file has the guid.
func (p *post) take() bool {
	key := p.site.hash(p.uri)
	if p.site.taken[key] {
		p.reject(reasonDuplicateID, "an earlier item has the same guid")
		return false
	}
	if len(p.site.taken) < maxSeen {
		p.site.taken[key] = true
	}
	return true
}

// Bounds on the shortcodes that an article keeps apart.
const (
	maxApart      = 200
	maxApartBytes = 64 << 10
)

// convert makes blocks of a body of an item.
func (in *wxrImport) convert(p *post, number int, link, text string, footnotes []wxr.Footnote) []richtext.Block {
	s := p.site
	base := s.base
	if u, ok := s.path(link); ok && link != "" {
		base = u
	}
	blocks, notes := wxr.Convert(text, wxr.BodyOptions{
		Base:      base,
		ByID:      func(number int) string { return mediaName(s.media[number]) },
		ByAddress: func(address string) string { return mediaName(s.fileByAddress(address)) },
		Attached: func(kind string) []int {
			var found []int
			for _, file := range s.attached[number] {
				if is := cmp.Or(s.kinds[file], media.KindImage); strings.EqualFold(string(is), kind) {
					found = append(found, file)
				}
			}
			return found
		},
		Pattern: func(number int) (string, bool) { text, ok := s.patterns[number]; return text, ok },
		Title:   func(number int) string { return s.titles[number] },

		Footnotes: footnotes, Shortcodes: in.opts.Shortcodes, Apart: p.keepApart,
	})
	if p.notes == nil {
		p.notes = richtext.Notes{}
	}
	for name, n := range notes {
		p.notes[name] += n
	}
	return blocks
}

// words reads title and body.
func (in *wxrImport) words(p *post, it *wxr.Item) (title string, body []richtext.Block) {
	body = in.convert(p, it.ID, it.Link, it.Content, p.meta.footnotes)
	if len(it.Content) > richtext.MaxInput {
		p.repair(reasonTooLong, "the body has %d bytes: what is beyond %d is left out", len(it.Content), richtext.MaxInput)
	}
	title = shorten(tidy(richtext.PlainText(it.Title)), 2000)
	if title == "" {
		title = strings.TrimSuffix(richtext.Excerpt(richtext.Text(body), 60), "…")
		if title = tidy(title); title == "" {
			title = fmt.Sprintf("Untitled %d", it.ID)
		}
		p.repair(reasonNoTitle, "no title: called %q", title)
	}
	return title, body
}

// keepApart keeps a shortcode that nobody knows beside the article.
func (p *post) keepApart(call string) {
	size := len(call)
	for _, c := range p.apart {
		size += len(c)
	}
	if len(p.apart) >= maxApart || size > maxApartBytes {
		p.meta.mark("shortcodes beyond the bounds of what is kept apart: left out")
		return
	}
	p.apart = append(p.apart, call)
	p.meta.mark("shortcodes kept apart, in custom.shortcodes")
}

// custom is what an article or page keeps that has no place of its own.
func (p *post) custom() map[string]any {
	c := p.meta.custom()
	if len(p.apart) > 0 {
		c["shortcodes"] = p.apart
	}
	return c
}

func (p *post) toArticle(it *wxr.Item, title string, body []richtext.Block) {
	s := p.site
	d := &content.Draft{
		Title: title, Slug: decoded(it.Name), Language: s.language, Body: body, Excerpt: tidy(richtext.PlainText(it.Excerpt)),
		SEO: p.meta.seo(title, s.title), Custom: p.custom(),
		Subtitle: shorten(words(p.meta.text["subtitle"]), maxShort), Byline: shorten(words(p.meta.text["byline"]), maxShort),
		Dateline: shorten(words(p.meta.text["dateline"]), maxShort),
	}
	if it.Status == "trash" {
		d.Slug = strings.TrimSuffix(d.Slug, "__trashed")
	}
	d.Source = content.Source{URI: p.uri, VersionAt: moment(it.Modified)}
	for _, t := range it.Terms {
		switch t.Domain {
		case "post_format":
			p.format(d, strings.TrimPrefix(t.Slug, "post-format-"))
		case "author":
			if login := strings.TrimPrefix(cmp.Or(t.Name, t.Slug), "cap-"); len(p.authors) < maxAuthors && !slices.Contains(p.authors, login) {
				p.authors = append(p.authors, login)
			}
		case "language":
			d.Language = languageOf(t.Slug, s.language)
		}
	}
	p.tooMany("by-lines", count(it.Terms, func(d string) bool { return d == "author" }), maxAuthors)
	p.tooMany("sections", count(it.Terms, func(d string) bool { return d == "category" }), maxSections)
	p.tooMany("tags", count(it.Terms, func(d string) bool { return d != "category" && isSubject(d) }), maxTags)
	if len(p.authors) == 0 && it.Creator != "" {
		p.authors = []string{it.Creator}
	}
	if len(p.authors) > 1 {
		p.meta.mark("several authors")
	}
	p.primary = p.meta.primary
	p.oldSlugs = p.meta.oldSlugs
	if it.CommentStatus == "closed" {
		d.CommentPolicy = article.CommentPolicyClosed
	}
	if it.Sticky {
		d.Custom["sticky"] = true
		p.meta.mark("sticky: picked for the front page")
	}
	p.draft = d
	p.setStatus(it, d)
}

// count counts the terms of some taxonomies.
func count(terms []wxr.TermRef, which func(domain string) bool) (n int) {
	for _, t := range terms {
		if which(t.Domain) {
			n++
		}
	}
	return n
}

func (p *post) tooMany(what string, n, most int) {
	if n > most {
		p.repair(reasonTooMany, "%d %s: the first %d are kept", n, what, most)
	}
}

// format takes the format of a post, which is a matter of how it is shown.
func (p *post) format(d *content.Draft, format string) {
	switch format {
	case "gallery":
		d.Kind = article.KindGallery
	case "video":
		d.Kind = article.KindVideo
	case "audio":
		d.Kind = article.KindAudio
	default:
		d.Custom["format"] = shorten(format, 40)
	}
	p.meta.mark("format " + shorten(format, 40))
}

// setStatus says what a status of WordPress is here.
func (p *post) setStatus(it *wxr.Item, d *content.Draft) {
	published := it.DateGMT
	if published.IsZero() && it.Status != "draft" && it.Status != "pending" {
		published = it.PubDate
		if published.IsZero() {
			published = it.Date // of a clock that nobody knows
		}
	}
	status := it.Status
	if status == "trash" {
		d.Custom["trashed"] = true
		d.TrashedAt = moment(it.Modified)
		if d.TrashedAt == nil {
			d.TrashedAt = moment(cmp.Or(published, it.Date))
		}
		if d.TrashedAt == nil {
			d.TrashedAt = new(time.Unix(0, 0).UTC())
		}
		status = cmp.Or(it.Get("_wp_trash_meta_status"), "draft")
	}
	switch status {
	case "publish":
		d.Status = article.StatusPublished
	case "private":
		d.Status, d.Visibility = article.StatusPublished, article.VisibilityPrivate
	case "future":
		d.Status, d.ScheduledAt = article.StatusScheduled, moment(published)
	case "pending":
		d.Status = article.StatusInReview
	case "draft", "":
		d.Status = article.StatusDraft
	default:
		d.Status = article.StatusDraft
		d.Custom["status"] = shorten(status, 60)
		p.repair(reasonUnknownStatus, "the status %q is not known: kept as a draft", shorten(status, 60))
	}
	if it.Password != "" {
		d.Visibility = article.VisibilityPrivate
		d.Custom["passwordProtected"] = true
		p.meta.mark("behind a password: hidden")
	}
	if d.Status == article.StatusPublished {
		d.PublishedAt = moment(published)
		if published.IsZero() {
			p.repair(reasonNoDate, "no usable date: published at the moment of the import")
		} else if d.UpdatedAt = d.PublishedAt; it.Modified.After(published) {
			d.UpdatedAt = moment(it.Modified)
		}
	}
}

func (p *post) toPage(it *wxr.Item, title string, body []richtext.Block) {
	s := p.site
	// The same rules as for articles, said of fewer states.
	var d content.Draft
	d.Custom = p.custom()
	p.setStatus(it, &d)
	g := &site.Page{
		Title: title, Language: s.language, Body: body, SEO: p.meta.seo(title, s.title), Custom: d.Custom, Position: max(it.MenuOrder, 0),
		Visibility: page.Visibility(cmp.Or(d.Visibility, article.VisibilityPublic)), TrashedAt: d.TrashedAt, SourceURI: p.uri,
	}
	for _, t := range it.Terms {
		if t.Domain == "language" {
			g.Language = languageOf(t.Slug, s.language)
		}
	}
	switch d.Status {
	case article.StatusPublished:
		g.Status, g.PublishedAt, g.UpdatedAt = page.StatusPublished, d.PublishedAt, d.UpdatedAt
	case article.StatusScheduled:
		g.Status = page.StatusDraft
		p.repair(reasonNoSchedule, "pages are not published by the clock: kept as a draft")
	default:
		g.Status = page.StatusDraft
	}
	if g.Slug = decoded(strings.TrimSuffix(it.Name, "__trashed")); g.Slug == "" {
		g.Slug = slug.Make(title)
	}
	if it.Status == "publish" || it.Status == "private" {
		g.Path = s.pagePath(it.Link)
	}
	p.oldSlugs = p.meta.oldSlugs
	p.page = g
}

// pagePath gives the path of a page as the old site has it, empty where it is
// none that a page can have here.
func (s *oldSite) pagePath(link string) string {
	u, ok := s.path(link)
	if !ok || u.RawQuery != "" {
		return ""
	}
	path, ok := permalink.Clean(strings.TrimPrefix(u.Path, strings.TrimRight(s.base.Path, "/")))
	if path = strings.Trim(path, "/"); !ok || path == "" {
		return ""
	}
	for part := range strings.SplitSeq(path, "/") {
		if !slug.Valid(part) {
			return ""
		}
	}
	return path
}

// seal computes the hash of what was read, by which the next import tells
// whether it has changed. It depends on the files alone, and on no clock.
func (p *post) seal() {
	parent := 0
	if p.page != nil {
		parent = p.parent
	}
	h := sha256.New()
	// These always marshal: texts, numbers and times within four digits of a year.
	_ = json.NewEncoder(h).Encode([]any{p.draft, p.page, parent, p.link, p.oldSlugs, p.terms, p.authors, p.primary, p.site.media[p.meta.thumbnail]})
	p.hash = hex.EncodeToString(h.Sum(nil))
	if p.draft != nil {
		p.draft.Source.Hash = p.hash
	} else {
		p.page.SourceHash = p.hash
	}
}
