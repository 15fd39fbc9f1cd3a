package website

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

var pictureSource = regexp.MustCompile(`(<img[^>]*) src="([^"]*)"`)

// responsive gives the pictures of a body the variants that its blocks name, as
// web/site/parts/Body.tsx does: a browser that starts the application has them already.
func responsive(body string, blocks []map[string]any) string {
	shown := map[string]string{}
	for _, block := range blocks {
		images := list(block["images"])
		if one, ok := block["image"].(map[string]any); ok {
			images = append(images, one)
		}
		for _, image := range images {
			if attributes := variants(image); attributes != "" {
				shown[text(image["url"])] = attributes
			}
		}
	}
	if len(shown) == 0 {
		return body
	}
	return pictureSource.ReplaceAllStringFunc(body, func(tag string) string {
		part := pictureSource.FindStringSubmatch(tag)
		if attributes := shown[html.UnescapeString(part[2])]; attributes != "" {
			return part[1] + attributes
		}
		return tag
	})
}

// variants are the attributes of a picture of which the server has variants, empty
// for another.
func variants(image map[string]any) string {
	small, middle, large := text(image["w480"]), text(image["w960"]), text(image["w1600"])
	if small == "" || middle == "" || large == "" || small == text(image["url"]) {
		return ""
	}
	widest := 1600
	if w, ok := image["width"].(float64); ok && w > 0 {
		widest = min(widest, int(w))
	}
	set := []string{small + " 480w"}
	if middle != small {
		set = append(set, fmt.Sprintf("%s %dw", middle, min(960, widest)))
	}
	if large != middle {
		set = append(set, fmt.Sprintf("%s %dw", large, widest))
	}
	return ` loading="lazy" src="` + html.EscapeString(middle) + `" srcset="` + html.EscapeString(strings.Join(set, ", ")) + `" sizes="(max-width: 900px) 100vw, 760px"`
}
