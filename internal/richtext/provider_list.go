package richtext

import (
	"net/url"
	"regexp"
	"strings"
)

// listed is a site whose pages can be shown within ours, as WordPress and the public list
// of oEmbed (https://oembed.com/providers.json) name them.
type listed struct {
	provider string
	hosts    string // separated by spaces; one that begins with a dot stands for all below it
	path     string // expression for the whole path, without the slashes around it
	to       string // host and path of the canonical address; empty: those of the address
	query    string // parameters that are kept, separated by spaces
}

var embeddable = []listed{
	// Data journalism.
	{"flourish", "flo.uri.sh public.flourish.studio", `(visualisation|story)/(\d+)(?:/.*)?`, "public.flourish.studio/$1/$2/", ""},
	{"datawrapper", "datawrapper.dwcdn.net", `([A-Za-z0-9]{5})(?:/.*)?`, "datawrapper.dwcdn.net/$1/", ""},
	{"datawrapper", "datawrapper.de", `_/([A-Za-z0-9]{5})`, "datawrapper.dwcdn.net/$1/", ""},
	{"infogram", "infogram.com e.infogram.com infogr.am e.infogr.am", `(?:_/)?([\w]+-[\w-]+|[0-9A-Za-z]{16,}|[0-9a-f-]{36})`, "infogram.com/$1", ""},
	{"documentcloud", "documentcloud.org embed.documentcloud.org beta.documentcloud.org", `documents/(\d+)(?:-[\w-]+)?(?:\.html)?(?:/.*)?`, "www.documentcloud.org/documents/$1/", ""},
	{"tableau", "public.tableau.com", `(views/[\w.%-]+/[\w.%-]+|shared/\w+)`, "public.tableau.com/$1", ""},
	{"everviz", "app.everviz.com", `(?:show|embed|inject)/([\w-]+)`, "app.everviz.com/show/$1", ""},
	{"observable", "observablehq.com", `(?:embed/)?(@[\w-]+/[\w-]+|d/[0-9a-f]+)`, "observablehq.com/$1", ""},
	{"knightlab", "cdn.knightlab.com uploads.knightlab.com", `(libs/(?:timeline3|timeline|juxtapose|storymapjs|soundcite)/[\w./-]+|storymapjs/[\w./-]+)`, "", "source font lang uid"},
	{"google-docs", "docs.google.com", `((?:document|spreadsheets|presentation|forms)/d/[\w/-]+)`, "docs.google.com/$1", "gid"},
	{"openstreetmap", "openstreetmap.org", `(export/embed\.html)`, "www.openstreetmap.org/$1", "bbox layer marker"},
	{"carto", ".carto.com", `(u?/?[\w/-]*(?:viz|builder|map)/[\w/-]+)`, "", ""},
	{"arcgis", "arcgis.com .arcgis.com", `((?:apps|home)/[\w./-]+|stories/\w+)`, "", "appid webmap id"},
	{"piktochart", "create.piktochart.com", `(output/[\w-]+|embed/[\w-]+)`, "", ""},
	{"thinglink", "thinglink.com", `((?:scene|video|card)/\d+)`, "www.thinglink.com/$1", ""},
	{"genially", "view.genially.com view.genial.ly", `([0-9a-f]{20,})(?:/.*)?`, "view.genially.com/$1", ""},
	{"canva", "canva.com", `(design/[\w-]+(?:/[\w-]+)?)/view`, "www.canva.com/$1/view", ""},
	{"crowdsignal", "poll.fm", `(\d+)`, "poll.fm/$1", ""},
	{"typeform", ".typeform.com", `(to/\w+)`, "", ""},

	// Documents.
	{"scribd", "scribd.com", `(?:doc|document|embeds|presentation)/(\d+)(?:/.*)?`, "www.scribd.com/document/$1", ""},
	{"issuu", "issuu.com", `([\w.-]+/docs/[\w.-]+)`, "issuu.com/$1", ""},
	{"speakerdeck", "speakerdeck.com", `((?:player/)?[\w-]+(?:/[\w-]+)?)`, "speakerdeck.com/$1", ""},
	{"slideshare", "slideshare.net", `((?:slideshow/)?[\w-]+/[\w/-]+)`, "www.slideshare.net/$1", ""},
	{"prezi", "prezi.com", `((?:p|v|view|i)/[\w-]+)(?:/.*)?`, "prezi.com/$1/", ""},
	{"archive-org", "archive.org", `(?:details|embed)/([\w.-]+)`, "archive.org/details/$1", ""},

	// Sound.
	{"apple-podcasts", "podcasts.apple.com embed.podcasts.apple.com", `((?:[a-z]{2}/)?podcast/(?:[^/]+/)?id\d+)`, "podcasts.apple.com/$1", "i"},
	{"apple-music", "music.apple.com embed.music.apple.com", `((?:[a-z]{2}/)?(?:album|playlist|artist|song)/[^?]+)`, "music.apple.com/$1", "i"},
	{"mixcloud", "mixcloud.com", `([\w-]+/[\w%-]+)`, "www.mixcloud.com/$1/", ""},
	{"deezer", "deezer.com widget.deezer.com", `((?:[a-z]{2}/|widget/\w+/)?(?:track|album|playlist|episode|show)/\d+)`, "www.deezer.com/$1", ""},
	{"bandcamp", ".bandcamp.com", `((?:track|album)/[\w-]+)`, "", ""},
	{"audiomack", "audiomack.com", `((?:embed/)?[\w-]+/(?:song|album|playlist)/[\w-]+)`, "audiomack.com/$1", ""},
	{"anghami", "play.anghami.com anghami.com", `((?:song|album|playlist|podcast|episode)/\d+)`, "play.anghami.com/$1", ""},
	{"pocketcasts", "pca.st", `((?:episode/|podcast/)?[\w-]+)`, "pca.st/$1", ""},
	{"spreaker", "spreaker.com", `((?:episode|show|podcast)/[\w-]+)`, "www.spreaker.com/$1", ""},
	{"acast", "embed.acast.com play.acast.com shows.acast.com", `([\w$/-]+)`, "", ""},
	{"buzzsprout", "buzzsprout.com", `(\d+(?:/[\w-]+)*)`, "www.buzzsprout.com/$1", ""},
	{"simplecast", "player.simplecast.com", `([0-9a-f-]{36})`, "player.simplecast.com/$1", ""},
	{"omny", "omny.fm", `(shows/[\w-]+(?:/[\w-]+)*)`, "omny.fm/$1", ""},
	{"megaphone", "player.megaphone.fm playlist.megaphone.fm", `(\w*)`, "", "e p"},
	{"podbean", "podbean.com", `((?:e|ew|media)/[\w/-]+)`, "www.podbean.com/$1", ""},

	// Films and pictures.
	{"flickr", "flickr.com", `(photos/[\w@-]+/(?:\d+|albums/\d+|sets/\d+))(?:/.*)?`, "www.flickr.com/$1/", ""},
	{"flickr", "flic.kr", `((?:p|s)/\w+)`, "flic.kr/$1", ""},
	{"imgur", "imgur.com", `((?:a/|gallery/)?\w{5,12})(?:/embed)?`, "imgur.com/$1", ""},
	{"giphy", "giphy.com", `(?:gifs|embed|clips)/(?:[\w-]+-)?([A-Za-z0-9]+)`, "giphy.com/gifs/$1", ""},
	{"gettyimages", "embed.gettyimages.com", `(embed/\d+)`, "embed.gettyimages.com/$1", "et"},
	{"smugmug", ".smugmug.com", `([\w/%-]+/i-\w+)`, "", ""},
	{"ted", "ted.com embed.ted.com", `talks/([\w-]+)(?:\.html)?`, "www.ted.com/talks/$1", ""},
	{"twitch", "twitch.tv", `(videos/\d+|[\w]+/clip/[\w-]+)`, "www.twitch.tv/$1", ""},
	{"twitch", "clips.twitch.tv", `([\w-]+)`, "clips.twitch.tv/$1", ""},
	{"streamable", "streamable.com", `(?:[eos]/)?(\w{4,8})`, "streamable.com/$1", ""},
	{"rumble", "rumble.com", `(embed/\w+|v\w+-[\w.-]+)`, "rumble.com/$1", ""},
	{"wordpress-tv", "wordpress.tv", `(\d{4}/\d{2}/\d{2}/[\w-]+)`, "wordpress.tv/$1/", ""},
	{"videopress", "videopress.com video.wordpress.com", `(?:v|embed)/(\w+)`, "videopress.com/v/$1", ""},
	{"brightcove", "players.brightcove.net", `(\d+/[\w-]+/index\.html)`, "players.brightcove.net/$1", "videoId"},
	{"jwplayer", "cdn.jwplayer.com content.jwplatform.com", `(players/[\w-]+(?:\.html)?)`, "", ""},
	{"wistia", "fast.wistia.net fast.wistia.com", `embed/(?:iframe|medias)/(\w+)`, "fast.wistia.net/embed/iframe/$1", ""},
	{"loom", "loom.com", `(?:share|embed)/([0-9a-f]+)`, "www.loom.com/share/$1", ""},
	{"rutube", "rutube.ru", `(?:video|play/embed)/(\w+)`, "rutube.ru/video/$1/", ""},
	{"aparat", "aparat.com", `v/(\w+)`, "www.aparat.com/v/$1", ""},
	{"bilibili", "bilibili.com", `video/(\w+)`, "www.bilibili.com/video/$1/", ""},
	{"c-span", "c-span.org", `((?:video|clip|program)/[\w?/.-]+)`, "www.c-span.org/$1", "clip"},
	{"sketchfab", "sketchfab.com", `((?:models|3d-models)/[\w-]+)(?:/embed)?`, "sketchfab.com/$1", ""},
	{"codepen", "codepen.io", `([\w-]+)/(?:pen|embed|full)/(\w+)`, "codepen.io/$1/pen/$2", ""},

	// Posts.
	{"bluesky", "bsky.app", `(profile/[\w.:-]+/post/\w+)`, "bsky.app/$1", ""},
	{"threads", "threads.net threads.com", `(@[\w.]+/post/[\w-]+)`, "www.threads.com/$1", ""},
	{"reddit", "reddit.com embed.reddit.com redditmedia.com", `(r/\w+/comments/\w+(?:/[^/]+){0,2})`, "www.reddit.com/$1/", ""},
	{"tumblr", ".tumblr.com", `(post/\d+)(?:/.*)?`, "", ""},
	{"pinterest", "pinterest.com", `(pin/[\w-]+)`, "www.pinterest.com/$1/", ""},
	{"telegram", "t.me", `(\w{4,}/\d+)`, "t.me/$1", ""},
	{"linkedin", "linkedin.com", `(embed/feed/update/[\w:-]+|posts/[\w%-]+)`, "www.linkedin.com/$1", ""},
	{"kickstarter", "kickstarter.com", `(projects/[\w-]+/[\w-]+)(?:/.*)?`, "www.kickstarter.com/$1", ""},
}

