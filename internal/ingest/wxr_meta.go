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
	used      map[string]int // by what they became
	marks     map[string]int
	thumbnail int
	primary   int // number of the first section, by an SEO plugin
	oldSlugs  []string

	text      map[string]string // by place: subtitle, byline, seo.title, social.ogTitle …
	noIndex   bool
	enclosure string // address of a sound or film
	footnotes []wxr.Footnote
	apart     []string // shortcodes that an earlier import kept apart
}

// fieldPlaces say by the name of a custom field where it goes. Of several fields for one place the first
// that has something counts.
var fieldPlaces = func() map[string]string {
	m := map[string]string{}
	for place, keys := range map[string]string{
		// Of Yoast SEO, Rank Math, All in One SEO, SEOPress, The SEO Framework, Slim SEO.
		"seo.title":                   "_yoast_wpseo_title rank_math_title _aioseo_title _aioseop_title _seopress_titles_title _genesis_title",
		"seo.description":             "_yoast_wpseo_metadesc rank_math_description _aioseo_description _aioseop_description _seopress_titles_desc _genesis_description",
		"seo.canonical":               "_yoast_wpseo_canonical rank_math_canonical_url _aioseo_canonical_url _aioseop_custom_link _seopress_robots_canonical _genesis_canonical_uri",
		"social.openGraphTitle":       "_yoast_wpseo_opengraph-title rank_math_facebook_title _aioseo_og_title _seopress_social_fb_title _open_graph_title",
		"social.openGraphDescription": "_yoast_wpseo_opengraph-description rank_math_facebook_description _aioseo_og_description _seopress_social_fb_desc _open_graph_description",
		"social.openGraphImage":       "_yoast_wpseo_opengraph-image rank_math_facebook_image _aioseo_og_image_url _seopress_social_fb_img _social_image_url",
		"social.twitterTitle":         "_yoast_wpseo_twitter-title rank_math_twitter_title _aioseo_twitter_title _seopress_social_twitter_title _twitter_title",
		"social.twitterDescription":   "_yoast_wpseo_twitter-description rank_math_twitter_description _aioseo_twitter_description _seopress_social_twitter_desc _twitter_description",
		"social.twitterImage":         "_yoast_wpseo_twitter-image rank_math_twitter_image _aioseo_twitter_image_url _seopress_social_twitter_img _twitter_image_url",

		"subtitle": "subtitle _subtitle sub_title wps_subtitle kia_subtitle secondary_title _secondary_title newspack_post_subtitle post_subtitle _post_subtitle dek deck standfirst subheadline sub_headline",
		"kicker":   "kicker _kicker newspack_kicker post_kicker overline eyebrow strapline",
		"byline":   "byline _byline custom_byline author_override newspack_byline _newspack_byline guest-author guest_author byline_override _byline_override",
		"dateline": "dateline _dateline post_dateline",
	} {
		for key := range strings.FieldsSeq(keys) {
			m[key] = place
		}
	}
	return m
}()

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
	f := fields{kept: map[string]any{}, text: map[string]string{}}
	for _, m := range it.Meta {
		switch m.Key {
		case "_thumbnail_id":
			f.thumbnail, _ = strconv.Atoi(strings.TrimSpace(m.Value))
			f.use("featured picture")
		case "_wp_old_slug":
			if s := decoded(m.Value); s != "" && len(f.oldSlugs) < 50 {
				f.oldSlugs = append(f.oldSlugs, s)
			}
			f.use("former addresses")
		case "_yoast_wpseo_meta-robots-noindex":
			f.noIndex = f.noIndex || strings.TrimSpace(m.Value) == "1"
			f.use("seo.noIndex")
		case "rank_math_robots":
			f.noIndex = f.noIndex || strings.Contains(m.Value, `"noindex"`)
			f.use("seo.noIndex")
		case "_seopress_robots_index":
			f.noIndex = f.noIndex || strings.TrimSpace(m.Value) == "yes"
			f.use("seo.noIndex")
		case "_aioseo_robots_noindex", "_genesis_noindex":
			f.noIndex = f.noIndex || strings.TrimSpace(m.Value) == "1"
			f.use("seo.noIndex")
		case "_yoast_wpseo_primary_category", "rank_math_primary_category", "_seopress_robots_primary_cat":
			if n, err := strconv.Atoi(strings.TrimSpace(m.Value)); err == nil && n > 0 {
				f.primary = n
			}
			f.use("first section")
		case "_wp_trash_meta_status":
			f.use("status before the trash")
		case wxr.ShortcodeField:
			f.apart = append(f.apart, m.Value)
			f.use("shortcodes kept apart")
		case "enclosure":
			if f.enclosure == "" {
				f.enclosure = strings.TrimSpace(m.Value)
			}
			f.keep(m)
		case "footnotes":
			notes, ok := wxr.ParseFootnotes(m.Value)
			if !ok || len(f.footnotes) > 0 {
				f.keep(m)
				continue
			}
			f.footnotes = notes
			f.use("footnotes")
		default:
			if place := fieldPlaces[m.Key]; place != "" && strings.TrimSpace(m.Value) != "" && !serialised.MatchString(m.Value) && f.text[place] == "" && len(m.Value) <= maxFieldBytes {
				f.text[place] = m.Value
				f.use(place)
				continue
			}
			f.keep(m)
		}
	}
	return f
}

