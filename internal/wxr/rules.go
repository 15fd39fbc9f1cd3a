package wxr

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// ShortcodeField is the custom field in which our own exports have shortcodes that were kept apart.
const ShortcodeField = "_broadsheet_shortcode"

// ShortcodeRules say by name what becomes of shortcodes.
type ShortcodeRules map[string]ShortcodeRule

// ShortcodeRule is what becomes of a shortcode.
type ShortcodeRule struct {
	// As is what is done: "drop" leaves the call and what it holds out, "unwrap" leaves its
	// tags out, "text" keeps it as the text it is, "html" writes HTML instead.
	As string `json:"as"`
	// HTML is written for "html", with {content} for what the call holds, {name} for the
	// attribute of that name, {0}, {1} … for values without one.
	HTML string `json:"html,omitempty"`
}

// maxRules bounds what is read of a mapping file.
const maxRules = 1 << 20

// ReadShortcodeRules reads a mapping file: a JSON object with a rule for each name.
func ReadShortcodeRules(r io.Reader) (ShortcodeRules, error) {
	var read ShortcodeRules
	if err := readRules(r, &read); err != nil {
		return nil, err
	}
	rules := ShortcodeRules{}
	for name, rule := range read {
		switch {
		case rule.As != "drop" && rule.As != "unwrap" && rule.As != "text" && rule.As != "html":
			return nil, fmt.Errorf("shortcode %q: \"as\" is %q: give drop, unwrap, text or html", name, rule.As)
		case (rule.As == "html") != (rule.HTML != ""):
			return nil, fmt.Errorf("shortcode %q: \"html\" goes with \"as\": \"html\", and only with it", name)
		}
		rules[strings.ToLower(name)] = rule
	}
	return rules, nil
}

func readRules(r io.Reader, into any) error {
	d := json.NewDecoder(io.LimitReader(r, maxRules))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("read the mapping: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the mapping: there is more behind the object, or it is longer than %d bytes", maxRules)
	}
	return nil
}

// Types of items that a mapping file can give.
const (
	TypeLeaveOut  = "leave-out"
	TypePage      = "page"
	TypeLiveEntry = "live-entry"
)

// TypeRules say by name what becomes of the items of custom post types.
type TypeRules map[string]TypeRule

// TypeRule is what becomes of the items of a type.
type TypeRule struct {
	// As is "leave-out", "page", "live-entry" (of the live blog that the item hangs on), or the kind
	// of an article: "article", "opinion", "press-release", "live-blog", "gallery", "video", "audio".
	As string `json:"as"`
	// File names the custom field with the address of the sound or film of an "audio" or "video";
	// without it, the enclosure is looked for.
	File string `json:"file,omitempty"`
	// Parent names the custom field with the number of the live blog; without it, the parent of the item.
	Parent string `json:"parent,omitempty"`
}

var typeNames = []string{TypeLeaveOut, TypePage, TypeLiveEntry, "article", "opinion", "press-release", "live-blog", "gallery", "video", "audio"}

// ReadTypeRules reads a mapping file: a JSON object with a rule for each type.
func ReadTypeRules(r io.Reader) (TypeRules, error) {
	var rules TypeRules
	if err := readRules(r, &rules); err != nil {
		return nil, err
	}
	for name, rule := range rules {
		known := false
		for _, as := range typeNames {
			known = known || rule.As == as
		}
		switch {
		case name == "post" || name == "page" || name == "attachment" || name == "nav_menu_item":
			return nil, fmt.Errorf("type %q is a type of WordPress itself: only those of plugins can be mapped", name)
		case !known:
			return nil, fmt.Errorf("type %q: \"as\" is %q: give one of %s", name, rule.As, strings.Join(typeNames, ", "))
		case rule.File != "" && rule.As != "audio" && rule.As != "video":
			return nil, fmt.Errorf("type %q: \"file\" goes with audio and video only", name)
		case rule.Parent != "" && rule.As != TypeLiveEntry:
			return nil, fmt.Errorf("type %q: \"parent\" goes with live-entry only", name)
		}
	}
	return rules, nil
}

// placeholder matches what a rule writes values for.
var placeholder = regexp.MustCompile(`\{([A-Za-z0-9_-]{1,60})\}`)

// fill writes the HTML of a rule for a call.
func (r *ShortcodeRule) fill(s *Shortcode, content string) string {
	return placeholder.ReplaceAllStringFunc(r.HTML, func(p string) string {
		name := strings.ToLower(p[1 : len(p)-1])
		if name == "content" {
			return content
		}
		if n, err := strconv.Atoi(name); err == nil {
			if n >= 0 && n < len(s.Values) {
				return html.EscapeString(s.Values[n])
			}
			return ""
		}
		return html.EscapeString(s.Named[name])
	})
}
