package search

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

const (
	snippetTokens = 32     // words of a highlight
	snippetLead   = 6      // words before the first one found
	highlightText = 60_000 // characters of a body that a highlight is looked for in
)

var highlightSQL = store.ReadBoth(`SELECT a.id, a.title, a.excerpt, coalesce(substr(t.text, 1, $2), '')
	FROM each_id($1) CROSS JOIN articles a LEFT JOIN article_details t ON t.article_id = a.id WHERE a.id = each_id.id AND visible_article(a)`)

// Highlights gives for each article of the page the words around what was
// found, as HTML: the original spelling, escaped, with <mark> around the words
// found and nothing else in it. The stretch of the excerpt or the body with
// most of the words is taken; the title when they are only there, and the
// beginning of the excerpt when they are in tags or by-lines alone.
func (r *Results) Highlights(ctx context.Context) (map[int]string, error) {
	var ids, hidden []int
	for _, h := range r.Hits {
		if h.hidden {
			hidden = append(hidden, h.Article)
		} else {
			ids = append(ids, h.Article)
		}
	}
	wanted := map[string]int{} // the number of the group
	for n, g := range r.match.all {
		for _, stems := range g.any {
			for _, stem := range stems {
				wanted[stem] = n
			}
		}
	}
	of := make(map[int]string, len(r.Hits))
	for _, read := range []struct {
		statement *store.Statement
		ids       []int
	}{{highlightSQL, ids}, {highlightHiddenSQL, hidden}} {
		if len(read.ids) == 0 {
			continue
		}
		_, err := store.Collect(ctx, r.service.db, read.statement, func(rows *sql.Rows) (_ struct{}, err error) {
			var id int
			var title, excerpt, text string
			if err = rows.Scan(&id, &title, &excerpt, &text); err == nil {
				of[id] = highlight(wanted, title, excerpt, text)
			}
			return struct{}{}, err
		}, r.service.db.IDs(read.ids), highlightText)
		if err != nil {
			return nil, fmt.Errorf("read what was found: %w", err)
		}
	}
	return of, nil
}

func highlight(wanted map[string]int, title, excerpt, text string) string {
	best, most := "", 0
	for _, source := range []string{excerpt, text, title} {
		if snippet, groups := snip(wanted, source); groups > most {
			best, most = snippet, groups
		}
	}
	if most == 0 {
		for _, source := range []string{excerpt, text, title} {
			if best == "" {
				best, _ = snip(nil, source)
			}
		}
	}
	return best
}

// snip cuts the stretch out of a text that has most of the wanted words, and
// says how many different ones.
func snip(wanted map[string]int, text string) (string, int) {
	type found struct {
		language.Token
		index, group int
	}
	var tokens []language.Token
	var hits []found
	for t := range language.Tokens(text) {
		group, ok := wanted[stopMark+t.Term]
		if !ok && len(wanted) > 0 {
			group, ok = wanted[language.Stem(t.Term)]
		}
		if ok {
			hits = append(hits, found{t, len(tokens), group})
		}
		tokens = append(tokens, t)
	}
	if len(tokens) == 0 {
		return "", 0
	}
	// The best window begins at a hit: two pointers over the hits.
	begin, most := 0, 0
	count := map[int]int{}
	for first, last := 0, 0; first < len(hits); first++ {
		for last < len(hits) && hits[last].index < hits[first].index+snippetTokens-snippetLead {
			count[hits[last].group]++
			last++
		}
		if len(count) > most {
			begin, most = hits[first].index, len(count)
		}
		if count[hits[first].group]--; count[hits[first].group] == 0 {
			delete(count, hits[first].group)
		}
	}
	begin = max(0, min(begin-snippetLead, len(tokens)-snippetTokens))
	end := min(begin+snippetTokens, len(tokens))
	from, to := tokens[begin].Start, tokens[end-1].End
	if begin == 0 {
		from = 0
	}
	if end == len(tokens) {
		to = len(text)
	}
	var b strings.Builder
	if begin > 0 {
		b.WriteString("… ")
	}
	at := from
	for _, h := range hits {
		if h.Start >= from && h.End <= to {
			b.WriteString(plain(text[at:h.Start]))
			b.WriteString("<mark>" + plain(text[h.Start:h.End]) + "</mark>")
			at = h.End
		}
	}
	b.WriteString(plain(text[at:to]))
	if end < len(tokens) {
		b.WriteString(" …")
	}
	return strings.TrimSpace(b.String()), most
}

// plain escapes a text for HTML, on one line.
func plain(s string) string {
	const longest = 2000 // bytes between two words: not a text any more
	if len(s) > longest {
		s = cut(s, longest)
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	lines := strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(s)
	return html.EscapeString(lines)
}
