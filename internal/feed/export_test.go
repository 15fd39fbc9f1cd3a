package feed

import "github.com/broadsheet-cms/broadsheet/internal/permalink"

// SetShardSize sets how many articles a sitemap has at most.
func (s *Service) SetShardSize(n int) { s.shardSize = n }

// Formats are all formats of feeds, with their media types.
func Formats() map[Format]string {
	all := map[Format]string{}
	for f, is := range formats {
		all[f] = is.MediaType
	}
	return all
}

// Kinds are all kinds of things that have feeds.
func Kinds() (all []permalink.Kind) {
	for kind := range kinds {
		all = append(all, kind)
	}
	return all
}
