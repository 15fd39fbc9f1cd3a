package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// settingsFile is a file of settings: flag names without their dashes, each
// with a value. A flag and a variable win over it; a name that no command has
// is refused, or a misspelt setting would silently do nothing.
type settingsFile map[string]any

func loadSettings(r io.Reader) (kong.Resolver, error) {
	settings := settingsFile{}
	if err := yaml.NewDecoder(r).Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the settings file: %w", err)
	}
	return settings, nil
}

// Validate refuses settings that no command has.
func (s settingsFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	var unknown []string
	for name := range s {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("the settings file sets what no command has: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// Resolve gives the value of a flag, nil where the file says nothing or a
// variable says more.
func (s settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, ok := s[flag.Name]
	if !ok {
		return nil, nil
	}
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	switch v := value.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = fmt.Sprint(part)
		}
		return strings.Join(parts, ","), nil
	case map[string]any, nil:
		return nil, fmt.Errorf("the settings file gives %s no plain value", flag.Name)
	}
	return value, nil
}

// ofTests begins the names of variables that the project's own tests read.
const ofTests = "BROADSHEET_SOAK"

// checkVariables refuses variables that look like settings and that no command
// has: a misspelt one would silently do nothing.
func checkVariables(app *kong.Application, environment []string) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, env := range flag.Envs {
				known[env] = true
			}
		}
		return next(nil)
	})
	var unknown []string
	for _, line := range environment {
		name, value, _ := strings.Cut(line, "=")
		if value != "" && strings.HasPrefix(name, "BROADSHEET_") && !strings.HasPrefix(name, ofTests) && !known[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	nearest := slices.MinFunc(slices.Sorted(maps.Keys(known)), func(a, b string) int {
		return levenshtein.ComputeDistance(unknown[0], a) - levenshtein.ComputeDistance(unknown[0], b)
	})
	return fmt.Errorf("no setting has the variable %s: did you mean %s? broadsheet serve --help lists them", strings.Join(unknown, ", "), nearest)
}
