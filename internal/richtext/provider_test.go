package richtext

import (
	"slices"
	"testing"
)

// Every provider has an address as people copy it and as pages embed it; the canonical one is its own.
func TestProvidersOfEmbeds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for address, want := range map[string][2]string{
		"https://www.youtube.com/embed/abcdefghijk":                                         {"youtube", "https://www.youtube.com/watch?v=abcdefghijk"},
		"https://player.vimeo.com/video/123":                                                {"vimeo", "https://vimeo.com/123"},
		"https://twitter.com/a/status/12":                                                   {"x", "https://x.com/a/status/12"},
		"https://www.instagram.com/p/Abc_1/?utm=1":                                          {"instagram", "https://www.instagram.com/p/Abc_1/"},
		"https://www.facebook.com/a/posts/12":                                               {"facebook", "https://www.facebook.com/a/posts/12"},
		"https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/1":        {"soundcloud", "https://api.soundcloud.com/tracks/1"},
		"https://open.spotify.com/embed/episode/abc":                                        {"spotify", "https://open.spotify.com/episode/abc"},
		"https://www.tiktok.com/@a/video/12":                                                {"tiktok", "https://www.tiktok.com/@a/video/12"},
		"https://dai.ly/x1":                                                                 {"dailymotion", "https://www.dailymotion.com/video/x1"},
		"https://www.google.com/maps/embed?pb=1":                                            {"google-maps", "https://www.google.com/maps/embed?pb=1"},
		"https://flo.uri.sh/story/123/embed#slide-0":                                        {"flourish", "https://public.flourish.studio/story/123/"},
		"https://datawrapper.dwcdn.net/Ab1cD/4/":                                            {"datawrapper", "https://datawrapper.dwcdn.net/Ab1cD/"},
		"https://e.infogram.com/the-budget-1h7g6k?src=embed":                                {"infogram", "https://infogram.com/the-budget-1h7g6k"},
		"https://embed.documentcloud.org/documents/20059068-report/?embed=1":                {"documentcloud", "https://www.documentcloud.org/documents/20059068/"},
		"https://public.tableau.com/views/A/B?:embed=y":                                     {"tableau", "https://public.tableau.com/views/A/B"},
		"https://app.everviz.com/embed/a1b2":                                                {"everviz", "https://app.everviz.com/show/a1b2"},
		"https://observablehq.com/embed/@d3/bars?cells=x":                                   {"observable", "https://observablehq.com/@d3/bars"},
		"https://cdn.knightlab.com/libs/timeline3/latest/embed/index.html?source=1x&font=F": {"knightlab", "https://cdn.knightlab.com/libs/timeline3/latest/embed/index.html?source=1x&font=F"},
		"https://docs.google.com/spreadsheets/d/abc/pubhtml":                                {"google-docs", "https://docs.google.com/spreadsheets/d/abc/pubhtml"},
		"https://www.openstreetmap.org/export/embed.html?bbox=1,2,3,4&x=y":                  {"openstreetmap", "https://www.openstreetmap.org/export/embed.html?bbox=1%2C2%2C3%2C4"},
		"https://paper.carto.com/builder/ab-1/embed":                                        {"carto", "https://paper.carto.com/builder/ab-1/embed"},
		"https://paper.maps.arcgis.com/apps/x":                                              {"arcgis", "https://paper.maps.arcgis.com/apps/x"},
		"https://www.arcgis.com/apps/dashboards/ab12":                                       {"arcgis", "https://arcgis.com/apps/dashboards/ab12"},
		"https://storymaps.arcgis.com/stories/ab12":                                         {"arcgis", "https://storymaps.arcgis.com/stories/ab12"},
		"https://create.piktochart.com/output/1-x":                                          {"piktochart", "https://create.piktochart.com/output/1-x"},
		"https://www.thinglink.com/card/12":                                                 {"thinglink", "https://www.thinglink.com/card/12"},
		"https://view.genial.ly/5f0c0ffee0123456789abcde/x":                                 {"genially", "https://view.genially.com/5f0c0ffee0123456789abcde"},
		"https://www.canva.com/design/DA-1/view?embed":                                      {"canva", "https://www.canva.com/design/DA-1/view"},
		"https://poll.fm/123":                                                               {"crowdsignal", "https://poll.fm/123"},
		"https://paper.typeform.com/to/Ab1":                                                 {"typeform", "https://paper.typeform.com/to/Ab1"},
		"https://www.scribd.com/embeds/12/content?x=1":                                      {"scribd", "https://www.scribd.com/document/12"},
		"https://issuu.com/paper/docs/may":                                                  {"issuu", "https://issuu.com/paper/docs/may"},
		"https://speakerdeck.com/player/ab":                                                 {"speakerdeck", "https://speakerdeck.com/player/ab"},
		"https://www.slideshare.net/slideshow/embed_code/key/Ab":                            {"slideshare", "https://www.slideshare.net/slideshow/embed_code/key/Ab"},
		"https://prezi.com/v/ab/x/":                                                         {"prezi", "https://prezi.com/v/ab/"},
		"https://archive.org/embed/a.b":                                                     {"archive-org", "https://archive.org/details/a.b"},
		"https://embed.podcasts.apple.com/us/podcast/name/id12?i=34&theme=x":                {"apple-podcasts", "https://podcasts.apple.com/us/podcast/name/id12?i=34"},
		"https://embed.music.apple.com/us/album/x/12":                                       {"apple-music", "https://music.apple.com/us/album/x/12"},
		"https://www.mixcloud.com/a/b-c/":                                                   {"mixcloud", "https://www.mixcloud.com/a/b-c/"},
		"https://www.deezer.com/en/track/12":                                                {"deezer", "https://www.deezer.com/en/track/12"},
		"https://band.bandcamp.com/track/x":                                                 {"bandcamp", "https://band.bandcamp.com/track/x"},
		"https://audiomack.com/a/song/b":                                                    {"audiomack", "https://audiomack.com/a/song/b"},
		"https://play.anghami.com/song/12":                                                  {"anghami", "https://play.anghami.com/song/12"},
		"https://pca.st/episode/ab-1":                                                       {"pocketcasts", "https://pca.st/episode/ab-1"},
		"https://www.spreaker.com/episode/12":                                               {"spreaker", "https://www.spreaker.com/episode/12"},
		"https://embed.acast.com/show/1":                                                    {"acast", "https://embed.acast.com/show/1"},
		"https://www.buzzsprout.com/12/34-x":                                                {"buzzsprout", "https://www.buzzsprout.com/12/34-x"},
		"https://player.simplecast.com/01234567-0123-0123-0123-0123456789ab?dark=1":         {"simplecast", "https://player.simplecast.com/01234567-0123-0123-0123-0123456789ab"},
		"https://omny.fm/shows/a/b/embed":                                                   {"omny", "https://omny.fm/shows/a/b/embed"},
		"https://playlist.megaphone.fm/?e=ABC12":                                            {"megaphone", "https://playlist.megaphone.fm/?e=ABC12"},
		"https://www.podbean.com/media/player/ab":                                           {"podbean", "https://www.podbean.com/media/player/ab"},
		"https://www.flickr.com/photos/a@N1/12/in/x":                                        {"flickr", "https://www.flickr.com/photos/a@N1/12/"},
		"https://flic.kr/p/ab":                                                              {"flickr", "https://flic.kr/p/ab"},
		"https://imgur.com/a/AbCd1":                                                         {"imgur", "https://imgur.com/a/AbCd1"},
		"https://giphy.com/embed/Ab1":                                                       {"giphy", "https://giphy.com/gifs/Ab1"},
		"https://embed.gettyimages.com/embed/12?et=x&y=1":                                   {"gettyimages", "https://embed.gettyimages.com/embed/12?et=x"},
		"https://a.smugmug.com/X/i-Ab":                                                      {"smugmug", "https://a.smugmug.com/X/i-Ab"},
		"https://embed.ted.com/talks/a_b.html":                                              {"ted", "https://www.ted.com/talks/a_b"},
		"https://www.twitch.tv/videos/12":                                                   {"twitch", "https://www.twitch.tv/videos/12"},
		"https://clips.twitch.tv/Ab-1":                                                      {"twitch", "https://clips.twitch.tv/Ab-1"},
		"https://streamable.com/e/ab12":                                                     {"streamable", "https://streamable.com/ab12"},
		"https://rumble.com/embed/v1":                                                       {"rumble", "https://rumble.com/embed/v1"},
		"https://wordpress.tv/2024/01/02/x/":                                                {"wordpress-tv", "https://wordpress.tv/2024/01/02/x/"},
		"https://video.wordpress.com/embed/Ab":                                              {"videopress", "https://videopress.com/v/Ab"},
		"https://players.brightcove.net/12/default_default/index.html?videoId=3":            {"brightcove", "https://players.brightcove.net/12/default_default/index.html?videoId=3"},
		"https://cdn.jwplayer.com/players/Ab-1.html":                                        {"jwplayer", "https://cdn.jwplayer.com/players/Ab-1.html"},
		"https://fast.wistia.com/embed/medias/ab":                                           {"wistia", "https://fast.wistia.net/embed/iframe/ab"},
		"https://www.loom.com/embed/ab12":                                                   {"loom", "https://www.loom.com/share/ab12"},
		"https://rutube.ru/play/embed/12":                                                   {"rutube", "https://rutube.ru/video/12/"},
		"https://www.aparat.com/v/Ab":                                                       {"aparat", "https://www.aparat.com/v/Ab"},
		"https://www.bilibili.com/video/BV1":                                                {"bilibili", "https://www.bilibili.com/video/BV1/"},
		"https://www.c-span.org/video/?12-1":                                                {"", ""},
		"https://www.c-span.org/clip/house/x/5":                                             {"c-span", "https://www.c-span.org/clip/house/x/5"},
		"https://sketchfab.com/models/ab/embed":                                             {"sketchfab", "https://sketchfab.com/models/ab"},
		"https://codepen.io/a/embed/b?x=1":                                                  {"codepen", "https://codepen.io/a/pen/b"},
		"https://bsky.app/profile/a.bsky.social/post/1":                                     {"bluesky", "https://bsky.app/profile/a.bsky.social/post/1"},
		"https://www.threads.net/@a/post/B":                                                 {"threads", "https://www.threads.com/@a/post/B"},
		"https://www.reddit.com/r/a/comments/b/c/":                                          {"reddit", "https://www.reddit.com/r/a/comments/b/c/"},
		"https://a.tumblr.com/post/12/x":                                                    {"tumblr", "https://a.tumblr.com/post/12"},
		"https://www.pinterest.com/pin/12/":                                                 {"pinterest", "https://www.pinterest.com/pin/12/"},
		"https://t.me/paper/12":                                                             {"telegram", "https://t.me/paper/12"},
		"https://www.linkedin.com/embed/feed/update/urn:li:share:1":                         {"linkedin", "https://www.linkedin.com/embed/feed/update/urn:li:share:1"},
		"https://www.kickstarter.com/projects/a/b/widget":                                   {"kickstarter", "https://www.kickstarter.com/projects/a/b"},
		"https://infogram.com/pricing":                                                      {"", ""},
		"https://flo.uri.sh.evil.example/story/1":                                           {"", ""},
		"javascript:alert(1)":                                                               {"", ""},
	} {
		provider, canonical := canonicalEmbed(address)
		if got := [2]string{provider, canonical}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
			continue
		}
		seen[provider] = true
		if provider == "" {
			continue
		}
		if p, again := canonicalEmbed(canonical); p != provider || again != canonical {
			t.Errorf("%s is %s %s when it is read again", canonical, p, again)
		}
	}
	for _, p := range Providers() {
		if !seen[p] {
			t.Errorf("%s has no example here", p)
		}
	}
	if all := Providers(); len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Error("a provider is named twice")
	}
}
