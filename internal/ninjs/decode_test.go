package ninjs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func fixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// one reads the only item of a stream.
func one(t *testing.T, stream string) Item {
	t.Helper()
	r := NewReader(strings.NewReader(stream), Options{})
	it, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if extra, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("a second item: %+v, %v", extra, err)
	}
	return it
}

func utc(year int, month time.Month, day, hour, minute, second, nanos int) time.Time {
	return time.Date(year, month, day, hour, minute, second, nanos, time.UTC)
}

var notPosition = cmpopts.IgnoreFields(Item{}, "Line", "Offset", "RawBytes")

func TestItemOfVersion3(t *testing.T) {
	t.Parallel()
	want := Item{
		Major: 3, Standard: "3.1",
		URI: "urn:example:harbour:1", Version: "4", Type: "text", Profile: "text-photo", RepresentationType: "full",
		PubStatus: Usable, Urgency: 3, Language: "en-GB",
		FirstCreated:   utc(2026, 3, 1, 1, 0, 0, 0),
		VersionCreated: utc(2026, 3, 1, 7, 15, 30, 250_000_000),
		ContentCreated: utc(2026, 3, 1, 1, 0, 0, 0),
		EmbargoedUntil: utc(2026, 3, 1, 8, 0, 0, 0),
		Expires:        utc(2026, 4, 1, 0, 0, 0, 0),
		Title:          "HARBOUR-FERRY",
		Headlines: []Text{
			{Role: "subheadline", Value: "Crossing takes eleven minutes"},
			{Role: "main", ContentType: "text/plain", Value: "The night ferry is back"},
		},
		Descriptions: []Text{{Value: "After six years the ferry runs at night again."}},
		Bodies: []Text{
			{ContentType: "text/plain", Value: "The ferry runs again."},
			{ContentType: "text/html; charset=utf-8", Value: "<p>The ferry runs <em>again</em>.</p>"},
		},
		By: "Mira Holt and Jon Ade", Slugline: "harbour/ferry", Located: "Eastquay",
		EdNote:     "Spelling of the ferry's name is right.",
		Copyright:  Copyright{Holder: "Harbour Post", Notice: "© 2026 Harbour Post"},
		UsageTerms: "Not for use on paper.",
		Rights:     Rights{LinkedRights: "https://example.org/rights"},
		People: []Entity{
			{Name: "Mira Holt", Rel: "author", URI: "https://example.org/people/mira"},
			{Name: "Jon Ade", Rel: "author", Literal: "staff-17"},
		},
		Organisations: []Entity{{Name: "Quay Lines", Rel: "about"}},
		Subjects:      []Entity{{Name: "transport", URI: "http://cv.iptc.org/newscodes/mediatopic/20000337", Rel: "about"}},
		Places: []Place{
			{Entity: Entity{Name: "Eastquay", Literal: "NO-03"}, Country: "NO", Point: &Point{Latitude: 59.91, Longitude: 10.75}},
			{Entity: Entity{Name: "India", URI: "http://cvx.iptc.org/iso3166-1a3/IND"}, Country: "IN"},
			{Entity: Entity{Name: "Office"}, Country: "FR"},
		},
		Events:      []Entity{{Name: "Reopening", URI: "urn:example:event:9"}},
		Genres:      []Entity{{Name: "Feature", Literal: "feature"}},
		InfoSources: []Entity{{Name: "Port office", Role: "origin"}},
		SourceType:  Entity{URI: "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"},
		AltIDs:      []AltID{{Role: "desk", Value: "H-1"}},
		TrustIndicators: []TrustIndicator{{
			Role: "http://cv.iptc.org/newscodes/trustindicator/ethicsPolicy", Title: "Ethics", Href: "https://example.org/ethics",
		}},
		Associations: []Association{{
			Name: "featured", Rel: "illustration",
			Item: Item{
				Major: 3, URI: "urn:example:harbour:1:pic", Type: "picture", PubStatus: Usable, By: "Ola Berg",
				Headlines: []Text{{Value: "The ferry at its pier"}},
				Renditions: []Rendition{
					{
						Name: "full", Href: "https://example.org/ferry.jpg", ContentType: "image/jpeg",
						Width: 4000, Height: 3000, SizeInBytes: 812345, Focus: &Focus{1200, 900},
					},
					{Name: "thumb", Href: "https://example.org/ferry-s.jpg", Width: 400, Height: 300},
				},
			},
		}},
		Unknown: []string{"x-desk"},
	}
	got := one(t, fixture(t, "v31.json"))
	if diff := cmp.Diff(want, got, notPosition); diff != "" {
		t.Error(diff)
	}
	texts := []string{got.Headline(), got.Subheadline(), got.Excerpt()}
	if diff := cmp.Diff([]string{"The night ferry is back", "Crossing takes eleven minutes", "After six years the ferry runs at night again."}, texts); diff != "" {
		t.Error(diff)
	}
	if body, ok := got.Body(); !ok || body.Markup() != HTML {
		t.Errorf("best body: %+v", body)
	}
}

