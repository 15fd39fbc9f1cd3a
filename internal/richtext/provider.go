package richtext

import (
	"net/url"
	"slices"
	"strings"
)

// Providers are the values of Block.Provider: the sites whose players and posts become an embed with the address a
// reader would share.
func Providers() []string {
	names := []string{
		"youtube", "vimeo", "x", "instagram", "facebook", "soundcloud", "spotify", "tiktok", "dailymotion", "google-maps",
	}
	for _, e := range embeddable {
		if !slices.Contains(names, e.provider) {
			names = append(names, e.provider)
		}
	}
	return names
}

// canonicalEmbed names the provider of an address (of a player, a post or a watch page) and returns the canonical
// address of the same thing. Unknown addresses have no provider.
func canonicalEmbed(raw string) (provider, address string) {
	if strings.HasPrefix(raw, "//") {
		raw = "https:" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", ""
	}
	h := host(u)
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	at := func(i int) string {
		if i < len(path) {
			return path[i]
		}
		return ""
	}
	switch h {
	case "youtube.com", "youtube-nocookie.com", "youtu.be":
		return youtube(u, h, path)
	case "vimeo.com", "player.vimeo.com":
		id := at(0)
		if id == "video" || id == "videos" {
			id = at(1)
		}
		if digits(id) {
			return "vimeo", "https://vimeo.com/" + id
		}
	case "twitter.com", "x.com", "platform.twitter.com":
		if id := u.Query().Get("id"); h == "platform.twitter.com" && digits(id) {
			return "x", "https://x.com/i/status/" + id
		}
		if (at(1) == "status" || at(1) == "statuses") && token(at(0)) && digits(at(2)) {
			return "x", "https://x.com/" + at(0) + "/status/" + at(2)
		}
	case "instagram.com":
		if kind := at(0); (kind == "p" || kind == "reel" || kind == "tv") && token(at(1)) {
			return "instagram", "https://www.instagram.com/" + kind + "/" + at(1) + "/"
		}
	case "facebook.com":
		if at(0) == "plugins" {
			if at(1) == "like.php" {
				return "", ""
			}
			return innerEmbed(u.Query().Get("href"), h)
		}
		switch {
		case at(1) == "posts" || at(1) == "videos" || at(1) == "photos":
			return "facebook", "https://www.facebook.com" + u.EscapedPath()
		case at(0) == "permalink.php" || at(0) == "story.php" || at(0) == "photo.php":
			if q := query(u, "story_fbid", "fbid", "id"); q != "" {
				return "facebook", "https://www.facebook.com/" + at(0) + q
			}
		case at(0) == "watch" && digits(u.Query().Get("v")):
			return "facebook", "https://www.facebook.com/watch/?v=" + u.Query().Get("v")
		}
	case "w.soundcloud.com", "soundcloud.com", "api.soundcloud.com":
		if h == "w.soundcloud.com" {
			return innerEmbed(u.Query().Get("url"), "soundcloud.com", "api.soundcloud.com")
		}
		if len(path) >= 2 && token(at(0)) && token(at(1)) {
			return "soundcloud", "https://" + h + u.EscapedPath()
		}
	case "open.spotify.com", "embed.spotify.com":
		if at(0) == "embed" {
			path = path[1:]
		}
		if kind := at(0); (kind == "track" || kind == "album" || kind == "playlist" || kind == "episode" || kind == "show" || kind == "artist") && token(at(1)) {
			return "spotify", "https://open.spotify.com/" + kind + "/" + at(1)
		}
	case "tiktok.com":
		switch {
		case at(1) == "video" && token(strings.TrimPrefix(at(0), "@")) && digits(at(2)):
			return "tiktok", "https://www.tiktok.com/" + at(0) + "/video/" + at(2)
		case at(0) == "embed" && (digits(at(1)) || digits(at(2))):
			return "tiktok", "https://www.tiktok.com/embed/v2/" + at(len(path)-1)
		}
	case "dailymotion.com", "dai.ly", "geo.dailymotion.com":
		id := at(0)
		switch {
		case h == "geo.dailymotion.com":
			id = u.Query().Get("video")
		case id == "embed" && at(1) == "video":
			id = at(2)
		case id == "video":
			id = at(1)
		case h != "dai.ly":
			id = ""
		}
		if token(id) {
			return "dailymotion", "https://www.dailymotion.com/video/" + id
		}
	case "google.com", "maps.google.com":
		if at(0) == "maps" || h == "maps.google.com" {
			if safe, ok := safeURL(u.String(), mediaURL, nil); ok {
				return "google-maps", strings.Replace(safe, "http://", "https://", 1)
			}
		}
	}
	return listedEmbed(u, h)
}

func youtube(u *url.URL, h string, path []string) (string, string) {
	id := ""
	switch {
	case h == "youtu.be":
		id = path[0]
	case path[0] == "watch":
		id = u.Query().Get("v")
	case len(path) > 1 && (path[0] == "embed" || path[0] == "v" || path[0] == "shorts" || path[0] == "live"):
		id = path[1]
	}
	if list := u.Query().Get("list"); (id == "" || id == "videoseries") && token(list) {
		return "youtube", "https://www.youtube.com/playlist?list=" + list
	}
	if !token(id) {
		return "", ""
	}
	address := "https://www.youtube.com/watch?v=" + id
	for _, name := range []string{"start", "t"} {
		if t := strings.TrimSuffix(u.Query().Get(name), "s"); digits(t) {
			return "youtube", address + "&t=" + t + "s"
		}
	}
	return "youtube", address
}

// innerEmbed reads the address a player carries in its own, which must be of one of hosts.
func innerEmbed(raw string, hosts ...string) (string, string) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return "", ""
	}
	for _, h := range hosts {
		if host(u) == h && !strings.HasPrefix(u.Path, "/plugins") {
			return canonicalEmbed(raw)
		}
	}
	return "", ""
}

// query keeps the named parameters of u, in the order given.
func query(u *url.URL, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		if v := u.Query().Get(name); token(v) {
			if b.Len() == 0 {
				b.WriteByte('?')
			} else {
				b.WriteByte('&')
			}
			b.WriteString(name + "=" + v)
		}
	}
	return b.String()
}

func digits(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "0123456789") == ""
}

// token reports whether s is an id as these sites make them.
func token(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}
