package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

var (
	variable = regexp.MustCompile(`BROADSHEET_[A-Z0-9_]+`)
	// called is a call of the program, as documentation and units write it.
	called = regexp.MustCompile(`(?m)^(?:ExecStart=/usr/local/bin/|.*\bexec node-1 /)?broadsheet ((?:serve|probe|user create|secrets rotate)\b[^#\n|]*)`)
)

// TestDeploymentNamesSettings: what deploy/ and the documentation set is a setting,
// and what they call is a command.
func TestDeploymentNamesSettings(t *testing.T) {
	t.Parallel()
	var c commands
	parser, err := kong.New(&c, kong.Exit(func(int) { t.Error("a call ends in help") }))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	_ = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, env := range flag.Envs {
				known[env] = true
			}
		}
		return next(nil)
	})
	files := []string{"../../docs/operations.md", "../../docs/deployment.md", "../../docs/config.md"} // others tell of variables of clients
	err = filepath.WalkDir("../../deploy", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	calls := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range variable.FindAllString(string(text), -1) {
			if name = strings.TrimRight(name, "_"); !known[name] && !strings.HasPrefix(name, ofTests) {
				t.Errorf("%s: no setting has the variable %s", file, name)
			}
		}
		for _, call := range called.FindAllStringSubmatch(string(text), -1) {
			args := strings.Fields(call[1])
			if len(args) > 0 && strings.ContainsAny(call[1], "'\"`\\$…[<") { // quoted for a shell, or not meant to be typed
				continue
			}
			calls++
			if args[0] == "serve" && strings.Contains(call[1], "--tls-cert") {
				continue // its files are those of the reader
			}
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s: broadsheet %s: %v", file, call[1], err)
			}
		}
	}
	if calls < 4 {
		t.Errorf("only %d calls found", calls)
	}
}

func TestComposeFileRunsTwoNodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Environment map[string]string `yaml:"environment"`
			DependsOn   map[string]any    `yaml:"depends_on"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, node := range []string{"node-1", "node-2"} {
		s := file.Services[node]
		if !strings.HasPrefix(s.Environment["BROADSHEET_DATABASE"], "postgres://") || s.Environment["BROADSHEET_TRUSTED_PROXIES"] == "" || s.DependsOn["database"] == nil {
			t.Errorf("%s: %+v", node, s)
		}
		if file.Services["proxy"].DependsOn[node] == nil {
			t.Errorf("the proxy does not wait for %s", node)
		}
	}
}