func TestItemOfVersion2(t *testing.T) {
	t.Parallel()
	want := Item{
		Major: 2, URI: "urn:example:garden:2", Version: "1", Type: "text", PubStatus: Withheld, Urgency: 5,
		FirstCreated: utc(2025, 5, 4, 0, 0, 0, 0), VersionCreated: utc(2025, 5, 4, 10, 0, 0, 0),
		Headlines: []Text{{Value: "A garden on every roof"}},
		Bodies: []Text{
			{ContentType: "text/plain", Value: "Roofs turn green."},
			{ContentType: "text/markdown", Role: "teaser", Value: "Roofs *turn*."},
			{ContentType: "text/markdown", Role: "main", Value: "Roofs **turn** green."},
		},
		By: "Lea Sand", Copyright: Copyright{Holder: "Garden Wire"},
		InfoSources: []Entity{{Name: "City council"}},
		Places:      []Place{{Entity: Entity{Name: "Graz"}, Point: &Point{Latitude: 47.07, Longitude: 15.44}}},
		AltIDs:      []AltID{{Role: "wire", Value: "77"}},
		Associations: []Association{{Name: "roof", Item: Item{
			Major: 2, URI: "urn:example:garden:2:pic", Type: "picture", PubStatus: Usable,
			Renditions: []Rendition{{Name: "web", Href: "https://example.org/roof.webp", ContentType: "image/webp", SizeInBytes: 1234}},
		}}},
		Problems: []Problem{{Field: "firstCreated", Code: CodeAssumedZone, Value: "2025-05-04", Repaired: true}},
	}
	got := one(t, fixture(t, "v22.json"))
	if diff := cmp.Diff(want, got, notPosition, cmpopts.IgnoreFields(Problem{}, "Message")); diff != "" {
		t.Error(diff)
	}
	if body, _ := got.Body(); body.Value != "Roofs **turn** green." {
		t.Errorf("best body: %+v", body)
	}
}

