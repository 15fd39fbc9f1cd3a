package feed

// SetShardSize sets how many articles a sitemap has at most.
func (s *Service) SetShardSize(n int) { s.shardSize = n }
