package ingest

import (
	"reflect"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/content"
)

// decidedBySource are the fields of a draft that a new version from the source
// replaces. Whatever else an article has, it keeps.
var decidedBySource = map[string]bool{
	"Kind": true, "Title": true, "Subtitle": true, "Excerpt": true, "Language": true, "Body": true, "Byline": true, "Dateline": true,
	"Rights": true, "Custom": true, "Source": true, "Status": true, "FeaturedMedia": true,
	"PublishedAt": true, "UpdatedAt": true, "ScheduledAt": true, "EmbargoUntil": true, "UnpublishAt": true,
	"PrimaryCategory": true, "Categories": true, "Tags": true, "Places": true, "Authors": true,
}

// decidedByPost are those that a changed post of WordPress replaces.
var decidedByPost = map[string]bool{
	"Kind": true, "Status": true, "Visibility": true, "TrashedAt": true, "Title": true, "Excerpt": true, "Slug": true, "Language": true,
	"Body": true, "SEO": true, "Custom": true, "Source": true, "PublishedAt": true, "UpdatedAt": true, "ScheduledAt": true, "CommentPolicy": true,
	"PrimaryCategory": true, "Categories": true, "Tags": true, "Authors": true, "FeaturedMedia": true,
}

// TestNextVersionKeepsWhatTheSourceDoesNotDecide asks for every field of a draft,
// the next one included.
func TestNextVersionKeepsWhatTheSourceDoesNotDecide(t *testing.T) {
	t.Parallel()
	old := new(content.Draft)
	fillAll(t, reflect.ValueOf(old).Elem())
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	story, err := settle(&item{story: &story{Title: "The next version", PublishedAt: now.Add(-time.Hour)}}, old, now)
	if err != nil {
		t.Fatal(err)
	}
	post := nextOfPost(*old, content.Draft{Title: "The next version"})
	for what, next := range map[string]struct {
		draft   *content.Draft
		decided map[string]bool
	}{"a story": {story, decidedBySource}, "a post": {&post, decidedByPost}} {
		seen := map[string]bool{}
		for f := range reflect.TypeFor[content.Draft]().Fields() {
			seen[f.Name] = true
			was, is := reflect.ValueOf(old).Elem().FieldByIndex(f.Index), reflect.ValueOf(next.draft).Elem().FieldByIndex(f.Index)
			if !next.decided[f.Name] && !reflect.DeepEqual(was.Interface(), is.Interface()) {
				t.Errorf("%s: %s was %v and is %v", what, f.Name, was, is)
			}
		}
		for name := range next.decided {
			if !seen[name] {
				t.Errorf("%s is listed and is no field", name)
			}
		}
	}
}

// fillAll gives every field a value that is not zero.
func fillAll(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("stored")
	case reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"stored": true}))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fillAll(t, v.Field(i))
		}
	default:
		t.Fatalf("a %s: say in this test what it may be", v.Type())
	}
}
