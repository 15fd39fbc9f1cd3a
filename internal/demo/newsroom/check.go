package newsroom

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// checker collects what is wrong, each fault with its file.
type checker struct {
	faults []error
	// known holds the keys that references may name, by kind.
	known map[TargetKind]map[string]bool
	media map[string]bool
	users map[string]bool
}

func (c *checker) fault(file, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("newsroom: %s: %s", file, fmt.Sprintf(format, args...)))
}

// check reports every broken reference, missing translation, double key or slug
// and value outside its set.
func (n *Newsroom) check() error {
	c := &checker{
		known: map[TargetKind]map[string]bool{},
		media: map[string]bool{},
		users: map[string]bool{},
	}
	c.collect(n)
	c.site(n)
	c.taxonomy(n)
	c.people(n)
	for i := range n.Articles {
		c.article(&n.Articles[i])
	}
	c.pages(n)
	for _, t := range n.Comments {
		c.refer("comments.yaml", TargetArticle, t.Article)
		c.comments(t.Comments, 1)
	}
	c.redirects(n)
	c.pictures(n)
	return errors.Join(c.faults...)
}

// collect notes every key and refuses doubles.
func (c *checker) collect(n *Newsroom) {
	note := func(file string, keys map[string]bool, key string) {
		if key == "" || keys[key] {
			c.fault(file, "key %q is empty or stands twice", key)
		}
		keys[key] = true
	}
	of := func(kind TargetKind) map[string]bool {
		if c.known[kind] == nil {
			c.known[kind] = map[string]bool{}
		}
		return c.known[kind]
	}
	for _, x := range n.Categories {
		// Parents first: this alone rules out cycles.
		if x.Parent != "" && !of(TargetCategory)[x.Parent] {
			c.fault("categories.yaml", "%s: parent %q does not stand before it", x.Key, x.Parent)
		}
		note("categories.yaml", of(TargetCategory), x.Key)
	}
	for _, x := range n.Tags {
		note("tags.yaml", of(TargetTag), x.Key)
	}
	for _, x := range n.Places {
		if x.Parent != "" && !of(TargetPlace)[x.Parent] {
			c.fault("places.yaml", "%s: parent %q does not stand before it", x.Key, x.Parent)
		}
		note("places.yaml", of(TargetPlace), x.Key)
	}
	for _, x := range n.Series {
		note("series.yaml", of(TargetSeries), x.Key)
	}
	for _, x := range n.Authors {
		note("authors.yaml", of(TargetAuthor), x.Key)
	}
	for _, x := range n.Users {
		note("users.yaml", c.users, x.Key)
	}
	for _, x := range n.Media {
		note("media.yaml", c.media, x.Key)
	}
	for i := range n.Articles {
		of(TargetArticle)[n.Articles[i].Ref()] = true
	}
	for _, x := range n.Pages {
		of(TargetPage)[x.Key] = true
	}
}

func (c *checker) refer(file string, kind TargetKind, refs ...string) {
	for _, ref := range refs {
		if !c.known[kind][ref] {
			c.fault(file, "unknown %s %q", kind, ref)
		}
	}
}

func (c *checker) target(file string, t Target) {
	if t.Kind != TargetURL {
		c.refer(file, t.Kind, t.Ref)
		return
	}
	if u, err := url.Parse(t.Ref); err != nil || u.Scheme != "https" || u.Host == "" {
		c.fault(file, "target %q is not an https address", t.Ref)
	}
}

func (c *checker) image(file, key string) {
	if !c.media[key] {
		c.fault(file, "unknown media %q", key)
	}
}

func (c *checker) text(file, what string, t Text) {
	for _, language := range Languages {
		if strings.TrimSpace(t[language]) == "" {
			c.fault(file, "%s: no text in %q", what, language)
		}
	}
	if len(t) != len(Languages) {
		c.fault(file, "%s: languages other than %v", what, Languages)
	}
}

