package graph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/site"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// TestAPictureWhoseLicenceEndsIsHiddenEverywhere looks at all that shows a picture,
// before its licence ends, after, and when it is licensed anew: as a reader and a
// partner are answered, from memory too.
func TestAPictureWhoseLicenceEndsIsHiddenEverywhere(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		testkit.Settle(t, n.DB)
		served := newNode(t, n.Services, plant{})
		system := access.AsSystem(t.Context())
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		n.Media.Now = func() time.Time { return now }
		editor := n.holder(t, access.Editor)
		m := n.DB.Ent(system).Media.Create().SetAlt("Boats").SetBlobKey("2026/03/0123456789abcdef-held.jpg").SetExpiresAt(now.Add(time.Hour)).SaveX(system)
		body := []richtext.Block{{Kind: richtext.Paragraph, HTML: "Out at sea."}, {Kind: richtext.Picture, MediaID: m.PublicID()},
			{Kind: richtext.Gallery, Images: []richtext.Image{{MediaID: m.PublicID()}, {URL: "https://elsewhere.example/kept.jpg"}}}}
		a := must[[]*ent.Article](t)(n.Articles.Save(system, &content.Draft{Title: "At sea", Status: article.StatusPublished, FeaturedMedia: &m.ID, Body: body}))[0]
		live := must[[]*ent.Article](t)(n.Articles.Save(system, &content.Draft{Title: "Live from the sea", Kind: article.KindLiveBlog, Status: article.StatusPublished,
			Entries: []content.Entry{{Title: "First", Body: body, PublishedAt: now}}}))[0]
		page := must[*ent.Page](t)(n.Site.SavePage(system, site.Page{Title: "The fleet", Status: "PUBLISHED", Visibility: "PUBLIC", Body: body}))
		author := n.DB.Ent(system).Author.Create().SetName("Portrayed").SetSlug("portrayed").SetAvatarID(m.ID).SaveX(system)
		if err := n.DB.Tx(system, func(ctx context.Context) error {
			return n.Log.Append(ctx, event.Event{Action: event.Created, Entity: "aut", EntityID: author.ID})
		}); err != nil {
			t.Fatal(err)
		}
		const image = `... on ImageBlock { image { url } } ... on GalleryBlock { images { url } }`
		documents := map[string]string{
			"featured": `{ article(by: {id: "` + a.PublicID() + `"}) { featuredImage { url } jsonLd } }`,
			"blocks":   `{ article(by: {id: "` + a.PublicID() + `"}) { body { __typename ` + image + ` } } }`,
			"html":     `{ article(by: {id: "` + a.PublicID() + `"}) { bodyHtml } }`,
			"entries":  `{ article(by: {id: "` + live.PublicID() + `"}) { liveEntries { bodyHtml body { __typename ` + image + ` } } } }`,
			"page":     `{ node(id: "` + page.PublicID() + `") { ... on Page { bodyHtml body { __typename ` + image + ` } } } }`,
			"avatar":   `{ author(by: {slug: "portrayed"}) { avatar { url } } }`,
			"itself":   `{ node(id: "` + m.PublicID() + `") { ... on Media { url } } }`,
		}
		look := func(name string, v access.Viewer) string {
			asked, err := json.Marshal(map[string]string{"query": documents[name]})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(asked)))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			served.cached.ServeHTTP(w, r.WithContext(access.With(r.Context(), v)))
			if strings.Contains(w.Body.String(), `"errors"`) {
				t.Fatalf("%s: %s", name, w.Body)
			}
			return w.Body.String()
		}
		partner := func() string {
			found, err := n.Partners.Stories(t.Context(), nil, []*ent.Article{n.DB.Ent(system).Article.GetX(system, a.ID)})
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(found[a.ID].Item)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		shows := func(when string, readers, staff bool) {
			t.Helper()
			for name := range documents {
				for range 2 { // the second from memory
					if got := look(name, access.Viewer{}); strings.Contains(got, "-held.jpg") != readers {
						t.Errorf("%s, readers, %s: %s", when, name, got)
					}

				}
				if got := look(name, editor); strings.Contains(got, "-held.jpg") != staff {
					t.Errorf("%s, staff, %s: %s", when, name, got)
				}
			}
			for _, name := range []string{"blocks", "html", "entries", "page"} {
				if got := look(name, access.Viewer{}); !strings.Contains(got, "kept.jpg") {
					t.Errorf("%s: %s lost the other picture: %s", when, name, got)
				}
			}
			if got := partner(); strings.Contains(got, "-held.jpg") != readers {
				t.Errorf("%s, partners: %s", when, got)
			}
		}
		shows("before", true, true)
		now = now.Add(time.Hour)
		if next, err := n.MediaDesk.Expire(t.Context()); err != nil || next != nil {
			t.Fatal(next, err)
		}
		served.hears(t, served, 1)
		shows("after", false, true)
		testkit.Settle(t, n.DB)
		told := must[[]event.Event](t)(n.Log.Read(system, event.Position{}, 10_000))
		if err := n.Interests.Consume(system, told); err != nil {
			t.Fatal(err)
		}
		const notices = `{ viewer { notifications(first: 5) { nodes { kind media { id expired expiresAt } } } } mediaLibrary(filter: {expired: true}) { nodes { id } } }`
		if _, raw := n.askAs(t, editor, notices, nil); !strings.Contains(string(raw), `"kind":"MEDIA_EXPIRED","media":{"id":"`+m.PublicID()+`","expired":true,"expiresAt":"2026-03-01T10:00:00Z"}`) ||
			!strings.Contains(string(raw), `"mediaLibrary":{"nodes":[{"id":"`+m.PublicID()+`"}]}`) {
			t.Errorf("the desk: %s", raw)
		}
		const renew = `mutation($id: ID!) { updateMedia(input: {id: $id, expiresAt: null}) { media { expired expiresAt } userErrors { code } } }`
		if _, raw := n.askAs(t, editor, renew, map[string]any{"id": m.PublicID()}); !strings.Contains(string(raw), `{"expired":false,"expiresAt":null}`) {
			t.Errorf("licensed anew: %s", raw)
		}
		served.hears(t, served, 2)
		shows("again", true, true)
	})
}

