package newsroom

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

func paragraphsOf(words string) []richtext.Block {
	var blocks []richtext.Block
	for w := range strings.FieldsSeq(words) {
		blocks = append(blocks, richtext.Block{Kind: richtext.Paragraph, HTML: w})
	}
	return blocks
}

func TestBlocksAreCompared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing changes":            {"a b", "a b", "=a =b"},
		"all is new":                 {"", "a b", "+a +b"},
		"all is gone":                {"a b", "", "-a -b"},
		"one in the middle changes":  {"a b c", "a x c", "=a b>x =c"},
		"one is put in":              {"a c", "a b c", "=a +b =c"},
		"one is taken out":           {"a b c", "a c", "=a -b =c"},
		"one moves":                  {"a b c d", "b c a d", "-a =b =c +a =d"},
		"two become one":             {"a b c d", "a x d", "=a b>x -c =d"},
		"equal ends do not overlap":  {"a a", "a a a", "=a =a +a"},
		"the longest sequence stays": {"x a b c y", "p a q b c", "x>p =a +q =b =c -y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range diffBlocks(paragraphsOf(c.before), paragraphsOf(c.after)) {
				switch change.Kind {
				case Kept:
					got = append(got, "="+change.After.HTML)
				case Added:
					got = append(got, "+"+change.After.HTML)
				case Removed:
					got = append(got, "-"+change.Before.HTML)
				case Changed:
					got = append(got, change.Before.HTML+">"+change.After.HTML)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLargestBodiesAreComparedInBounds(t *testing.T) {
	t.Parallel()
	make5000 := func(word string) []richtext.Block {
		blocks := make([]richtext.Block, richtext.MaxBlocks)
		for i := range blocks {
			blocks[i] = richtext.Block{Kind: richtext.Paragraph, HTML: fmt.Sprint(word, i)}
		}
		return blocks
	}
	changes := diffBlocks(make5000("a"), make5000("b"))
	if len(changes) != richtext.MaxBlocks || changes[0].Kind != Changed {
		t.Errorf("%d changes, the first %s", len(changes), changes[0].Kind)
	}
}
