// Package internal holds nothing but packages; its tests hold the rules between
// them.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/broadsheet-cms/broadsheet"

type listed struct {
	ImportPath, Name, Dir string
	GoFiles               []string
	Imports               []string
}

// packages are all packages of the module, by their path below it, and what
// their code imports of the module, tests left out.
var packages = sync.OnceValues(func() (map[string]listed, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	found := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		var own []string
		for _, i := range p.Imports {
			if below, ok := strings.CutPrefix(i, module+"/"); ok {
				own = append(own, below)
			}
		}
		p.Imports = own
		found[strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")] = p
	}
})

func all(t *testing.T) map[string]listed {
	t.Helper()
	found, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 30 {
		t.Fatalf("only %d packages found", len(found))
	}
	return found
}

func below(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// leaves import nothing of ours but one another where the table says so.
var leaves = map[string][]string{
	"internal/fault": nil, "internal/httpheader": nil, "internal/httprecorder": nil, "internal/id": nil, "internal/keyset": nil, "internal/language": nil, "internal/permalink": nil, "internal/richtext": nil,
	"internal/secret": nil, "internal/slug": nil, "internal/ninjs": nil, "internal/outbound": nil, "internal/readername": {"internal/fault"}, "internal/config": {"internal/secret"}, "internal/server": {"internal/httpheader", "internal/httprecorder"}, "internal/demo/newsroom": nil,
	"internal/website": {"internal/httpheader", "internal/httprecorder", "internal/permalink"},
	"internal/related": {"internal/language"}, "internal/wxr": {"internal/richtext"},
}

// domains are the packages that decide, with the other domains that each may
// call. Whatever else they must tell one another goes through events.
var domains = map[string][]string{
	"internal/audit":       nil,
	"internal/bookmark":    nil,
	"internal/content":     {"internal/directory", "internal/job"},
	"internal/comment":     {"internal/audit", "internal/job", "internal/link", "internal/mail", "internal/throttle"},
	"internal/feed":        {"internal/comment", "internal/content", "internal/directory", "internal/job", "internal/partner", "internal/site", "internal/taxonomy"},
	"internal/interest":    {"internal/audit", "internal/job"},
	"internal/digest":      {"internal/content", "internal/interest", "internal/job", "internal/link", "internal/mail"},
	"internal/directory":   nil,
	"internal/job":         {"internal/audit"},
	"internal/media":       {"internal/audit"},
	"internal/search":      {"internal/directory"},
	"internal/newsroom":    {"internal/content", "internal/audit", "internal/directory", "internal/idempotency", "internal/search", "internal/site"},
	"internal/partner":     {"internal/account", "internal/audit", "internal/comment", "internal/content", "internal/directory", "internal/job", "internal/link", "internal/mail"},
	"internal/wprest":      {"internal/comment", "internal/content", "internal/directory", "internal/search", "internal/site", "internal/taxonomy"},
	"internal/webhook":     {"internal/audit", "internal/job", "internal/partner"},
	"internal/idempotency": nil,
	"internal/site":        {"internal/audit"},
	"internal/taxonomy":    {"internal/content", "internal/audit", "internal/site"},
	"internal/account":     {"internal/audit", "internal/job", "internal/link", "internal/mail", "internal/throttle"},
	"internal/link":        nil,
	"internal/mail":        nil,
	"internal/newsletter":  {"internal/account", "internal/audit", "internal/content", "internal/directory", "internal/job", "internal/link", "internal/mail", "internal/throttle"},
	"internal/retention":   {"internal/job"},
	"internal/throttle":    nil,
}

// restricted are packages that only these may import.
var restricted = map[string][]string{
	"graph":                   {"internal/app"},
	"graph/graphiql":          {"internal/app"},
	"graph/generated":         {"graph"},
	"internal/website":        {"internal/app"},
	"graph/loader":            {"graph"},
	"internal/server":         {"internal/app"},
	"internal/signin":         {"internal/app"},
	"internal/app":            {"internal/cli", "internal/tool"},
	"internal/backup":         {"internal/cli", "internal/tool"},
	"internal/cli":            {"cmd/broadsheet"},
	"internal/demo":           {"internal/app"},
	"internal/seed":           {"internal/app", "internal/cli", "internal/tool"},
	"internal/ingest":         {"internal/app", "internal/cli"},
	"internal/export":         {"internal/cli"},
	"internal/testkit":        {"internal/tool"},
	"internal/testkit/pgtest": {"internal/testkit", "internal/tool"},
	"ent/migrate":             {"ent", "internal/tool/migration"},
	"ent/intercept":           {"internal/access"},
	"internal/demo/newsroom":  {"internal/demo"},
	"internal/related":        {"internal/content", "internal/tool"},
	"internal/tool/bench":     nil,
	"internal/tool/migration": nil,
	"internal/tool/confdoc":   nil,
	"internal/tool/authdoc":   nil,
}

func TestArrowsPointTheRightWay(t *testing.T) {
	t.Parallel()
	for name, p := range all(t) {
		if may, ok := leaves[name]; ok {
			for _, i := range p.Imports {
				if !slices.Contains(may, i) {
					t.Errorf("%s is a leaf and imports %s", name, i)
				}
			}
		}
		for _, i := range p.Imports {
			if may, ok := restricted[i]; ok && !slices.ContainsFunc(may, func(m string) bool { return below(name, m) }) {
				t.Errorf("%s imports %s, which only %v may", name, i, may)
			}
			if may, ok := domains[name]; ok {
				if _, other := domains[i]; other && !slices.Contains(may, i) {
					t.Errorf("%s imports %s: a domain calls another only if the table of this test lists it", name, i)
				}
				if below(i, "graph") {
					t.Errorf("%s imports %s: services know nothing of GraphQL", name, i)
				}
			}
			if below(name, "graph") && slices.Contains([]string{"internal/store", "internal/server", "internal/cli", "internal/app", "internal/config", "internal/event"}, i) &&
				(name != "graph/cache" || i != "internal/event") { // it is a consumer of events
				t.Errorf("%s imports %s: graph translates and calls services", name, i)
			}
			if name == "ent/schema" && !below(i, "ent/schema") {
				if _, leaf := leaves[i]; !leaf {
					t.Errorf("ent/schema imports %s, which is no leaf: it could not be generated anew", i)
				}
			}
			if name == "internal/store" && i != "ent" && i != "internal/access" && i != "internal/fault" {
				t.Errorf("internal/store imports %s", i)
			}
		}
	}
}

func TestPackagesAreNamedForWhatTheyHold(t *testing.T) {
	t.Parallel()
	empty := regexp.MustCompile(`^(utils?|commons?|helpers?|misc|models?|types?|shared|base|lib)$`)
	for name := range all(t) {
		if empty.MatchString(path.Base(name)) && name != "graph/model" {
			t.Errorf("%s says nothing of what it holds", name)
		}
	}
}

// dialectRooms are the packages that may know which database they speak to.
var dialectRooms = []string{"internal/store", "internal/search", "internal/testkit", "internal/tool", "internal/content", "internal/config", "internal/cli", "ent"}

// TestArchitectureNamesEveryPackage: docs/architecture.md has a line for every package
// of this folder and of graph.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, house, _ := strings.Cut(string(text), "## The house")
	house, _, _ = strings.Cut(house, "\n## ")
	for p := range all(t) {
		parts := strings.Split(p, "/")
		if len(parts) != 2 || parts[0] != "internal" && parts[0] != "graph" {
			continue
		}
		if !regexp.MustCompile(`(?m)^  (\S+ )*(\S+, )?` + regexp.QuoteMeta(parts[1]) + `/`).MatchString(house) {
			t.Errorf("docs/architecture.md has no line for %s", p)
		}
	}
}

