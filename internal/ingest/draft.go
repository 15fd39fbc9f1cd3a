package ingest

import (
	"cmp"
	"context"
	"html"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// settle makes the draft of a story at a moment: what the story's dates mean
// depends on the clock. The keys are still missing. old is the draft of the
// article that it becomes the next version of, nil for a new one: what the source
// does not decide stays as it is there.
//
// A withheld story is a draft, a canceled one killed. One that has expired is
// unpublished; one under embargo is embargoed, and the server publishes it
// when its minute has come. Everything else is published, at the moment the
// source made it public or its embargo ended, whichever is later; a moment in
// the future or none at all is the moment of the import.
func settle(it *item, old *content.Draft, now time.Time) (*content.Draft, error) {
	s := it.story
	d := &content.Draft{Slug: cmp.Or(s.Slug, slug.Make(s.Title))}
	if old != nil {
		*d = *old
	}
	d.Kind, d.Title, d.Subtitle, d.Excerpt, d.Language = s.Kind, s.Title, s.Subtitle, s.Excerpt, s.Language
	d.Body, d.Byline, d.Dateline, d.Rights, d.Custom = slices.Clone(s.Body), s.Byline, s.Dateline, s.Rights, s.Custom
	if s.Wordless && old != nil {
		d.Title, d.Subtitle, d.Excerpt, d.Body, d.Byline, d.Dateline = old.Title, old.Subtitle, old.Excerpt, old.Body, old.Byline, old.Dateline
	}
	d.Source = content.Source{URI: s.URI, Name: s.SourceName, URL: s.SourceURL, VersionAt: moment(s.VersionAt), Hash: it.hash}
	d.PublishedAt, d.UpdatedAt, d.ScheduledAt, d.EmbargoUntil, d.UnpublishAt = nil, nil, nil, nil, nil
	d.PrimaryCategory, d.FeaturedMedia = nil, nil // see ensureNames and placeMedia, and for the lists
	published := s.PublishedAt
	if s.EmbargoUntil.After(published) {
		published = s.EmbargoUntil
	}
	switch {
	case s.Hold == withheld:
		d.Status = article.StatusDraft
	case s.Hold == canceled:
		d.Status = article.StatusKilled
		d.PublishedAt = moment(s.PublishedAt)
	case !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(now):
		d.Status = article.StatusUnpublished
		d.PublishedAt = moment(published)
	case s.EmbargoUntil.After(now):
		d.Status = article.StatusEmbargoed
		d.EmbargoUntil, d.PublishedAt, d.UnpublishAt = moment(s.EmbargoUntil), moment(published), moment(s.ExpiresAt)
	default:
		d.Status = article.StatusPublished
		d.PublishedAt, d.UnpublishAt = moment(published), moment(s.ExpiresAt)
		switch {
		case published.After(now):
			it.repair(reasonFuture, "dated %s, in the future: published at the moment of the import", published.Format(time.RFC3339))
			d.PublishedAt = &now
		case published.IsZero() && (old == nil || old.PublishedAt == nil):
			it.repair(reasonNoDate, "no usable date: published at the moment of the import")
			d.PublishedAt = &now
		}
		d.UpdatedAt = d.PublishedAt
		switch {
		case s.VersionAt.IsZero() && old != nil:
			d.UpdatedAt = &now
		case s.VersionAt.After(published) && !s.VersionAt.After(now):
			d.UpdatedAt = moment(s.VersionAt)
		}
	}
	if old != nil && d.PublishedAt == nil && d.Status != article.StatusDraft {
		d.PublishedAt = old.PublishedAt
	}
	it.story = s.shown(it, now)
	return d, nil
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// shown is the story without the media that must not be shown now.
func (s *story) shown(it *item, now time.Time) *story {
	may := *s
	may.Media = nil
	for _, m := range s.Media {
		if m.EmbargoUntil.After(now) || !m.ExpiresAt.IsZero() && !m.ExpiresAt.After(now) {
			it.repair(reasonMediaHeld, "%s is under embargo or has expired: left out", m.URI)
			continue
		}
		may.Media = append(may.Media, m)
	}
	return &may
}

// ensureNames puts the keys of sections, tags, places and authors into drafts,
// all of a batch by one call each.
func (w *writer) ensureNames(ctx context.Context, items []*item, drafts []*content.Draft) error {
	var sections [][]string
	var tags []taxonomy.Tag
	var places []taxonomy.Place
	var authors []taxonomy.Author
	for _, it := range items {
		sections = append(sections, it.story.Sections...)
		tags = append(tags, it.story.Tags...)
		places = append(places, it.story.Places...)
		authors = append(authors, it.story.Authors...)
	}
	sectionIDs, err := w.Taxonomy.EnsurePaths(ctx, sections...)
	if err != nil {
		return err
	}
	tagIDs, err := w.Taxonomy.EnsureTags(ctx, tags...)
	if err != nil {
		return err
	}
	placeIDs, err := w.Taxonomy.EnsurePlaces(ctx, places...)
	if err != nil {
		return err
	}
	authorIDs, err := w.Taxonomy.EnsureAuthors(ctx, authors...)
	if err != nil {
		return err
	}
	for i, it := range items {
		d := drafts[i]
		d.Categories = take(&sectionIDs, len(it.story.Sections))
		d.Tags = take(&tagIDs, len(it.story.Tags))
		d.Places = take(&placeIDs, len(it.story.Places))
		d.Authors = take(&authorIDs, len(it.story.Authors))
		if len(d.Categories) > 0 {
			primary := d.Categories[0]
			d.PrimaryCategory = &primary
			d.Categories = slices.DeleteFunc(d.Categories, func(c int) bool { return c == primary })
		}
	}
	return nil
}

// take cuts the first n keys off a list.
func take(ids *[]int, n int) []int {
	first := (*ids)[:n:n]
	*ids = (*ids)[n:]
	return first
}

// placeMedia gives a draft its featured picture and puts films, sounds and the
// other pictures into its body: a film or sound before the text, pictures
// after it.
func placeMedia(s *story, d *content.Draft, keys map[string]int) {
	featured := slices.IndexFunc(s.Media, func(m medium) bool { return m.Featured && m.Kind == media.KindImage })
	if featured < 0 {
		featured = slices.IndexFunc(s.Media, func(m medium) bool { return m.Kind == media.KindImage })
	}
	var before, after []richtext.Block
	var pictures []richtext.Image
	for i, m := range s.Media {
		key := keys[m.URI]
		if i == featured {
			d.FeaturedMedia = &key
		}
		name := id.Encode(id.Media, key)
		caption, credit := html.EscapeString(m.Caption), html.EscapeString(m.Credit)
		switch {
		case m.Apart:
		case m.Kind == media.KindVideo:
			before = append(before, richtext.Block{Kind: richtext.Video, MediaID: name, Caption: caption, Credit: credit, Poster: m.Poster})
		case m.Kind == media.KindAudio:
			before = append(before, richtext.Block{Kind: richtext.Audio, MediaID: name, Caption: caption, Credit: credit})
		case m.Kind == media.KindImage && (i != featured || s.Kind == article.KindGallery):
			pictures = append(pictures, richtext.Image{MediaID: name, Alt: m.Alt, Caption: caption, Credit: credit})
		}
	}
	switch {
	case len(pictures) == 1 && s.Kind != article.KindGallery:
		p := pictures[0]
		after = append(after, richtext.Block{Kind: richtext.Picture, MediaID: p.MediaID, Alt: p.Alt, Caption: p.Caption, Credit: p.Credit})
	case len(pictures) > 0:
		after = append(after, richtext.Block{Kind: richtext.Gallery, Images: pictures})
	}
	d.Body = slices.Concat(before, d.Body, after)
}
