package newsroom

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

//go:embed *.yaml *.svg articles/*.md pages/*.md
var content embed.FS

// Load reads the embedded newsroom and checks it. An error names the file and the
// reference at fault; several are joined.
func Load() (*Newsroom, error) { return load(content) }

func load(files fs.FS) (*Newsroom, error) {
	n := new(Newsroom)
	site := struct {
		Site  *Site   `yaml:"site"`
		Menus *[]Menu `yaml:"menus"`
	}{&n.Site, &n.Menus}
	for _, f := range []struct {
		name string
		into any
	}{
		{"site.yaml", &site},
		{"categories.yaml", &n.Categories},
		{"tags.yaml", &n.Tags},
		{"places.yaml", &n.Places},
		{"series.yaml", &n.Series},
		{"authors.yaml", &n.Authors},
		{"users.yaml", &n.Users},
		{"comments.yaml", &n.Comments},
		{"redirects.yaml", &n.Redirects},
		{"media.yaml", &n.Media},
	} {
		data, err := fs.ReadFile(files, f.name)
		if err != nil {
			return nil, fmt.Errorf("newsroom: %w", err)
		}
		if err := decode(data, f.into); err != nil {
			return nil, fmt.Errorf("newsroom: %s: %w", f.name, err)
		}
	}
	var err error
	if n.Site.Logo.Light, err = fs.ReadFile(files, "logo-light.svg"); err != nil {
		return nil, fmt.Errorf("newsroom: %w", err)
	}
	if n.Site.Logo.Dark, err = fs.ReadFile(files, "logo-dark.svg"); err != nil {
		return nil, fmt.Errorf("newsroom: %w", err)
	}
	err = eachDocument(files, "articles", func(name, key, language string, data []byte) error {
		a := Article{File: name, Key: key, Language: language}
		if a.Body, err = frontMatter(data, &a); err != nil {
			return err
		}
		if a.Kind == "" {
			a.Kind = KindArticle
		}
		if a.Status == "" {
			a.Status = StatusPublished
		}
		if a.Comments == "" {
			a.Comments = "OPEN"
		}
		n.Articles = append(n.Articles, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachDocument(files, "pages", func(name, key, language string, data []byte) error {
		p := Page{File: name, Key: key, Language: language}
		if p.Body, err = frontMatter(data, &p); err != nil {
			return err
		}
		n.Pages = append(n.Pages, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range n.Comments {
		approve(n.Comments[i].Comments)
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	return n, nil
}

// eachDocument calls read for every "key.language.md" of a folder, by name.
func eachDocument(files fs.FS, dir string, read func(name, key, language string, data []byte) error) error {
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return fmt.Errorf("newsroom: %w", err)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		key, language, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".md"), ".")
		if !ok || !slices.Contains(Languages, language) {
			return fmt.Errorf("newsroom: %s: the name is not key.language.md", name)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("newsroom: %w", err)
		}
		if err := read(name, key, language, data); err != nil {
			return fmt.Errorf("newsroom: %s: %w", name, err)
		}
	}
	return nil
}

// approve gives comments without a status the usual one.
func approve(comments []Comment) {
	for i := range comments {
		if comments[i].Status == "" {
			comments[i].Status = "APPROVED"
		}
		approve(comments[i].Replies)
	}
}

var errNoFrontMatter = errors.New("no front matter between two --- lines")

// frontMatter decodes the YAML between the first two "---" lines into v and
// returns the Markdown after them.
func frontMatter(data []byte, v any) (body string, err error) {
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return "", errNoFrontMatter
	}
	head, text, ok := bytes.Cut(rest, []byte("\n---\n"))
	if !ok {
		return "", errNoFrontMatter
	}
	if err := decode(head, v); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(text)) + "\n", nil
}

// decode reads one YAML document strictly: an unknown field is an error, so that a
// slip of the pen in a content file does not silently lose content. Ages are
// resolved first, because YAML's durations know no days and read best signed.
func decode(data []byte, v any) error {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return err
	}
	if err := resolveAges(&root); err != nil {
		return err
	}
	// Only a Decoder can be strict, and it reads bytes, not nodes.
	resolved, err := yaml.Marshal(&root)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(resolved))
	d.KnownFields(true)
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// ageKeys are the fields written as moments relative to now.
var ageKeys = []string{"age", "updated", "embargo", "joined", "countedAt"}

// resolveAges rewrites every age below n as a Go duration.
func resolveAges(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if value.Kind != yaml.ScalarNode || !slices.Contains(ageKeys, key.Value) {
				continue
			}
			age, err := parseAge(value.Value)
			if err != nil {
				return fmt.Errorf("line %d: %s: %w", value.Line, key.Value, err)
			}
			value.SetString(age.String())
		}
	}
	for _, child := range n.Content {
		if err := resolveAges(child); err != nil {
			return err
		}
	}
	return nil
}

var ageForm = regexp.MustCompile(`^([-+])(?:([0-9]{1,4})d)?((?:[0-9]+[hms])*)$`)

// parseAge reads a moment relative to now, such as "-3d4h" (past) or "+90m"
// (future), and returns how long ago it was: positive for the past.
func parseAge(s string) (time.Duration, error) {
	m := ageForm.FindStringSubmatch(s)
	if m == nil || m[2] == "" && m[3] == "" {
		return 0, fmt.Errorf("%q is not a relative time like -2h, -3d4h or +90m", s)
	}
	var age time.Duration
	if m[3] != "" {
		d, err := time.ParseDuration(m[3])
		if err != nil {
			return 0, fmt.Errorf("%q is not a relative time: %w", s, err)
		}
		age = d
	}
	if m[2] != "" {
		days, err := strconv.Atoi(m[2])
		if err != nil {
			return 0, fmt.Errorf("%q is not a relative time: %w", s, err)
		}
		age += time.Duration(days) * 24 * time.Hour
	}
	if m[1] == "+" {
		age = -age
	}
	return age, nil
}

// UnmarshalYAML reads "kind:reference".
func (t *Target) UnmarshalYAML(n *yaml.Node) error {
	kind, ref, ok := strings.Cut(n.Value, ":")
	if !ok || ref == "" {
		return fmt.Errorf("line %d: target %q is not kind:reference", n.Line, n.Value)
	}
	*t = Target{Kind: TargetKind(kind), Ref: ref}
	return nil
}
