package demo

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// loadArticles writes the stories in two calls: first those that others are
// translations of, whose keys name the groups, then all others and, once more,
// the first ones as members of their own groups.
func (l *loader) loadArticles(ctx context.Context) error {
	positions := l.seriesPositions()
	drafts := make([]*content.Draft, len(l.news.Articles))
	original := map[string]int{} // by key: the place of the article that the others translate
	translated := map[string]bool{}
	for i := range l.news.Articles {
		a := &l.news.Articles[i]
		drafts[i] = l.draft(a)
		if n, ok := positions[a.Ref()]; ok {
			drafts[i].SeriesPosition = &n
		}
		first, seen := original[a.Key]
		if seen {
			translated[a.Key] = true
		}
		if !seen || a.Language == mainLanguage && l.news.Articles[first].Language != mainLanguage {
			original[a.Key] = i
		}
	}
	var groups []string
	var firsts []*content.Draft
	for _, a := range l.news.Articles {
		if translated[a.Key] && !slices.Contains(groups, a.Key) {
			groups, firsts = append(groups, a.Key), append(firsts, drafts[original[a.Key]])
		}
	}
	saved, err := l.Content.Save(ctx, firsts...)
	if err != nil {
		return err
	}
	for i, row := range saved {
		firsts[i].ID = row.ID
		for n := range drafts {
			if l.news.Articles[n].Key == groups[i] {
				drafts[n].TranslationGroup = &row.ID
			}
		}
	}
	if saved, err = l.Content.Save(ctx, drafts...); err != nil {
		return err
	}
	l.articles = make(map[string]int, len(saved))
	for i, row := range saved {
		l.articles[l.news.Articles[i].Ref()] = row.ID
	}
	return nil
}

// seriesPositions numbers the parts of each series in each language, the oldest
// first.
func (l *loader) seriesPositions() map[string]int {
	parts := map[[2]string][]*newsroom.Article{}
	for i := range l.news.Articles {
		if a := &l.news.Articles[i]; a.Series != "" {
			in := [2]string{a.Series, a.Language}
			parts[in] = append(parts[in], a)
		}
	}
	positions := map[string]int{}
	for _, list := range parts {
		slices.SortFunc(list, func(a, b *newsroom.Article) int { return cmp.Compare(b.Age, a.Age) })
		for i, a := range list {
			positions[a.Ref()] = i + 1
		}
	}
	return positions
}

func (l *loader) draft(a *newsroom.Article) *content.Draft {
	d := &content.Draft{
		Kind: article.Kind(a.Kind), Status: article.Status(a.Status), Language: a.Language,
		Title: a.Title, Slug: a.Slug, Excerpt: a.Excerpt, Body: l.body(a),
		Source:          content.Source{Name: a.Source},
		CommentPolicy:   policies[a.Comments],
		PrimaryCategory: new(l.categories[a.Category]),
		Categories:      keys(l.categories, a.Categories), Tags: keys(l.tags, a.Tags), Places: keys(l.places, a.Places), Authors: keys(l.authors, a.Authors),
		FeaturedMedia: new(l.media[mediaKey{a.Image, a.Language}]),
	}
	if a.Series != "" {
		d.Series = new(l.series[a.Series])
	}
	if a.SEO != (newsroom.SEO{}) {
		d.SEO = &schema.SEO{Title: a.SEO.Title, Description: a.SEO.Description, NoIndex: a.SEO.NoIndex}
	}
	l.date(a, d)
	for _, e := range a.Entries {
		body, _ := richtext.FromMarkdown(e.Body, richtext.Options{})
		d.Entries = append(d.Entries, content.Entry{Title: e.Title, Body: body, PublishedAt: *l.at(e.Age), Key: e.Key, Pinned: e.Pinned})
	}
	custom := map[string]any{}
	for what, is := range map[string]bool{"breaking": a.Breaking, "pick": a.Pick} {
		if is {
			custom[what] = true
		}
	}
	if a.Stream.Duration > 0 {
		custom["durationSeconds"] = int(a.Stream.Duration.Seconds())
	}
	if len(custom) > 0 {
		d.Custom = custom
	}
	return d
}

