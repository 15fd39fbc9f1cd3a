package content

import (
	"cmp"
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

// hideExpired takes the files whose licence has ended out of entries, unless the viewer
// sees them.
func (s *Service) hideExpired(ctx context.Context, entries []*ent.LiveEntry) error {
	bodies := make([][]richtext.Block, len(entries))
	for i, e := range entries {
		bodies[i] = e.Blocks
	}
	named := richtext.MediaIDs(bodies...)
	if len(named) == 0 || access.Of(ctx).SeesExpired() {
		return nil
	}
	keys, err := store.ExpiredMedia(ctx, s.db, id.KeysOf(id.Media, named))
	if err != nil {
		return fmt.Errorf("look for files whose licence has ended: %w", err)
	}
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[id.Encode(id.Media, key)] = true
	}
	for _, e := range entries {
		e.Blocks, e.HTML = richtext.Hide(e.Blocks, e.HTML, gone)
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
	return cmp.Or(w.Alt, m.Alt), cmp.Or(w.Caption, m.Caption), cmp.Or(w.Credit, m.Credit)
}
