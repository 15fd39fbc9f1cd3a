package ingest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// withinUs are types of items that are no content, or that the survey has
// taken already.
var withinUs = map[string]bool{
	"revision": true, "customize_changeset": true, "oembed_cache": true, "user_request": true, "custom_css": true, "wp_global_styles": true,
	"wp_template": true, "wp_template_part": true, "wp_navigation": true, "wp_font_family": true, "wp_font_face": true, "wp_block": true,
	"guest-author": true, "jp_img_sitemap": true, "jp_sitemap": true, "jp_sitemap_master": true, "feedback": true, "acf-field": true, "acf-field-group": true,
	"wpcf7_contact_form": true, "amp_validated_url": true,
}

// typeOf says what is made of an item: "post", "page", "live-entry", "leave-out"; empty for a
// type that nobody knows.
func (in *wxrImport) typeOf(it *wxr.Item) string {
	switch rule, mapped := in.opts.Types[it.Type]; {
	case it.Type == "post", it.Type == "" && it.ID > 0:
		return "post"
	case it.Type == "page":
		return wxr.TypePage
	case !mapped || it.Type == "attachment" || withinUs[it.Type] || it.Type == "nav_menu_item":
		return ""
	case rule.As == wxr.TypePage, rule.As == wxr.TypeLiveEntry, rule.As == wxr.TypeLeaveOut:
		return rule.As
	}
	return "post"
}

// kindsOfTypes are the kinds that a mapping names.
var kindsOfTypes = map[string]article.Kind{"opinion": article.KindOpinion, "press-release": article.KindPressRelease, "live-blog": article.KindLiveBlog,
	"gallery": article.KindGallery, "video": article.KindVideo, "audio": article.KindAudio}

// toKind makes an article what the mapping says, with the sound or film of the item before
// its text.
func (in *wxrImport) toKind(p *post, it *wxr.Item) {
	rule, mapped := in.opts.Types[it.Type]
	if _, live := p.site.blogs[it.ID]; live || len(p.entries) > 0 {
		p.draft.Kind = article.KindLiveBlog
	}
	if !mapped {
		return
	}
	p.meta.mark("items of the type " + it.Type + ": " + rule.As)
	if kind := kindsOfTypes[rule.As]; kind != "" {
		p.draft.Kind = kind
	}
	if rule.As != "audio" && rule.As != "video" {
		return
	}
	address := p.meta.enclosure
	if rule.File != "" {
		address = strings.TrimSpace(it.Get(rule.File))
	}
	address, _, _ = strings.Cut(address, "\n")
	block := richtext.Block{Kind: richtext.Audio}
	if rule.As == "video" {
		block.Kind = richtext.Video
	}
	if number, err := strconv.Atoi(address); err == nil { // of an attachment
		block.MediaID = mediaName(p.site.media[number])
	} else if block.MediaID = mediaName(p.site.fileByAddress(address)); block.MediaID == "" {
		block.URL = webAddress(address)
	}
	shows := slices.ContainsFunc(p.draft.Body, func(b richtext.Block) bool {
		return b.Kind == block.Kind && (b.MediaID == block.MediaID && b.URL == block.URL || b.URL != "" && b.URL == address)
	})
	switch {
	case shows:
	case block.MediaID == "" && block.URL == "":
		p.repair(reasonNoFile, "no sound or film: give its custom field in the mapping")
	default:
		p.draft.Body = slices.Insert(p.draft.Body, 0, block)
	}
}
