package seed

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// story is a run of articles about one subject.
type story struct {
	number   int
	*subject // in its language
	language string
	section  leaf
	beside   *int // another section
	places   []int
	tags     []int
	authors  []int
	series   *int
	parts    int  // articles of it so far, for their places in the series
	left     int  // articles still to come
	media    *int // its picture, once it is stored
}

// generator makes articles one after another, by one run of chance, so that
// the same seed gives the same newsroom however it is stored.
type generator struct {
	r      *rand.Rand
	world  *world
	total  int
	made   int
	from   time.Time
	span   time.Duration
	active []*story
	count  int // of stories

	tag, author, town, length, crowd *rand.Zipf
}

// activeStories is how many stories a newsroom follows at a time.
const activeStories = 30

// years is the age of the archive.
const years = 10

func newGenerator(seed uint64, total int, w *world, until time.Time) *generator {
	r := rand.New(rand.NewPCG(seed, 0x6272_6f61_6473_6865)) // the same seed shall give the same newsroom
	from := until.AddDate(-years, 0, 0)
	return &generator{
		r: r, world: w, total: total, from: from, span: until.Sub(from),
		tag:    rand.NewZipf(r, 1.1, 4, uint64(len(w.tags)-1)),
		author: rand.NewZipf(r, 1.1, 8, uint64(len(w.authors)-1)),
		town:   rand.NewZipf(r, 1.2, 6, uint64(len(w.towns)-1)),
		length: rand.NewZipf(r, 1.4, 2, 30),
		crowd:  rand.NewZipf(r, 2.1, 1, 250),
	}
}

func (g *generator) newStory() *story {
	r, w := g.r, g.world
	at, other := w.towns[g.town.Uint64()], pick(r, w.towns)
	s := &story{number: g.count, language: "en", section: pick(r, w.leaves), places: []int{at.id, at.countryID}, left: 1 + int(g.length.Uint64())} // at most 31
	g.count++
	if r.IntN(5) == 0 {
		s.language = "ar"
	}
	s.subject = newSubject(r, s.language, s.section.topic, at, other)
	if r.IntN(6) == 0 {
		if beside := pick(r, w.leaves); beside.id != s.section.id {
			s.beside = &beside.id
		}
	}
	if r.IntN(3) == 0 && other.countryID != at.countryID {
		s.places = append(s.places, other.countryID)
	}
	for range 2 + r.IntN(2) {
		s.tags = add(s.tags, w.tags[g.tag.Uint64()])
	}
	for range 1 + r.IntN(3) {
		s.authors = add(s.authors, w.authors[g.author.Uint64()])
	}
	if r.IntN(16) == 0 {
		series := pick(r, w.series)
		s.series = &series
	}
	return s
}

// add adds a key that is not there yet.
func add(ids []int, id int) []int {
	for _, have := range ids {
		if have == id {
			return ids
		}
	}
	return append(ids, id)
}

// written is one article with the comments below it.
type written struct {
	*content.Draft
	story    *story
	comments []remark
}

// next gives the next article, nil after the last one.
func (g *generator) next() *written {
	if g.made == g.total {
		return nil
	}
	for len(g.active) < activeStories {
		g.active = append(g.active, g.newStory())
	}
	n := g.r.IntN(len(g.active))
	s := g.active[n]
	step := g.span / time.Duration(g.total)
	at := g.from.Add(time.Duration(g.made)*step + time.Duration(g.r.Int64N(int64(max(step, 1))))).Truncate(time.Second)
	a := g.write(s, at)
	g.made++
	if s.left--; s.left == 0 {
		g.active[n] = g.newStory()
	}
	return a
}

