package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/ninjs"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// maxMedia bounds the media of one article.
const maxMedia = 200

// media takes the pictures, films and sounds that belong to an item, and those
// that an item of such a type is itself. Only their addresses and words are
// taken. What the source withholds is left out.
func (in *ninjsImport) media(it *item, src *ninjs.Item) {
	s := it.story
	if s.Kind == article.KindGallery || s.Kind == article.KindVideo || s.Kind == article.KindAudio {
		in.takeMedia(it, src, "")
	}
	for _, a := range src.Associations {
		if a.Item.PubStatus != ninjs.Usable {
			it.repair(reasonMediaHeld, "%s is %s: left out", cmp.Or(a.Item.URI, a.Name), a.Item.PubStatus)
			continue
		}
		in.takeMedia(it, &a.Item, a.Name+" "+a.Rel)
	}
	s.Media = few(it, "media", maxMedia, s.Media, func(m medium) string { return m.URI })
	for i := range s.Media {
		s.Media[i].Apart = slices.ContainsFunc(s.Body, func(b richtext.Block) bool {
			return b.URL == s.Media[i].URL || slices.ContainsFunc(b.Images, func(p richtext.Image) bool { return p.URL == s.Media[i].URL })
		})
	}
}

// takeMedia takes one picture, film or sound, called as its outer item calls it.
func (in *ninjsImport) takeMedia(it *item, src *ninjs.Item, called string) {
	kind, ok := mediaKind(src)
	if !ok {
		headline := tidy(src.Headline())
		it.repair(reasonTextApart, "%s %q (%s) goes with the story and is no picture, film or sound: left out",
			cmp.Or(src.Type, "item"), shorten(cmp.Or(headline, tidy(src.Title)), 80), cmp.Or(src.URI, strings.TrimSpace(called)))
		return
	}
	best := bestRendition(src.Renditions, kind)
	if best == nil {
		it.repair(reasonMediaAddress, "%s has no address on the web: left out", cmp.Or(src.URI, strings.TrimSpace(called), src.Type))
		return
	}
	m := medium{
		URI: src.URI, Kind: kind, URL: webAddress(best.Href), ContentType: shorten(tidy(best.ContentType), 100), Size: int64(best.SizeInBytes),
		Width: best.Width, Height: best.Height, Rights: rightsOf(src), EmbargoUntil: src.EmbargoedUntil, ExpiresAt: src.Expires,
		Caption: cut(it, "caption", plain(find(src.Descriptions, captionOf(src))), maxExcerpt), Credit: creditOf(src),
	}
	if m.URI == "" || len(m.URI) > maxURI {
		m.URI = m.URL
	}
	if p, found := src.Problem("embargoedUntil"); found && src.EmbargoedUntil.IsZero() {
		it.repair(reasonMediaHeld, "%s: %s: left out", m.URI, p)
		return
	}
	m.Alt = cut(it, "alternative text", altOf(src), maxExcerpt)
	if f := best.Focus; f != nil && best.Width > 0 && best.Height > 0 && f.X >= 0 && f.X <= best.Width && f.Y >= 0 && f.Y <= best.Height {
		m.FocalX, m.FocalY = new(float64(f.X)/float64(best.Width)), new(float64(f.Y)/float64(best.Height))
	}
	role := strings.ToLower(called)
	m.Featured = strings.Contains(role, "featur") || strings.Contains(role, "main") || strings.Contains(role, "lead")
	if kind == media.KindVideo {
		if still := bestRendition(src.Renditions, media.KindImage); still != nil {
			m.Poster = webAddress(still.Href)
		}
	}
	it.story.Media = append(it.story.Media, m)
}

// mediaKind tells what an item is, by its type or else by its renditions.
func mediaKind(src *ninjs.Item) (media.Kind, bool) {
	switch src.Type {
	case "picture", "graphic":
		return media.KindImage, true
	case "video":
		return media.KindVideo, true
	case "audio":
		return media.KindAudio, true
	case "":
		for _, kind := range []media.Kind{media.KindVideo, media.KindAudio, media.KindImage} {
			if bestRendition(src.Renditions, kind) != nil {
				return kind, true
			}
		}
	}
	return "", false
}

// extensions tell the kind of a file without a media type.
var extensions = map[string]media.Kind{
	".jpg": media.KindImage, ".jpeg": media.KindImage, ".png": media.KindImage, ".gif": media.KindImage, ".webp": media.KindImage, ".avif": media.KindImage,
	".svg": media.KindImage, ".mp4": media.KindVideo, ".webm": media.KindVideo, ".mov": media.KindVideo, ".m3u8": media.KindVideo,
	".mp3": media.KindAudio, ".m4a": media.KindAudio, ".ogg": media.KindAudio, ".wav": media.KindAudio, ".aac": media.KindAudio,
}

// bestRendition gives the largest rendition of a kind that has an address on
// the web. One that says neither in type nor in name what it is counts as what
// is wanted only when there is no better.
func bestRendition(all []ninjs.Rendition, kind media.Kind) *ninjs.Rendition {
	var best *ninjs.Rendition
	rank := func(r *ninjs.Rendition) int {
		if webAddress(r.Href) == "" {
			return -1
		}
		stated := map[string]media.Kind{"image": media.KindImage, "video": media.KindVideo, "audio": media.KindAudio}[strings.ToLower(strings.SplitN(r.ContentType, "/", 2)[0])]
		if stated == "" {
			path, _, _ := strings.Cut(strings.ToLower(r.Href), "?")
			if dot := strings.LastIndexByte(path, '.'); dot >= 0 {
				stated = extensions[path[dot:]]
			}
		}
		switch stated {
		case kind:
			return 1 + max(r.Width, 0)
		case "":
			return 0
		default:
			return -1
		}
	}
	for i := range all {
		if r := rank(&all[i]); r >= 0 && (best == nil || r > rank(best)) {
			best = &all[i]
		}
	}
	return best
}

func isAlt(t ninjs.Text) bool {
	role := strings.ToLower(t.Role[strings.LastIndexAny(t.Role, "/:#")+1:])
	return strings.HasPrefix(role, "alt") || role == "accessibility"
}

// captionOf is the description that is no alternative text.
func captionOf(src *ninjs.Item) string {
	words := ninjs.Item{Descriptions: slices.DeleteFunc(slices.Clone(src.Descriptions), isAlt)}
	return words.Excerpt()
}

// altOf is the alternative text of a picture, else its headline, which names
// what it shows.
func altOf(src *ninjs.Item) string {
	for _, t := range src.Descriptions {
		if isAlt(t) {
			return plain(t)
		}
	}
	return plain(find(src.Headlines, src.Headline()))
}

// creditOf is who made a picture and whose it is: "Ana Reis/Agency".
func creditOf(src *ninjs.Item) string {
	name := withoutBy(tidy(src.By))
	for _, e := range src.People {
		if name == "" && isAuthor(e) {
			name = tidy(e.Name)
		}
	}
	owner := tidy(src.Copyright.Holder)
	for _, e := range src.InfoSources {
		owner = cmp.Or(owner, tidy(e.Name))
	}
	if owner != "" && !strings.Contains(strings.ToLower(name), strings.ToLower(owner)) {
		name = strings.TrimPrefix(name+"/"+owner, "/")
	}
	return shorten(name, maxShort)
}
