package mail

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	"text/template"
)

// Content is what a mail says.
type Content struct {
	Subject, Text, HTML string
	Language            string
}

// Words fill a template. A template uses those that it needs.
type Words struct {
	Site    string // set by Render
	Name    string // of the recipient, or of whoever wrote
	Email   string
	URL     string // of the button
	Code    string // of six digits
	Lasts   Span   // how long the link is valid
	Date    string
	Subject string
	Message string
	Lists   []string // names of newsletters
	Weekly  bool     // of a digest: not daily
}

// Span is a number of minutes, hours or days.
type Span struct {
	Number int
	Unit   string // minute, hour or day
}

// Issue is what an issue of a newsletter says.
type Issue struct {
	Newsletter, Subject, Language string
	Intro                         []string // paragraphs
	Articles                      []Article
	PreferencesURL                string
	UnsubscribeURL                string
}

// Digest is what a digest of a reader's interests says.
type Digest struct {
	Weekly               bool // else daily
	Language             string
	Articles             []Article
	SettingsURL, StopURL string
}

// Article is one article of an issue or digest.
type Article struct{ Title, Summary, URL string }

//go:embed templates
var files embed.FS

// languages are those that mails are written in, the first for all others. What other
// packages write by Supported needs them all.
var languages = []string{"en", "ar"}

// Templates are the names of all templates.
var Templates = []string{"confirm-email", "account-exists", "sign-in", "reset-password", "change-email", "email-changed", "deletion-scheduled",
	"account-deleted", "data-export", "invitation", "kill-reminder", "confirm-subscription", "contact",
	"guest-comment", "report-received", "report-upheld", "report-dismissed", "report-withdrawn", "comment-removed", "test"}

var (
	plain = map[string]*template.Template{} // by language/name
	html  = htmltemplate.Must(htmltemplate.New("").Funcs(htmltemplate.FuncMap{"paragraphs": paragraphs}).ParseFS(files, "templates/*.html.tmpl"))
)

func init() { //nolint:gochecknoinits // parses what is built in
	for _, language := range languages {
		common := template.Must(template.New("").Funcs(template.FuncMap{"join": func(list []string) string { return strings.Join(list, ", ") }}).
			ParseFS(files, "templates/*.txt.tmpl", "templates/"+language+"/common.tmpl"))
		for _, name := range append(Templates, "newsletter", "digest") {
			t := template.Must(common.Clone())
			plain[language+"/"+name] = template.Must(t.ParseFS(files, "templates/"+language+"/"+name+".tmpl"))
		}
	}
}

// Languages are those that mails are written in.
func Languages() []string { return slices.Clone(languages) }

// Supported gives the language that a mail is written in for a reader of
// another.
func Supported(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	for _, l := range languages {
		if l == base {
			return l
		}
	}
	return languages[0]
}

func direction(language string) string {
	if language == "ar" {
		return "rtl"
	}
	return "ltr"
}

// page is what the layouts show.
type page struct {
	Brand
	Words
	Language, Direction string
	Subject             string
	Paragraphs          []string
	Action              string // label of the button; empty: none
	Footer              string
	Issue               *Issue
	Read, Preferences   string
	Unsubscribe         string
}

// Render fills a template in a language, the site's when it is empty: the same
// words make the text and the HTML part.
func Render(brand Brand, name, language string, words Words) (Content, error) {
	if language == "" {
		language = brand.Language
	}
	language = Supported(language)
	t := plain[language+"/"+name]
	if t == nil {
		return Content{}, fmt.Errorf("there is no mail template %q", name)
	}
	words.Site = brand.Name
	p := page{Brand: brand, Words: words, Language: language, Direction: direction(language)}
	for part, into := range map[string]*string{"subject": &p.Subject, "action": &p.Action, "footer": &p.Footer} {
		text, err := execute(t, part, words)
		if err != nil {
			return Content{}, err
		}
		*into = strings.Join(strings.Fields(text), " ")
	}
	body, err := execute(t, "body", words)
	if err != nil {
		return Content{}, err
	}
	p.Paragraphs = paragraphs(body)
	return layOut(t, "mail", p)
}

// RenderIssue makes the mail of an issue of a newsletter.
func RenderIssue(brand Brand, issue Issue) (Content, error) {
	p := page{Brand: brand, Language: Supported(issue.Language), Subject: issue.Subject, Issue: &issue}
	return layOutIssue("newsletter", p, Words{Subject: issue.Newsletter}, false)
}

// RenderDigest makes the mail of a digest, in the site's language if its own is
// empty. It looks like an issue of a newsletter.
func RenderDigest(brand Brand, d Digest) (Content, error) {
	if d.Language == "" {
		d.Language = brand.Language
	}
	p := page{Brand: brand, Language: Supported(d.Language), Issue: &Issue{Articles: d.Articles, PreferencesURL: d.SettingsURL, UnsubscribeURL: d.StopURL}}
	return layOutIssue("digest", p, Words{Weekly: d.Weekly}, true)
}

// layOutIssue fills the page of an issue from the parts of a template, its subject
// too if that is asked for.
func layOutIssue(name string, p page, words Words, subject bool) (Content, error) {
	t := plain[p.Language+"/"+name]
	p.Direction, words.Site = direction(p.Language), p.Brand.Name
	parts := map[string]*string{"read": &p.Read, "preferences": &p.Preferences, "unsubscribe": &p.Unsubscribe, "why": &p.Footer}
	if subject {
		parts["subject"] = &p.Subject
	}
	for part, into := range parts {
		text, err := execute(t, part, words)
		if err != nil {
			return Content{}, err
		}
		*into = strings.TrimSpace(text)
	}
	return layOut(t, "newsletter", p)
}

func layOut(t *template.Template, layout string, p page) (Content, error) {
	text, err := execute(t, layout+".txt.tmpl", p)
	if err != nil {
		return Content{}, err
	}
	var out bytes.Buffer
	if err := html.ExecuteTemplate(&out, layout+".html.tmpl", p); err != nil {
		return Content{}, fmt.Errorf("fill the mail template %s: %w", layout, err)
	}
	return Content{Subject: p.Subject, Text: strings.TrimSpace(text) + "\n", HTML: out.String(), Language: p.Language}, nil
}

func execute(t *template.Template, part string, data any) (string, error) {
	var out strings.Builder
	if err := t.ExecuteTemplate(&out, part, data); err != nil {
		return "", fmt.Errorf("fill the mail template: %w", err)
	}
	return out.String(), nil
}

// paragraphs splits a text at its empty lines.
func paragraphs(text string) (all []string) {
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
