// Package taxonomy writes what articles are sorted by: sections, tags, places,
// series and authors.
//
// There are three ways in. EnsureTags and its kin take any number of things by
// name, as an import meets them, and give their keys: what is there already is
// found and left alone, what is missing is made (see ensure.go). SaveTag and
// its kin store one thing whole. People come in by the Editor (see edit.go),
// which knows what they may do and cleans up behind them.
package taxonomy

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service writes sections, tags, places, series and authors.
type Service struct {
	db      *store.DB
	log     *event.Log
	content *content.Service
}

// New gives the service. The articles of a section that moves are listed anew
// by content.
func New(db *store.DB, log *event.Log, content *content.Service) *Service {
	return &Service{db: db, log: log, content: content}
}

// lockSQL lets one transaction at a time make new things or rename them: two
// imports that meet the same new tag must end with one. SQLite has one
// writer anyway. The key is "taxonomy" in ASCII.
var lockSQL = store.Maintain(`SELECT pg_advisory_xact_lock(x'7461786f6e6f6d79'::bigint)`, `SELECT 1`)

func (s *Service) lock(ctx context.Context) error {
	if err := s.content.ShareTaxonomy(ctx); err != nil { // always before the other lock
		return err
	}
	if _, err := s.db.Exec(ctx, lockSQL); err != nil {
		return fmt.Errorf("lock the taxonomy: %w", err)
	}
	return nil
}

// save runs the saving of one thing: as the program, in a transaction, alone. One
// that moves articles to other lists also waits for everybody who saves an article.
func (s *Service) save(ctx context.Context, what string, moves bool, do func(ctx context.Context) error) error {
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if moves {
			if err := s.content.LockTaxonomy(ctx); err != nil {
				return err
			}
		}
		if err := s.lock(ctx); err != nil {
			return err
		}
		return do(ctx)
	})
	switch {
	case ent.IsNotFound(err):
		err = fault.New(fault.NotFound, "There is no such %s.", what).WithCause(err)
	case store.IsDuplicate(err): // an account that writes under another name already
		err = fault.New(fault.Conflict, "Another %s has what must be unique.", what).WithCause(err)
	}
	if err != nil {
		return fmt.Errorf("save a %s: %w", what, err)
	}
	return nil
}

// listedAs tells under what a thing's articles are listed.
var listedAs = map[string]content.ListingKind{
	id.Category: content.ByCategory, id.Tag: content.ByTag, id.Place: content.ByPlace, id.Author: content.ByAuthor, id.Series: content.BySeries,
}

// kinds are the paths of things.
var kinds = map[string]permalink.Kind{
	id.Category: permalink.Category, id.Tag: permalink.Tag, id.Place: permalink.Place, id.Author: permalink.Author, id.Series: permalink.Series,
}

// record appends the event of one saved thing, which was before, without a slug if
// it is new. What is derived from its name, such as the search index, is made anew
// for its articles when the name changes, not when a description does.
func (s *Service) record(ctx context.Context, entity string, key int, before, after State, detail event.Detail) error {
	action := event.Updated
	detail.NewPath = permalink.Path(kinds[entity], after.Slug)
	if before.Slug == "" {
		action = event.Created
	} else {
		detail.OldPath = permalink.Path(kinds[entity], before.Slug)
		if before.Name != after.Name || !maps.Equal(before.Labels, after.Labels) {
			if err := s.content.RefreshNames(ctx, listedAs[entity], key); err != nil {
				return err
			}
		}
	}
	return s.log.Append(ctx, event.Event{Action: action, Entity: entity, EntityID: key, Detail: detail})
}

// Bounds on what a thing is called and described by, in bytes.
const (
	maxName        = 500
	maxDescription = 20_000
)

// checkWords cleans the words that all things have and refuses what cannot be
// stored.
func checkWords(field string, name, slugText, description *string) error {
	*name = cleanName(*name)
	switch {
	case *name == "":
		return fault.Mistake(fault.Blank, field+"name", "A name is needed.")
	case len(*name) > maxName:
		return fault.Mistake(fault.TooLong, field+"name", "The name is longer than %d bytes.", maxName)
	case *slugText != "" && !slug.Valid(*slugText):
		return fault.BadInput(field+"slug", "The slug %.60q may hold small letters, digits, hyphens and underscores only.", *slugText)
	}
	if description != nil {
		*description = strings.ToValidUTF8(strings.ReplaceAll(*description, "\x00", ""), "\uFFFD")
		if len(*description) > maxDescription {
			return fault.Mistake(fault.TooLong, field+"description", "The description is longer than %d bytes.", maxDescription)
		}
	}
	return nil
}

// maxLabels bounds the languages that a thing is called in.
const maxLabels = 100

// checkLabels refuses wordings that cannot be stored. A language of an import
// that has no tag of BCP 47 never gets here.
func checkLabels(field string, labels schema.Labels) error {
	if len(labels) > maxLabels {
		return fault.Mistake(fault.TooLong, field+"labels", "There can be labels in %d languages at most.", maxLabels)
	}
	for tag, l := range labels {
		switch _, err := language.Parse(tag); {
		case err != nil:
			return fault.Mistake(fault.Invalid, field+"labels", "%.40q is not a language tag such as en or ar.", tag)
		case len(l.Name) > maxName || len(l.Description) > maxDescription:
			return fault.Mistake(fault.TooLong, field+"labels", "The label in the language %s is longer than %d bytes.", tag, maxName)
		}
		if !utf8.ValidString(l.Name+l.Description) || strings.ContainsFunc(l.Name, unicode.IsControl) || strings.ContainsRune(l.Description, 0) {
			return fault.Mistake(fault.Invalid, field+"labels", "The label in the language %s holds control characters.", tag)
		}
	}
	return nil
}

// cleanName leaves one space between words and no control characters.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, " "))
	return strings.Join(strings.Fields(name), " ")
}

func orDefault[T ~string](value, fallback T) T {
	if value == "" {
		return fallback
	}
	return value
}
