package ingest

import (
	"cmp"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
)

// Bounds on the words of an article, beyond which they are cut and the cut is
// reported.
const (
	maxURI     = 2000 // bytes: what both databases keep in a unique index
	maxTitle   = 300  // characters
	maxExcerpt = 1000 // characters
	maxShort   = 500  // bytes: by-lines, names
	maxNotice  = 2000 // bytes: rights, notes to editors
)

// story puts a news item into the words of this system.
func (in *ninjsImport) story(src *ninjs.Item) *item {
	it := &item{at: position{src.Index, src.Line, src.Offset}, size: src.RawBytes}
	uri := in.identity(it, src)
	switch {
	case uri == "":
		it.reject(reasonNoIdentity, "no uri and no other identifier: a later version could not be told from another story")
	case len(uri) > maxURI:
		it.reject(reasonTooLong, "the uri is longer than %d bytes", maxURI)
	case src.Type == "planning" || src.Type == "event":
		it.reject(reasonNoNews, "type %s is no news but a notice of it", src.Type)
	}
	it.uri = uri
	if it.refusal != nil {
		return it
	}
	s := &story{URI: uri, VersionAt: src.VersionCreated, Kind: kindOf(src), Hold: holdOf(src.PubStatus)}
	it.story = s
	for _, p := range src.Problems {
		switch p.Field {
		case "uri", "embargoedUntil": // dealt with where they are used
		default:
			it.repair(string(p.Code), "%s", p)
		}
	}
	s.Language = in.languageOf(it, src.Language)
	in.dates(it, src)
	in.body(it, src)
	if it.refusal == nil {
		in.words(it, src)
	}
	if it.refusal != nil {
		return it
	}
	in.names(it, src)
	in.media(it, src)
	s.Slug = slugFrom(uri, s.Title)
	s.SourceName, s.SourceURL = sourceOf(src)
	s.Rights = rightsOf(src)
	s.Custom = customOf(src)
	hash, err := s.hash()
	if err != nil { // a number in the blocks that JSON cannot hold
		it.reject(reasonRefused, "%v", err)
	}
	it.hash = hash
	return it
}

// identity is the uri of an item, else the first of its other identifiers.
func (in *ninjsImport) identity(it *item, src *ninjs.Item) string {
	if src.URI != "" {
		return src.URI
	}
	for _, alt := range src.AltIDs {
		if v := tidy(alt.Value); v != "" {
			it.repair(reasonAltID, "no uri: identified by altIds %q", shorten(v, 80))
			return v
		}
	}
	return ""
}

func holdOf(s ninjs.PubStatus) hold {
	switch s {
	case ninjs.Withheld:
		return withheld
	case ninjs.Canceled:
		return canceled
	default:
		return free
	}
}

// kindOf tells the kind of an article by its genre where that says it, else by
// its type.
func kindOf(src *ninjs.Item) article.Kind {
	for _, g := range src.Genres {
		for _, name := range []string{g.Name, g.Literal, g.URI[strings.LastIndexAny(g.URI, "/:#")+1:]} {
			switch slug.Make(name) {
			case "opinion", "op-ed", "editorial", "commentary", "column":
				return article.KindOpinion
			case "press-release", "pressrelease", "press-releases":
				return article.KindPressRelease
			}
		}
	}
	switch src.Type {
	case "video":
		return article.KindVideo
	case "audio":
		return article.KindAudio
	case "picture", "graphic":
		return article.KindGallery
	default:
		return article.KindArticle
	}
}

// languageOf gives the canonical form of a BCP 47 tag.
func (in *ninjsImport) languageOf(it *item, tag string) string {
	tag = strings.TrimSpace(tag)
	if tag == "" {
		return in.language
	}
	parsed, err := language.Parse(tag)
	if err != nil || parsed == language.Und {
		it.repair(reasonLanguage, "language %q is none: taken as %s, that of the site", shorten(tag, 40), in.language)
		return in.language
	}
	return parsed.String()
}

