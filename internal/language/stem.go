package language

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// Stem maps the forms of a folded word to one. English words take the Snowball
// English stemmer (Porter2), irregular forms and British spellings before it;
// see english.go. Arabic words are stemmed lightly: prefixes and
// suffixes go, the pattern inside stays, after Larkey, Ballesteros and Connell,
// "Light Stemming for Arabic Information Retrieval" (2007). Words with digits
// and words of other scripts are their own stem.
func Stem(term string) string { return intern([]byte(Fold(term))).stem }

func stem(term string) string {
	if len(term) < 3 {
		return term
	}
	if strings.Trim(term, "abcdefghijklmnopqrstuvwxyz") == "" {
		env := snowballstem.NewEnv(plainEnglish(term))
		english.Stem(env)
		return env.Current()
	}
	for _, r := range term {
		if r < 'ء' || r > 'ي' { // folding left no other Arabic letters of the basic alphabet
			if !strings.ContainsRune(persian, r) {
				return term
			}
		}
	}
	return carriers.Replace(stemArabic(term))
}

// carriers makes one of the spellings of a hamza before a long u: شئون and شؤون,
// مسئول and مسؤول. Folding has made ئ and ؤ of them ي and و.
var carriers = strings.NewReplacer("يو", "وو", "ءو", "وو")

// persian are letters of loan words and names in Arabic text: Gorbachev, Paris.
const persian = "پچژگڤ"

// affix is a prefix or suffix and the least number of letters it must leave.
type affix struct {
	text  string
	leave int
}

// The conjunction و is taken off any word of four letters or more, those it
// belongs to (وزير) included: the same happens after the article, so that
// الوزير, وزير and ووزير still meet. The other one-letter prefixes
// (ف ب ك ل) begin too many words to be taken off without the article: see Attached.
var arabicPrefixes = []affix{
	{"فبال", 3}, {"فلل", 3},
	{"بال", 3}, {"كال", 3}, {"فال", 3}, {"لل", 3},
	{"ال", 2}, {"و", 3},
}

// Longer ones first. The endings of duals and plurals leave four letters, for
// the sake of لبنان and إيران; the others three.
var arabicSuffixes = []affix{
	{"ها", 3}, {"هم", 4}, {"ات", 3}, {"ان", 4}, {"ون", 4}, {"ين", 4},
	{"يه", 3}, {"يا", 3}, {"ه", 3}, {"ي", 3}, {"ا", 4},
}

// stemArabic takes off affixes until none is left. Doing so to a fixed point
// keeps the forms of a word together: whatever is taken from سورية is taken from
// السورية as well. Every letter here has two bytes.
func stemArabic(term string) string {
	for again := true; again; {
		again = false
		for _, p := range arabicPrefixes {
			rest, ok := strings.CutPrefix(term, p.text)
			if ok && len(rest) >= 2*p.leave && term != "الله" {
				term, again = rest, true
				break
			}
		}
	}
	for again := true; again; {
		again = false
		for _, p := range arabicSuffixes {
			rest, ok := strings.CutSuffix(term, p.text)
			if ok && len(rest) >= 2*p.leave {
				term, again = rest, true
				break
			}
		}
	}
	return term
}
