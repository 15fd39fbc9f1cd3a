package newsroom

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// Diff is what changed from one state of an article to another.
type Diff struct {
	Fields []FieldChange
	Blocks []BlockChange // of the body, whole and in order
}

// FieldChange is a field with another value, both as text: moments by RFC 3339,
// things by their public ids.
type FieldChange struct{ Field, Before, After string }

// BlockChangeKind says what became of a block.
type BlockChangeKind string

// The kinds of changes.
const (
	Kept    BlockChangeKind = "KEPT"
	Added   BlockChangeKind = "ADDED"
	Removed BlockChangeKind = "REMOVED"
	Changed BlockChangeKind = "CHANGED"
)

// BlockChange is a block of a body before and after: one of them nil where it
// was added or removed.
type BlockChange struct {
	Kind          BlockChangeKind
	Before, After *richtext.Block
}

// Compared is a comparison, or why there is none.
type Compared struct {
	Diff *Diff
	Err  error
}

// Diffs compares two revisions of each article, to those who have their
// records.
func (s *Service) Diffs(ctx context.Context, articles []int, from, to int) (map[int]Compared, error) {
	found, err := s.RevisionsNumbered(ctx, articles, from, to)
	if err != nil {
		return nil, err
	}
	compared := make(map[int]Compared, len(articles))
	for _, article := range articles {
		d, err := compare(found[from][article], found[to][article], from, to)
		compared[article] = Compared{d, err}
	}
	return compared, nil
}

func compare(before, after *ent.Revision, from, to int) (*Diff, error) {
	switch {
	case before == nil:
		return nil, fault.BadInput("from", "the article has no revision %d", from)
	case after == nil:
		return nil, fault.BadInput("to", "the article has no revision %d", to)
	}
	a, err := Snapshot(before)
	if err != nil {
		return nil, err
	}
	b, err := Snapshot(after)
	if err != nil {
		return nil, err
	}
	return &Diff{Fields: diffFields(a, b), Blocks: diffBlocks(a.Body, b.Body)}, nil
}

// diffFields compares all of two drafts but their bodies, by the names of the
// API's fields.
func diffFields(a, b *content.Draft) []FieldChange {
	changes := []FieldChange{}
	compare := func(field, before, after string) {
		if before != after {
			changes = append(changes, FieldChange{field, before, after})
		}
	}
	compare("status", string(a.Status), string(b.Status))
	compare("kind", string(a.Kind), string(b.Kind))
	compare("title", a.Title, b.Title)
	compare("subtitle", a.Subtitle, b.Subtitle)
	compare("excerpt", a.Excerpt, b.Excerpt)
	compare("slug", a.Slug, b.Slug)
	compare("language", a.Language, b.Language)
	compare("byline", a.Byline, b.Byline)
	compare("dateline", a.Dateline, b.Dateline)
	compare("seo", jsonOf(a.SEO), jsonOf(b.SEO))
	compare("rights", jsonOf(a.Rights), jsonOf(b.Rights))
	compare("commentPolicy", string(a.CommentPolicy), string(b.CommentPolicy))
	compare("commentsCloseAt", moment(a.CommentsCloseAt), moment(b.CommentsCloseAt))
	compare("primaryCategory", idsOf(id.Category, one(a.PrimaryCategory)), idsOf(id.Category, one(b.PrimaryCategory)))
	compare("categories", idsOf(id.Category, a.Categories), idsOf(id.Category, b.Categories))
	compare("tags", idsOf(id.Tag, a.Tags), idsOf(id.Tag, b.Tags))
	compare("places", idsOf(id.Place, a.Places), idsOf(id.Place, b.Places))
	compare("authors", idsOf(id.Author, a.Authors), idsOf(id.Author, b.Authors))
	compare("series", idsOf(id.Series, one(a.Series)), idsOf(id.Series, one(b.Series)))
	compare("seriesPosition", number(a.SeriesPosition), number(b.SeriesPosition))
	compare("featuredImage", idsOf(id.Media, one(a.FeaturedMedia)), idsOf(id.Media, one(b.FeaturedMedia)))
	compare("pinnedRelatedArticles", idsOf(id.Article, a.Pins), idsOf(id.Article, b.Pins))
	compare("publishedAt", moment(a.PublishedAt), moment(b.PublishedAt))
	compare("updatedAt", moment(a.UpdatedAt), moment(b.UpdatedAt))
	compare("correctedAt", moment(a.CorrectedAt), moment(b.CorrectedAt))
	compare("scheduledAt", moment(a.ScheduledAt), moment(b.ScheduledAt))
	compare("embargoUntil", moment(a.EmbargoUntil), moment(b.EmbargoUntil))
	compare("unpublishAt", moment(a.UnpublishAt), moment(b.UnpublishAt))
	compare("trashedAt", moment(a.TrashedAt), moment(b.TrashedAt))
	compare("liveEntries", entriesText(a.Entries), entriesText(b.Entries))
	return changes
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func idsOf(prefix string, keys []int) string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = id.Encode(prefix, k)
	}
	return strings.Join(ids, " ")
}

