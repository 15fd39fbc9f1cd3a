package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// maxEntryBytes bounds the entries of live blogs that are held until all items are read.
const maxEntryBytes = 64 << 20

// liveComments is the type of comments that the plugin Liveblog keeps its entries as.
const liveComments = "liveblog"

// oldEntry is an entry of a live blog, known by the address of its item or comment.
type oldEntry struct {
	uri, title, hash string
	blog             int // number of the post
	body             []richtext.Block
	at               time.Time
	size             int
}

// blogOf gives the number of the live blog that an item is an entry of.
func (in *wxrImport) blogOf(it *wxr.Item) int {
	if key := in.opts.Types[it.Type].Parent; key != "" {
		n, _ := strconv.Atoi(strings.TrimSpace(it.Get(key))) // 0 where it is none
		return n
	}
	return it.Parent
}

func (e *oldEntry) seal() {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{e.title, e.blog, e.body, e.at}) // texts always marshal
	e.hash = hex.EncodeToString(h.Sum(nil))
}

// toEntry makes an entry of an item.
func (in *wxrImport) toEntry(p *post, it *wxr.Item) {
	blog := in.blogOf(it)
	if _, there := p.site.firsts[blog]; !there {
		p.reject(reasonNoParent, "an entry of the live blog number %d, which is not there", blog)
		return
	}
	if it.Status != "publish" {
		p.reject(reasonUnknownStatus, "an entry of a live blog with the status %q: only those that are published have a place", shorten(it.Status, 60))
		return
	}
	if it.Password != "" {
		p.reject(reasonUnknownStatus, "an entry of a live blog behind a password, which entries cannot have")
		return
	}
	e := &oldEntry{uri: p.uri, blog: blog, title: shorten(words(it.Title), maxShort), body: in.convert(p, it.ID, it.Link, it.Content, p.meta.footnotes), at: cmp.Or(it.DateGMT, it.PubDate, it.Date), size: len(it.Content)}
	if len(e.body) == 0 && e.title == "" {
		p.reject(reasonNoText, "an entry of a live blog without words")
		return
	}
	e.seal()
	p.entries, p.isEntry = []*oldEntry{e}, true
}

// takeLiveComments takes the entries that the plugin Liveblog keeps as comments. It keeps
// an edit as a further comment, whose text takes the place of the first; the edit itself
// is left out.
func (in *wxrImport) takeLiveComments(p *post) {
	rest := p.comments[:0:0]
	entries := map[int]*oldEntry{}
	for _, c := range p.comments {
		body := strings.TrimSpace(c.Content)
		if c.Type != liveComments || c.ID == 0 || body == "" || c.Approved == "trash" || c.Approved == "spam" {
			rest = append(rest, c)
			continue
		}
		blocks := in.convert(p, p.number, p.link, c.Content, nil)
		if edited := entries[c.Replaces]; edited != nil {
			edited.body = blocks
			rest = append(rest, c)
			continue
		}
		e := &oldEntry{uri: p.commentURI(c.ID), blog: p.number, body: blocks, at: c.Date, size: len(c.Content)}
		entries[c.ID] = e
		p.entries = append(p.entries, e)
	}
	for _, e := range p.entries {
		e.seal()
	}
	p.comments = rest
}

// keepEntries holds the entries of a post that are new or changed, until all items are read, and gives
// what becomes of each.
func (in *wxrImport) keepEntries(ctx context.Context, p *post, res *result, report *WXRReport) error {
	if len(p.entries) == 0 {
		return nil
	}
	var uris []string
	for _, e := range p.entries {
		uris = append(uris, e.uri)
	}
	seen, err := sources(ctx, in.DB, uris)
	if err != nil {
		return err
	}
	s := p.site
	edited, err := in.editedBlogs(ctx, p)
	if err != nil {
		return err
	}
	for _, e := range p.entries {
		outcome, code, message := Created, "", ""
		switch known, there := seen[e.uri]; {
		case p.refusal != nil || p.leave:
			outcome = leftOut
		case edited[e.blog] && known.hash != e.hash:
			outcome, code, message = Kept, reasonEdited, "its live blog was edited here"
		case there && known.hash == e.hash:
			outcome, code = Unchanged, reasonSame
		case s.entryBytes+e.size > maxEntryBytes:
			outcome, code, message = Rejected, reasonTooMany, fmt.Sprintf("the entries of live blogs have more than %d bytes", maxEntryBytes)
		case there:
			outcome = Updated
		}
		if p.isEntry {
			res.outcome, res.code, res.message = outcome, code, message
		} else {
			tally(&report.Comments, liveComments, "approved").add(outcome, false)
		}
		if outcome != Created && outcome != Updated {
			continue
		}
		s.entryBytes += e.size
		s.blogs[e.blog] = append(s.blogs[e.blog], e)
		in.undo = append(in.undo, func() {
			s.entryBytes -= e.size
			s.blogs[e.blog] = slices.DeleteFunc(s.blogs[e.blog], func(other *oldEntry) bool { return other == e })
		})
	}
	return nil
}

