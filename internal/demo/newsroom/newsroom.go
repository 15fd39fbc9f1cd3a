// Package newsroom holds The Marjana Beacon, the demonstration newsroom of an
// invented harbour country: its site, sections, people, stories, comments and
// pictures, in English and Arabic. Every name, place, figure and event in it is
// fiction.
//
// The words live in YAML and Markdown files embedded in the binary; [Load] reads
// them into plain structs and checks that every reference leads somewhere.
// Pictures are drawn by [Picture] and [Portrait] from a seed, so none is stored.
//
// The package knows nothing of databases or services: whoever fills a database
// from it decides how these structs become rows.
package newsroom

import "time"

// Languages lists the languages of the newsroom, the default first.
var Languages = []string{"en", "ar"}

// Text is one phrase by language. A loaded Text has every one of [Languages].
type Text map[string]string

// Label is what a taxonomy term is called in one language.
type Label struct {
	Name        string `yaml:"name"`
	Slug        string `yaml:"slug"`
	Description string `yaml:"description"`
}

// Labels is a term's labels by language. The term's key is its identity; labels
// may be reworded without touching it.
type Labels map[string]Label

// Newsroom is everything, parsed and cross-checked. Slices keep the order of
// their files; categories and places come after their parents.
type Newsroom struct {
	Site       Site
	Menus      []Menu
	Categories []Category
	Tags       []Tag
	Places     []Place
	Series     []Series
	Authors    []Author
	Users      []User
	Articles   []Article // by file name
	Comments   []Thread
	Pages      []Page // by file name
	Redirects  []Redirect
	Media      []Media
}

// Site is the publication as a whole.
type Site struct {
	Name        Text              `yaml:"name"`
	Tagline     Text              `yaml:"tagline"`
	Description Text              `yaml:"description"`
	Copyright   Text              `yaml:"copyright"`
	Locales     map[string]string `yaml:"locales"`  // BCP 47 tag by language
	Timezone    string            `yaml:"timezone"` // IANA name
	Email       string            `yaml:"email"`
	Logo        Logo              `yaml:"-"`
	Social      []SocialProfile   `yaml:"social"`
	AdSlots     []AdSlot          `yaml:"adSlots"`
	Documents   []Document        `yaml:"documents"`
	Consents    []Consent         `yaml:"consents"`
}

// Logo is the wordmark as SVG, for light and for dark backgrounds.
type Logo struct {
	Light []byte
	Dark  []byte
}

// SocialProfile is an account of the publication elsewhere, with its audience as
// a whole number and the age of that count.
type SocialProfile struct {
	Network   string        `yaml:"network"`
	Action    string        `yaml:"action"` // what a reader does there: Follow
	Handle    string        `yaml:"handle"`
	URL       string        `yaml:"url"`
	Audience  int           `yaml:"audience"`
	CountedAt time.Duration `yaml:"countedAt"` // age
}

// AdSlot is a place on the page kept for advertising. Width and Height are CSS
// pixels.
type AdSlot struct {
	Key       string `yaml:"key"`
	Placement string `yaml:"placement"`
	Name      Text   `yaml:"name"`
	Width     int    `yaml:"width"`
	Height    int    `yaml:"height"`
	Enabled   bool   `yaml:"enabled"`
}

// Document names the page that serves a standing duty of the site, such as its
// terms of use.
type Document struct {
	Kind    string `yaml:"kind"`
	Page    string `yaml:"page"` // page key
	Version string `yaml:"version"`
}

// Consent is the wording that readers agree to in a form.
type Consent struct {
	Kind    string `yaml:"kind"`
	Version string `yaml:"version"`
	HTML    string `yaml:"html"`
}

// TargetKind says what a menu item or redirect leads to.
type TargetKind string

// The kinds of target.
const (
	TargetCategory TargetKind = "category"
	TargetTag      TargetKind = "tag"
	TargetPlace    TargetKind = "place"
	TargetAuthor   TargetKind = "author"
	TargetSeries   TargetKind = "series"
	TargetPage     TargetKind = "page"    // page key
	TargetArticle  TargetKind = "article" // "key.language"
	TargetURL      TargetKind = "url"     // absolute address elsewhere
)

