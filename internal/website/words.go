package website

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

//go:embed templates/*.html
var templates embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"list": list, "lower": func(s any) string { return strings.ToLower(text(s)) }, "safe": func(s any) template.HTML { return still(text(s)) }, "first": first,
}).ParseFS(templates, "templates/*.html"))

func first(n int, of []map[string]any) []map[string]any { return of[:min(n, len(of))] }

// T is a word of the site in the language of the page.
func (v *view) T(name string) string { return text(v.words[name]) }

// Fill is T with a value in place of {n}. Forms by number stand between bars, as in
// web/site/words.ts.
func (v *view) Fill(name string, n any) string {
	said := fmt.Sprint(n)
	forms := strings.Split(v.T(name), "|")
	count, _ := strconv.Atoi(said) // what is no number has one form
	return strings.ReplaceAll(forms[formOf(count, len(forms))], "{n}", said)
}

// formOf gives which form a number takes, of two (one, other) or of five (one, two,
// few, many, other), as CLDR has them for English and Arabic.
func formOf(n, forms int) int {
	rest := n % 100
	switch {
	case forms == 2 && n != 1:
		return 1
	case forms != 5 || n == 1:
		return 0
	case n == 2:
		return 1
	case rest >= 3 && rest <= 10:
		return 2
	case rest >= 11:
		return 3
	}
	return 4
}

func (v *view) name() string {
	site, _ := v.Chrome["site"].(map[string]any)
	return text(site["name"])
}

// Main is the language of the site.
func (v *view) Main() string { return v.main }

// Other is the language that the page can be turned to.
func (v *view) Other() string {
	if v.Dir == "rtl" {
		return "en"
	}
	return "ar"
}

// OtherFront is the front page in Other.
func (v *view) OtherFront() string {
	if v.Other() == v.main {
		return "/"
	}
	return "/" + string(language) + "/" + v.Other()
}

// Href is the address of a list in the language of the page.
func (v *view) Href(p any) string {
	path := strings.TrimPrefix(cmp.Or(text(p), "/"), v.base)
	if v.Language == v.main || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/"+string(permalink.Article)+"/") || strings.HasPrefix(path, "/"+string(language)+"/") {
		return path
	}
	if path == "/" {
		return "/" + string(language) + "/" + v.Language
	}
	return path + "?language=" + v.Language
}

// at reads a moment in the time zone of the site.
func (v *view) at(value any) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text(value))
	return t.In(v.zone), err == nil
}

// Day writes the day of a moment: 5 December 2025.
func (v *view) Day(value any) string {
	t, ok := v.at(value)
	months, _ := v.words["months"].([]any)
	if !ok || len(months) != 12 {
		return ""
	}
	return strconv.Itoa(t.Day()) + " " + text(months[t.Month()-1]) + " " + strconv.Itoa(t.Year())
}

// Moment writes day and time of a moment: 5 December 2025, 14:05.
func (v *view) Moment(value any) string {
	t, ok := v.at(value)
	if !ok {
		return ""
	}
	return v.Day(value) + ", " + t.Format("15:04")
}

// Today is the day now.
func (v *view) Today() string { return v.Day(time.Now().Format(time.RFC3339Nano)) }

// kinds are the labels of stories that are no plain reports.
var kinds = map[string]string{"LIVE_BLOG": "live", "OPINION": "opinion", "VIDEO": "video", "AUDIO": "audio", "GALLERY": "gallery", "PRESS_RELEASE": "press"}

// KindOf is the label of what a story is, empty for a plain report and for one in a
// section of that name.
func (v *view) KindOf(story map[string]any) string {
	kind := kinds[text(story["kind"])]
	if section, _ := story["primaryCategory"].(map[string]any); kind != "" && bare(text(section["label"])) == bare(v.T(kind)) {
		return ""
	}
	return kind
}

// bare is a label without what may differ: capitals, the Arabic article, an English
// plural.
func bare(label string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(label), "ال"), "s")
}

// Crumbs are the breadcrumbs of a thing without itself, from the second level on.
func (v *view) Crumbs() []map[string]any {
	all := list(v.Data["breadcrumbs"])
	if len(all) == 0 || v.Kind == "List" && len(all) < 3 {
		return nil
	}
	return all[:len(all)-1]
}

// Stories are those of a list.
func (v *view) Stories() []map[string]any { return nodes(v.Data["latestNews"]) }

// Why is the reason for which an article is related.
func (v *view) Why(edge map[string]any) string {
	reasons := list(edge["reasons"])
	if len(reasons) == 0 {
		return ""
	}
	labels, _ := reasons[0]["labels"].([]any)
	said := make([]string, 0, 2)
	for _, l := range labels[:min(2, len(labels))] {
		said = append(said, text(l))
	}
	return strings.ReplaceAll(v.T(text(reasons[0]["kind"])), "{labels}", strings.Join(said, ", "))
}

// Teaser is a story in a list, on its way to its template.
type Teaser struct {
	*view
	S      map[string]any
	Look   string
	Level  int
	Eager  bool
	Sizes  string
	Reason string
}

// Story gives a story to its template.
func (v *view) Story(s any, look string, level int) Teaser {
	story, _ := s.(map[string]any)
	t := Teaser{view: v, S: story, Look: look, Level: level, Sizes: "(max-width: 640px) 100vw, 300px"}
	if look == "lead" {
		t.Eager, t.Sizes = true, "(max-width: 900px) 100vw, 760px"
	}
	return t
}

// RelatedStory is Story with the reason why it is related.
func (v *view) RelatedStory(edge map[string]any) Teaser {
	t := v.Story(edge["node"], "card", 3)
	t.Reason = v.Why(edge)
	return t
}

// Pictured reports whether a story has a picture where it stands.
func (t Teaser) Pictured() bool {
	return t.Look != "line" && t.Look != "text" && t.S["featuredImage"] != nil
}

// Topics are the tags, places and series of an article.
func (v *view) Topics() []map[string]any {
	out := append(list(v.Data["tags"]), list(v.Data["places"])...)
	if s, ok := v.Data["series"].(map[string]any); ok {
		out = append(out, s)
	}
	return out
}

// Shot is a picture on its way to its template.
type Shot struct {
	Src, Set, Sizes, Alt string
	Width, Height        int
	Eager                bool
}

// Picture gives a picture to its template, with the variants that the server has.
func (v *view) Picture(media any, sizes string, eager, alt bool) Shot {
	m, _ := media.(map[string]any)
	s := Shot{Src: text(m["src"]), Eager: eager, Width: 1280, Height: 720}
	if s.Set = text(m["srcset"]); s.Set != "" {
		s.Sizes = sizes
	}
	if alt {
		s.Alt = text(m["alt"])
	}
	return s
}