func (c *checker) oneOf(file, what, value string, set ...string) {
	if !slices.Contains(set, value) {
		c.fault(file, "%s %q is not one of %v", what, value, set)
	}
}

// slugs returns a function that refuses malformed slugs and, per language, doubles.
func (c *checker) slugs() func(file, language, slug string) {
	seen := map[string]bool{}
	return func(file, language, slug string) {
		if !wellFormed(slug) {
			c.fault(file, "slug %q is not lower-case letters and digits joined by single hyphens", slug)
		}
		if seen[language+"/"+slug] {
			c.fault(file, "slug %q stands twice in %q", slug, language)
		}
		seen[language+"/"+slug] = true
	}
}

func wellFormed(slug string) bool {
	for word := range strings.SplitSeq(slug, "-") {
		if word == "" {
			return false
		}
		for _, r := range word {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.IsUpper(r) {
				return false
			}
		}
	}
	return true
}

func (c *checker) labels(file, key string, labels Labels, slug func(file, language, slug string)) {
	for _, language := range Languages {
		l := labels[language]
		if l.Name == "" || l.Description == "" {
			c.fault(file, "%s: name or description missing in %q", key, language)
		}
		slug(file, language, l.Slug)
	}
	if len(labels) != len(Languages) {
		c.fault(file, "%s: languages other than %v", key, Languages)
	}
}

func (c *checker) site(n *Newsroom) {
	const file = "site.yaml"
	s := &n.Site
	c.text(file, "name", s.Name)
	c.text(file, "tagline", s.Tagline)
	c.text(file, "description", s.Description)
	c.text(file, "copyright", s.Copyright)
	if s.Timezone == "" { // whether a name is known depends on the machine
		c.fault(file, "no timezone")
	}
	c.email(file, s.Email)
	for _, p := range s.Social {
		c.target(file, Target{TargetURL, p.URL})
		if p.Network == "" || p.Action == "" || p.Audience < 0 || p.CountedAt < 0 {
			c.fault(file, "social profile %q is incomplete", p.Handle)
		}
	}
	for _, a := range s.AdSlots {
		c.text(file, "ad slot "+a.Key, a.Name)
		c.oneOf(file, "placement", a.Placement, "HEADER", "SIDEBAR", "IN_ARTICLE", "IN_LIST", "FOOTER")
		if a.Key == "" || a.Width <= 0 || a.Height <= 0 {
			c.fault(file, "ad slot %q is incomplete", a.Key)
		}
	}
	for _, d := range s.Documents {
		c.refer(file, TargetPage, d.Page)
		if d.Kind == "" || d.Version == "" {
			c.fault(file, "document %q has no kind or version", d.Page)
		}
	}
	for _, consent := range s.Consents {
		c.oneOf(file, "consent", consent.Kind, "NEWSLETTER", "SITE_USE")
		if consent.Version == "" || consent.HTML == "" {
			c.fault(file, "consent %s has no version or words", consent.Kind)
		}
	}
	seen := map[string]bool{}
	for _, m := range n.Menus {
		c.oneOf(file, "location", m.Location, "HEADER", "MORE_TOPICS", "SITE_LINKS", "FOOTER", "QUICK_LINKS", "HOT_TOPICS", "MOBILE")
		if seen[m.Location] {
			c.fault(file, "location %q has two menus", m.Location)
		}
		seen[m.Location] = true
		c.text(file, "menu "+m.Location, m.Name)
		c.menu(m.Items)
	}
}