// policies are the site's words for who may comment. A moderator reads every
// comment of a registered reader first.
var policies = map[string]article.CommentPolicy{
	"OPEN": article.CommentPolicyOpen, "PREMODERATED": article.CommentPolicyRegistered, "CLOSED": article.CommentPolicyClosed,
}

// date gives a draft its moments. What waits for its minute has no moment of
// publication yet.
func (l *loader) date(a *newsroom.Article, d *content.Draft) {
	switch {
	case a.Status == newsroom.StatusScheduled:
		d.ScheduledAt = l.at(a.Age)
	case a.Embargo < 0:
		d.Status, d.EmbargoUntil = article.StatusEmbargoed, l.at(a.Embargo)
	case a.Status != newsroom.StatusDraft:
		d.PublishedAt = l.at(a.Age)
		if a.Updated != 0 {
			d.UpdatedAt = l.at(a.Updated)
		}
		if a.Embargo > 0 {
			d.EmbargoUntil = l.at(a.Embargo)
		}
	}
}

// body makes the blocks of an article: its recording or its pictures, as far
// as it has any, around the words.
func (l *loader) body(a *newsroom.Article) []richtext.Block {
	body := l.blocks(a.Body, a.Language)
	if a.Stream.URL != "" {
		recording := richtext.Block{Kind: richtext.Audio, URL: a.Stream.URL}
		if a.Kind == newsroom.KindVideo {
			recording.Kind = richtext.Video
		}
		body = slices.Insert(body, 0, recording)
	}
	if len(a.Gallery) > 0 {
		gallery := richtext.Block{Kind: richtext.Gallery}
		for _, f := range a.Gallery {
			gallery.Images = append(gallery.Images, richtext.Image{
				MediaID: id.Encode(id.Media, l.media[mediaKey{f.Image, a.Language}]), Caption: html.EscapeString(f.Caption),
			})
		}
		body = append(body, gallery)
	}
	return body
}

// mediaPath stands before the key of a picture while Markdown becomes blocks,
// for a scheme of our own would not pass.
const mediaPath = "/demo-media/"

// blocks turns Markdown into blocks; pictures written media:KEY name the media
// items of the language.
func (l *loader) blocks(markdown, language string) []richtext.Block {
	body, _ := richtext.FromMarkdown(strings.ReplaceAll(markdown, "](media:", "]("+mediaPath), richtext.Options{})
	for i := range body {
		if key, ok := strings.CutPrefix(body[i].URL, mediaPath); ok && body[i].Kind == richtext.Picture {
			body[i].MediaID, body[i].URL = id.Encode(id.Media, l.media[mediaKey{key, language}]), ""
		}
	}
	return body
}

// keys looks several names up.
func keys(ids map[string]int, names []string) []int {
	found := make([]int, len(names))
	for i, name := range names {
		found[i] = ids[name]
	}
	return found
}

func (l *loader) loadComments(ctx context.Context) error {
	var drafts []*comment.Draft
	var add func(article int, parent *comment.Draft, comments []newsroom.Comment)
	add = func(article int, parent *comment.Draft, comments []newsroom.Comment) {
		for _, c := range comments {
			d := &comment.Draft{
				ArticleID: article, Parent: parent, GuestName: c.Guest, GuestEmail: c.Email, Body: strings.TrimSpace(c.Body),
				Status: entcomment.Status(c.Status), PostedAt: *l.at(c.Age),
			}
			if c.User != "" {
				d.UserID = new(l.users[c.User])
			}
			drafts = append(drafts, d)
			add(article, d, c.Replies)
		}
	}
	for _, t := range l.news.Comments {
		article, ok := l.articles[t.Article]
		if !ok {
			return fmt.Errorf("no article %q", t.Article)
		}
		add(article, nil, t.Comments)
	}
	_, err := l.Comments.Save(ctx, drafts...)
	return err
}
