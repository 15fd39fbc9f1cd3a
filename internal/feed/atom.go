package feed

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// Atom, RFC 4287.
type atomFeed struct {
	XMLName  xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Language string      `xml:"xml:lang,attr,omitempty"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle,omitempty"`
	Updated  string      `xml:"updated"`
	Author   atomPerson  `xml:"author"`
	Links    []atomLink  `xml:"link"`
	Rights   string      `xml:"rights,omitempty"`
	By       string      `xml:"generator"`
	Entries  []atomEntry `xml:"entry"`
}

type atomLink struct {
	Href   string `xml:"href,attr"`
	Rel    string `xml:"rel,attr,omitempty"`
	Type   string `xml:"type,attr,omitempty"`
	Length int    `xml:"length,attr,omitempty"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomEntry struct {
	Language   string         `xml:"xml:lang,attr,omitempty"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Authors    []atomPerson   `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary,omitempty"`
	Content    *rssText       `xml:"content"`
	Rights     string         `xml:"rights,omitempty"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func writeAtom(l *list) ([]byte, error) {
	self := l.Base + l.Path()
	doc := atomFeed{Language: l.Language, ID: self, Title: l.Title, Subtitle: l.Description, Updated: rfc3339(l.Updated), Author: atomPerson{l.SiteName}, Rights: l.Rights, By: generator,
		Links: []atomLink{{Href: self, Rel: "self", Type: "application/atom+xml"}, {Href: l.Home, Rel: "alternate", Type: "text/html"}}}
	if l.Hub != "" {
		doc.Links = append(doc.Links, atomLink{Href: l.Hub, Rel: "hub"})
	}
	for _, it := range l.Items {
		e := entryOf(it)
		x := atomEntry{Language: it.Language, ID: it.URI, Title: e.Title, Published: rfc3339(it.FirstCreated), Updated: rfc3339(it.VersionCreated), Summary: e.Summary, Rights: e.Rights,
			Links: []atomLink{{Href: e.Link, Rel: "alternate", Type: "text/html"}}}
		for _, name := range e.Authors {
			x.Authors = append(x.Authors, atomPerson{name})
		}
		for _, name := range e.Categories {
			x.Categories = append(x.Categories, atomCategory{name})
		}
		if p := e.Picture; p != nil {
			x.Links = append(x.Links, atomLink{Href: p.Href, Rel: "enclosure", Type: p.ContentType, Length: p.SizeInBytes})
		}
		if l.Full && e.HTML != "" {
			x.Content = &rssText{"html", e.HTML}
		}
		doc.Entries = append(doc.Entries, x)
	}
	for _, c := range l.Comments {
		at := rfc3339(c.PostedAt)
		doc.Entries = append(doc.Entries, atomEntry{ID: c.ID, Title: c.Title, Published: at, Updated: at, Authors: []atomPerson{{c.By}},
			Links: []atomLink{{Href: c.Link, Rel: "alternate", Type: "text/html"}}, Content: &rssText{"html", paragraphs(c.Body)}})
	}
	return writeXML(doc)
}

// JSON Feed 1.1.
type jsonFeed struct {
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	HomePageURL string       `json:"home_page_url"`
	FeedURL     string       `json:"feed_url"`
	Description string       `json:"description,omitempty"`
	Language    string       `json:"language,omitempty"`
	Items       []jsonItem   `json:"items"`
	Authors     []jsonPerson `json:"authors,omitempty"`
	Hubs        []jsonHub    `json:"hubs,omitempty"`
}

type jsonHub struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type jsonPerson struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type jsonItem struct {
	ID            string           `json:"id"`
	URL           string           `json:"url"`
	Title         string           `json:"title"`
	ContentHTML   string           `json:"content_html,omitempty"`
	ContentText   string           `json:"content_text,omitempty"`
	Summary       string           `json:"summary,omitempty"`
	Image         string           `json:"image,omitempty"`
	DatePublished string           `json:"date_published"`
	DateModified  string           `json:"date_modified"`
	Authors       []jsonPerson     `json:"authors,omitempty"`
	Tags          []string         `json:"tags,omitempty"`
	Language      string           `json:"language,omitempty"`
	Attachments   []jsonAttachment `json:"attachments,omitempty"`
}

type jsonAttachment struct {
	URL      string `json:"url"`
	MimeType string `json:"mime_type"`
	Size     int    `json:"size_in_bytes,omitempty"`
}

func writeJSON(l *list) ([]byte, error) {
	doc := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: l.Title, HomePageURL: l.Home, FeedURL: l.Base + l.Path(), Description: l.Description, Language: l.Language,
		Items: []jsonItem{}, Authors: []jsonPerson{{Name: l.SiteName, URL: l.Base}}}
	if l.Hub != "" {
		doc.Hubs = []jsonHub{{"WebSub", l.Hub}}
	}
	for _, it := range l.Items {
		e := entryOf(it)
		x := jsonItem{ID: it.URI, URL: e.Link, Title: e.Title, Summary: e.Summary, DatePublished: rfc3339(it.FirstCreated), DateModified: rfc3339(it.VersionCreated),
			Tags: e.Categories, Language: it.Language, ContentHTML: e.HTML}
		if !l.Full || e.HTML == "" { // one of the two must be there
			x.ContentHTML, x.ContentText = "", e.Summary
			if e.Summary == "" {
				x.ContentText = e.Title
			}
		}
		for _, p := range it.People {
			if p.Rel == "author" {
				x.Authors = append(x.Authors, jsonPerson{Name: p.Name, URL: p.URI})
			}
		}
		if p := e.Picture; p != nil {
			x.Image = p.Href
			if p.ContentType != "" {
				x.Attachments = []jsonAttachment{{p.Href, p.ContentType, p.SizeInBytes}}
			}
		}
		doc.Items = append(doc.Items, x)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write a JSON feed: %w", err)
	}
	return text, nil
}

// writeNinjs writes an article as an item of ninjs, a list as an item that is
// composed of them.
func writeNinjs(l *list) ([]byte, error) {
	if !l.Full {
		for _, it := range l.Items {
			it.Bodies, it.RepresentationType = nil, ninjs.Partial
		}
	}
	if l.Of == permalink.Article {
		return ninjs.Encode(l.Items[0])
	}
	whole := &ninjs.Item{URI: l.Base + l.Path(), Type: "composite", RepresentationType: ninjs.Full, PubStatus: ninjs.Usable, Language: l.Language, Title: l.Title, VersionCreated: l.Updated,
		Renditions: []ninjs.Rendition{{Name: "web", Href: l.Home, ContentType: "text/html"}}}
	for i, it := range l.Items {
		whole.Associations = append(whole.Associations, ninjs.Association{Name: fmt.Sprintf("item%03d", i+1), Rel: "item", Item: *it})
	}
	return ninjs.Encode(whole)
}