func (c *checker) menu(items []MenuItem) {
	for _, i := range items {
		if i.Label != nil || i.To.Kind == TargetURL || i.To.Kind == "" {
			c.text("site.yaml", "menu item "+i.To.Ref, i.Label)
		}
		if i.To.Kind != "" {
			c.target("site.yaml", i.To)
		} else if len(i.Items) == 0 {
			c.fault("site.yaml", "menu item %q leads nowhere", i.Label["en"])
		}
		c.menu(i.Items)
	}
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func (c *checker) taxonomy(n *Newsroom) {
	slug := c.slugs()
	for _, x := range n.Categories {
		c.labels("categories.yaml", x.Key, x.Labels, slug)
	}
	slug = c.slugs()
	for _, x := range n.Tags {
		c.labels("tags.yaml", x.Key, x.Labels, slug)
	}
	slug = c.slugs()
	for _, x := range n.Places {
		c.labels("places.yaml", x.Key, x.Labels, slug)
		c.oneOf("places.yaml", "kind", x.Kind, "COUNTRY", "REGION", "CITY")
		if x.Country != "" && !countryCode.MatchString(x.Country) {
			c.fault("places.yaml", "%s: country %q is not an ISO 3166-1 alpha-2 code", x.Key, x.Country)
		}
	}
	slug = c.slugs()
	for _, x := range n.Series {
		c.labels("series.yaml", x.Key, x.Labels, slug)
		c.image("series.yaml", x.Image)
	}
}

func (c *checker) email(file, address string) {
	a, err := mail.ParseAddress(address)
	// Addresses of the demonstration must never reach a person (RFC 2606).
	if err != nil || a.Address != address || !strings.HasSuffix(address, "@example.org") {
		c.fault(file, "%q is not an address at example.org", address)
	}
}

func (c *checker) people(n *Newsroom) {
	slug := c.slugs()
	for _, x := range n.Authors {
		c.labels("authors.yaml", x.Key, x.Labels, slug)
		c.text("authors.yaml", x.Key+" role", x.Role)
		c.oneOf("authors.yaml", "kind", x.Kind, "PERSON", "DESK")
		if x.User != "" && !c.users[x.User] {
			c.fault("authors.yaml", "%s: unknown user %q", x.Key, x.User)
		}
		if x.Portrait == "" {
			c.fault("authors.yaml", "%s: no portrait", x.Key)
		}
	}
	for _, x := range n.Users {
		const file = "users.yaml"
		c.email(file, x.Email)
		c.oneOf(file, "role", x.Role, "READER", "CONTRIBUTOR", "AUTHOR", "EDITOR", "MODERATOR", "ADMIN")
		c.oneOf(file, "language", x.Language, Languages...)
		c.refer(file, TargetCategory, x.Interests.Categories...)
		c.refer(file, TargetTag, x.Interests.Tags...)
		c.refer(file, TargetAuthor, x.Interests.Authors...)
		c.refer(file, TargetArticle, x.Bookmarks...)
		if x.Name == "" || x.Joined <= 0 {
			c.fault(file, "%s: no name or time of joining", x.Key)
		}
	}
}

// bodyImage finds the pictures inside a Markdown body.
var bodyImage = regexp.MustCompile(`\]\(media:([^)\s]+)`)

func (c *checker) article(a *Article) {
	c.oneOf(a.File, "kind", a.Kind, KindArticle, KindPressRelease, KindOpinion, KindLiveBlog, KindGallery, KindVideo, KindAudio)
	c.oneOf(a.File, "status", a.Status, StatusDraft, StatusScheduled, StatusPublished, StatusArchived)
	c.oneOf(a.File, "comments", a.Comments, "OPEN", "PREMODERATED", "CLOSED")
	if a.Title == "" || a.Excerpt == "" || a.Age == 0 || len(a.Authors) == 0 {
		c.fault(a.File, "title, excerpt, age or authors missing")
	}
	if (a.Status == StatusScheduled) != (a.Age < 0) {
		c.fault(a.File, "a scheduled article, and no other, lies in the future")
	}
	c.refer(a.File, TargetCategory, append([]string{a.Category}, a.Categories...)...)
	c.refer(a.File, TargetTag, a.Tags...)
	c.refer(a.File, TargetPlace, a.Places...)
	c.refer(a.File, TargetAuthor, a.Authors...)
	if a.Series != "" {
		c.refer(a.File, TargetSeries, a.Series)
	}
	c.image(a.File, a.Image)
	for _, m := range bodyImage.FindAllStringSubmatch(a.Body, -1) {
		c.image(a.File, m[1])
	}
	for i, e := range a.Entries {
		c.refer(a.File, TargetAuthor, e.Author)
		if e.Title == "" || e.Body == "" || i > 0 && e.Age <= a.Entries[i-1].Age {
			c.fault(a.File, "entry %d is empty or out of order", i+1)
		}
	}
	for _, f := range a.Gallery {
		c.image(a.File, f.Image)
	}
	if (a.Kind == KindLiveBlog) != (len(a.Entries) > 0) || (a.Kind == KindGallery) != (len(a.Gallery) > 0) {
		c.fault(a.File, "entries and gallery do not fit kind %s", a.Kind)
	}
	if (a.Kind == KindVideo || a.Kind == KindAudio) != (a.Stream.URL != "" && a.Stream.Duration > 0) {
		c.fault(a.File, "stream does not fit kind %s", a.Kind)
	}
	if (a.Kind == KindPressRelease) != (a.Source != "") {
		c.fault(a.File, "source does not fit kind %s", a.Kind)
	}
}

func (c *checker) pages(n *Newsroom) {
	slug := c.slugs()
	for i := range n.Articles {
		slug(n.Articles[i].File, n.Articles[i].Language, n.Articles[i].Slug)
	}
	slug = c.slugs()
	for _, p := range n.Pages {
		slug(p.File, p.Language, p.Slug)
		if p.Title == "" || p.Excerpt == "" || p.Body == "\n" {
			c.fault(p.File, "title, excerpt or body missing")
		}
	}
}

// maxDepth is how deep the demonstration's threads go.
const maxDepth = 3

func (c *checker) comments(comments []Comment, depth int) {
	const file = "comments.yaml"
	for i, x := range comments {
		if depth > maxDepth {
			c.fault(file, "a thread is deeper than %d", maxDepth)
		}
		c.oneOf(file, "status", x.Status, "APPROVED", "PENDING", "SPAM", "TRASH")
		switch {
		case x.User != "" && x.Guest == "" && x.Email == "":
			if !c.users[x.User] {
				c.fault(file, "unknown user %q", x.User)
			}
		case x.User == "" && x.Guest != "":
			c.email(file, x.Email)
		default:
			c.fault(file, "comment %d at depth %d is by neither a user nor a guest", i+1, depth)
		}
		if strings.TrimSpace(x.Body) == "" || x.Age <= 0 {
			c.fault(file, "comment %d at depth %d has no body or age", i+1, depth)
		}
		c.comments(x.Replies, depth+1)
	}
}

func (c *checker) redirects(n *Newsroom) {
	const file = "redirects.yaml"
	seen := map[string]bool{}
	for _, r := range n.Redirects {
		if !strings.HasPrefix(r.From, "/") || seen[r.From] {
			c.fault(file, "path %q is not absolute or stands twice", r.From)
		}
		seen[r.From] = true
		if !slices.Contains([]int{301, 302, 308, 410}, r.Status) || (r.Status == 410) != (r.To.Kind == "") {
			c.fault(file, "%s: status %d does not fit its target", r.From, r.Status)
		}
		if r.To.Kind != "" {
			c.target(file, r.To)
		}
	}
}

func (c *checker) pictures(n *Newsroom) {
	const file = "media.yaml"
	for _, m := range n.Media {
		c.text(file, m.Key+" alt", m.Alt)
		c.text(file, m.Key+" caption", m.Caption)
		c.text(file, m.Key+" credit", m.Credit)
		if m.Seed == "" || m.Width <= 0 || m.Height <= 0 {
			c.fault(file, "%s: seed or size missing", m.Key)
		}
		if m.FocalX < 0 || m.FocalX > 1 || m.FocalY < 0 || m.FocalY > 1 {
			c.fault(file, "%s: the focal point lies outside", m.Key)
		}
	}
}