// TestAPictureSpeaksTheLanguageOfItsArticle sets words in languages and reads them where
// the picture is shown.
func TestAPictureSpeaksTheLanguageOfItsArticle(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		system := access.AsSystem(t.Context())
		editor := n.holder(t, access.Editor)
		m := n.DB.Ent(system).Media.Create().SetAlt("Boats").SetCaption("At dawn").SetBlobKey("2026/03/0123456789abcdef-words.jpg").SaveX(system)
		const say = `mutation($id: ID!, $language: Locale, $alt: String) { updateMedia(input: {id: $id, language: $language, alt: $alt}) { media { alt translations { language alt caption } } userErrors { code } } }`
		if _, raw := n.askAs(t, editor, say, map[string]any{"id": m.PublicID(), "language": "ar", "alt": "قوارب"}); !strings.Contains(string(raw),
			`{"alt":"Boats","translations":[{"language":"ar","alt":"قوارب","caption":"At dawn"}]}`) {
			t.Fatalf("%s", raw)
		}
		if got := n.DB.Ent(system).Media.GetX(system, m.ID).Translations["ar"]; got != (schema.MediaWords{Alt: "قوارب"}) {
			t.Errorf("%+v", got)
		}
		for language, want := range map[string]string{"en": `"alt":"Boats","caption":"At dawn"`, "ar": `"alt":"قوارب","caption":"At dawn"`, "ar-EG": `"alt":"قوارب","caption":"At dawn"`} {
			a := must[[]*ent.Article](t)(n.Articles.Save(system, &content.Draft{Title: "In " + language, Language: language, Status: article.StatusPublished, FeaturedMedia: &m.ID,
				Body: []richtext.Block{{Kind: richtext.Picture, MediaID: m.PublicID()}}}))[0]
			_, raw := n.askAs(t, access.Viewer{}, `query($id: ID!) { article(by: {id: $id}) { featuredImage { alt caption } body { ... on ImageBlock { image { alt caption } } } } }`, map[string]any{"id": a.PublicID()})
			if strings.Count(string(raw), want) != 2 {
				t.Errorf("%s: %s, want %s twice", language, raw, want)
			}
		}
		text, err := os.ReadFile("../docs/media.md")
		if err != nil {
			t.Fatal(err)
		}
		shown := regexp.MustCompile("(?s)```graphql\n(mutation.*?)```").FindSubmatch(text)
		if shown == nil {
			t.Fatal("docs/media.md shows no mutation")
		}
		if _, raw := n.askAs(t, editor, string(shown[1]), map[string]any{"id": m.PublicID()}); !strings.Contains(string(raw), `"userErrors":[]`) || strings.Contains(string(raw), `"errors"`) {
			t.Errorf("the mutation of docs/media.md: %s", raw)
		}
		if _, raw := n.askAs(t, editor, say, map[string]any{"id": m.PublicID(), "language": "ar", "alt": nil}); !strings.Contains(string(raw), `"translations":[]`) {
			t.Errorf("taken away: %s", raw)
		}
	})
}
