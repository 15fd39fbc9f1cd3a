package cache

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// public are the root fields whose answers are the same for everybody who may not
// see more than readers, and change by events alone, or by time within a bound.
var public = map[string]time.Duration{
	"site": 0, "article": 0, "latestNews": 0, "category": 0, "categories": 0, "tag": 0, "tags": 0, "place": 0, "places": 0,
	"series": 0, "author": 0, "authors": 0, "page": 0, "menu": 0, "adSlots": 0, "picks": 0, "corrections": 0, "route": 0,
	"node": 0, "nodes": 0, "__typename": 0,
	// Counted anew every half minute without an event.
	"mostRead": 5 * time.Second,
}

// private are the root fields that are never answered from memory, with the
// reason. A root field that needs a capability is not named: readers get an error.
var private = map[string]string{
	"viewer":                "it is the viewer's own",
	"viewerState":           "it is the viewer's own",
	"viewerReactions":       "it is the viewer's own",
	"guestComment":          "it is the guest's own",
	"deviceBookmarks":       "it is the device's own",
	"deviceBookmarkChanges": "it is the device's own",
	"newsletterPreferences": "it is the subscriber's own",
	"search":                "the index follows its articles in jobs",
	"searchSuggestions":     "the index follows its articles in jobs",
	"newsletters":           "no event tells of changed newsletters",
	"changes":               "it is for one partner",
	"contentSnapshot":       "it is for one partner",
	"webhookEventTypes":     "it costs no statement",
	"__schema":              "it costs no statement",
	"__type":                "it costs no statement",
}

// survey is what the document of an operation says about keeping its answer.
type survey struct {
	countsComments bool
	life           time.Duration // 0: until an event
	wide           []Tag         // what any event of some kind changes
}

// look surveys an operation; false when its answer is not for everybody.
func look(op *graphql.OperationContext, now time.Time) (s survey, ok bool) {
	if op.Operation.Operation != ast.Query {
		return s, false
	}
	return s, (&surveyor{survey: &s, now: now, seen: map[string]bool{}}).roots(op.Doc, op.Operation.SelectionSet)
}

// surveyed surveys the operation of a context; false when there is none, or its answer is
// not for everybody or is about to be compared.
func surveyed(ctx context.Context, now time.Time) (op *graphql.OperationContext, s survey, ok bool) {
	if !graphql.HasOperationContext(ctx) || auditing(ctx) {
		return nil, s, false
	}
	op = graphql.GetOperationContext(ctx)
	if op.Operation == nil || op.Doc == nil {
		return nil, s, false
	}
	s, ok = look(op, now)
	return op, s, ok
}

// Public reports whether the operation of a context is asked for nobody in particular
// and answered from what events tell all changes of.
func Public(ctx context.Context) bool {
	if access.Of(ctx) != (access.Viewer{}) {
		return false
	}
	_, _, ok := surveyed(ctx, time.Time{})
	return ok
}

type surveyor struct {
	*survey
	now  time.Time
	seen map[string]bool // fragments
}

func (s *surveyor) roots(doc *ast.QueryDocument, selections ast.SelectionSet) bool {
	for _, selection := range selections {
		switch n := selection.(type) {
		case *ast.Field:
			life, ok := public[n.Name]
			if !ok || !s.below(doc, n.SelectionSet) {
				return false
			}
			s.bound(life)
			switch n.Name {
			case "node", "nodes": // of any type
				s.wide = append(s.wide, Tag{Of: ofAnything})
			case "route": // reads redirects and notices as well
				s.wide = append(s.wide, Tag{Of: ofLive}, Tag{Of: ofRedirects}, Tag{Of: ofPages}, Tag{Of: ofTags}, Tag{Of: ofDirectory})
			}
		case *ast.InlineFragment:
			if !s.roots(doc, n.SelectionSet) {
				return false
			}
		case *ast.FragmentSpread:
			if f := doc.Fragments.ForName(n.Name); f == nil || !s.roots(doc, f.SelectionSet) {
				return false
			}
		}
	}
	return true
}

// below looks at everything below a root field.
func (s *surveyor) below(doc *ast.QueryDocument, selections ast.SelectionSet) bool {
	for _, selection := range selections {
		switch n := selection.(type) {
		case *ast.Field:
			if n.Name == "newsroom" || strings.HasPrefix(n.Name, "viewer") || !s.below(doc, n.SelectionSet) {
				return false
			}
			switch n.Name {
			case "commentCount":
				s.countsComments = true
			case "copyright": // of this year
				utc := s.now.UTC()
				s.bound(time.Date(utc.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).Sub(utc))
			}
		case *ast.InlineFragment:
			if !s.below(doc, n.SelectionSet) {
				return false
			}
		case *ast.FragmentSpread:
			if s.seen[n.Name] {
				continue
			}
			s.seen[n.Name] = true
			if f := doc.Fragments.ForName(n.Name); f == nil || !s.below(doc, f.SelectionSet) {
				return false
			}
		}
	}
	return true
}

func (s *survey) bound(life time.Duration) {
	if life > 0 && (s.life == 0 || life < s.life) {
		s.life = life
	}
}

type key [sha256.Size]byte

// keyOf is everything that an answer of the public layer may depend on beside
// what is stored: the document, which of its operations, and the variables that it
// declares, with their defaults and in one order. Language is an argument here, and
// all viewers of this layer are one class.
func keyOf(op *graphql.OperationContext) (k key, ok bool) {
	if op.RawQuery == "" {
		return k, false
	}
	variables, err := json.Marshal(op.Variables)
	if err != nil {
		return k, false
	}
	h := sha256.New()
	for _, part := range []string{op.RawQuery, op.Operation.Name, string(variables)} {
		length := len(part)
		_, _ = h.Write([]byte{byte(length), byte(length >> 8), byte(length >> 16), byte(length >> 24)})
		_, _ = h.Write([]byte(part))
	}
	h.Sum(k[:0])
	return k, true
}