// widestZone is how far the westernmost zone is behind UTC.
const widestZone = 12 * time.Hour

// dates takes the moments of an item. It was public from firstCreated on, when
// its first version went out; contentCreated, when it was written or shot, may
// be decades before, so it stands in only where firstCreated is missing, and
// versionCreated where both are.
//
// An embargo is never cut short: one that cannot be read withholds the item,
// and one without a time zone is kept until it has ended everywhere.
func (in *ninjsImport) dates(it *item, src *ninjs.Item) {
	s := it.story
	s.ExpiresAt, s.EmbargoUntil = src.Expires, src.EmbargoedUntil
	for _, t := range []time.Time{src.VersionCreated, src.ContentCreated, src.FirstCreated} {
		if !t.IsZero() {
			s.PublishedAt = t
		}
	}
	p, found := src.Problem("embargoedUntil")
	switch {
	case found && s.EmbargoUntil.IsZero():
		if s.Hold == free {
			s.Hold = withheld
		}
		it.repair(reasonEmbargo, "%s: withheld until an editor has looked at it", p)
	case found && p.Code == ninjs.CodeAssumedZone && in.opts.Location == nil:
		s.EmbargoUntil = s.EmbargoUntil.Add(widestZone)
		it.repair(reasonEmbargo, "%s: kept until it has ended in every time zone", p)
	case found:
		it.repair(string(p.Code), "%s", p)
	}
}

// body takes the richest body.
func (in *ninjsImport) body(it *item, src *ninjs.Item) {
	text, ok := src.Body()
	if !ok {
		return
	}
	if len(text.Value) > richtext.MaxInput {
		it.reject(reasonTooLong, "the body has %d bytes, at most %d are read", len(text.Value), richtext.MaxInput)
		return
	}
	opts := richtext.Options{Base: in.opts.Base}
	if base, err := url.Parse(cmp.Or(canonicalURL(src), src.URI)); err == nil && (base.Scheme == "https" || base.Scheme == "http") {
		opts.Base = base
	}
	switch media := strings.ToLower(text.ContentType); {
	case text.Markup() == ninjs.HTML:
		it.story.Body, it.notes = richtext.FromHTML(text.Value, opts)
	case text.Markup() == ninjs.Markdown:
		it.story.Body, it.notes = richtext.FromMarkdown(text.Value, opts)
	case text.Markup() == ninjs.PlainText:
		it.story.Body, it.notes = richtext.FromTextNoted(text.Value)
	case strings.Contains(media, "xml"):
		it.repair(reasonBodyFormat, "body of type %q: read as HTML", shorten(media, 60))
		it.story.Body, it.notes = richtext.FromHTML(text.Value, opts)
	case strings.HasPrefix(media, "text/"):
		it.repair(reasonBodyFormat, "body of type %q: read as plain text", shorten(media, 60))
		it.story.Body, it.notes = richtext.FromTextNoted(text.Value)
	default:
		it.repair(reasonBodyFormat, "body of type %q: left out", shorten(media, 60))
	}
	for _, b := range it.story.Body {
		if b.Kind == richtext.Picture && b.URL != "" && webAddress(b.URL) == "" {
			if it.notes == nil {
				it.notes = richtext.Notes{}
			}
			it.notes["image with a relative address and no base"]++
		}
	}
}

