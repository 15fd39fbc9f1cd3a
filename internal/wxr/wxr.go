// Package wxr reads the export of a WordPress site, "WordPress eXtended RSS",
// in its versions 1.0 to 1.2, and the bodies of its posts.
//
// Reader gives what a file holds one after another (the site, its authors, its
// terms, its items) in bounded memory, whatever the file's size. It has a
// scanner of its own (scan.go), for exports are often no XML: they hold
// characters that XML forbids, sections that are not closed, several documents
// one after another. The scanner mends what can be mended, rejects an item
// that cannot and goes on with the next one.
//
// Convert makes the blocks of package richtext from a body: of the block
// editor (block.go), of the classic one (paragraphs.go) and with shortcodes
// (shortcode.go).
//
// The format has no specification; it is what wp-admin/includes/export.php of
// WordPress writes: https://developer.wordpress.org/reference/functions/export_wp/
package wxr

import "time"

// Record is one thing in a file: exactly one of its fields is set.
type Record struct {
	Site   *Site
	Author *Author
	Term   *Term
	Item   *Item
}

// Position is where something stands in a file.
type Position struct {
	Index  int   // of the item, from 0; of the next one for what is no item
	Line   int   // from 1
	Offset int64 // in bytes of the uncompressed stream, as UTF-8
}

// Site is what the file says of the site itself. It comes before everything
// else, and again where another document begins in the same file.
type Site struct {
	Title, Description string
	Link               string // address of the front page
	Language           string // as written: en-US
	Version            string // of the format: 1.2
	BaseSiteURL        string // of the network
	BaseBlogURL        string // of the site
	Problems           []Problem
}

// Author is an account that has written something.
type Author struct {
	ID                                     int
	Login, Email, DisplayName, First, Last string
	Position                               Position
}

// Term is a category, a tag or a word of another taxonomy.
type Term struct {
	ID          int
	Taxonomy    string // category, post_tag, nav_menu …
	Slug        string // as written: often with percent signs
	Parent      string // slug of the parent
	Name        string
	Description string
	Position    Position
}

// Item is a post of any type: post, page, attachment, nav_menu_item …
type Item struct {
	Position
	Title, Link, Creator, GUID string
	Content, Excerpt           string
	ID, Parent, MenuOrder      int
	Date                       time.Time // by the site's clock, as if it were UTC
	DateGMT, Modified, PubDate time.Time // zero: absent
	Name, Status, Type         string
	Password                   string
	Sticky                     bool
	CommentStatus              string
	AttachmentURL              string
	Terms                      []TermRef
	Meta                       []Meta
	Comments                   []Comment

	// More says that further comments follow in the next record, which has the
	// same Index and ID, Part one higher, and nothing but comments.
	More bool
	Part int

	Problems []Problem // what was mended while reading
}

// TermRef is a term that an item has.
type TermRef struct{ Domain, Slug, Name string }

// Meta is a custom field.
type Meta struct{ Key, Value string }

// Comment is a comment, pingback or trackback.
type Comment struct {
	ID, Parent, UserID int
	Author, Email, URL string
	Content            string
	Approved, Type     string
	Date               time.Time // UTC
	Replaces           int       // number of the entry of a live blog that this one is an edit of, as the plugin Liveblog keeps it
	Position           Position
}

// Get gives the first custom field of a name.
func (it *Item) Get(key string) string {
	for i := range it.Meta {
		if it.Meta[i].Key == key {
			return it.Meta[i].Value
		}
	}
	return ""
}

// Options bound what is read. The zero value has the defaults.
type Options struct {
	MaxBodyBytes    int // of the body of an item; default 16 MiB. A longer one is rejected with its item
	MaxFieldBytes   int // of any other field; default 1 MiB. A longer one is cut
	MaxItemBytes    int // of an item; default 64 MiB
	CommentsPerPart int // default 1000; see Item.More
}

func (o Options) withDefaults() Options {
	set := func(n *int, fallback int) {
		if *n <= 0 {
			*n = fallback
		}
	}
	set(&o.MaxBodyBytes, 16<<20)
	set(&o.MaxFieldBytes, 1<<20)
	set(&o.MaxItemBytes, 64<<20)
	set(&o.CommentsPerPart, 1000)
	return o
}

// Bounds on the number of things in one item; what is beyond is dropped and
// noted.
const (
	maxMeta     = 2000
	maxTerms    = 2000
	maxProblems = 20
)
