package account

import "strings"

// ArchivedColumns are the columns of each table that archives have, for tests.
func ArchivedColumns() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, p := range archived {
		if all[p.table] == nil {
			all[p.table] = map[string]bool{}
		}
		for column := range strings.SplitSeq(p.columns, ",") {
			column, _, _ = strings.Cut(column, " AS ")
			if name, own := strings.CutPrefix(strings.TrimSpace(column), "t."); own {
				all[p.table][name] = true
			}
		}
	}
	return all
}

// ArchivedParts are the names of the parts of archives.
func ArchivedParts() (names []string) {
	for _, p := range archived {
		names = append(names, p.name)
	}
	return names
}
