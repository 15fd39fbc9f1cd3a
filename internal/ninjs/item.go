package ninjs

import (
	"strings"
	"time"
)

// PubStatus tells whether an item may be published.
type PubStatus string

// The values of pubStatus. An item without one is usable; one with a value
// that is none of these is held to be withheld, with a Problem, since an order
// not to publish must not be lost to a spelling.
const (
	Usable   PubStatus = "usable"
	Withheld PubStatus = "withheld"
	Canceled PubStatus = "canceled"
)

// The values of representationType since version 3.0.
const (
	Full    = "full"
	Partial = "partial"
)

// Item is a news item, whichever version of ninjs it was written in. Absent
// fields are zero, and so are fields which could not be read: those have a
// Problem. Times are in UTC.
type Item struct {
	Index    int    // in the stream, from 0
	Line     int    // where it starts, from 1
	Offset   int64  // where it starts, in bytes of the uncompressed stream
	RawBytes int    // size of its JSON text
	Major    int    // version of ninjs: 1, 2 or 3, by what it says or else by its names
	Standard string // version of ninjs as it says, such as "3.1"

	URI                string // identifies the item through all its versions
	Version            string
	Type               string // text, picture, video, …
	Profile            string
	RepresentationType string // Full or Partial; older versions had other words
	PubStatus          PubStatus
	Urgency            int // 1 (highest) to 9; 0 when absent
	Language           string

	FirstCreated   time.Time
	VersionCreated time.Time
	ContentCreated time.Time
	EmbargoedUntil time.Time
	Expires        time.Time

	Title        string // a label for editors, no headline
	Headlines    []Text
	Descriptions []Text
	Bodies       []Text
	By           string // the byline, as printed
	Slugline     string
	Located      string
	EdNote       string
	Copyright    Copyright
	UsageTerms   string
	Rights       Rights

	People        []Entity
	Organisations []Entity
	Subjects      []Entity
	Events        []Entity
	Objects       []Entity
	Genres        []Entity
	InfoSources   []Entity
	Places        []Place
	SourceType    Entity // how the content came to be (camera, algorithm, …)

	AltIDs          []AltID
	TrustIndicators []TrustIndicator
	Renditions      []Rendition
	Associations    []Association

	// Unknown names fields of the item that no version of ninjs has and that
	// were passed over.
	Unknown  []string
	Problems []Problem
}

// Text is a headline, a description or a body.
type Text struct {
	Role        string
	ContentType string // media type
	Value       string
}

// Copyright is whom the content belongs to, and how to say so.
type Copyright struct {
	Holder string
	Notice string
}

// Rights is a machine-readable rights expression, or a link to one.
type Rights struct {
	LangID        string
	LinkedRights  string
	EncodedRights string
}

// Entity is a person, organisation, subject, event, object, genre or source
// that the item is related to.
type Entity struct {
	Name    string
	Rel     string
	Role    string // of a source
	URI     string
	Literal string // an identifier which is no URI; the code of ninjs 1.x
	Scheme  string // the vocabulary of Literal, in ninjs 1.x
}

// Place is a location the item is related to.
type Place struct {
	Entity
	// Country is an ISO 3166-1 alpha-2 code where the place's identifiers or
	// its address give one.
	Country string
	// Point is the position where the place has one, as its geoJSON says.
	Point *Point
}

// Point is a position on Earth in degrees (WGS 84).
type Point struct {
	Latitude, Longitude float64
}

// AltID is another identifier of the item.
type AltID struct {
	Role  string
	Value string
}

// TrustIndicator links to a statement on how the provider works.
type TrustIndicator struct {
	Role  string
	Title string
	Href  string
}

// Rendition is one form of the content: a size of a picture, an encoding of
// a video.
type Rendition struct {
	Name        string
	Href        string
	ContentType string // media type
	Title       string
	Width       int // pixels
	Height      int // pixels
	SizeInBytes int
	Duration    float64 // seconds
	Format      string
	Focus       *Focus // poi, the point of interest
}

// Focus is the point of a picture which must stay visible when it is cropped,
// in pixels from the top left.
type Focus struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// Association is an item which belongs to another, such as its picture.
type Association struct {
	Name string
	Rel  string
	Item Item // without Problems of its own: they are listed with the outer item's
}

// Headline is the main headline, or "" when there is none.
func (it *Item) Headline() string {
	return pick(it.Headlines, "main", "", "headline", "title")
}

// Subheadline is the headline which goes below the main one, or "".
func (it *Item) Subheadline() string {
	for _, t := range it.Headlines {
		switch roleName(t.Role) {
		case "subheadline", "subhead", "subheading", "sub", "subtitle", "secondary", "deck", "dek":
			if t.Value != "" {
				return t.Value
			}
		}
	}
	return ""
}

// Excerpt is the description which suits readers best, or "".
func (it *Item) Excerpt() string {
	return pick(it.Descriptions, "main", "", "summary", "abstract", "excerpt", "standfirst", "teaser", "text", "short")
}

// pick returns the value whose role comes first among roles, else the first
// value there is.
func pick(texts []Text, roles ...string) string {
	for _, role := range roles {
		for _, t := range texts {
			if t.Value != "" && roleName(t.Role) == role {
				return t.Value
			}
		}
	}
	for _, t := range texts {
		if t.Value != "" {
			return t.Value
		}
	}
	return ""
}

// roleName reduces a role to what names it: roles are free text, and some
// providers write terms of a vocabulary (http://…/main, role:main).
func roleName(role string) string {
	role = role[strings.LastIndexAny(role, "/:#")+1:]
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(role))
}

// Markup is what a body is written in.
type Markup int

// The kinds of markup, in rising order of preference.
const (
	OtherMarkup Markup = iota // NITF, PDF, …
	PlainText
	Markdown
	HTML
)

// Markup tells what the text is written in, by its content type. A text
// without one is plain, unless it is enclosed in tags.
func (t Text) Markup() Markup {
	media, _, _ := strings.Cut(t.ContentType, ";")
	switch strings.ToLower(strings.TrimSpace(media)) {
	case "text/html", "application/xhtml+xml", "html", "xhtml":
		return HTML
	case "text/markdown", "text/x-markdown", "markdown":
		return Markdown
	case "text/plain", "text", "plain":
		return PlainText
	case "":
		v := strings.TrimSpace(t.Value)
		if len(v) > 6 && v[0] == '<' && v[len(v)-1] == '>' {
			return HTML
		}
		return PlainText
	}
	return OtherMarkup
}

// Body is the richest of the bodies: HTML rather than Markdown rather than
// plain text, and among equals the one whose role says it is the main one,
// else the first. It reports false when no body has any content; a body in
// another markup is returned only for want of a better one.
func (it *Item) Body() (Text, bool) {
	best, bestScore := Text{}, -1
	for _, t := range it.Bodies {
		if strings.TrimSpace(t.Value) == "" {
			continue
		}
		score := 2 * int(t.Markup())
		switch roleName(t.Role) {
		case "", "main", "body", "full", "article":
			score++
		}
		if score > bestScore {
			best, bestScore = t, score
		}
	}
	return best, bestScore >= 0
}

// Problem returns the first problem of the field of that path, and whether
// there is one. It tells an absent field from one which could not be read.
func (it *Item) Problem(field string) (Problem, bool) {
	for _, p := range it.Problems {
		if p.Field == field {
			return p, true
		}
	}
	return Problem{}, false
}
