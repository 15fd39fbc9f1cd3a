package cache

import (
	"slices"
	"strconv"

	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Tag names something that answers are made from and changes touch: a row, a
// list, or all rows of some kind where nothing finer is known.
type Tag struct {
	Of  string // the prefix of a public id for a row, else one of the names below
	Key int    // of the row or of the owner of the list; 0 for what has one tag for all
}

// What tags name beside rows.
const (
	listPrefix = "list-" // and an entity: articles of the site, of a section, …

	ofMembers     = "members"      // whether readers find any article in a list of a tag
	ofComments    = "comments"     // all comments of an article, and their number
	ofAnyComments = "all-comments" // comments, when it is not known of which article
	ofPicks       = "picks"        // of a section, 0 for the front page
	ofLive        = "live"         // articles that readers see, and their places in lists
	ofRelated     = "related"      // which articles are related
	ofCorrections = "corrections"
	ofDirectory   = "directory" // what the directory holds
	ofPages       = "pages"
	ofRedirects   = "redirects"
	ofTags        = "tags"
	ofUsers       = "users" // names of those who comment
	ofAnything    = "anything"
)

// String is the tag as caches between see it.
func (t Tag) String() string {
	if t.Key == 0 {
		return t.Of
	}
	return t.Of + "-" + strconv.Itoa(t.Key)
}

func listOf(entity string, owner int) Tag { return Tag{listPrefix + entity, owner} }

// Touched gives the tags of what an event changed. Everything is touched by an
// event of an entity that is not known here, as by one that says that events were
// missed.
func Touched(e event.Event) (tags []Tag, everything bool) {
	if e.Action == event.Missed {
		return nil, true
	}
	row := Tag{e.Entity, e.EntityID}
	switch e.Entity {
	case id.Article:
		tags = append(touchedByArticle(e), row, Tag{ofComments, e.EntityID})
	case id.LiveEntry, id.Correction:
		tags = []Tag{row, {Of: ofLive}, {Of: ofCorrections}}
	case id.Category, id.Author, id.Place, id.Series, id.Menu, id.AdSlot, event.Site:
		tags = []Tag{{Of: ofDirectory}}
	case id.Tag:
		tags = []Tag{row, {Of: ofTags}}
		if e.Action != event.Created { // no menu leads to a new tag
			tags = append(tags, Tag{Of: ofDirectory})
		}
	case id.Media:
		tags = []Tag{row}
	case id.Page:
		tags = []Tag{{Of: ofPages}, {Of: ofDirectory}}
	case id.Redirect:
		tags = []Tag{{Of: ofRedirects}}
	case id.Comment:
		tags = []Tag{row, {ofComments, e.ArticleID}}
		if e.ArticleID == 0 {
			tags = append(tags, Tag{Of: ofAnyComments})
		}
	case id.User:
		if e.Action != event.Created { // a new account has said nothing yet
			tags = []Tag{{Of: ofUsers}}
		}
	case event.Pick:
		tags = []Tag{{ofPicks, e.EntityID}}
	case event.Related:
		tags = []Tag{{Of: ofRelated}}
	case id.Bookmark, id.Session, id.ArticleNote, id.Notification, event.Breaking:
		// Nobody else sees them, and no query shows breaking news.
	default:
		return nil, true
	}
	return append(tags, Tag{Of: ofAnything}), false
}

// touchedByArticle gives what the event of an article touches beside its row. One
// that says of no list is about an article that readers do not see, or changes
// nothing that lists depend on.
func touchedByArticle(e event.Event) (tags []Tag) {
	live := len(e.Was) > 0 || len(e.Is) > 0
	for _, l := range e.Was {
		tags = append(tags, listOf(l.Entity, l.Owner))
		if l.Entity == id.Tag && !slices.Contains(e.Is, l) {
			tags = append(tags, Tag{ofMembers, l.Owner})
		}
	}
	for _, l := range e.Is {
		if slices.Contains(e.Was, l) {
			continue
		}
		tags = append(tags, listOf(l.Entity, l.Owner))
		if l.Entity == id.Tag {
			tags = append(tags, Tag{ofMembers, l.Owner})
		}
	}
	switch e.Action {
	case event.Published, event.Unpublished, event.Deleted, event.Withdrawn:
		live = true
	case event.Corrected:
		tags = append(tags, Tag{Of: ofCorrections})
	}
	if live {
		tags = append(tags, Tag{Of: ofLive})
	}
	return tags
}

// needed gives the tags of what an answer was made from; false for a dependency
// whose changes no event tells of, so that the answer cannot be kept.
func needed(d loader.Dependency, s survey) ([]Tag, bool) {
	if d.List == "" {
		return neededRow(d, s)
	}
	switch d.List {
	case "latestNews":
		if d.Entity == "" {
			return []Tag{listOf(event.Site, 0)}, true
		}
		return []Tag{listOf(d.Entity, d.Key)}, true
	case "categories", "authors", "places", "series", "adSlots", "children":
		return []Tag{{Of: ofDirectory}}, true
	case "tags":
		return []Tag{{Of: ofTags}, {Of: ofLive}, {Of: ofDirectory}}, true
	case "picks":
		return []Tag{{ofPicks, d.Key}, {Of: ofLive}}, true
	case "comments", "pinnedComments":
		return []Tag{{ofComments, d.Key}, {Of: ofAnyComments}, {Of: ofUsers}}, true
	case "replies":
		return []Tag{{d.Entity, d.Key}, {Of: ofAnyComments}, {Of: ofUsers}}, true
	case "relatedArticles":
		return []Tag{{Of: ofLive}, {Of: ofRelated}}, true
	case "neighbours", "translations", "mostRead":
		return []Tag{{Of: ofLive}}, true
	case "corrections":
		return []Tag{{Of: ofCorrections}, {Of: ofLive}}, true
	case "slug", "name", "path":
		return neededSearch(d.Entity)
	}
	return nil, false
}

func neededRow(d loader.Dependency, s survey) ([]Tag, bool) {
	row := Tag{d.Entity, d.Key}
	switch d.Entity {
	case id.Article:
		if s.countsComments {
			return []Tag{row, {ofComments, d.Key}, {Of: ofAnyComments}}, true
		}
		return []Tag{row}, true
	case id.Category, id.Author, id.Place, id.Series, id.Menu, id.MenuItem, id.AdSlot, loader.Settings:
		return []Tag{{Of: ofDirectory}}, true
	case id.Tag:
		return []Tag{row, {ofMembers, d.Key}, {Of: ofDirectory}}, true
	case id.Media:
		return []Tag{row}, true
	case id.Page:
		return []Tag{{Of: ofPages}}, true
	case id.Redirect:
		return []Tag{{Of: ofRedirects}, {Of: ofLive}, {Of: ofPages}, {Of: ofTags}}, true
	case id.Comment:
		return []Tag{row, {Of: ofAnyComments}, {Of: ofUsers}}, true
	case id.LiveEntry:
		return []Tag{row}, true
	case id.Correction:
		return []Tag{row, {Of: ofCorrections}, {Of: ofLive}}, true
	}
	return nil, false
}

// neededSearch is for what was looked for by a slug or a path and was not there.
func neededSearch(entity string) ([]Tag, bool) {
	switch entity {
	case id.Article:
		return []Tag{{Of: ofLive}}, true
	case id.Category, id.Author, id.Place, id.Series:
		return []Tag{{Of: ofDirectory}}, true
	case id.Tag:
		return []Tag{{Of: ofTags}, {Of: ofLive}, {Of: ofDirectory}}, true
	case id.Page:
		return []Tag{{Of: ofPages}}, true
	case id.Redirect:
		return []Tag{{Of: ofRedirects}, {Of: ofLive}, {Of: ofPages}, {Of: ofTags}}, true
	}
	return nil, false
}
