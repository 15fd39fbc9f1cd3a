package feed_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/feed"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// slugs name one thing of each kind that has feeds.
var slugs = map[permalink.Kind]string{permalink.Front: "", permalink.Category: "world", permalink.Tag: "floods", permalink.Author: "ada", permalink.Place: "delta", permalink.Series: "rivers",
	permalink.Article: "one", feed.Language: "en"}

// xmlFeed checks what gofeed and a reader of XML say; kind is what gofeed takes it for.
func xmlFeed(kind string) func(text string) error {
	return func(text string) error {
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		read, err := gofeed.NewParser().ParseString(text)
		switch {
		case err != nil:
			return err
		case read.FeedType != kind || read.Title == "" || read.Link == "" || len(read.Items) == 0:
			return errors.New("read back: " + read.String())
		}
		for _, it := range read.Items {
			if it.GUID == "" || it.Link == "" || it.Title == "" || it.PublishedParsed == nil && it.UpdatedParsed == nil {
				return errors.New("an item lacks something: " + read.String())
			}
		}
		return nil
	}
}

// bySchema checks against a JSON schema.
func bySchema(t *testing.T, file string) func(text string) error {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	source, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	doc, err := jsonschema.UnmarshalJSON(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("https://broadsheet.invalid/"+file, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("https://broadsheet.invalid/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) error {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return err
		}
		return compiled.Validate(value)
	}
}

// TestEveryFeedIsValid: each kind of thing in each format, whole and as excerpts. A kind
// or format that is new has to be named here.
func TestEveryFeedIsValid(t *testing.T) {
	t.Parallel()
	valid := map[feed.Format]func(text string) error{feed.RSS: xmlFeed("rss"), feed.Atom: xmlFeed("atom"), feed.JSON: bySchema(t, "jsonfeed-1.1.schema.json"), feed.Ninjs: bySchema(t, "ninjs-3.1.schema.json")}
	testkit.EachURL(t, func(t *testing.T, url string) {
		r := newRoom(t, url)
		system := access.AsSystem(t.Context())
		place := r.db.Ent(system).Place.Create().SetName("Delta").SetSlug("delta").SaveX(system)
		series := r.db.Ent(system).Series.Create().SetName("Rivers").SetSlug("rivers").SaveX(system)
		d := r.draft("One", now.Add(-time.Hour))
		d.Places, d.Series, d.Subtitle = []int{place.ID}, &series.ID, "Below <it>"
		d.Byline, d.Dateline, d.Rights = "By hand", "Delta", &schema.Rights{Holder: "Somebody", Notice: "©", UsageTerms: "None"}
		d.Source.Name, d.Source.URL = "An agency", "https://agency.example/1"
		held := r.draft("Held", now)
		until := now.Add(time.Hour)
		held.Status, held.EmbargoUntil = article.StatusEmbargoed, &until
		saved := r.save(t, d, held)
		if _, err := comment.New(r.db, r.log).Save(system, &comment.Draft{ArticleID: saved[0].ID, GuestName: "Nadia", Body: "Words & more", Status: entcomment.StatusApproved, Kind: entcomment.KindComment, PostedAt: now}); err != nil {
			t.Fatal(err)
		}
		stories, err := r.partners.Available(system, &partner.Key{Scopes: partner.Scopes()}, []int{saved[0].ID, saved[1].ID})
		if err != nil || len(stories) != 2 {
			t.Fatalf("%d stories, %v", len(stories), err)
		}
		for _, story := range stories { // as partners get them
			text, err := ninjs.Encode(story.Item)
			if err == nil {
				err = valid[feed.Ninjs](string(text))
			}
			if err != nil {
				t.Errorf("%v: %s", err, text)
			}
		}
		for _, full := range []bool{true, false} {
			r.settings(t, site.Settings{Name: "The Example", URL: home, Tagline: "News & more", CopyrightHolder: "Example Ltd", Outputs: schema.Outputs{FullText: full}})
			for format, mediaType := range feed.Formats() {
				if valid[format] == nil {
					t.Errorf("nothing says whether the format %q is valid", format)
					continue
				}
				for _, kind := range feed.Kinds() {
					slug, known := slugs[kind]
					if !known {
						t.Errorf("nothing of the kind %q is asked for", kind)
						continue
					}
					addresses := []feed.Address{{Of: kind, Slug: slug, Format: format}}
					if kind == permalink.Article && format != feed.Ninjs {
						addresses[0].Comments = true // an article by itself has a feed in ninjs alone
					}
					if kind == permalink.Front && (format == feed.RSS || format == feed.Atom) {
						addresses = append(addresses, feed.Address{Of: kind, Format: format, Comments: true})
					}
					for _, a := range addresses {
						answer := r.get(t, a.Path())
						if kind == permalink.Article && format == feed.JSON { // comments have no JSON Feed
							if answer.StatusCode != http.StatusNotFound {
								t.Errorf("%s: %s", a.Path(), answer.Status)
							}
							continue
						}
						text := body(t, answer)
						if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != mediaType {
							t.Errorf("%s: %s, %v", a.Path(), answer.Status, answer.Header)
							continue
						}
						if err := valid[format](text); err != nil {
							t.Errorf("%s, whole %t: %v\n%s", a.Path(), full, err, text)
						}
					}
				}
			}
		}
	})
}