func jsonOf[T any](v *T) string {
	if v == nil {
		return ""
	}
	text, _ := json.Marshal(v) // structs of texts always marshal
	return string(text)
}

func entriesText(entries []content.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\n%s\n\n", moment(&e.PublishedAt), e.Title, richtext.Text(e.Body))
	}
	return strings.TrimSpace(b.String())
}

// maxCompared bounds the work of one comparison: pairs of blocks, after what is
// equal at both ends. Bodies beyond it differ in all that lies between.
const maxCompared = 4 << 20

// diffBlocks compares two bodies block by block: the longest common sequence of
// equal blocks is kept, and what lies between two kept ones was changed, one
// after the other, or added, or removed.
func diffBlocks(before, after []richtext.Block) []BlockChange {
	a, b := fingerprints(before), fingerprints(after)
	kept := common(a, b)
	changes := make([]BlockChange, 0, max(len(a), len(b)))
	i, j := 0, 0
	for _, k := range append(kept, [2]int{len(a), len(b)}) {
		for i < k[0] || j < k[1] {
			c := BlockChange{Kind: Changed}
			switch {
			case j == k[1]:
				c.Kind = Removed
			case i == k[0]:
				c.Kind = Added
			}
			if i < k[0] {
				c.Before = &before[i]
				i++
			}
			if j < k[1] {
				c.After = &after[j]
				j++
			}
			changes = append(changes, c)
		}
		if k[0] < len(a) {
			changes = append(changes, BlockChange{Kind: Kept, Before: &before[i], After: &after[j]})
			i, j = i+1, j+1
		}
	}
	return changes
}

// fingerprints are equal for equal blocks.
func fingerprints(blocks []richtext.Block) []string {
	prints := make([]string, len(blocks))
	for i := range blocks {
		prints[i] = jsonOf(&blocks[i])
	}
	return prints
}

// common gives the places, in both, of a longest common sequence.
func common(a, b []string) (pairs [][2]int) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		pairs = append(pairs, [2]int{start, start})
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	pairs = append(pairs, longest(a, b, start, endA, endB)...)
	for i := endA; i < len(a); i++ {
		pairs = append(pairs, [2]int{i, endB + i - endA})
	}
	return pairs
}

// longest is the textbook's table of lengths, for a[start:endA] and
// b[start:endB].
func longest(a, b []string, start, endA, endB int) (pairs [][2]int) {
	n, m := endA-start, endB-start
	if n*m == 0 || n*m > maxCompared {
		return nil
	}
	lengths := make([][]int32, n+1) // of what is common behind each pair of places
	for i := range lengths {
		lengths[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[start+i] == b[start+j] {
				lengths[i][j] = lengths[i+1][j+1] + 1
			} else {
				lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case a[start+i] == b[start+j]:
			pairs = append(pairs, [2]int{start + i, start + j})
			i, j = i+1, j+1
		case lengths[i+1][j] >= lengths[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}
