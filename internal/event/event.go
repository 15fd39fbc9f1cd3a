// Package event is the log of every committed change of content. A change
// appends its events in its own transaction; caches, feeds and webhooks follow
// the log as consumers and listen to nothing else, so they cannot disagree.
package event

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// What happened to a thing. The type of an event is the thing and one of
// these: article.published.
const (
	Created     = "created"
	Updated     = "updated"
	Published   = "published"   // became visible to readers
	Unpublished = "unpublished" // was visible and is no more
	Deleted     = "deleted"
	Corrected   = "corrected" // a correction was issued
	Withdrawn   = "withdrawn" // was killed: nobody may show it any more

	// Missed is the action of an event that is in no log: consumers on every node
	// are given it when events may have passed them by, at the start for
	// instance. They must take everything as changed.
	Missed = "missed"
)

// Names of things in event types, by the prefix of their public ids.
var names = map[string]string{
	"art": "article", "liv": "live_entry", "cat": "category", "tag": "tag", "plc": "place", "ser": "series", "aut": "author",
	"med": "media", "pag": "page", "mnu": "menu", "ads": "ad_slot", "red": "redirect", "com": "comment", "usr": "user",
	"bkm": "bookmark", "ses": "session", "nte": "article_note", "cor": "correction", Pick: "pick", Related: "related", Site: "site",
	"ntf": "notification", Breaking: "breaking_news",
}

// Site stands for the site's settings, which have no public id.
const Site = "site"

// Pick stands for the editors' picks of one page: the key is that of the
// section, 0 for the front page.
const Pick = "pck"

// Related stands for the lists of related articles, when they are made anew apart
// from a change of an article. It has no key.
const Related = "rel"

// Breaking stands for breaking news that editors send. The key is that of the
// article, and Detail has the text.
const Breaking = "brk"

// Event is one change of one thing. Whoever appends it fills in what applies;
// the log adds the rest.
type Event struct {
	Position           // set by the log
	At       time.Time // of the change; set by the log

	Action   string // Created, Published, …
	Entity   string // prefix of the public id of the thing, or Site
	EntityID int    // its key
	ActorID  int    // the user who did it; 0 when appended: the viewer of the context, if anybody

	Detail
}

// Detail is what an event says beyond what happened to which thing. It is stored
// as JSON: fields are only ever added.
type Detail struct {
	// Version is that of the thing after the change, where it counts versions.
	Version int `json:"version,omitempty"`
	// Was and Is are the lists that readers found an article in before the change
	// and find it in after. An article that readers do not see is in none.
	Was []List `json:"was,omitempty"`
	Is  []List `json:"is,omitempty"`
	// OldPath and NewPath are the paths of a section, tag, place, author or series
	// before and after the change; equal unless it moved.
	OldPath string `json:"oldPath,omitempty"`
	NewPath string `json:"newPath,omitempty"`
	// OldLanguage is the language that an article was in before the change; empty
	// unless that was another.
	OldLanguage string `json:"oldLanguage,omitempty"`
	// OldParent and NewParent are the keys of the section above a section before
	// and after the change; 0 at the top.
	OldParent int `json:"oldParent,omitempty"`
	NewParent int `json:"newParent,omitempty"`
	// MergedInto is the key of the thing that took the place of a deleted one.
	MergedInto int `json:"mergedInto,omitempty"`
	// ArticleID is the article of a comment.
	ArticleID int `json:"articleId,omitempty"`
	// Edited says that the text of a comment, or the name of its author, changed, and
	// not only what stands beside it.
	Edited bool `json:"edited,omitempty"`
	// Decided says that a moderator took away a comment that was not shown.
	Decided bool `json:"decided,omitempty"`
	// UserID is the account of a session; the event has no key where several ended.
	UserID int `json:"userId,omitempty"`
	// Expired says that the licence of a media item ended: readers do not see it any
	// more.
	Expired bool `json:"expired,omitempty"`
	// Text is what breaking news says.
	Text string `json:"text,omitempty"`
	// Readers are the accounts that notifications were made for, none when they are
	// many, and Moment is when they were made, by which they are found.
	Readers []int      `json:"readers,omitempty"`
	Moment  *time.Time `json:"moment,omitempty"`
}

// Type is the name of the event, such as article.published.
func (e Event) Type() string { return names[e.Entity] + "." + e.Action }

// Key identifies a recorded event for ever. A consumer that calls other systems
// sends it along, so that they recognise an event that is told twice.
func (e Event) Key() string { return fmt.Sprintf("evt_%d", e.ID) }

// Position is a place in the log. The zero Position is its beginning.
type Position struct{ TxID, ID int64 }

// List names a list of articles: those of the site, or of a section, tag, place,
// author or series.
type List struct {
	Entity string // id.Category, id.Tag, … or Site
	Owner  int    // key of the section, tag, …; 0 for the site
}

// Compare orders lists.
func (l List) Compare(other List) int {
	return cmp.Or(cmp.Compare(l.Entity, other.Entity), cmp.Compare(l.Owner, other.Owner))
}

// MarshalText writes a list as site or cat:12.
func (l List) MarshalText() ([]byte, error) {
	if l.Entity == Site {
		return []byte(Site), nil
	}
	return fmt.Appendf(nil, "%s:%d", l.Entity, l.Owner), nil
}

// UnmarshalText reads what MarshalText writes.
func (l *List) UnmarshalText(text []byte) error {
	entity, owner, owned := strings.Cut(string(text), ":")
	if !owned && entity == Site {
		*l = List{Entity: Site}
		return nil
	}
	n, err := strconv.Atoi(owner)
	if err != nil || !id.Known(entity) {
		return fmt.Errorf("%.40q is no list", text)
	}
	*l = List{Entity: entity, Owner: n}
	return nil
}

// stored is how an event is handed to the database.
type stored struct {
	Type     string          `json:"type"`
	Entity   string          `json:"entity"`
	EntityID int             `json:"entity_id"`
	ActorID  *int            `json:"actor_id"`
	Payload  json.RawMessage `json:"payload"`
}

// payload is Detail with the process that appended the event: it has told its
// consumers already.
type payload struct {
	Detail

	Process string `json:"process,omitempty"`
}