// embedHosts has what is listed by host; paths beside it, compiled.
var embedHosts, embedPaths = func() (map[string][]int, []*regexp.Regexp) {
	hosts, paths := map[string][]int{}, make([]*regexp.Regexp, len(embeddable))
	for i, e := range embeddable {
		paths[i] = regexp.MustCompile(`^` + e.path + `$`)
		for h := range strings.FieldsSeq(e.hosts) {
			hosts[h] = append(hosts[h], i)
		}
	}
	return hosts, paths
}()

// listedEmbed is canonicalEmbed for what is listed.
func listedEmbed(u *url.URL, h string) (provider, address string) {
	at := embedHosts[h]
	for below, more := h, true; more && len(at) == 0; {
		if _, below, more = strings.Cut(below, "."); more {
			at = embedHosts["."+below]
		}
	}
	path := strings.Trim(u.EscapedPath(), "/")
	for _, i := range at {
		e := &embeddable[i]
		match := embedPaths[i].FindStringSubmatchIndex(path)
		if match == nil {
			continue
		}
		to := e.to
		if to == "" {
			to = h + "/$1"
		}
		out := "https://" + string(embedPaths[i].ExpandString(nil, strings.NewReplacer("$1/", "${1}/", "$2/", "${2}/").Replace(to), path, match))
		if safe, ok := safeURL(out+keptQuery(u, e.query), mediaURL, nil); ok {
			return e.provider, safe
		}
	}
	return "", ""
}

// keptQuery keeps the named parameters of an address, in the order of the names.
func keptQuery(u *url.URL, names string) string {
	if names == "" || u.RawQuery == "" {
		return ""
	}
	kept, all := "", u.Query()
	for name := range strings.FieldsSeq(names) {
		if v := all.Get(name); v != "" && len(v) < 500 {
			kept += "&" + name + "=" + url.QueryEscape(v)
		}
	}
	if kept == "" {
		return ""
	}
	return "?" + kept[1:]
}
