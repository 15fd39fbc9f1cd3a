package graph_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// broken is a derivation that fails for one article.
type broken struct{ article int }

func (b *broken) Refresh(_ context.Context, articles []int) error {
	if slices.Contains(articles, b.article) {
		return errors.New("out of order")
	}
	return nil
}

// unpublishFour withdraws four articles at once and gives the answer and how
// many of them are withdrawn.
func (n *newsroom) unpublishFour(t *testing.T) (raw string, withdrawn []string) {
	t.Helper()
	var inputs, titles []string
	for i := range 4 {
		titles = append(titles, fmt.Sprintf("Harbour notes %d", i+1))
		inputs = append(inputs, fmt.Sprintf("{id: %q}", n.byTitle[titles[i]].PublicID()))
	}
	_, body := n.askAs(t, n.member(t, access.Editor), `mutation { unpublishArticles(input: {articles: [`+strings.Join(inputs, ", ")+`]}) {
		results { article { title status } userErrors { code } } userErrors { code } } }`, nil)
	for _, title := range titles {
		if n.row(t, title).Status == article.StatusUnpublished {
			withdrawn = append(withdrawn, title)
		}
	}
	return string(body), withdrawn
}

// TestBulkAnswersWhatItDid although the server fails with one of many.
func TestBulkAnswersWhatItDid(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.Articles.Derive(&broken{n.byTitle["Harbour notes 2"].ID})
		raw, withdrawn := n.unpublishFour(t)
		incident := regexp.MustCompile(`,"incident":"([A-Z2-7]{26})"`).FindStringSubmatch(raw)
		if incident == nil || !strings.Contains(n.errors.String(), "incident="+incident[1]) {
			t.Fatalf("%s\nis not the incident of the log: %s", raw, n.errors)
		}
		raw = strings.Replace(raw, incident[0], "", 1)
		const want = `{"errors":[{"message":"internal error","path":["unpublishArticles"],"extensions":{"code":"INTERNAL"}}],` +
			`"data":{"unpublishArticles":{"results":[{"article":{"title":"Harbour notes 1","status":"UNPUBLISHED"},"userErrors":[]},` +
			`{"article":null,"userErrors":[{"code":"FAILED"}]},{"article":{"title":"Harbour notes 3","status":"UNPUBLISHED"},"userErrors":[]},` +
			`{"article":{"title":"Harbour notes 4","status":"UNPUBLISHED"},"userErrors":[]}],"userErrors":[]}}}`
		if raw != want || !slices.Equal(withdrawn, []string{"Harbour notes 1", "Harbour notes 3", "Harbour notes 4"}) {
			t.Errorf("%s\nwithdrawn: %q", raw, withdrawn)
		}
		if logged := n.errors.String(); !strings.Contains(logged, "out of order") {
			t.Errorf("logged: %s", logged)
		}
		n.errors.Reset()
	})
}

// slow is a derivation that takes with one article until 1.4 seconds of the
// request are left.
type slow struct{ article int }

func (s *slow) Refresh(ctx context.Context, articles []int) error {
	if end, limited := ctx.Deadline(); limited && slices.Contains(articles, s.article) {
		late, cancel := context.WithDeadline(ctx, end.Add(-1400*time.Millisecond))
		defer cancel()
		<-late.Done()
	}
	return nil
}

// TestBulkLeavesTimeToAnswer: in the last quarter of a request's time nothing
// more is begun.
func TestBulkLeavesTimeToAnswer(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		n.Articles.Derive(&slow{n.byTitle["Harbour notes 2"].ID})
		n.handler = graph.Handler(n.Graph(), graph.Options{Timeout: 6 * time.Second, Logger: slog.New(slog.NewTextHandler(n.errors, nil))})
		raw, withdrawn := n.unpublishFour(t)
		if strings.Count(raw, `{"article":null,"userErrors":[{"code":"FAILED"}]}`) != 2 || !slices.Equal(withdrawn, []string{"Harbour notes 1", "Harbour notes 2"}) {
			t.Errorf("%s\nwithdrawn: %q", raw, withdrawn)
		}
	})
}

// TestBulkConflictsAreReadTogether: what is shown of articles that a bulk mutation
// refused costs the same number of statements for one as for all of them.
func TestBulkConflictsAreReadTogether(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		statements := func(fields string, titles ...string) int {
			t.Helper()
			var inputs []string
			for _, title := range titles {
				inputs = append(inputs, fmt.Sprintf("{id: %q, expectedVersion: 999}", n.byTitle[title].PublicID()))
			}
			n.statements.Take()
			_, raw := n.askAs(t, editor, `mutation { archiveArticles(input: {articles: [`+strings.Join(inputs, ", ")+`]}) { results { userErrors {
				code ... on VersionConflict { article { title `+fields+` } } } } } }`, nil)
			if got := strings.Count(string(raw), `"VERSION_CONFLICT"`); got != len(titles) || strings.Contains(string(raw), `"article":null`) {
				t.Fatalf("%s", raw)
			}
			return len(n.statements.Take())
		}
		// Beside what the mutation itself reads of each article.
		shown := func(titles ...string) int {
			t.Helper()
			return statements("authors { name } tags { name } newsroom { version }", titles...) - statements("", titles...)
		}
		shown("Harbour notes 1") // what is kept in memory, is so from here on
		one, four := shown("Harbour notes 1"), shown("Harbour notes 1", "Harbour notes 2", "Harbour notes 3", "Harbour notes 4")
		if one <= 0 || one != four {
			t.Errorf("%d statements for one conflict, %d for four", one, four)
		}
	})
}
