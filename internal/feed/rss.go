package feed

import (
	"encoding/xml"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
)

// RSS 2.0 with the modules that readers know: content (the full text), dc (the
// author), media (pictures) and Atom's link to the feed itself.
type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Content string   `xml:"xmlns:content,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	Channel rssChannel
}

type rssChannel struct {
	XMLName     xml.Name   `xml:"channel"`
	Title       string     `xml:"title"`
	Link        string     `xml:"link"`
	Self        []atomLink `xml:"atom:link"`
	Description string     `xml:"description"`
	Language    string     `xml:"language,omitempty"`
	Copyright   string     `xml:"copyright,omitempty"`
	LastBuild   string     `xml:"lastBuildDate,omitempty"`
	Generator   string     `xml:"generator"`
	Items       []rssItem  `xml:"item"`
}

type rssItem struct {
	Title       string      `xml:"title"`
	Link        string      `xml:"link"`
	GUID        rssGUID     `xml:"guid"`
	PubDate     string      `xml:"pubDate,omitempty"`
	Creators    []string    `xml:"dc:creator"`
	Rights      string      `xml:"dc:rights,omitempty"`
	Language    string      `xml:"dc:language,omitempty"`
	Categories  []string    `xml:"category"`
	Description string      `xml:"description,omitempty"`
	Content     string      `xml:"content:encoded,omitempty"`
	Media       *rssPicture `xml:"media:content"`
}

type rssGUID struct {
	PermaLink bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

type rssPicture struct {
	URL         string   `xml:"url,attr"`
	Medium      string   `xml:"medium,attr"`
	Type        string   `xml:"type,attr,omitempty"`
	Size        int      `xml:"fileSize,attr,omitempty"`
	Width       int      `xml:"width,attr,omitempty"`
	Height      int      `xml:"height,attr,omitempty"`
	Title       *rssText `xml:"media:title"`
	Description *rssText `xml:"media:description"`
	Credit      string   `xml:"media:credit,omitempty"`
}

type rssText struct {
	Type  string `xml:"type,attr"`
	Value string `xml:",chardata"`
}

const generator = "Broadsheet"

func writeRSS(l *list) ([]byte, error) {
	doc := rss{
		Version: "2.0", Content: "http://purl.org/rss/1.0/modules/content/", DC: "http://purl.org/dc/elements/1.1/",
		Media: "http://search.yahoo.com/mrss/", Atom: "http://www.w3.org/2005/Atom",
		Channel: rssChannel{Title: l.Title, Link: l.Home, Description: l.Description, Language: l.Language, Copyright: l.Rights, LastBuild: rfc1123(l.Updated), Generator: generator,
			Self: []atomLink{{Href: l.Base + l.Path(), Rel: "self", Type: "application/rss+xml"}}},
	}
	if l.Hub != "" {
		doc.Channel.Self = append(doc.Channel.Self, atomLink{Href: l.Hub, Rel: "hub"})
	}
	for _, it := range l.Items {
		e := entryOf(it)
		item := rssItem{Title: e.Title, Link: e.Link, GUID: rssGUID{Value: it.URI}, PubDate: rfc1123(it.FirstCreated), Creators: e.Authors, Rights: e.Rights,
			Language: it.Language, Categories: e.Categories, Description: e.Summary}
		if l.Full {
			item.Content = e.HTML
		}
		if p := e.Picture; p != nil {
			item.Media = &rssPicture{URL: p.Href, Medium: "image", Type: p.ContentType, Size: p.SizeInBytes, Width: p.Width, Height: p.Height, Credit: e.Credit}
			if e.Alt != "" {
				item.Media.Title = &rssText{"plain", e.Alt}
			}
			if e.Caption != "" {
				item.Media.Description = &rssText{"plain", e.Caption}
			}
		}
		doc.Channel.Items = append(doc.Channel.Items, item)
	}
	for _, c := range l.Comments {
		doc.Channel.Items = append(doc.Channel.Items, rssItem{Title: c.Title, Link: c.Link, GUID: rssGUID{Value: c.ID}, PubDate: rfc1123(c.PostedAt), Creators: []string{c.By},
			Description: c.Body, Content: paragraphs(c.Body)})
	}
	return writeXML(doc)
}

// writeXML writes a document with its declaration. What XML cannot hold, such as
// control characters, becomes U+FFFD.
func writeXML(doc any) ([]byte, error) {
	text, err := xml.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write XML: %w", err)
	}
	return append([]byte(xml.Header), text...), nil
}

func rfc1123(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC1123Z)
}

// entry is what all formats say of an item.
type entry struct {
	Title, Link, Summary, HTML, Rights string
	Authors, Categories                []string
	Picture                            *ninjs.Rendition
	Alt, Caption, Credit               string
}

func entryOf(it *ninjs.Item) entry {
	e := entry{Title: it.Headline(), Rights: it.Copyright.Notice}
	if e.Rights == "" && it.Copyright.Holder != "" {
		e.Rights = "© " + it.Copyright.Holder
	}
	for _, r := range it.Renditions {
		if r.Name == "web" {
			e.Link = ascii(r.Href)
		}
	}
	if len(it.Descriptions) > 0 {
		e.Summary = it.Descriptions[0].Value
	}
	if len(it.Bodies) > 0 {
		e.HTML = it.Bodies[0].Value
	}
	for _, p := range it.People {
		if p.Rel == "author" {
			e.Authors = append(e.Authors, p.Name)
		}
	}
	if len(e.Authors) == 0 && it.By != "" {
		e.Authors = []string{it.By}
	}
	for _, x := range it.Subjects {
		e.Categories = append(e.Categories, x.Name)
	}
	for i := range it.Associations {
		p := &it.Associations[i].Item
		if p.Type != "picture" || len(p.Renditions) == 0 {
			continue
		}
		e.Picture, e.Credit = &p.Renditions[0], p.By
		if len(p.Headlines) > 0 {
			e.Alt = p.Headlines[0].Value
		}
		if len(p.Descriptions) > 0 {
			e.Caption = p.Descriptions[0].Value
		}
		break
	}
	return e
}

// newRemark is a comment below an article.
func newRemark(base string, c *ent.Comment, a *ent.Article) remark {
	name, public := comment.AuthorName(c), id.Encode(id.Comment, c.ID)
	return remark{Comment: c, ID: "urn:broadsheet:" + public, By: name, Title: name + ": " + a.Title,
		Link: ascii(permalink.Absolute(base, permalink.Path(permalink.Article, a.Slug))) + "#" + public}
}

// paragraphs writes a text as HTML.
func paragraphs(text string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(text)), "\n", "<br>") + "</p>"
}
