package search

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
)

// vector says how often each word stands in the fields of an article, in a few
// bytes, so that thousands of them are read for a search. It begins with the
// number of words in each field, two bytes each; then comes an entry for each
// word, in the order of the hashes of their stems:
//
//	4 bytes  hash of the stem
//	1 byte   hash of the word as it is folded, which tells its form
//	1 byte   how often it stands in the body, 255 at most
//	1 byte   how often in title, tags, by-lines and excerpt, two bits each
//
// Facts have entries without counts. The nil vector is that of no article.
type vector []byte

const (
	vectorHeader = 2 * fieldCount
	vectorEntry  = 7
	// maxEntries bounds the words of a vector: of longer articles it has the most
	// frequent ones.
	maxEntries = 1500
)

// stemHash tells stems apart, in vectors and in the counts of articles.
func stemHash(stem string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(stem))
	return h.Sum32()
}

func formHash(word string) byte {
	h := stemHash(word)
	return byte(h>>8) ^ byte(h>>16)
}

func newVector(d *document) vector {
	type entry struct {
		stem   uint32
		form   byte
		fields [fieldCount]int
		weight int
	}
	entries := make([]entry, 0, len(d.terms))
	for word, c := range d.terms {
		e := entry{stem: stemHash(c.stem), form: formHash(word), fields: c.fields}
		for field, n := range c.fields {
			e.weight += n * (fieldCount - field)
		}
		entries = append(entries, e)
	}
	if len(entries) > maxEntries {
		slices.SortFunc(entries, func(a, b entry) int {
			return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.stem, b.stem), cmp.Compare(a.form, b.form))
		})
		entries = entries[:maxEntries]
	}
	for _, fact := range d.facts {
		entries = append(entries, entry{stem: stemHash(fact)})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.stem, b.stem), cmp.Compare(a.form, b.form)) })
	v := make(vector, 0, vectorHeader+vectorEntry*len(entries))
	for _, stems := range d.fields {
		v = binary.BigEndian.AppendUint16(v, uint16(min(len(stems), math.MaxUint16)))
	}
	for _, e := range entries {
		v = binary.BigEndian.AppendUint32(v, e.stem)
		var fields byte
		for field := range inBody {
			fields = fields<<2 | byte(min(e.fields[field], 3))
		}
		v = append(v, e.form, byte(min(e.fields[inBody], 255)), fields)
	}
	return v
}

// length is the number of words of a field.
func (v vector) length(field int) int {
	if len(v) < vectorHeader {
		return 0
	}
	return int(binary.BigEndian.Uint16(v[2*field:]))
}

func (v vector) entries() int { return max(len(v)-vectorHeader, 0) / vectorEntry }

func (v vector) hash(i int) uint32 { return binary.BigEndian.Uint32(v[vectorHeader+i*vectorEntry:]) }

// stems are the hashes of all stems and facts, each once.
func (v vector) stems() []uint32 {
	all := make([]uint32, 0, v.entries())
	for i := range v.entries() {
		if h := v.hash(i); len(all) == 0 || all[len(all)-1] != h {
			all = append(all, h)
		}
	}
	return all
}

// otherForm is what a word counts whose stem is that of the query in another
// form.
const otherForm = 0.8

// count adds up how often a stem stands in each field. Words in another form
// than the one asked for count a little less; form 0 is every form. It reports
// whether the stem is there.
func (v vector) count(stem uint32, form byte) (fields [fieldCount]float64, has bool) {
	first, last := 0, v.entries()
	for first < last {
		if middle := (first + last) / 2; v.hash(middle) < stem {
			first = middle + 1
		} else {
			last = middle
		}
	}
	for i := first; i < v.entries() && v.hash(i) == stem; i++ {
		e := v[vectorHeader+i*vectorEntry:]
		share := 1.0
		if form != 0 && e[4] != form {
			share = otherForm
		}
		fields[inBody] += share * float64(e[5])
		for field := range inBody {
			fields[field] += share * float64(e[6]>>(2*(inBody-1-field))&3)
		}
		has = true
	}
	return fields, has
}