func TestItemOfVersion1(t *testing.T) {
	t.Parallel()
	want := Item{
		Major: 1, Standard: "1.6", URI: "urn:example:old:3", PubStatus: Usable,
		VersionCreated: utc(2019, 1, 2, 3, 4, 5, 0),
		Headlines:      []Text{{Value: "An item of the old kind"}, {Role: "short", Value: "Old kind"}},
		Descriptions:   []Text{{Role: "text", Value: "It has one body a field."}},
		Bodies:         []Text{{ContentType: "text/plain", Value: "Plain."}, {ContentType: "text/html", Value: "<p>Rich.</p>"}},
		By:             "Old Hand",
		Subjects:       []Entity{{Name: "history", Scheme: "http://example.org/topics/", Literal: "t1"}},
		People:         []Entity{{Name: "Old Hand", Rel: "author"}},
		Places: []Place{{
			Entity: Entity{Name: "Norway", Scheme: "iso3166-1a2", Literal: "no"}, Country: "NO",
			Point: &Point{Latitude: 61, Longitude: 8},
		}},
		AltIDs:     []AltID{{Role: "wire", Value: "w1"}, {Role: "number", Value: "12"}},
		Renditions: []Rendition{{Name: "pdf", Href: "https://example.org/3.pdf", ContentType: "application/pdf"}},
		Associations: []Association{{Name: "lead", Item: Item{
			Major: 1, URI: "urn:example:old:3:pic", Type: "picture", PubStatus: Usable,
			Renditions: []Rendition{{Name: "full", Href: "https://example.org/3.jpg", ContentType: "image/jpeg", Width: 10, Height: 20}},
		}}},
	}
	if diff := cmp.Diff(want, one(t, fixture(t, "v16.json")), notPosition); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fields string // after the uri
		want   []string
	}{
		{"a number for text is taken as written", `"version":4.50`, []string{"version WRONG_TYPE repaired 4.50"}},
		{"an object for text is dropped", `"by":{"name":"x"}`, []string{`by WRONG_TYPE {"name":"x"}`}},
		{"text for a number is read", `"urgency":"3"`, []string{"urgency WRONG_TYPE repaired 3"}},
		{"no number at all", `"urgency":"high"`, []string{"urgency WRONG_TYPE high"}},
		{"urgency beyond its range", `"urgency":0`, []string{"urgency OUT_OF_RANGE 0"}},
		{"a fraction is rounded", `"urgency":2.5`, []string{"urgency WRONG_TYPE repaired 2.5"}},
		{"a huge number", `"urgency":1e999`, []string{"urgency OUT_OF_RANGE 1e999"}},
		{"a list where text should be", `"headline":["x"]`, []string{`headlines WRONG_TYPE ["x"]`}},
		{"one headline without its list", `"headlines":{"value":"x"}`, []string{"headlines WRONG_TYPE repaired "}},
		{"a mere string for a body", `"bodies":"x"`, []string{"bodies WRONG_TYPE repaired "}},
		{"a number for a list", `"subjects":1`, []string{"subjects WRONG_TYPE 1"}},
		{"a name for an entity", `"subjects":["a",2]`, []string{"subjects[0] WRONG_TYPE repaired a", "subjects[1] WRONG_TYPE 2"}},
		{"a body's value of another type", `"bodies":[{"value":true}]`, []string{"bodies[0].value WRONG_TYPE true"}},
		{"an unknown status", `"pubStatus":"draft"`, []string{"pubStatus UNKNOWN_VALUE draft"}},
		{"an unknown type", `"type":"poem"`, []string{"type UNKNOWN_VALUE poem"}},
		{"null is absence", `"by":null,"bodies":null,"urgency":null,"pubStatus":null,"expires":null,"standard":null,"places":[null]`, nil},
		{"a date which is none", `"versionCreated":"soon"`, []string{"versionCreated BAD_DATE soon"}},
		{"an empty date", `"versionCreated":""`, []string{"versionCreated BAD_DATE "}},
		{"a timestamp for a date", `"versionCreated":1700000000`, []string{"versionCreated WRONG_TYPE 1700000000"}},
		{"year 0", `"embargoed":"0000-01-01T00:00:00Z"`, []string{"embargoedUntil DATE_OUT_OF_RANGE 0000-01-01T00:00:00Z"}},
		{"no offset", `"expires":"2026-01-01T10:00:00"`, []string{"expires ASSUMED_ZONE repaired 2026-01-01T10:00:00"}},
		{"a field twice", `"by":"a","by":"b"`, []string{"by DUPLICATE_KEY repaired "}},
		{"a field twice by two names", `"byline":"a","by":"b"`, []string{"by DUPLICATE_KEY repaired "}},
		{"a character that was cut off", "\"by\":\"\u00e9t\xc3\"", []string{"by INVALID_UTF8 repaired "}},
		{"half a surrogate pair", `"by":"\ud83d!"`, []string{"by LONE_SURROGATE repaired "}},
		{"two halves which are no pair", `"by":"\ud83d\ud83d"`, []string{"by LONE_SURROGATE repaired "}},
		{"an escaped NUL", `"by":"a\u0000b"`, []string{"by NUL repaired "}},
		{"a raw NUL", "\"by\":\"a\x00b\"", []string{"by NUL repaired "}},
		{"a raw tab", "\"by\":\"a\tb\"", []string{"by CONTROL_CHARACTER repaired "}},
		{"within an association", `"associations":[{"uri":"x","renditions":[{"name":"n","width":"wide"}]}]`, []string{"associations[0].renditions[0].width WRONG_TYPE wide"}},
		{"within a map of associations", `"associations":{"a":{"firstcreated":"x"}}`, []string{"associations[0].firstCreated BAD_DATE x"}},
		{"a place off the Earth", `"places":[{"geoJSON":{"type":"Point","coordinates":[10,95]}}]`, []string{"places[0].geoJSON.coordinates OUT_OF_RANGE "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			it := one(t, `{"uri":"urn:x:1",`+tt.fields+`}`)
			if diff := cmp.Diff(tt.want, problemLines(it)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherEncodingsAreRejectedWithThePosition(t *testing.T) {
	t.Parallel()
	for written, at := range map[string]string{
		"caf\xe9":              "0xe9, 20 bytes into the item", // windows-1252
		"\xe3\xd1\xcd\xc8\xc7": "0xe3, 17 bytes into the item", // windows-1256
		"\u00e9 \xf0\x9f x":    "0xf0, 20 bytes into the item",
		"a\xffb":               "0xff, 18 bytes into the item",
	} {
		_, err := NewReader(strings.NewReader(`{"uri":"u","by":"`+written+`"}`), Options{}).Next()
		if bad, ok := errors.AsType[*ItemError](err); !ok || bad.Code != CodeInvalidUTF8 || !strings.Contains(err.Error(), "by has the byte "+at) {
			t.Errorf("%q: %v", written, err)
		}
	}
}

func problemLines(it Item) (lines []string) {
	for _, p := range it.Problems {
		repaired := ""
		if p.Repaired {
			repaired = "repaired "
		}
		lines = append(lines, fmt.Sprintf("%s %s %s%s", p.Field, p.Code, repaired, p.Value))
	}
	return lines
}

func TestItemWithoutIdentity(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string][]string{
		`{}`:                            {"uri MISSING_ID "},
		`{"uri":""}`:                    {"uri MISSING_ID "},
		`{"uri":"  "}`:                  {"uri MISSING_ID "},
		`{"uri":null}`:                  {"uri MISSING_ID "},
		`{"uri":7}`:                     {"uri WRONG_TYPE 7", "uri MISSING_ID "},
		`{"uri":"urn:x:1","uri":"b"}`:   {"uri DUPLICATE_KEY repaired "},
		`{"headlines":[{"value":"a"}]}`: {"uri MISSING_ID "},
	} {
		if diff := cmp.Diff(want, problemLines(one(t, stream))); diff != "" {
			t.Errorf("%s: %s", stream, diff)
		}
	}
}

func TestTextIsRepaired(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`plain`:                "plain",
		`a\"b\\c\/d\b\f\n\r\t`: "a\"b\\c/d\b\f\n\r\t",
		`\u0627\u0644`:         "ال",
		`\ud83c\udf3f`:         "🌿",
		`x\ud83cy`:             "x\ufffdy",
		`x\udf3f\ud83c`:        "x\ufffd\ufffd",
		`\ud83c\u0041`:         "\ufffdA",
		"a\x00b\\u0000c":       "abc",
		"\u00e9t\xc3":          "ét\ufffd",
		"\u00e9 \xf0\x9f\x8c":  "é \ufffd",
		"\xed\xa0\x80":         "\ufffd",
	} {
		if got := one(t, `{"uri":"u","by":"`+written+`"}`).By; got != want {
			t.Errorf("%q read as %q, want %q", written, got, want)
		}
	}
}

func TestUnknownStatusIsWithheld(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]PubStatus{
		`"usable"`: Usable, `"Canceled"`: Canceled, `"cancelled"`: Canceled, `"withheld"`: Withheld,
		`null`: Usable, `"embargo"`: Withheld, `1`: Withheld, `["usable"]`: Withheld,
	} {
		if got := one(t, `{"uri":"u","pubstatus":`+written+`}`).PubStatus; got != want {
			t.Errorf("%s read as %s, want %s", written, got, want)
		}
	}
}

func TestMajorVersion(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]int{
		`"headlines":[]`:                  3,
		`"versionCreated":"2026-01-01"`:   3,
		`"versioncreated":"2026-01-01"`:   2,
		`"embargoed":null`:                2,
		`"headline":"x","pubstatus":null`: 1,
		`"body_html":"x"`:                 1,
		`"standard":{"version":"2.1"}`:    2,
		`"standard":{"schema":"http://www.iptc.org/std/ninjs/ninjs-schema_2.0.json#"},"pubStatus":null`: 2,
		`"$standard":{"version":"1.4"}`: 1,
	} {
		if got := one(t, `{"uri":"u",`+fields+`}`).Major; got != want {
			t.Errorf("%s: version %d, want %d", fields, got, want)
		}
	}
}

