package search

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Bounds of a correction.
const (
	maxCorrected  = 3    // words of a query
	minMisspelt   = 4    // letters of a word
	maxMisspelt   = 24   // letters
	minTwoEdits   = 7    // letters of a word with two mistakes
	commonLetters = 3    // that such a word has in common with the right one at its beginning
	nearbyWords   = 2000 // words of the vocabulary read for such a word
)

var wordsSQL = store.ReadBoth(`SELECT w.word, w.stem, w.spelling FROM each_text($1) CROSS JOIN search_words w WHERE w.word = each_text.text`)

var wordsNearbySQL = store.ReadBoth(`SELECT word, stem, spelling FROM search_words WHERE word >= $1 AND word < $2 ORDER BY word LIMIT $3`)

// entry is a word of the vocabulary.
type entry struct{ word, stem, spelling string }

func scanEntry(rows *sql.Rows) (e entry, err error) {
	err = rows.Scan(&e.word, &e.stem, &e.spelling)
	return e, err
}

// correct gives the query with the words that no article has replaced by the most common ones
// that are spelt nearly alike, and its text; an empty text when there is nothing to correct.
// Only words that readers can find are suggested.
func (s *Service) correct(ctx context.Context, text string, p parsed, m match) (parsed, string, error) {
	all := slices.Clone(p.all)
	spelt := map[string]string{}
	looked := 0
	for n, c := range p.all {
		word := cmp.Or(c.word, c.prefix)
		length := utf8.RuneCountInString(word)
		if m.seen[n] > 0 || len(m.all[n].any) > 1 || len(c.stems) != 1 || length < minMisspelt || length > maxMisspelt || looked == maxCorrected {
			continue
		}
		looked++
		e, err := s.nearest(ctx, word)
		if err != nil {
			return p, "", err
		}
		if e.word != "" {
			spelt[word] = e.spelling
			all[n].stems, all[n].word, all[n].prefix = []string{e.stem}, e.word, ""
		}
	}
	if len(spelt) == 0 {
		return p, "", nil
	}
	p.all = all
	var b strings.Builder
	at := 0
	for t := range language.Tokens(text) {
		if right, ok := spelt[t.Term]; ok {
			b.WriteString(text[at:t.Start] + right)
			at = t.End
		}
	}
	b.WriteString(text[at:])
	return p, strings.TrimSpace(b.String()), nil
}

// nearest is the most common word that one mistake makes into the one given, or
// two mistakes into a long one.
func (s *Service) nearest(ctx context.Context, word string) (entry, error) {
	near, err := store.Collect(ctx, s.db, wordsSQL, scanEntry, s.db.Texts(edits(word)))
	if err != nil {
		return entry{}, fmt.Errorf("look up spellings: %w", err)
	}
	best, err := s.mostCommon(ctx, near)
	if err != nil || best.word != "" || utf8.RuneCountInString(word) < minTwoEdits {
		return best, err
	}
	letters := []rune(word)
	begin := string(letters[:commonLetters])
	near, err = store.Collect(ctx, s.db, wordsNearbySQL, scanEntry, begin, begin+string(utf8.MaxRune), nearbyWords)
	if err != nil {
		return entry{}, fmt.Errorf("look up words that begin alike: %w", err)
	}
	near = slices.DeleteFunc(near, func(e entry) bool { return distance(letters, []rune(e.word)) > 2 })
	return s.mostCommon(ctx, near)
}

// mostCommon is the word that most articles have; none if no article that
// readers see has any.
func (s *Service) mostCommon(ctx context.Context, near []entry) (best entry, err error) {
	keys := make([]int, len(near))
	for i, e := range near {
		keys[i] = stemKey(e.stem)
	}
	seen, err := s.frequencies(ctx, keys)
	if err != nil {
		return entry{}, err
	}
	most := 0
	for _, e := range near {
		if n := seen[stemKey(e.stem)]; e.spelling != "" && (n > most || n == most && n > 0 && e.word < best.word) {
			best, most = e, n
		}
	}
	return best, nil
}

const (
	latinLetters  = "abcdefghijklmnopqrstuvwxyz"
	arabicLetters = "ءابتثجحخدذرزسشصضطظعغفقكلمنهوي"
)

// edits are the words that one mistake leads to: a letter left out, added or
// mistaken for another, or two letters exchanged.
func edits(word string) []string {
	letters := []rune(word)
	alphabet := []rune(latinLetters)
	if word[0] >= utf8.RuneSelf {
		alphabet = []rune(arabicLetters)
	}
	all := make([]string, 0, 2*len(letters)*len(alphabet))
	for i := range len(letters) + 1 {
		head, tail := letters[:i], letters[i:]
		for _, l := range alphabet {
			all = append(all, string(head)+string(l)+string(tail))
			if len(tail) > 0 {
				all = append(all, string(head)+string(l)+string(tail[1:]))
			}
		}
		if len(tail) > 0 {
			all = append(all, string(head)+string(tail[1:]))
		}
		if len(tail) > 1 {
			all = append(all, string(head)+string(tail[1])+string(tail[0])+string(tail[2:]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// distance is how many mistakes lead from one word to another (the optimal
// string alignment distance), 3 standing for more than two.
func distance(a, b []rune) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return min(one[len(b)], 3)
}