// words takes the headlines and the description. An article without a headline
// is called by its label, its slugline or its first words.
func (in *ninjsImport) words(it *item, src *ninjs.Item) {
	s := it.story
	s.Title = plain(find(src.Headlines, src.Headline()))
	if s.Title == "" {
		text := richtext.Excerpt(richtext.Text(s.Body), 80)
		excerpt := richtext.Excerpt(plain(find(src.Descriptions, src.Excerpt())), 80)
		s.Title = cmp.Or(tidy(src.Title), text, tidy(src.Slugline), excerpt)
		switch {
		case s.Title != "":
			it.repair(reasonNoTitle, "no headline: called %q", shorten(s.Title, 80))
		case s.Hold == free:
			it.reject(reasonNoText, "no headline, title, body, description or slugline; %d items are associated with it", len(src.Associations))
			return
		default: // an order to take a story back needs no words
			s.Title, s.Wordless = "Untitled", true
			it.repair(reasonNoTitle, "no words, but %s: an article that is there keeps its own", src.PubStatus)
		}
	}
	s.Title = cut(it, "headline", s.Title, maxTitle)
	s.Subtitle = cut(it, "subheadline", plain(find(src.Headlines, src.Subheadline())), maxTitle)
	s.Excerpt = cut(it, "description", in.description(it, find(src.Descriptions, src.Excerpt())), maxExcerpt)
	s.Dateline = shorten(tidy(src.Located), maxShort)
}

// strong matches words between pairs of stars that stand at the edges of words, which mean
// nothing else in a sentence: not 2**3, and not F**k.
var strong = regexp.MustCompile(`(^|[\s("“])\*\*([^\s*](?:[^*\n]*[^\s*])?)\*\*($|[\s.,;:!?)"”])`)

// description gives a description without the stars of Markdown, which providers write into
// plain text to stress something.
func (in *ninjsImport) description(it *item, t ninjs.Text) string {
	text := plain(t)
	if t.ContentType != "" || !strings.Contains(text, "**") {
		return text
	}
	bare := strong.ReplaceAllString(text, "$1$2$3")
	bare = strong.ReplaceAllString(bare, "$1$2$3") // those that share the space between them
	if bare != text {
		if it.notes == nil {
			it.notes = richtext.Notes{}
		}
		it.notes["stars around words of a description left out"]++
	}
	return bare
}

func cut(it *item, what, text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	it.repair(reasonTooLong, "the %s is longer than %d characters: cut", what, limit)
	return richtext.Excerpt(text, limit)
}

// find gives the text with a value, for its markup.
func find(texts []ninjs.Text, value string) ninjs.Text {
	if i := slices.IndexFunc(texts, func(t ninjs.Text) bool { return t.Value == value }); i >= 0 {
		return texts[i]
	}
	return ninjs.Text{Value: value}
}

// entitySigns matches what providers write into plain texts all the same, and what
// no headline says of itself.
var entitySigns = regexp.MustCompile(`&(?:amp|lt|gt|quot|apos|nbsp|[lr][ds]quo|[mn]dash|hellip|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});`)

// plain gives a headline or description in one line, without its markup. A text
// without a type is plain by the standard: its stars and brackets are its own.
func plain(t ninjs.Text) string {
	v := t.Value
	switch {
	case t.ContentType == "":
		if entitySigns.MatchString(v) {
			v = html.UnescapeString(v)
		}
	case t.Markup() == ninjs.HTML:
		v = richtext.PlainText(v)
	case t.Markup() == ninjs.Markdown:
		blocks, _ := richtext.FromMarkdown(v, richtext.Options{})
		v = richtext.Text(blocks)
	}
	return tidy(v)
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// slugFrom gives the last part of a URI when people can read it: when it has
// two words or is one of the title's. Otherwise the slug is made from the
// title.
func slugFrom(uri, title string) string {
	if i := strings.IndexAny(uri, "?#"); i >= 0 {
		uri = uri[:i]
	}
	uri = strings.TrimRight(uri, "/")
	last := uri[strings.LastIndexAny(uri, "/:,")+1:]
	if unescaped, err := url.PathUnescape(last); err == nil {
		last = unescaped
	}
	last = strings.ToLower(last)
	for _, extension := range []string{".html", ".htm", ".php", ".json", ".xml"} {
		last = strings.TrimSuffix(last, extension)
	}
	if !slug.Valid(last) || uuid.MatchString(last) {
		return ""
	}
	words, odd := 0, 0
	for word := range strings.FieldsFuncSeq(last, func(r rune) bool { return r == '-' || r == '_' }) {
		switch {
		case strings.ContainsFunc(word, unicode.IsDigit) && strings.ContainsFunc(word, unicode.IsLetter):
			odd++ // part of a code, such as kbn1k5
		case utf8.RuneCountInString(word) > 1 && !strings.ContainsFunc(word, unicode.IsDigit):
			words++
		}
	}
	ofTitle := words == 1 && odd == 0 && slices.Contains(strings.Split(slug.Make(title), "-"), last)
	if words >= 2 && words > 2*odd || ofTitle {
		return last
	}
	return ""
}

// canonicalURL is the address of the item at its source, "" when it names none.
func canonicalURL(src *ninjs.Item) string {
	for _, alt := range src.AltIDs {
		switch slug.Make(alt.Role) {
		case "sourceurl", "source-url", "url", "canonical", "canonicalurl", "canonical-url", "permalink", "link", "web":
			if address := webAddress(alt.Value); address != "" {
				return address
			}
		}
	}
	return ""
}

// webAddress gives an absolute http address back, "" for anything else.
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(s) > maxURI {
		return ""
	}
	return s
}

