package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/taxonomy"
)

// hold is an order of the source about showing a story.
type hold string

const (
	free     hold = ""
	withheld hold = "withheld"
	canceled hold = "canceled"
)

// story is an article of another system in the words of this one: all of it
// but the keys of rows. It depends on the source alone and on no clock, so
// that equal sources have equal hashes. Absent times are zero.
type story struct {
	URI, SourceName, SourceURL string
	VersionAt                  time.Time
	Hold                       hold

	Kind                     article.Kind
	Title, Subtitle, Excerpt string
	Wordless                 bool   `json:",omitempty"` // an order about an article that says nothing of its words
	Slug                     string // empty: made from the title
	Language                 string
	Body                     []richtext.Block
	Byline, Dateline         string
	Rights                   *schema.Rights
	Custom                   map[string]any

	PublishedAt, EmbargoUntil, ExpiresAt time.Time

	Sections [][]string // ways down the tree, the primary section's first
	Tags     []taxonomy.Tag
	Places   []taxonomy.Place
	Authors  []taxonomy.Author
	Media    []medium // the first picture is the featured one
}

// hash identifies the content of a story.
func (s *story) hash() (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(s); err != nil {
		return "", fmt.Errorf("hash a story: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// position is where an item stands in its file.
type position struct {
	index, line int
	offset      int64
}

// checkpoint is where reading goes on behind an item.
type checkpoint struct {
	Offset int64
	Index  int
}

// fix is something that was put right.
type fix struct{ code, message string }

// item is one step of an import: a story, or the line that says why there is
// none.
type item struct {
	at      position
	end     checkpoint
	size    int // bytes, as read
	uri     string
	story   *story
	hash    string
	repairs []fix
	notes   richtext.Notes

	refusal *fix // instead of a story
}

func (it *item) repair(code, format string, args ...any) {
	it.repairs = append(it.repairs, fix{code, fmt.Sprintf(format, args...)})
}

func (it *item) reject(code, format string, args ...any) {
	it.story, it.refusal = nil, &fix{code, fmt.Sprintf(format, args...)}
}

// result is what became of an item.
type result struct {
	*item
	outcome       Outcome
	code, message string
	duplicate     bool // an earlier item of the file has the same URI
}

func (r *result) line(o Outcome, code, message string) Line {
	return Line{Outcome: o, Code: code, Message: shorten(message, 300), Index: r.at.index, Line: r.at.line, Offset: r.at.offset, URI: shorten(r.uri, 300)}
}

// tidy leaves one space between words, no control characters and no marks that turn what
// follows: a title or a name as it can stand in one line.
func tidy(s string) string {
	return richtext.BalanceDirection(strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))), " "))
}

// shorten cuts a text to a number of bytes, between characters.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
