package search

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// The vocabulary says what a beginning may become and how common a word is.
// Both are hints: nothing is found wrongly, and only beginnings are found less,
// when it is behind. So it is written after the commit of what it counts, and
// two who publish at once never wait for each other because both wrote "today".
var (
	countWordsSQL = store.Maintain(
		`INSERT INTO search_words (word, stem, seen, spelling) SELECT value ->> 0, value ->> 1, (value ->> 2)::bigint, value ->> 3
			FROM json_array_elements($1::json) AS w(value)
			ON CONFLICT (word) DO UPDATE SET seen = search_words.seen + excluded.seen`,
		`INSERT INTO search_words (word, stem, seen, spelling) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each($1) WHERE true
			ON CONFLICT (word) DO UPDATE SET seen = seen + excluded.seen`)
	keepNamesSQL = store.Maintain(
		`INSERT INTO search_names (folded, kind, owner_id) SELECT value ->> 0, (value ->> 1)::bigint, (value ->> 2)::bigint
			FROM json_array_elements($1::json) AS n(value) ON CONFLICT DO NOTHING`,
		`INSERT INTO search_names (folded, kind, owner_id) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING`)

	forgetWordsSQL = store.MaintainBoth(`DELETE FROM search_words`)

	// A beginning is read over a bounded stretch of the vocabulary, and the
	// most common words of the stretch are taken.
	wordsFromSQL = store.ReadBoth(strings.ReplaceAll(stretch, "{begins}", "word"))
	stemsFromSQL = store.ReadBoth(strings.ReplaceAll(stretch, "{begins}", "stem"))
)

const stretch = `SELECT stem, sum(seen) FROM (SELECT stem, seen FROM search_words
	WHERE {begins} >= $1 AND {begins} < $2 ORDER BY {begins} LIMIT $3) AS words GROUP BY stem ORDER BY 2 DESC, 1 LIMIT $4`

const (
	maxStretch   = 5000 // words of the vocabulary read for a beginning
	maxBeginning = 20   // stems that a beginning stands for
)

// counted is a stem and how many articles had it.
type counted struct {
	stem string
	seen int
}

func scanCounted(rows *sql.Rows) (c counted, err error) {
	err = rows.Scan(&c.stem, &c.seen)
	return c, err
}

// beginning gives the stems of the most common words that begin as typed.
func (s *Service) beginning(ctx context.Context, prefix string) (stems []string, err error) {
	statement := wordsFromSQL
	// An Arabic word is looked for without its article and conjunctions, among
	// stems: half of all words begin with them.
	if stem := language.Stem(prefix); prefix[0] >= utf8.RuneSelf && utf8.RuneCountInString(stem) >= minPrefix {
		prefix, statement = stem, stemsFromSQL
	}
	words, err := store.Collect(ctx, s.db, statement, scanCounted, prefix, prefix+string(utf8.MaxRune), maxStretch, maxBeginning)
	if err != nil {
		return nil, fmt.Errorf("look up a beginning: %w", err)
	}
	for _, w := range words {
		stems = append(stems, w.stem)
	}
	return stems, nil
}

// vocabulary is what some documents add to the vocabulary. The zero vocabulary
// is empty.
type vocabulary struct {
	words       map[string]heard
	names       map[known]bool
	frequencies map[int]int
}

// heard is a word with the articles that have it.
type heard struct {
	stem, spelling string
	seen           int
}

// known is a beginning of a name of something.
type known struct {
	folded string
	kind   Kind
	owner  int
}

// add counts the words of documents, of those that are new to the index or of
// all, and notes the names of what they belong to.
func (v *vocabulary) add(docs []*document, names map[int][]name, all bool) {
	if v.words == nil {
		v.words, v.names, v.frequencies = map[string]heard{}, map[known]bool{}, map[int]int{}
	}
	for _, d := range docs {
		v.change(d)
		if !d.isNew && !all {
			continue
		}
		for word, h := range d.words {
			v.words[word] = heard{h.stem, cmp.Or(v.words[word].spelling, h.spelling), v.words[word].seen + 1}
		}
	}
	for _, list := range names {
		for _, n := range list {
			for _, text := range n.texts {
				for _, folded := range beginnings(text) {
					v.names[known{folded, n.kind, n.owner}] = true
				}
			}
		}
	}
}

// remember adds to the stored vocabulary. One order for all writers keeps them
// from waiting for each other in a circle.
func (s *Service) remember(ctx context.Context, v vocabulary) error {
	words := make([][]any, 0, len(v.words))
	for _, word := range slices.Sorted(maps.Keys(v.words)) {
		words = append(words, []any{word, v.words[word].stem, v.words[word].seen, v.words[word].spelling})
	}
	if err := s.write(ctx, countWordsSQL, words); err != nil {
		return fmt.Errorf("count words: %w", err)
	}
	names := make([][]any, 0, len(v.names))
	for _, n := range slices.SortedFunc(maps.Keys(v.names), func(a, b known) int {
		return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.kind, b.kind), cmp.Compare(a.owner, b.owner))
	}) {
		names = append(names, []any{n.folded, n.kind, n.owner})
	}
	if err := s.write(ctx, keepNamesSQL, names); err != nil {
		return fmt.Errorf("keep names: %w", err)
	}
	return s.count(ctx, v.frequencies)
}

func (s *Service) write(ctx context.Context, statement *store.Statement, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, statement, string(text))
	return err
}

// Bounds of what is kept of a name to be suggested.
const (
	maxBeginnings = 6  // words of a name at which it is found
	maxNameLength = 80 // bytes of its folded words
)

// beginnings are the folded words of a name from its first on, from its second
// on, and so on.
func beginnings(text string) []string {
	words := foldedWords(text)
	var all []string
	for i := range min(len(words), maxBeginnings) {
		all = append(all, cut(strings.Join(words[i:], " "), maxNameLength))
	}
	return all
}

func foldedWords(text string) []string {
	var words []string
	for t := range language.Tokens(text) {
		words = append(words, t.Term)
	}
	return words
}

// cut shortens a text to so many bytes, between characters.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "")
}