// use counts a custom field that became something.
func (f *fields) use(what string) { countName(&f.used, what, 1) }

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
	if kicker := words(f.text["kicker"]); kicker != "" {
		c["kicker"] = kicker
	}
	social := map[string]any{}
	for place, text := range f.text {
		if name, ok := strings.CutPrefix(place, "social."); ok {
			social[name] = shorten(tidy(text), 2000)
		}
	}
	if len(social) > 0 {
		c["social"] = social
	}
	return c
}

// count adds them to the report.
func (f *fields) count(r *WXRReport) {
	for key, value := range f.kept {
		n := 1
		if several, ok := value.([]any); ok {
			n = len(several)
		}
		countName(&r.Fields, key, n)
	}
	for key, n := range f.used {
		countName(&r.Used, key, n)
	}
	for key, n := range f.dropped {
		countName(&r.Dropped, key, n)
	}
	for key, n := range f.marks {
		countName(&r.Marks, key, n)
	}
}

// variable matches the variables in titles of the plugins: %%title%% of Yoast
// SEO and SEOPress, %title% of Rank Math, #post_title of All in One SEO.
var variable = regexp.MustCompile(`%{1,2}([a-z_]+)(?:\([^)%]*\))?%{1,2}|#((?:post|site|separator|tagline|author|category|current|taxonomy|page)[a-z_]*)`)

// seo is what search engines are told, nil where that is what all see.
func (f *fields) seo(title, siteName string) *schema.SEO {
	fill := func(text string) string {
		text = variable.ReplaceAllStringFunc(text, func(v string) string {
			found := variable.FindStringSubmatch(v)
			switch found[1] + found[2] {
			case "title", "seo_title", "post_title":
				return title
			case "sitename", "blog_title", "site_title", "sitetitle":
				return siteName
			case "sep", "separator_sa":
				return "–"
			}
			return ""
		})
		return shorten(strings.Trim(tidy(text), " –-|"), 500)
	}
	seo := schema.SEO{Title: fill(f.text["seo.title"]), Description: fill(f.text["seo.description"]), NoIndex: f.noIndex}
	if canonical := strings.TrimSpace(f.text["seo.canonical"]); strings.HasPrefix(canonical, "https://") || strings.HasPrefix(canonical, "http://") {
		seo.CanonicalURL = shorten(canonical, 2000)
	}
	if seo == (schema.SEO{}) {
		return nil
	}
	return &seo
}
