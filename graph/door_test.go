package graph_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/broadsheet-cms/broadsheet"
)

// TestRowsAreMadeByTheLoaderAlone looks at what gqlgen.yml binds object types to:
// whatever is a Node or a stored row must be a type of graph/loader, which nobody
// else can make.
func TestRowsAreMadeByTheLoaderAlone(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../gqlgen.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Models map[string]struct {
			Model []string `yaml:"model"`
		} `yaml:"models"`
	}
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	stored := regexp.MustCompile(`/broadsheet/ent\.\w+$`)
	nodes := 0
	for _, d := range own(loadSchema(t, broadsheet.SDL)) {
		model := strings.Join(config.Models[d.Name].Model, " ")
		isNode := d.Kind == "OBJECT" && slices.Contains(d.Interfaces, "Node")
		if isNode {
			nodes++
		}
		if (isNode || stored.MatchString(model)) && !strings.Contains(model, "/graph/loader.") {
			t.Errorf("%s is bound to %q, not to a row of graph/loader", d.Name, model)
		}
	}
	if nodes < 20 {
		t.Errorf("only %d types are nodes: the test misses most", nodes)
	}
}
