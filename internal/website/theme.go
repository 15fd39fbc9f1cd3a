package website

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// themable are the variables that a theme may set (web/site/site.css).
var themable = []string{
	"paper", "panel", "ink", "soft", "rule", "rule-strong", "accent", "accent-ink", "focus", "live", "serif", "sans", "step--1", "step-0", "step-1", "step-2", "step-3", "step-4",
	"gap", "page", "measure", "head", "text", "nameplate",
}

// harmless are the values that a variable may have: colours, lengths, names of
// fonts, calculations; no addresses and nothing that ends the rule.
var harmless = regexp.MustCompile(`^[A-Za-z0-9#%.,'"()+*/ _-]{1,200}$`)

// Theme makes a style sheet of a settings file in JSON with the members "light" and
// "dark", each an object of variables. What is not known there is an error.
func Theme(file []byte) ([]byte, error) {
	var said struct{ Light, Dark map[string]string }
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&said); err != nil {
		return nil, fmt.Errorf("read the theme: %w", err)
	}
	light, err := declarations(said.Light)
	if err != nil {
		return nil, err
	}
	dark, err := declarations(said.Dark)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, ":root {%s }\n@media (prefers-color-scheme: dark) { :root {%s } }\n", light, dark), nil
}

func declarations(of map[string]string) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(of)) {
		switch value := of[name]; {
		case !slices.Contains(themable, name):
			return "", fmt.Errorf("the theme sets %q: known are %s", name, strings.Join(themable, ", "))
		case !harmless.MatchString(value) || strings.Contains(strings.ToLower(value), "url("):
			return "", fmt.Errorf("the theme sets %s to %q: want a colour, a length or names of fonts", name, value)
		default:
			fmt.Fprintf(&b, " --%s: %s;", name, value)
		}
	}
	return b.String(), nil
}