func TestArabic(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader(fixture(t, "arabic.jsonl")), Options{})
	var got []string
	for {
		it, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(it.Problems) > 0 {
			t.Fatal(err, it.Problems)
		}
		got = append(got, it.Headline())
	}
	if diff := cmp.Diff([]string{"عودة العبّارة الليلية", "حديقة على كل سطح 🌿"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBestBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		bodies []Text
		want   string
	}{
		{"none", nil, ""},
		{"empty ones don't count", []Text{{Value: " ", ContentType: "text/html"}, {Value: "t"}}, "t"},
		{"HTML before Markdown before text", []Text{{Value: "t"}, {Value: "m", ContentType: "text/markdown"}, {Value: "h", ContentType: "text/HTML"}}, "h"},
		{"the main one among equals", []Text{{Value: "s", Role: "summary"}, {Value: "m", Role: "http://example.org/roles/main"}}, "m"},
		{"tags make HTML", []Text{{Value: "plain"}, {Value: "<p>x</p>"}}, "<p>x</p>"},
		{"another markup for want of a better one", []Text{{Value: "n", ContentType: "application/nitf+xml"}}, "n"},
	}
	for _, tt := range tests {
		it := Item{Bodies: tt.bodies}
		got, ok := it.Body()
		if got.Value != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %t", tt.name, got.Value, ok)
		}
	}
}

func TestCountryOf(t *testing.T) {
	t.Parallel()
	for identifier, want := range map[string]string{
		"IN": "IN", "DEU": "DE", "US-CA": "US", "in": "", "XX": "", "": "", "Norway": "",
		"country:in": "IN", "iso3166-1a2:NO": "NO", "http://cvx.iptc.org/iso3166-1a3/IND": "IN",
		"https://example.org/countries/fr/": "FR", "https://sws.geonames.org/IT": "", "urn:place:de": "",
	} {
		if got := countryOf(identifier); got != want {
			t.Errorf("countryOf(%q) = %q, want %q", identifier, got, want)
		}
	}
}