// sourceOf gives the names of the agencies an item comes from and its address
// there.
func sourceOf(src *ninjs.Item) (name, address string) {
	var names []string
	address = cmp.Or(canonicalURL(src), webAddress(src.URI))
	for _, e := range src.InfoSources {
		if n := tidy(e.Name); n != "" && !slices.Contains(names, n) && len(names) < 5 {
			names = append(names, n)
		}
		address = cmp.Or(address, webAddress(e.URI))
	}
	return shorten(strings.Join(names, ", "), maxShort), address
}

func rightsOf(src *ninjs.Item) *schema.Rights {
	r := schema.Rights{
		Holder: shorten(tidy(src.Copyright.Holder), maxShort), Notice: shorten(tidy(src.Copyright.Notice), maxNotice),
		UsageTerms: shorten(tidy(src.UsageTerms), maxNotice),
	}
	if r == (schema.Rights{}) {
		return nil
	}
	return &r
}

// maxListed bounds the lists kept under Custom.
const maxListed = 100

// customOf keeps under "ninjs" what an editor may want to look up and what has
// no place of its own. Empty fields are left out.
func customOf(src *ninjs.Item) map[string]any {
	kept := map[string]any{}
	keep := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			kept[name] = shorten(value, maxNotice)
		}
	}
	keep("type", src.Type)
	keep("version", src.Version)
	keep("profile", src.Profile)
	keep("slugline", src.Slugline)
	keep("edNote", src.EdNote)
	keep("title", src.Title)
	keep("sourceType", cmp.Or(src.SourceType.URI, src.SourceType.Literal, src.SourceType.Name))
	keep("linkedRights", src.Rights.LinkedRights)
	keep("encodedRights", src.Rights.EncodedRights)
	if src.Type == "text" {
		delete(kept, "type")
	}
	if src.Urgency != 0 {
		kept["urgency"] = src.Urgency
	}
	list := func(name string, lines []string) {
		if len(lines) > 0 {
			kept[name] = lines[:min(len(lines), maxListed)]
		}
	}
	var altIDs, indicators []string
	for _, a := range src.AltIDs {
		altIDs = append(altIDs, shorten(strings.TrimPrefix(fmt.Sprintf("%s %s", tidy(a.Role), tidy(a.Value)), " "), maxShort))
	}
	for _, t := range src.TrustIndicators {
		indicators = append(indicators, shorten(strings.TrimSpace(tidy(t.Title)+" "+t.Href), maxShort))
	}
	list("altIds", altIDs)
	list("trustIndicators", indicators)
	for name, entities := range map[string][]ninjs.Entity{"genres": src.Genres, "events": src.Events, "objects": src.Objects} {
		var names []string
		for _, e := range entities {
			if n := cmp.Or(tidy(e.Name), e.URI, e.Literal); n != "" {
				names = append(names, shorten(n, maxShort))
			}
		}
		list(name, names)
	}
	if len(kept) == 0 {
		return nil
	}
	return map[string]any{"ninjs": kept}
}
