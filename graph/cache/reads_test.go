package cache

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	headerRead  = regexp.MustCompile(`[hH]eaders?\(?\)?\.(?:Get|Values)\("([^"]+)"\)|[hH]eader\["([^"]+)"\]|\.Cookie\(`)
	contextRead = regexp.MustCompile(`\.Value\((\w+)\{\}\)`)
)

// otherHeaders are what the endpoint reads of a request, or writes, beside keyed.
var otherHeaders = map[string]string{
	"Accept-Encoding":   "the form of an answer, chosen when it is sent",
	"If-None-Match":     "looked at when an answer is sent",
	"Cache-Control":     "of the answer",
	"Content-Encoding":  "in keyed as well",
	"ETag":              "of the answer",
	"X-Broadsheet-Cost": "such requests pass the cache by",
	"Etag":              "of the answer",
	"Vary":              "of the answer",
	"Content-Length":    "of the answer",
	"Cache-Tag":         "of the answer",
	"Surrogate-Key":     "of the answer",
}

// contexts are what is read from the context of a request below the endpoint, and
// why it is no part of a key.
var contexts = map[string]string{
	"viewerKey":      "the viewer: all who share the public layer see the same (shares)",
	"originKey":      "address and program of the client: read by changes, and to count views",
	"keyKey":         "the key of a partner: read by root fields that are private",
	"jarKey":         "cookies: read where people sign in and out",
	"contextKey":     "the document itself",
	"selectedKey":    "follows from the document",
	"listColumnsKey": "follows from the document",
	"bylinesKey":     "follows from the document",
	"limitKey":       "equal for all requests",
	"responseKey":    "the response under way",
	"outcomeKey":     "of subscriptions, which are not answered from memory",
	"errorCountKey":  "the response under way",
	"exchangeKey":    "the cache's own",
	"auditKey":       "the cache's own",
	"deferKey":       "of changes",
	"infoKey":        "of jobs",
	"counterKey":     "counts statements, and changes nothing of what they answer",
	"txKey":          "of the database",
	"wireKey":        "of the database",
	"turnKey":        "of the database",
	"replicaKey":     "of the database: a standby is asked only when it has what was known when the reading began",
}

// TestEverythingThatIsReadIsKeyed lists which headers of a request and which
// values of its context are read while it is answered, and fails when one is
// neither part of what an answer is known by nor listed with a reason.
func TestEverythingThatIsReadIsKeyed(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"..", "../../internal"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && slices.Contains([]string{"reference", "sample", "testkit", "tool", "graphiql", "cli", "server", "signin", "app", "mail", "media", "demo", "seed"}, d.Name()) {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if root == ".." {
				for _, m := range headerRead.FindAllStringSubmatch(string(text), -1) {
					name := m[1] + m[2]
					if _, known := otherHeaders[name]; !known && !slices.Contains(keyed, name) {
						t.Errorf("%s reads %s: put the header into keyed, or say why not", path, m[0])
					}
				}
			}
			for _, m := range contextRead.FindAllStringSubmatch(string(text), -1) {
				if _, known := contexts[m[1]]; !known {
					t.Errorf("%s reads %s of the context: make it part of the key, or say why not", path, m[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