// write makes an article of a story.
func (g *generator) write(s *story, at time.Time) *written {
	r, t := g.r, s.teller(g.r)
	d := &content.Draft{
		Kind: kinds.pick(r), Status: article.StatusPublished, Language: s.language,
		Title: t.fill(pick(r, s.words.headlines)), Excerpt: t.fill(pick(r, s.words.decks)),
		PublishedAt: &at, PrimaryCategory: &s.section.id, Places: s.places, Series: s.series,
	}
	if s.section.topic == "opinion" {
		d.Kind = article.KindOpinion
	}
	if r.IntN(8) == 0 {
		d.Subtitle = t.fill(pick(r, s.words.decks))
	}
	if r.IntN(5) == 0 {
		d.UpdatedAt = new(at.Add(time.Duration(1+r.IntN(72)) * 10 * time.Minute))
	}
	if s.beside != nil {
		d.Categories = []int{*s.beside}
	}
	if s.series != nil {
		s.parts++
		d.SeriesPosition = new(s.parts)
	}
	d.Tags = append(d.Tags, s.tags...)
	for range r.IntN(3) {
		d.Tags = add(d.Tags, g.world.tags[g.tag.Uint64()])
	}
	d.Authors = s.authors[:1+r.IntN(len(s.authors))]
	if r.IntN(10) == 0 {
		d.Authors = []int{pick(r, g.world.desks)}
	}
	d.Body = g.body(s, t)
	switch d.Kind {
	case article.KindLiveBlog:
		for n := range 3 + r.IntN(8) {
			d.Entries = append(d.Entries, content.Entry{
				Title: t.fill(pick(r, s.words.listItems)), Body: []richtext.Block{{Kind: richtext.Paragraph, HTML: t.paragraph(1 + r.IntN(2))}},
				PublishedAt: at.Add(time.Duration(n*11) * time.Minute), Key: r.IntN(4) == 0, Pinned: n == 1,
			})
		}
	case article.KindVideo, article.KindAudio:
		kind, ending := richtext.Video, "mp4"
		if d.Kind == article.KindAudio {
			kind, ending = richtext.Audio, "mp3"
		}
		d.Body = append([]richtext.Block{{Kind: kind, URL: fmt.Sprintf("https://example.org/recordings/%d.%s", g.made, ending)}}, d.Body...)
	case article.KindGallery:
		gallery := richtext.Block{Kind: richtext.Gallery}
		for n := range 3 + r.IntN(5) {
			gallery.Images = append(gallery.Images, richtext.Image{
				URL: fmt.Sprintf("https://example.org/pictures/%d-%d.jpg", s.number, n), Alt: t.fill(pick(r, s.words.headlines)), Width: 1600, Height: 900,
			})
		}
		d.Body = append(d.Body, gallery)
	case article.KindPressRelease:
		d.Source.Name = capital(s.fixed["org"])
		d.CommentPolicy = article.CommentPolicyClosed
	}
	g.hide(d, at)
	return &written{Draft: d, story: s, comments: g.comments(d, t, at)}
}

// hide makes a few articles what readers must not see.
func (g *generator) hide(d *content.Draft, at time.Time) {
	// What waits for a moment waits for one that no test lives to see.
	later := at.AddDate(50, 0, 0)
	switch n := g.r.IntN(400); {
	case n < 4:
		d.Status, d.PublishedAt, d.UpdatedAt = article.StatusDraft, nil, nil
	case n < 6:
		d.Status, d.PublishedAt, d.UpdatedAt, d.ScheduledAt = article.StatusScheduled, nil, nil, &later
	case n < 8:
		d.Status, d.PublishedAt, d.UpdatedAt, d.EmbargoUntil = article.StatusEmbargoed, nil, nil, &later
	case n < 12:
		d.Status = article.StatusArchived
	case n < 14:
		d.Visibility = article.VisibilityPrivate
	case n < 16:
		d.TrashedAt = &later
	}
}

// body is half a kilobyte to three, most of them short.
func (g *generator) body(s *story, t *teller) []richtext.Block {
	r := g.r
	body := []richtext.Block{{Kind: richtext.Paragraph, HTML: t.inline(pick(r, s.words.leads))}}
	heading := 0
	for n := range 2 + r.IntN(3) + r.IntN(4) {
		switch {
		case n > 1 && r.IntN(5) == 0:
			heading++
			body = append(body, richtext.Block{Kind: richtext.Heading, Level: 2, Anchor: fmt.Sprintf("part-%d", heading), HTML: t.inline(pick(r, s.words.headings))})
		case n > 1 && r.IntN(9) == 0:
			body = append(body, richtext.Block{Kind: richtext.Quote, HTML: t.paragraph(1), Citation: t.inline("{person}")})
		case n > 1 && r.IntN(12) == 0:
			list := richtext.Block{Kind: richtext.List}
			for range 2 + r.IntN(3) {
				list.Items = append(list.Items, richtext.ListItem{HTML: t.inline(pick(r, s.words.listItems))})
			}
			body = append(body, list)
		}
		body = append(body, richtext.Block{Kind: richtext.Paragraph, HTML: t.paragraph(1 + r.IntN(4))})
	}
	return body
}

// weighted are values with how often each is taken of a hundred times.
type weighted[T any] []struct {
	value T
	of100 int
}

func (w weighted[T]) pick(r *rand.Rand) T {
	n := r.IntN(100)
	for _, c := range w {
		if n -= c.of100; n < 0 {
			return c.value
		}
	}
	return w[0].value
}

var kinds = weighted[article.Kind]{
	{article.KindArticle, 79}, {article.KindOpinion, 7}, {article.KindPressRelease, 5}, {article.KindGallery, 3},
	{article.KindVideo, 3}, {article.KindLiveBlog, 2}, {article.KindAudio, 1},
}
