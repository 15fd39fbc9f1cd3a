package ingest

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// fields are the custom fields of an item, sorted by what they are for.
type fields struct {
	kept      map[string]any
	bytes     int
	dropped   map[string]int
	marks     map[string]int
	thumbnail int
	primary   int // number of the first section, by an SEO plugin
	oldSlugs  []string

	title, description, canonical string
	noIndex                       bool
}

// Bounds on the custom fields that an article keeps.
const (
	maxFields     = 100
	maxFieldBytes = 4 << 10
	maxFieldsSize = 64 << 10
)

// technical matches fields that the software of the old site keeps for itself.
var technical = regexp.MustCompile(`^(?:_edit_|_oembed_|_wp_|_menu_item_|_publicize_|_encloseme$|_pingme$|_thumbnail_id$|_attachment|_yoast_|_rank_math_|rank_math_|_elementor_css$|` +
	`_jetpack_|_wpas_|_aioseo|_wpcom_|_dp_original$|_et_|_genesis_|_yst_|_last_editor_used|_primary_term|_cap_|ocean_|_monsterinsights)`)

// serialised matches a value of PHP, which is kept as the text it is.
var serialised = regexp.MustCompile(`^(?:[aOsC]:\d+:[{"]|[ibd]:-?[\d.]+;|N;)`)

// fieldKey is what the plugin Advanced Custom Fields puts beside each field.
var fieldKey = regexp.MustCompile(`^field_[0-9a-f]+$`)

func readFields(it *wxr.Item) fields {
	f := fields{kept: map[string]any{}}
	for _, m := range it.Meta {
		switch m.Key {
		case "_thumbnail_id":
			f.thumbnail, _ = strconv.Atoi(strings.TrimSpace(m.Value))
		case "_wp_old_slug":
			if s := decoded(m.Value); s != "" && len(f.oldSlugs) < 50 {
				f.oldSlugs = append(f.oldSlugs, s)
			}
		case "_yoast_wpseo_title", "rank_math_title":
			f.title = m.Value
		case "_yoast_wpseo_metadesc", "rank_math_description":
			f.description = m.Value
		case "_yoast_wpseo_canonical", "rank_math_canonical_url":
			f.canonical = strings.TrimSpace(m.Value)
		case "_yoast_wpseo_meta-robots-noindex":
			f.noIndex = strings.TrimSpace(m.Value) == "1"
		case "rank_math_robots":
			f.noIndex = strings.Contains(m.Value, `"noindex"`)
		case "_yoast_wpseo_primary_category", "rank_math_primary_category":
			f.primary, _ = strconv.Atoi(strings.TrimSpace(m.Value))
		default:
			f.keep(m)
		}
	}
	return f
}

// keep keeps a field that has no place of its own.
func (f *fields) keep(m wxr.Meta) {
	key := m.Key
	if strings.HasPrefix(key, "_oembed_") {
		key = "_oembed_…"
	}
	switch {
	case technical.MatchString(m.Key), strings.HasPrefix(m.Key, "_") && fieldKey.MatchString(m.Value), m.Value == "":
		countName(&f.dropped, key, 1)
		return
	case len(m.Value) > maxFieldBytes, len(m.Key) > 200, f.bytes+len(m.Key)+len(m.Value) > maxFieldsSize:
		countName(&f.dropped, key+" (too long)", 1)
		return
	}
	if serialised.MatchString(m.Value) {
		f.mark("custom fields with values of PHP: kept as text")
	}
	f.bytes += len(m.Key) + len(m.Value)
	switch have := f.kept[m.Key].(type) {
	case nil:
		if len(f.kept) >= maxFields {
			countName(&f.dropped, key+" (too many)", 1)
			return
		}
		f.kept[m.Key] = m.Value
	case string:
		f.kept[m.Key] = []any{have, m.Value}
	case []any:
		f.kept[m.Key] = append(have, m.Value)
	}
}

func (f *fields) mark(what string) { countName(&f.marks, what, 1) }

// custom is what an article keeps of them.
func (f *fields) custom() map[string]any {
	c := map[string]any{}
	if len(f.kept) > 0 {
		c["fields"] = f.kept
	}
	return c
}

// count adds them to the report.
func (f *fields) count(r *WXRReport) {
	for key := range f.kept {
		countName(&r.Fields, key, 1)
	}
	for key, n := range f.dropped {
		countName(&r.Dropped, key, n)
	}
	for key, n := range f.marks {
		countName(&r.Marks, key, n)
	}
}

// variable matches the variables in titles of the plugins: %%title%% of Yoast
// SEO, %title% of Rank Math.
var variable = regexp.MustCompile(`%{1,2}([a-z_]+)(?:\([^)%]*\))?%{1,2}`)

// seo is what search engines are told, nil where that is what all see.
func (f *fields) seo(title, siteName string) *schema.SEO {
	fill := func(text string) string {
		text = variable.ReplaceAllStringFunc(text, func(v string) string {
			switch variable.FindStringSubmatch(v)[1] {
			case "title", "seo_title":
				return title
			case "sitename", "blog_title":
				return siteName
			case "sep":
				return "–"
			}
			return ""
		})
		return shorten(strings.Trim(tidy(text), " –-|"), 500)
	}
	seo := schema.SEO{Title: fill(f.title), Description: fill(f.description), NoIndex: f.noIndex}
	if strings.HasPrefix(f.canonical, "https://") || strings.HasPrefix(f.canonical, "http://") {
		seo.CanonicalURL = shorten(f.canonical, 2000)
	}
	if seo == (schema.SEO{}) {
		return nil
	}
	return &seo
}
