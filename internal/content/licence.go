package content

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// expiredIn lists the keys of the files in the body of an article whose licence has
// ended, parted by commas.
const expiredIn = `COALESCE((SELECT string_agg(CAST(x.media_id AS text), ',') FROM article_media x JOIN media m ON m.id = x.media_id
	WHERE x.article_id = each_id.id AND m.expired), '')`

var expiredAmongSQL = store.ReadBoth(`SELECT m.id FROM each_id($1) JOIN media m ON m.id = each_id.id WHERE m.expired`)

// publicIDs reads what expiredIn gives.
func publicIDs(list string) map[string]bool {
	ids := map[string]bool{}
	for key := range strings.SplitSeq(list, ",") {
		if n, err := strconv.Atoi(key); err == nil {
			ids[id.Encode(id.Media, n)] = true
		}
	}
	return ids
}

// Expired gives those of the files in some bodies whose licence has ended, by their
// public ids, and none for a viewer who sees them all the same.
func (s *Service) Expired(ctx context.Context, bodies ...[]richtext.Block) (map[string]bool, error) {
	named := richtext.MediaIDs(bodies...)
	if len(named) == 0 || access.Of(ctx).SeesExpired() {
		return nil, nil
	}
	keys, err := store.Collect(ctx, s.db, expiredAmongSQL, store.ScanInt, s.db.IDs(id.KeysOf(id.Media, named)))
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	ids := make(map[string]bool, len(keys))
	for _, key := range keys {
		ids[id.Encode(id.Media, key)] = true
	}
	return ids, nil
}

// hideExpired takes the files whose licence has ended out of entries, unless the viewer
// sees them.
func (s *Service) hideExpired(ctx context.Context, entries []*ent.LiveEntry) error {
	bodies := make([][]richtext.Block, len(entries))
	for i, e := range entries {
		bodies[i] = e.Blocks
	}
	expired, err := s.Expired(ctx, bodies...)
	if err != nil {
		return fmt.Errorf("look for files whose licence has ended: %w", err)
	}
	for _, e := range entries {
		if left := richtext.Without(e.Blocks, expired); len(expired) > 0 && len(richtext.MediaIDs(left)) < len(richtext.MediaIDs(e.Blocks)) {
			e.Blocks, e.HTML = left, richtext.PlacedHTML(left)
		}
	}
	return nil
}

// WordsIn gives a media item with its words in a language, as far as there are any.
// Of en-GB those in en are taken where it has none of its own.
func WordsIn(m *ent.Media, language string) *ent.Media {
	words, ok := m.Translations[language]
	for !ok && strings.Contains(language, "-") {
		language = language[:strings.LastIndexByte(language, '-')]
		words, ok = m.Translations[language]
	}
	if !ok {
		return m
	}
	said := *m
	said.Alt, said.Caption, said.Credit = WordsOr(words, m)
	return &said
}

// WordsOr gives words in one language, and those for all languages where there are none.
func WordsOr(w schema.MediaWords, m *ent.Media) (alt, caption, credit string) {
	or := func(text, other string) string {
		if text == "" {
			return other
		}
		return text
	}
	return or(w.Alt, m.Alt), or(w.Caption, m.Caption), or(w.Credit, m.Credit)
}
