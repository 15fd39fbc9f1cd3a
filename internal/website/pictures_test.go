package website

import "testing"

func TestPicturesOfABodyHaveVariants(t *testing.T) {
	t.Parallel()
	image := func(url, small, middle, large string, width any) map[string]any {
		return map[string]any{"url": url, "w480": small, "w960": middle, "w1600": large, "width": width}
	}
	blocks := []map[string]any{
		{"image": image("/media/a&b.jpg", "/s", "/m", "/l", 1280.0)}, {"images": []any{image("/media/svg.svg", "/media/svg.svg", "/media/svg.svg", "/media/svg.svg", nil), image("/media/c.jpg", "/c", "/c", "/c", 300.0)}},
	}
	for body, want := range map[string]string{
		`<p>words</p>`:                                             `<p>words</p>`,
		`<img src="/media/svg.svg" alt="">`:                        `<img src="/media/svg.svg" alt="">`,
		`<img src="https://elsewhere.example/x.jpg" alt="">`:       `<img src="https://elsewhere.example/x.jpg" alt="">`,
		`<img data-media-id="1" src="/media/a&amp;b.jpg" alt="A">`: `<img data-media-id="1" loading="lazy" src="/m" srcset="/s 480w, /m 960w, /l 1280w" sizes="(max-width: 900px) 100vw, 760px" alt="A">`,
		`<img src="/media/c.jpg">`:                                 `<img loading="lazy" src="/c" srcset="/c 480w" sizes="(max-width: 900px) 100vw, 760px">`,
	} {
		if got := responsive(body, blocks); got != want {
			t.Errorf("%s became\n%s, want\n%s", body, got, want)
		}
	}
}
