package seed

import (
	"html"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pick takes one of a list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// subject is what one story is about, in one language: the values of the slots
// that all of its articles share. So articles of one story are alike and those
// of others are not.
type subject struct {
	words *grammar
	fixed map[string]string
	group []string // to choose from, one for each article
}

// grammar is how one language is written.
type grammar struct {
	headlines, decks, leads, sentences, headings, listItems, comments, replies []string
	days                                                                       []string
	quote                                                                      [2]string
	listed                                                                     string // a mark between words in a series
}

var (
	english = &grammar{enHeadlines, enDecks, enLeads, enSentences, enHeadings, enListItems, enComments, enReplies, enDays, [2]string{"“", "”"}, ", "}
	arabic  = &grammar{arHeadlines, arDecks, arLeads, arSentences, arHeadings, arListItems, arComments, arReplies, arDays, [2]string{"«", "»"}, "، "}
)

func newSubject(r *rand.Rand, language, topic string, at, other town) *subject {
	if language == "ar" {
		return newArabicSubject(r, arTopics[topic], at, other)
	}
	return newEnglishSubject(r, enTopics[topic], at, other)
}

func newEnglishSubject(r *rand.Rand, t enTopic, at, other town) *subject {
	return &subject{words: english, group: t.groups, fixed: map[string]string{
		"issue": pick(r, t.issues), "plan": pick(r, t.plans), "role": pick(r, t.roles),
		"org": "the " + at.en + " " + pick(r, t.bodies), "project": "the " + coin(r) + " " + pick(r, enMades),
		"person": pick(r, enFirst) + " " + pick(r, enLast), "person2": pick(r, enFirst) + " " + pick(r, enLast),
		"town": at.en, "place": withArticle(at.country.en), "place2": withArticle(other.country.en),
	}}
}

func newArabicSubject(r *rand.Rand, t arTopic, at, other town) *subject {
	return &subject{words: arabic, group: t.groups, fixed: map[string]string{
		"issue": pick(r, t.issues), "org": pick(r, t.bodies) + " في " + at.ar,
		"project": pick(r, arMades) + " " + pick(r, arHeads) + " " + pick(r, arTails),
		"person":  pick(r, arFirst) + " " + pick(r, arLast), "person2": pick(r, arFirst) + " " + pick(r, arLast),
		"town": at.ar, "place": at.country.ar, "place2": other.country.ar,
	}}
}

// coin makes an English name that nothing has.
func coin(r *rand.Rand) string {
	name := pick(r, enHeads) + pick(r, enMids)
	if r.IntN(3) == 0 {
		name += pick(r, enMids)
	}
	return capital(name + pick(r, enTails))
}

func withArticle(country string) string {
	if strings.HasPrefix(country, "United") || country == "Netherlands" {
		return "the " + country
	}
	return country
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// teller tells the subject in one article or comment.
type teller struct {
	*subject
	r     *rand.Rand
	group string
}

func (s *subject) teller(r *rand.Rand) *teller { return &teller{s, r, pick(r, s.group)} }

// fill puts values into the slots of a pattern. Values of slots that begin
// with a capital do too.
func (t *teller) fill(pattern string) string {
	var b strings.Builder
	b.Grow(2 * len(pattern))
	for {
		before, rest, found := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		slot, after, _ := strings.Cut(rest, "}")
		lower := strings.ToLower(slot)
		if value := t.value(lower); lower == slot {
			b.WriteString(value)
		} else {
			b.WriteString(capital(value))
		}
		pattern = after
	}
}

func (t *teller) value(slot string) string {
	switch slot {
	case "number":
		return strconv.Itoa(12 + t.r.IntN(968))
	case "percent":
		return strconv.Itoa(3 + t.r.IntN(75))
	case "hours":
		return strconv.Itoa(3 + t.r.IntN(8)) // in Arabic, numbers above ten take another form
	case "day":
		return pick(t.r, t.words.days)
	case "group", "group2":
		return t.group
	}
	return t.fixed[slot]
}

// inline is fill for text that stands in markup.
func (t *teller) inline(pattern string) string { return html.EscapeString(t.fill(pattern)) }

// paragraph is a run of sentences.
func (t *teller) paragraph(sentences int) string {
	all := make([]string, sentences)
	for i := range all {
		all[i] = t.inline(pick(t.r, t.words.sentences))
	}
	return strings.Join(all, " ")
}
