package graph_test

import (
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// TestNullIsAnotherInput: a client that takes a field away does not repeat the
// one that left it out.
func TestNullIsAnotherInput(t *testing.T) {
	t.Parallel()
	eachNewsroom(t, func(t *testing.T, n *newsroom) {
		editor := n.member(t, access.Editor)
		create := func(more string) string {
			_, raw := n.askAs(t, editor, `mutation { createArticle(input: {article: {title: "Once"`+more+`}, idempotencyKey: "k"}) { article { id } userErrors { code } } }`, nil)
			return string(raw)
		}
		first := create("")
		if again := create(""); again != first || !strings.Contains(first, `"userErrors":[]`) {
			t.Errorf("a repeat answers %s, the first %s", again, first)
		}
		if other := create(", subtitle: null"); !strings.Contains(other, `"IDEMPOTENCY_KEY_REUSED"`) {
			t.Errorf("another input answers %s", other)
		}
	})
}