// Target is a link, written "kind:reference" in the files. The zero Target leads
// nowhere.
type Target struct {
	Kind TargetKind
	Ref  string
}

// Menu is a tree of links shown at one location.
type Menu struct {
	Location string     `yaml:"location"`
	Name     Text       `yaml:"name"`
	Items    []MenuItem `yaml:"items"`
}

// MenuItem is one link of a menu. A label may be left out where the target has
// names of its own.
type MenuItem struct {
	Label Text       `yaml:"label"`
	To    Target     `yaml:"to"`
	Items []MenuItem `yaml:"items"`
}

// Category is a section of the paper.
type Category struct {
	Key    string `yaml:"key"`
	Parent string `yaml:"parent"` // category key, empty at the top
	Labels Labels `yaml:"labels"`
}

// Tag is a subject that stories share.
type Tag struct {
	Key    string `yaml:"key"`
	Labels Labels `yaml:"labels"`
}

// Place is somewhere a story happens. Country is the ISO 3166-1 alpha-2 code of a
// real country; the invented ones have none.
type Place struct {
	Key     string `yaml:"key"`
	Kind    string `yaml:"kind"`   // COUNTRY, CITY, REGION
	Parent  string `yaml:"parent"` // place key
	Country string `yaml:"country"`
	Labels  Labels `yaml:"labels"`
}

// Series is a set of stories meant to be read together.
type Series struct {
	Key    string `yaml:"key"`
	Image  string `yaml:"image"` // media key
	Labels Labels `yaml:"labels"`
}

// Author is a person or a desk that signs stories.
type Author struct {
	Key      string `yaml:"key"`
	Kind     string `yaml:"kind"` // PERSON or DESK
	User     string `yaml:"user"` // user key, empty without an account
	Portrait string `yaml:"portrait"`
	Role     Text   `yaml:"role"`
	Labels   Labels `yaml:"labels"` // the description is the biography
}

// User is an account, of a reader or of staff. Passwords are for the caller to
// choose.
type User struct {
	Key       string        `yaml:"key"`
	Name      string        `yaml:"name"`
	Email     string        `yaml:"email"`
	Role      string        `yaml:"role"`
	Language  string        `yaml:"language"`
	Joined    time.Duration `yaml:"joined"` // age
	Verified  bool          `yaml:"verified"`
	Interests Interests     `yaml:"interests"`
	Bookmarks []string      `yaml:"bookmarks"` // articles as "key.language"
}

// Interests is what a reader follows.
type Interests struct {
	Categories []string `yaml:"categories"`
	Tags       []string `yaml:"tags"`
	Authors    []string `yaml:"authors"`
}

// Article kinds.
const (
	KindArticle      = "ARTICLE"
	KindPressRelease = "PRESS_RELEASE"
	KindOpinion      = "OPINION"
	KindLiveBlog     = "LIVE_BLOG"
	KindGallery      = "GALLERY"
	KindVideo        = "VIDEO"
	KindAudio        = "AUDIO"
)

// Article states.
const (
	StatusDraft     = "DRAFT"
	StatusScheduled = "SCHEDULED"
	StatusPublished = "PUBLISHED"
	StatusArchived  = "ARCHIVED"
)