func TestDialectsAreKnownInFewRooms(t *testing.T) {
	t.Parallel()
	dialect := regexp.MustCompile(`store\.(SQLite|Postgres)\b|dialect\.(SQLite|Postgres)\b|"modernc\.org/sqlite|"github\.com/lib/pq`)
	for name, p := range all(t) {
		if slices.ContainsFunc(dialectRooms, func(room string) bool { return below(name, room) }) {
			continue
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if found := dialect.Find(text); found != nil {
				t.Errorf("%s/%s names a database: %s", name, file, found)
			}
		}
	}
}

var libcLine = regexp.MustCompile(`(?m)^\s*(?:require\s+)?modernc\.org/libc (v\S+)`)

// TestLibcIsWhatSQLiteWants: modernc.org/libc ignores semantic versioning, so
// any other version than the one the driver was made with may break it.
func TestLibcIsWhatSQLiteWants(t *testing.T) {
	t.Parallel()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "modernc.org/sqlite").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := libcLine.FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s names no modernc.org/libc", file)
		}
		return string(m[1])
	}
	if have, want := version("../go.mod"), version(filepath.Join(strings.TrimSpace(string(dir)), "go.mod")); have != want {
		t.Errorf("go.mod names modernc.org/libc %s, modernc.org/sqlite was made with %s", have, want)
	}
}
