package graph_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// counter counts the rows of one kind.
type counter interface {
	Count(ctx context.Context) (int, error)
}

// TestCreationIsDoneOnce repeats mutations that make a thing with their
// idempotency keys.
func TestCreationIsDoneOnce(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		admin := n.member(t, access.Admin)
		system := access.AsSystem(t.Context())
		rows := n.DB.Ent(system)
		entries := func() int { return must[int](t)(rows.AuditEntry.Query().Count(system)) }
		for _, c := range []struct {
			mutation, input, other string
			answer                 string // what is asked of the thing made
			made                   counter
		}{
			{"createCategory", `name: "Made"`, `name: "Other"`, `category { id name path }`, rows.Category.Query()},
			{"createTag", `name: "Made", labels: [{language: "ar", name: "x"}]`, `name: "Made"`, `tag { id slug label(language: "ar") }`, rows.Tag.Query()},
			{"createPlace", `name: "Made", kind: CITY, latitude: 1.5, longitude: 2`, `name: "Made", kind: CITY`, `place { id slug }`, rows.Place.Query()},
			{"createSeries", `name: "Made"`, `name: "Made", description: "More"`, `series { id slug }`, rows.Series.Query()},
			{"createAuthor", `name: "Made", bio: "Writes."`, `name: "Made", bio: null`, `author { id slug bio }`, rows.Author.Query()},
			{"createPage", `title: "Made", body: {html: "<p>Words</p>"}`, `title: "Made", body: {html: "<p>Others</p>"}`, `page { id title status version bodyHtml }`, rows.Page.Query()},
			{"createRedirect", `path: "/made", address: "/there"`, `path: "/made", address: "/elsewhere"`, `redirect { id path location }`, rows.Redirect.Query()},
			{"createAdSlot", `name: "Made", placement: FOOTER, isActive: false`, `name: "Made", placement: HEADER, isActive: false`, `adSlot { id width }`, rows.AdSlot.Query()},
		} {
			t.Run(c.mutation, func(t *testing.T) {
				count := func() int { return must[int](t)(c.made.Count(system)) }
				ask := func(input, key string) []byte {
					_, raw := n.askAs(t, admin, `mutation { `+c.mutation+`(input: {`+input+`, idempotencyKey: "`+key+`"}) { `+c.answer+` userErrors { code field } } }`, nil)
					return raw
				}
				key := "of " + c.mutation
				before, recorded := count(), entries()
				first, second := ask(c.input, key), ask(c.input, key)
				if !bytes.Equal(first, second) || !bytes.Contains(first, []byte(`"id":"`)) || !bytes.Contains(first, []byte(`"userErrors":[]`)) {
					t.Errorf("%s, then %s", first, second)
				}
				reused := ask(c.other, key)
				if !strings.HasSuffix(string(reused), `null,"userErrors":[{"code":"IDEMPOTENCY_KEY_REUSED","field":["idempotencyKey"]}]}}}`) {
					t.Errorf("another input: %s", reused)
				}
				if made, kept := count()-before, entries()-recorded; made != 1 || kept != 1 {
					t.Errorf("%d were made, with %d audit entries", made, kept)
				}
				if long := ask(c.input, strings.Repeat("k", 201)); !bytes.Contains(long, []byte(`[{"code":"TOO_LONG","field":["idempotencyKey"]}]`)) {
					t.Errorf("a long key: %s", long)
				}
			})
		}
	})
}

// TestRepeatOfWhatIsGone makes a tag, takes it away and asks for it again.
func TestRepeatOfWhatIsGone(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		system := access.AsSystem(t.Context())
		const query = `mutation { createTag(input: {name: "Brief", idempotencyKey: "k"}) { tag { slug } userErrors { code field } } }`
		n.askAs(t, editor, query, nil)
		tag := must[*ent.Tag](t)(n.Taxonomy.TagBySlug(system, "brief"))
		if err := n.Terms.Tags.Delete(access.With(t.Context(), editor), tag.ID, 0); err != nil {
			t.Fatal(err)
		}
		want := `{"data":{"createTag":{"tag":null,"userErrors":[{"code":"NOT_FOUND","field":["idempotencyKey"]}]}}}`
		if _, raw := n.askAs(t, editor, query, nil); string(raw) != want {
			t.Errorf("%s, want %s", raw, want)
		}
	})
}
