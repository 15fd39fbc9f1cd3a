package website

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// language is the kind of the front page of one language, whose slug is its tag.
const language permalink.Kind = "languages"

// view is one page on its way to the template.
type view struct {
	Kind, Path, Language, Dir string
	Status                    int
	MovedTo                   string
	Chrome, Data              map[string]any // Data: the article, section, page …
	Title, Description, Image string
	Canonical, Type           string
	NoIndex                   bool
	Alternates                []alternate
	JSONLD                    template.JS
	First                     template.JS
	Body                      template.HTML
	Front                     *front
	Latest, MostRead          []map[string]any // beside an article
	Style, Theme              string
	Fonts, Scripts            []string
	Notice                    string

	words     map[string]any
	zone      *time.Location
	main      string // language of the site
	base      string // address of the site, without a slash at its end
	preview   string
	answers   []*answer
	requested *http.Request
	site      *Site
}

// alternate is the same thing in another language.
type alternate struct{ Language, URL string }

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$`)

// view asks the API for what a page shows.
func (s *Site) view(r *http.Request, clean string) (*view, error) {
	v := &view{Path: clean, Status: http.StatusOK, requested: r, site: s, preview: r.URL.Query().Get("preview"), Type: "website"}
	kind, slug := permalink.Parse(clean)
	if tag, ok := strings.CutPrefix(clean, "/"+string(language)+"/"); ok && languageTag.MatchString(tag) {
		kind, slug = language, tag
	}
	named := r.URL.Query().Get("language")
	if kind == language {
		named = slug
	}
	if named != "" && !languageTag.MatchString(named) {
		named = ""
	}
	if err := v.chrome(named); err != nil {
		return nil, err
	}
	if r.URL.Path != clean && permalink.Escaped(r.URL.Path) != permalink.Escaped(clean) { // one address for one page
		v.MovedTo, v.Status = permalink.Escaped(clean), http.StatusMovedPermanently
		return v, nil
	}
	if err := v.fill(kind, slug); err != nil {
		return nil, err
	}
	return v, v.finish()
}

// fill asks for the page itself.
func (v *view) fill(kind permalink.Kind, slug string) error {
	switch kind {
	case permalink.Front, language:
		return v.fillFront()
	case permalink.Article:
		return v.fillArticle()
	case permalink.Category:
		return v.fillList("sections", "SectionPage", "category", slug)
	case permalink.Tag:
		return v.fillList("tags", "TagPage", "tag", slug)
	case permalink.Place:
		return v.fillList("places", "PlacePage", "place", slug)
	case permalink.Series:
		return v.fillList("series", "SeriesPage", "series", slug)
	case permalink.Author:
		return v.fillList("authors", "AuthorPage", "author", slug)
	}
	if v.Path == "/offline" { // kept by the service worker, which shows it at any address
		v.Kind, v.NoIndex, v.Title = "Offline", true, v.T("offlineTitle")
		return nil
	}
	if script := v.site.assets.routes.script(v.Path); script != "" { // pages that the application alone shows
		v.Kind, v.NoIndex, v.Title = script, true, v.name()
		return nil
	}
	return v.fillPage()
}

// chrome asks for what is around the content, in a language or, without one, in that
// of the site.
func (v *view) chrome(language string) error {
	first := language
	if first == "" {
		first = "en"
	}
	a, err := v.site.ask(v.requested, "", "Chrome", map[string]any{"language": first})
	if err != nil {
		return err
	}
	site, _ := a.data["site"].(map[string]any)
	v.main = text(site["language"])
	if language == "" {
		language = v.main
	}
	if language != first {
		if a, err = v.site.ask(v.requested, "", "Chrome", map[string]any{"language": language}); err != nil {
			return err
		}
	}
	v.speak(language)
	v.Chrome, v.answers = a.data, append(v.answers[:0], a)
	v.base = strings.TrimSuffix(text(site["url"]), "/")
	if v.base == "" {
		v.base = origin(v.requested)
	}
	if v.zone, err = time.LoadLocation(text(site["timeZone"])); err != nil {
		v.zone = time.UTC
	}
	return nil
}

func (v *view) speak(language string) {
	v.Language, v.Dir, v.words = language, "ltr", v.site.assets.words["en"]
	if strings.HasPrefix(language, "ar") {
		v.Dir, v.words = "rtl", v.site.assets.words["ar"]
	}
}

// origin is the address that a request was sent to, for a site without an address
// of its own.
func origin(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		u.Scheme = "https"
	}
	return u.String()
}

// query asks an operation and keeps its answer for the application.
func (v *view) query(name string, variables map[string]any) (map[string]any, error) {
	a, err := v.site.ask(v.requested, v.preview, name, variables)
	if err != nil {
		return nil, err
	}
	v.answers = append(v.answers, a)
	return a.data, nil
}

func (v *view) fillFront() error {
	v.Kind = "Front"
	data, err := v.query("FrontPage", map[string]any{"language": v.Language})
	if err != nil {
		return err
	}
	v.Front = arrange(data, v.Language)
	site := v.Chrome["site"].(map[string]any)
	v.Title, v.Description = v.name()+" – "+text(site["tagline"]), text(site["description"])
	v.Canonical = v.base + v.Href("/")
	v.bilingual(func(l string) string {
		if l == v.main {
			return "/"
		}
		return "/" + string(language) + "/" + l
	})
	return nil
}

func (v *view) fillArticle() error {
	v.Kind, v.Type = "Article", "article"
	ask := func() (map[string]any, error) {
		data, err := v.query("ArticlePage", map[string]any{"path": v.Path, "language": v.Language})
		if err != nil {
			return nil, err
		}
		article, _ := data["article"].(map[string]any)
		return article, nil
	}
	article, err := ask()
	if err != nil {
		return err
	}
	if article == nil {
		return v.absent()
	}
	if own := text(article["language"]); own != v.Language { // the page speaks the language of its article
		if err = v.chrome(own); err == nil {
			article, err = ask()
		}
		if err != nil {
			return err
		}
	}
	head, err := v.site.ask(v.requested, v.preview, "ArticleHead", map[string]any{"path": v.Path})
	if err != nil {
		return err
	}
	blocks, err := v.askBody(text(article["path"]))
	if err != nil {
		return err
	}
	read, err := v.query("Rail", map[string]any{"language": v.Language})
	if err != nil {
		return err
	}
	v.Latest = inLanguage(nodes(read["latestNews"]), v.Language, text(article["id"]))
	v.MostRead = inLanguage(list(read["mostRead"]), v.Language, text(article["id"]))
	v.Data = article
	v.describeArticle(article, head.data, blocks)
	return nil
}

// askBody asks for the blocks of the text, and for its tables where it has some.
func (v *view) askBody(path string) ([]map[string]any, error) {
	variables := map[string]any{"path": path}
	body, err := v.query("ArticleBody", variables)
	if err != nil {
		return nil, err
	}
	article, _ := body["article"].(map[string]any)
	blocks := list(article["body"])
	for _, block := range blocks {
		if block["__typename"] == "TableBlock" {
			_, err = v.query("ArticleTables", variables)
			break
		}
	}
	return blocks, err
}

func (v *view) describeArticle(article, head map[string]any, blocks []map[string]any) {
	seo, _ := article["seo"].(map[string]any)
	v.Title, v.Description, v.NoIndex = cmp.Or(text(seo["title"]), text(article["title"])), text(seo["description"]), seo["noIndex"] == true
	v.Canonical = permalink.Absolute(v.base, text(seo["canonicalUrl"]))
	extra, _ := head["article"].(map[string]any)
	v.Body = still(responsive(text(extra["bodyHtml"]), blocks))
	if ld, err := json.Marshal(extra["jsonLd"]); err == nil { // writes < as \u003c
		v.JSONLD = template.JS(ld) //nolint:gosec // G203: JSON without <
	}
	if s, ok := extra["seo"].(map[string]any); ok {
		if image, ok := s["image"].(map[string]any); ok {
			v.Image = permalink.Absolute(v.base, text(image["w1280"]))
		}
	}
	v.Alternates = append(v.Alternates, alternate{text(article["language"]), v.base + permalink.Escaped(v.Path)})
	for _, t := range list(article["translations"]) {
		if text(t["path"]) != v.Path {
			v.Alternates = append(v.Alternates, alternate{text(t["language"]), v.base + permalink.Escaped(text(t["path"]))})
		}
	}
}

func (v *view) fillList(kind, operation, field, slug string) error {
	v.Kind = "List"
	data, err := v.query(operation, map[string]any{"slug": slug, "language": v.Language, "of": v.Language, "after": nil})
	if err != nil {
		return err
	}
	thing, _ := data[field].(map[string]any)
	if thing == nil {
		return v.absent()
	}
	thing["kind"] = kind
	v.Data = thing
	v.Title, v.Description = text(thing["label"])+" – "+v.name(), text(thing["description"])
	v.Canonical = v.base + v.Href(permalink.Escaped(v.Path))
	v.bilingual(func(l string) string {
		if l == v.main {
			return permalink.Escaped(v.Path)
		}
		return permalink.Escaped(v.Path) + "?language=" + l
	})
	return nil
}

func (v *view) fillPage() error {
	v.Kind = "Page"
	data, err := v.query("StaticPage", map[string]any{"path": v.Path})
	if err != nil {
		return err
	}
	page, _ := data["page"].(map[string]any)
	if page == nil {
		return v.absent()
	}
	v.Data = page
	if own := text(page["language"]); own != v.Language {
		asked := v.answers[1:]
		if err := v.chrome(own); err != nil {
			return err
		}
		v.answers = append(v.answers, asked...)
	}
	seo, _ := page["seo"].(map[string]any)
	v.Title, v.Description, v.NoIndex = cmp.Or(text(seo["title"]), text(page["title"]))+" – "+v.name(), text(seo["description"]), seo["noIndex"] == true
	v.Canonical = permalink.Absolute(v.base, text(seo["canonicalUrl"]))
	v.Body = still(text(page["bodyHtml"]))
	return nil
}

// absent says what stands at an address without a page: where it has moved to, that
// it is gone, or that there is nothing.
func (v *view) absent() error {
	v.Kind, v.Status, v.NoIndex, v.Type = "", http.StatusNotFound, true, "website"
	data, err := v.query("Route", map[string]any{"path": v.Path})
	if err != nil {
		return err
	}
	route, _ := data["route"].(map[string]any)
	target, _ := route["target"].(map[string]any)
	code, _ := route["statusCode"].(float64)
	v.Title = v.T("notFound")
	switch to := cmp.Or(text(route["redirectTo"]), text(target["path"])); {
	case int(code) == http.StatusGone:
		v.Status, v.Title, v.Notice = http.StatusGone, v.T("gone"), text(target["text"])
	case to != "" && to != v.Path:
		v.MovedTo, v.Status = escapedTarget(to), http.StatusMovedPermanently
		if code >= 300 && code < 400 {
			v.Status = int(code)
		}
	}
	return nil
}

// escapedTarget writes a path of the site as a browser sends it; an address of
// another site stays as it is.
func escapedTarget(to string) string {
	if strings.HasPrefix(to, "/") {
		return permalink.Escaped(to)
	}
	return to
}

// bilingual names the page in both languages that the application speaks.
func (v *view) bilingual(path func(language string) string) {
	for _, l := range []string{"en", "ar"} {
		v.Alternates = append(v.Alternates, alternate{l, v.base + path(l)})
	}
}

// finish puts together what the document needs beside the page.
func (v *view) finish() error {
	a := v.site.assets
	first, err := json.Marshal(map[string]any{"language": v.Language, "status": v.Status, "answers": v.answers}) // writes < as \u003c, also in the answers
	if err != nil {
		return fmt.Errorf("write the first answers: %w", err)
	}
	v.First = template.JS(first) //nolint:gosec // G203: JSON without <
	v.Style, v.Fonts = a.style, a.fonts
	spoken := "words/en"
	if v.Dir == "rtl" {
		spoken = "words/ar"
	}
	parts := []string{"main", spoken, cmp.Or(v.Kind, "Page")}
	if v.Kind == "Offline" {
		parts = nil // the application would look for the page of the address
	}
	for _, part := range parts {
		for _, script := range a.scripts[part] {
			if !slices.Contains(v.Scripts, script) { // parts share some
				v.Scripts = append(v.Scripts, script)
			}
		}
	}
	if len(v.site.opts.Theme) > 0 {
		v.Theme = prefix + "theme.css"
	}
	if len(v.Description) > 300 {
		v.Description = strings.ToValidUTF8(v.Description[:300], "")
	}
	return nil
}

var (
	recordings = regexp.MustCompile(`<(?:video|audio)[^>]* src="(https?://([^/"]+)[^"]*)"[^>]*></(?:video|audio)>`)
	foreign    = regexp.MustCompile(`<img[^>]* src="(https?://[^"]*)"( alt="([^"]*)")?[^>]*>`)
)

// still makes of a body one that asks no other site for anything: recordings and
// pictures that lie elsewhere become links. The API has removed scripts before.
func still(body string) template.HTML {
	body = recordings.ReplaceAllString(body, `<a class="recording" href="$1">▶ $2</a>`)
	body = foreign.ReplaceAllString(body, `<a href="$1">$3</a>`)
	return template.HTML(body) //nolint:gosec // G203: sanitised when it was stored and when it was written
}
