package related

import "github.com/broadsheet-cms/broadsheet/internal/language"

// Vocabulary counts terms in memory: what the tables of terms do in a database.
// The zero value is ready.
type Vocabulary struct {
	ids      map[string]int64
	entries  []entry
	articles map[string]int // by base language
}

type entry struct {
	surface string
	count   int
}

// Learn counts the profile of an article. Counting all articles before picking
// their salient terms is better than picking on the way: the first articles of
// an archive do not know yet which words are rare.
func (v *Vocabulary) Learn(lang string, p Profile) {
	if v.ids == nil {
		v.ids = make(map[string]int64)
		v.articles = make(map[string]int)
	}
	v.articles[language.Base(lang)]++
	for _, t := range p.Terms {
		id, ok := v.ids[t.Key]
		if !ok {
			id = int64(len(v.entries))
			v.ids[t.Key] = id
			v.entries = append(v.entries, entry{surface: t.Surface})
		}
		v.entries[id].count++
	}
}

// Corpus is the state of the counts for a language.
func (v *Vocabulary) Corpus(lang string) Corpus {
	return Corpus{Articles: v.articles[language.Base(lang)], Count: func(key string) int {
		if id, ok := v.ids[key]; ok {
			return v.entries[id].count
		}
		return 0
	}}
}

// Article is a learnt article with the terms to store.
func (v *Vocabulary) Article(d Doc, p Profile) Article {
	a := Article{ID: d.ID, Section: d.Section, Published: d.Published.Unix(), BodyHash: BodyHash(d.Body)}
	for _, t := range p.Salient(v.Corpus(d.Language)) {
		if id, ok := v.ids[t.Key]; ok {
			a.Terms = append(a.Terms, Term{ID: id, Kind: KeyKind(t.Key), Weight: t.Weight, Count: v.entries[id].count})
		}
	}
	return a
}

// Surface is the first spelling seen of a word; "" of other terms.
func (v *Vocabulary) Surface(id int64) string { return v.entries[id].surface }