// Article is a story in one language. Its file is named "key.language.md";
// articles with one key are translations of each other.
//
// Ages are durations before now: add their negative to the present to get the
// moment. A negative age lies in the future.
type Article struct {
	File     string `yaml:"-"`
	Key      string `yaml:"-"`
	Language string `yaml:"-"`

	Slug    string        `yaml:"slug"`
	Title   string        `yaml:"title"`
	Excerpt string        `yaml:"excerpt"`
	Kind    string        `yaml:"kind"`    // default ARTICLE
	Status  string        `yaml:"status"`  // default PUBLISHED
	Age     time.Duration `yaml:"age"`     // of publication, or of creation for a draft
	Updated time.Duration `yaml:"updated"` // age of the last change, zero if never
	Embargo time.Duration `yaml:"embargo"` // age of its lifting, zero if none

	Category   string   `yaml:"category"`   // primary
	Categories []string `yaml:"categories"` // further ones
	Tags       []string `yaml:"tags"`
	Places     []string `yaml:"places"`
	Series     string   `yaml:"series"`
	Authors    []string `yaml:"authors"` // in by-line order
	Image      string   `yaml:"image"`   // media key
	SEO        SEO      `yaml:"seo"`
	Comments   string   `yaml:"comments"` // OPEN (default), PREMODERATED or CLOSED
	Breaking   bool     `yaml:"breaking"`
	Pick       bool     `yaml:"pick"`   // chosen by the editors
	Source     string   `yaml:"source"` // issuer of a press release

	Entries []Entry `yaml:"entries"` // of a live blog, newest first
	Gallery []Frame `yaml:"gallery"`
	Stream  Stream  `yaml:"stream"` // of a video or audio

	Body string `yaml:"-"` // Markdown; pictures are written media:KEY
}

// Visible reports whether readers may see the article now: published, and no
// embargo still to be lifted.
func (a *Article) Visible() bool {
	return a.Status == StatusPublished && a.Age >= 0 && a.Embargo >= 0
}

// Ref is the article's reference in other files, "key.language".
func (a *Article) Ref() string { return a.Key + "." + a.Language }

// SEO overrides what search engines and link previews are told.
type SEO struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
	NoIndex     bool   `yaml:"noIndex"`
}

// Entry is one timed post of a live blog.
type Entry struct {
	Age    time.Duration `yaml:"age"`
	Title  string        `yaml:"title"`
	Author string        `yaml:"author"`
	Pinned bool          `yaml:"pinned"`
	Key    bool          `yaml:"key"` // one of the key events
	Body   string        `yaml:"body"`
}

// Frame is one picture of a gallery.
type Frame struct {
	Image   string `yaml:"image"` // media key
	Caption string `yaml:"caption"`
}

// Stream is the recording of a video or audio story.
type Stream struct {
	URL      string        `yaml:"url"`
	Duration time.Duration `yaml:"duration"`
}

// Thread is the conversation below one article.
type Thread struct {
	Article  string    `yaml:"article"` // "key.language"
	Comments []Comment `yaml:"comments"`
}

// Comment is one contribution, by a user or by a guest. A guest's e-mail address
// is private and must never be published.
type Comment struct {
	User    string        `yaml:"user"` // user key
	Guest   string        `yaml:"guest"`
	Email   string        `yaml:"email"`
	Age     time.Duration `yaml:"age"`
	Status  string        `yaml:"status"` // APPROVED (default), PENDING, SPAM or TRASH
	Pick    bool          `yaml:"pick"`
	Body    string        `yaml:"body"`
	Replies []Comment     `yaml:"replies"`
}

// Page is a standing page in one language. Its file is named "key.language.md".
type Page struct {
	File     string        `yaml:"-"`
	Key      string        `yaml:"-"`
	Language string        `yaml:"-"`
	Slug     string        `yaml:"slug"`
	Title    string        `yaml:"title"`
	Excerpt  string        `yaml:"excerpt"`
	Updated  time.Duration `yaml:"updated"` // age
	Body     string        `yaml:"-"`       // Markdown
}

// Redirect sends an old path to where its content lives now. Status 410 says that
// it is gone and has no target.
type Redirect struct {
	From   string `yaml:"from"`
	To     Target `yaml:"to"`
	Status int    `yaml:"status"` // 301, 302, 308 or 410
}

// Media describes one generated picture. Seed is what [Picture] draws it from;
// Width and Height are pixels; the focal point is a fraction of each side from
// the top left.
type Media struct {
	Key     string  `yaml:"key"`
	Seed    string  `yaml:"seed"`
	Width   int     `yaml:"width"`
	Height  int     `yaml:"height"`
	FocalX  float64 `yaml:"focalX"`
	FocalY  float64 `yaml:"focalY"`
	Alt     Text    `yaml:"alt"`
	Caption Text    `yaml:"caption"`
	Credit  Text    `yaml:"credit"`
}
