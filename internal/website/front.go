package website

// front is the front page as it is laid out.
type front struct {
	Lead          map[string]any
	Picks, Latest []map[string]any
	Rows          []row
	MostRead      []map[string]any
}

// row is a section of the front page.
type row struct {
	Section map[string]any
	Stories []map[string]any
}

// arrange lays out the front page so that no story is on it twice, as web/site/front.ts
// does.
func arrange(data map[string]any, language string) *front {
	seen := map[string]bool{}
	take := func(most int, from ...map[string]any) (out []map[string]any) {
		for _, story := range from {
			id := text(story["id"])
			if len(out) == most {
				break
			}
			if seen[id] || text(story["language"]) != language {
				continue
			}
			seen[id] = true
			out = append(out, story)
		}
		return out
	}
	picks, news := list(data["picks"]), nodes(data["latestNews"])
	chosen := append(append([]map[string]any{}, picks...), news...)
	f := &front{}
	if lead := take(1, chosen...); len(lead) > 0 {
		f.Lead = lead[0]
	}
	f.Picks = take(4, chosen...)
	f.Latest = take(8, news...)
	for _, section := range list(data["categories"]) {
		if stories := take(4, nodes(section["latestNews"])...); len(stories) > 0 {
			f.Rows = append(f.Rows, row{section, stories})
		}
	}
	f.MostRead = take(5, list(data["mostRead"])...)
	return f
}

// inLanguage gives up to five stories of a language, without one.
func inLanguage(stories []map[string]any, language, without string) (out []map[string]any) {
	for _, s := range stories {
		if text(s["language"]) == language && text(s["id"]) != without && len(out) < 5 {
			out = append(out, s)
		}
	}
	return out
}

func nodes(connection any) []map[string]any {
	c, _ := connection.(map[string]any)
	return list(c["nodes"])
}

// list gives the objects of a list of an answer.
func list(value any) []map[string]any {
	all, _ := value.([]any)
	out := make([]map[string]any, 0, len(all))
	for _, v := range all {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func text(value any) string {
	s, _ := value.(string)
	return s
}