// editedBlogs gives the live blogs of a post's entries that were edited here.
func (in *wxrImport) editedBlogs(ctx context.Context, p *post) (map[int]bool, error) {
	blogs := map[string]int{}
	for _, e := range p.entries {
		blogs[p.site.itemURI(e.blog)] = e.blog
	}
	stored, err := in.stored(ctx, slices.Sorted(maps.Keys(blogs)))
	if err != nil {
		return nil, err
	}
	edited := map[int]bool{}
	for uri, a := range stored {
		edited[blogs[uri]] = a.EditedAt != nil
	}
	return edited, nil
}

// storeEntries puts the entries into their live blogs.
func (in *wxrImport) storeEntries(ctx context.Context, s *oldSite) error {
	for _, blog := range slices.Sorted(maps.Keys(s.blogs)) {
		if len(s.blogs[blog]) == 0 {
			continue
		}
		if err := in.DB.Tx(content.DeferRelated(ctx), func(ctx context.Context) error { return in.storeBlog(ctx, s, blog) }); err != nil {
			return err
		}
	}
	return nil
}

func (in *wxrImport) storeBlog(ctx context.Context, s *oldSite, blog int) error {
	uri := s.itemURI(blog)
	if err := in.Content.ShareTaxonomy(ctx); err != nil {
		return err
	}
	stored, err := in.stored(ctx, []string{uri})
	if err != nil {
		return err
	}
	old := stored[uri]
	if old == nil || old.EditedAt != nil {
		why, code := "is not here", reasonNoParent
		if old != nil {
			why, code = "was edited here", reasonEdited
		}
		in.report.note(position{}, code, uri, "%d entries of the live blog were left out: it %s", len(s.blogs[blog]), why)
		return nil
	}
	drafts, err := loadDrafts(ctx, in.Content, stored, []string{uri})
	if err != nil {
		return err
	}
	d := drafts[uri]
	d.Kind = article.KindLiveBlog
	had := map[int]bool{}
	for _, e := range d.Entries {
		had[e.ID] = true
	}
	var uris []string
	for _, e := range s.blogs[blog] {
		uris = append(uris, e.uri)
	}
	seen, err := sources(ctx, in.DB, uris)
	if err != nil {
		return err
	}
	for _, e := range s.blogs[blog] {
		next := content.Entry{Title: e.title, Body: slices.Clone(e.body), PublishedAt: e.at}
		if next.PublishedAt.IsZero() && d.PublishedAt != nil {
			next.PublishedAt = *d.PublishedAt
		}
		e.at = next.PublishedAt
		if i := slices.IndexFunc(d.Entries, func(x content.Entry) bool { return x.ID != 0 && x.ID == seen[e.uri].version }); i >= 0 {
			next.ID, next.Key, next.Pinned = d.Entries[i].ID, d.Entries[i].Key, d.Entries[i].Pinned
			d.Entries[i] = next
			continue
		}
		d.Entries = append(d.Entries, next)
	}
	if _, err := in.Content.Save(ctx, d); err != nil {
		return fmt.Errorf("store the entries of %s: %w", uri, err)
	}
	rows, err := in.DB.Ent(ctx).LiveEntry.Query().Where(liveentry.ArticleID(old.ID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the entries of %s: %w", uri, err)
	}
	for _, e := range s.blogs[blog] {
		key := seen[e.uri].version
		if !had[key] {
			key = 0
			for _, row := range rows {
				if !had[row.ID] && row.Title == e.title && row.PublishedAt.Equal(e.at) {
					key, had[row.ID] = row.ID, true
					break
				}
			}
		}
		if err := saveSource(ctx, in.DB, e.uri, lastSeen{hash: e.hash, version: key}); err != nil {
			return err
		}
	}
	return nil
}
