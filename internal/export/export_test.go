package export

import "github.com/broadsheet-cms/broadsheet/ent/article"

// Says reports whether an export for WordPress has articles of a status.
func Says(s article.Status) bool {
	_, known := statuses[s]
	return known
}
