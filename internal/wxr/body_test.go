package wxr

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/broadsheet-cms/broadsheet/internal/richtext"
)

// testOptions know the pictures 7 to 9, the sound 20 and a reusable block.
func testOptions(t testing.TB) BodyOptions {
	base, err := url.Parse("https://old.example/2024/05/story/")
	if err != nil {
		t.Fatal(err)
	}
	return BodyOptions{
		Base: base,
		ByID: func(id int) string {
			if id >= 7 && id <= 9 || id == 20 {
				return fmt.Sprintf("med_%d", id)
			}
			return ""
		},
		ByAddress: func(address string) string {
			if address == "https://old.example/up/9.jpg" {
				return "med_9"
			}
			return ""
		},
		Attached: func(kind string) []int {
			return map[string][]int{"image": {7, 8}, "audio": {20}}[kind]
		},
		Pattern: func(id int) (string, bool) {
			return map[int]string{5: "<!-- wp:paragraph --><p>Said often.</p><!-- /wp:paragraph -->", 6: `<!-- wp:block {"ref":6} /-->`}[id], id == 5 || id == 6
		},
		Title:     func(id int) string { return fmt.Sprintf("File %d", id) },
		Footnotes: []Footnote{{"ab-1", "First <em>note</em>"}, {"ab-2", "Second"}},
		Shortcodes: ShortcodeRules{"weather": {As: "drop"}, "sponsor": {As: "drop"}, "fact": {As: "unwrap"}, "stays": {As: "text"},
			"chart": {As: "html", HTML: `<iframe src="https://datawrapper.dwcdn.net/ab7{0}/"></iframe><p>{name}{none}</p>`}},
	}
}

// sketch writes blocks in short.
func sketch(blocks []richtext.Block) string {
	var b strings.Builder
	for _, k := range blocks {
		fmt.Fprintf(&b, "%s", k.Kind)
		for _, part := range []string{k.Dir, string(k.Align), k.MediaID, k.Provider, k.URL, k.Alt, k.Href, k.HTML, k.Text, k.Title, k.Name, k.Citation, k.Caption} {
			if part != "" {
				fmt.Fprintf(&b, " |%s", part)
			}
		}
		if k.Credit != "" {
			fmt.Fprintf(&b, " |by %s", k.Credit)
		}
		if k.OwnWords && k.Alt == "" && k.Caption == "" && k.Kind == richtext.Picture && !strings.Contains(k.MediaID, "9") {
			b.WriteString(" own")
		}
		if k.Columns > 0 {
			fmt.Fprintf(&b, " columns=%d", k.Columns)
		}
		for _, it := range k.Items {
			fmt.Fprintf(&b, " -%s", strings.TrimSpace(it.Anchor+" "+it.HTML))
		}
		for _, p := range k.Images {
			fmt.Fprintf(&b, " (%s%s %s)", p.MediaID, p.URL, p.Caption)
		}
		for _, row := range k.Rows {
			for _, c := range row.Cells {
				fmt.Fprintf(&b, " [%s]", c.HTML)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestConvertMakesTypedBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want, notes string }{
		"a classic body has paragraphs and lines": {
			in:   "First line\nsecond line\n\nAnother <em>paragraph\n\nwith emphasis</em>\n<ul>\n<li>one</li>\n\n<li>two</li>\n</ul>\nlast",
			want: "PARAGRAPH |First line<br>second line\nPARAGRAPH |Another <em>paragraph</em>\nPARAGRAPH |<em>with emphasis</em>\nLIST -one -two\nPARAGRAPH |last\n",
		},
		"code keeps its lines": {
			in:   "See:\n<pre>\na\n\n[gallery]\n</pre>",
			want: "PARAGRAPH |See:\nCODE |a\n\n[gallery]\n",
		},
		"an address on a line of its own is an embed": {
			in:   "Watch\n\nhttps://www.youtube.com/watch?v=abcdefghijk\n\nthis",
			want: "PARAGRAPH |Watch\nEMBED |youtube |https://www.youtube.com/watch?v=abcdefghijk\nPARAGRAPH |this\n",
		},
		"a caption gives its words to the picture": {
			in:   `[caption id="attachment_7" align="alignright" width="300"]<a href="https://old.example/up/9.jpg"><img class="wp-image-9" src="https://old.example/up/9-300x200.jpg" alt="A boat" /></a> The <em>boat</em>[/caption]` + "\n\nText",
			want: "IMAGE |right |med_9 |A boat |The <em>boat</em>\nPARAGRAPH |Text\n",
		},
		"a gallery names its pictures or has those of the post": {
			in:    "[gallery ids=\"9,8,55\" columns=\"2\"]\n\n[gallery]",
			want:  "GALLERY columns=2 (med_9 ) (med_8 )\nGALLERY columns=3 (med_7 ) (med_8 )\n",
			notes: "picture of a gallery that is not in the export: left out: 1\n",
		},
		"sounds, films and lists of them": {
			in:   "[audio src=\"https://old.example/a.mp3\"]\n\n[video mp4='https://old.example/v.mp4' width=640]\n\n[playlist]\n\n[embed width=\"400\"]https://vimeo.com/22439234[/embed]",
			want: "AUDIO |https://old.example/a.mp3\nVIDEO |https://old.example/v.mp4\nAUDIO |med_20 |File 20\nEMBED |vimeo |https://vimeo.com/22439234\n",
		},
		"unknown shortcodes are unwrapped or kept apart, and counted": {
			in:    "He said [sic] this.\n\n[contact-form id=\"4\"][ads]\n\n[note kind=x]Mind <b>this</b>[/note]\n\n[[gallery]]",
			want:  "PARAGRAPH |He said [sic] this.\nPARAGRAPH |Mind <strong>this</strong>\nPARAGRAPH |[gallery]\nAPART [contact-form id=\"4\"]\nAPART [ads]\n",
			notes: "shortcode ads is not known: kept apart: 1\nshortcode contact-form is not known: kept apart: 1\nshortcode note is not known: unwrapped: 1\n",
		},
		"containers of page builders are unwrapped, however deep": {
			in: "[vc_row css=\".x{a:b}\"][vc_column width=\"1/2\"][vc_column_text]One\n\ntwo[/vc_column_text][vc_row_inner][vc_column_inner][caption]<img class=\"wp-image-7\" src=\"x.jpg\" alt=\"\"> Words[/caption][/vc_column_inner][/vc_row_inner]" +
				"[vc_tta_section title=\"Background\"]More[/vc_tta_section][vc_empty_space height=\"32px\"][/vc_column][/vc_row]\n\n[et_pb_row][et_pb_row]x[/et_pb_row][/et_pb_row] He wrote [/sarcasm].",
			want: "PARAGRAPH |One\nPARAGRAPH |two\nIMAGE |med_7 |Words\nPARAGRAPH |<strong>Background</strong>\nPARAGRAPH |More\nPARAGRAPH |x He wrote [/sarcasm].\nAPART [vc_empty_space height=\"32px\"]\n",
			notes: "shortcode et_pb_row is not known: unwrapped: 2\nshortcode vc_column is not known: unwrapped: 1\nshortcode vc_column_inner is not known: unwrapped: 1\nshortcode vc_column_text is not known: unwrapped: 1\n" +
				"shortcode vc_empty_space is not known: kept apart: 1\nshortcode vc_row is not known: unwrapped: 1\nshortcode vc_row_inner is not known: unwrapped: 1\nshortcode vc_tta_section is not known: unwrapped: 1\n",
		},
		"shortcodes of plugins that mean what others mean": {
			in: "[pullquote author=\"Ida Berg\"]We were <em>there</em>.[/pullquote]\n\n[ads id=\"5\"]\n\n[button link=\"https://e.example/x\"]Sign up[/button]\n\n[flourish id=\"123456\"]\n\n[soundcloud url=\"https://soundcloud.com/a/b\" /]\n\n" +
				"[documentcloud url=\"https://www.documentcloud.org/documents/123-report.html\"]\n\n[media-credit name=\"Kim Vale\"]<img class=\"wp-image-7\" src=\"x.jpg\" alt=\"A\">[/media-credit]",
			want: "PULL_QUOTE |We were <em>there</em>. |Ida Berg\nBUTTON |https://e.example/x |Sign up\nEMBED |flourish |https://public.flourish.studio/visualisation/123456/\nEMBED |soundcloud |https://soundcloud.com/a/b\n" +
				"EMBED |documentcloud |https://www.documentcloud.org/documents/123/\nIMAGE |med_7 |A |by Kim Vale\nAPART [ads id=\"5\"]\n",
			notes: "shortcode ads is not known: kept apart: 1\n",
		},
		"a mapping says what becomes of shortcodes": {
			in:   "[weather city=\"Lisbon\"]\n\n[sponsor]Paid[/sponsor]\n\n[fact title=\"T\"]In [em]box[/em][/fact]\n\n[chart 77 name='\"><script>']\n\n[stays x=1]",
			want: "PARAGRAPH |<strong>T</strong>\nPARAGRAPH |In box\nEMBED |datawrapper |https://datawrapper.dwcdn.net/ab777/\nPARAGRAPH |\"&gt;&lt;script&gt;\nPARAGRAPH |[stays x=1]\n",
			notes: "shortcode chart: html, by the mapping: 1\nshortcode em is not known: unwrapped: 1\nshortcode fact: unwrap, by the mapping: 1\nshortcode sponsor: drop, by the mapping: 1\n" +
				"shortcode stays: text, by the mapping: 1\nshortcode weather: drop, by the mapping: 1\n",
		},
		"footnotes of the block editor": {
			in: `<!-- wp:paragraph --><p>Said<sup data-fn="ab-1" class="fn"><a href="#ab-1" id="ab-1-link">1</a></sup> and done<sup data-fn="ab-2" class="fn"><a id="ab-2-link" href="#ab-2">2</a></sup>.</p><!-- /wp:paragraph -->
<!-- wp:footnotes /-->
<!-- wp:paragraph --><p>End</p><!-- /wp:paragraph -->`,
			want: "PARAGRAPH |Said<sup id=\"fnref-1\"><a href=\"#fn-1\">1</a></sup> and done<sup id=\"fnref-2\"><a href=\"#fn-2\">2</a></sup>.\nLIST -fn-1 First <em>note</em> -fn-2 Second\nPARAGRAPH |End\n",
		},
		"footnotes of plugins": {
			in:    "One[ref]A [b]source[/b].[/ref] and two[efn_note]Another[/efn_note].\n\nLast",
			want:  "PARAGRAPH |One<sup id=\"fnref-1\"><a href=\"#fn-1\">1</a></sup> and two<sup id=\"fnref-2\"><a href=\"#fn-2\">2</a></sup>.\nPARAGRAPH |Last\nLIST -fn-1 A source. -fn-2 Another\n",
			notes: "shortcode b is not known: unwrapped: 1\n",
		},
		"addresses alone on a line": {
			in:    "See\n\nhttps://old.example/2024/05/storm/?a=1&b=2\n\nhttps://flo.uri.sh/visualisation/123/embed\n\nhttps://podcasts.apple.com/us/podcast/show/id12345?i=678\n\nthis",
			want:  "PARAGRAPH |See\nPARAGRAPH |<a href=\"https://old.example/2024/05/storm/?a=1&amp;b=2\">https://old.example/2024/05/storm/?a=1&amp;b=2</a>\nEMBED |flourish |https://public.flourish.studio/visualisation/123/\nEMBED |apple-podcasts |https://podcasts.apple.com/us/podcast/show/id12345?i=678\nPARAGRAPH |this\n",
			notes: "address alone on a line turned into a link: 1\n",
		},
		"buttons that lead nowhere keep their text, files that of their buttons": {
			in: `<!-- wp:button --><div class="wp-block-button"><a class="wp-block-button__link" href="#">Read <b>more</b></a></div><!-- /wp:button -->
<!-- wp:button --><div class="wp-block-button"><a class="wp-block-button__link">Not yet</a></div><!-- /wp:button -->
<!-- wp:file {"id":9} --><div class="wp-block-file"><object class="wp-block-file__embed" data="https://old.example/up/9.jpg" type="application/pdf" aria-label="x"></object><a href="https://old.example/up/9.jpg">The report</a><a href="https://old.example/up/9.jpg" class="wp-block-file__button" download>Get it (3 MB)</a></div><!-- /wp:file -->
<!-- wp:file --><div class="wp-block-file"><a href="https://e.example/a.pdf">A</a><a href="https://e.example/a.pdf" class="wp-block-file__button" download>Download</a></div><!-- /wp:file -->`,
			want:  "PARAGRAPH |Read <strong>more</strong>\nPARAGRAPH |Not yet\nFILE |med_9 |The report – Get it (3 MB)\nFILE |https://e.example/a.pdf |A\n",
			notes: "button that leads nowhere turned into text: 2\n",
		},
		"what a page showed is what it shows": {
			in:   `<!-- wp:image {"id":7} --><figure class="wp-block-image"><img src="https://old.example/up/7.jpg" alt=""/></figure><!-- /wp:image -->` + "\n<!-- wp:shortcode -->[gallery ids=\"7\"]<!-- /wp:shortcode -->",
			want: "IMAGE |med_7 own\nGALLERY columns=3 (med_7 )\n",
		},
		"blocks that have no like here are told": {
			in: `<!-- wp:details --><details class="wp-block-details"><summary>More</summary><!-- wp:paragraph --><p>Inside</p><!-- /wp:paragraph --></details><!-- /wp:details --><!-- wp:math {"latex":"a^2"} --><div class="wp-block-math"><math><mi>a</mi></math></div><!-- /wp:math -->` +
				`<!-- wp:future-thing --><div><p>Kept</p></div><!-- /wp:future-thing --><!-- wp:post-date /-->`,
			want:  "HTML |<details><summary>More</summary><p>Inside</p></details>\nPARAGRAPH |<code>a^2</code>\nPARAGRAPH |Kept\n",
			notes: "block core/details: kept as HTML: 1\nblock core/future-thing is not known: its HTML kept: 1\nblock core/math: its formula kept as code: 1\nblock core/post-date is filled by WordPress: left out: 1\n",
		},
		"blocks of the block editor": {
			in: `<!-- wp:heading {"level":3} --><h3>Part</h3><!-- /wp:heading -->

<!-- wp:paragraph {"align":"right"} --><p class="has-text-align-right" dir="rtl">نص</p><!-- /wp:paragraph -->

<!-- wp:columns --><div class="wp-block-columns"><!-- wp:column --><div class="wp-block-column"><!-- wp:image {"id":7} --><figure class="wp-block-image alignwide"><img src="https://old.example/up/7.jpg" alt="Seven"/><figcaption>Words</figcaption></figure><!-- /wp:image --></div><!-- /wp:column --><!-- wp:column --><div class="wp-block-column"><!-- wp:list --><ul><!-- wp:list-item --><li>item</li><!-- /wp:list-item --></ul><!-- /wp:list --></div><!-- /wp:column --></div><!-- /wp:columns -->

<!-- wp:separator --><hr class="wp-block-separator"/><!-- /wp:separator -->
<!-- wp:quote --><blockquote class="wp-block-quote"><!-- wp:paragraph --><p>Said</p><!-- /wp:paragraph --><cite>Her</cite></blockquote><!-- /wp:quote -->
<!-- wp:verse --><pre class="wp-block-verse">Roses
are red</pre><!-- /wp:verse -->
<!-- wp:buttons --><div class="wp-block-buttons"><!-- wp:button --><div class="wp-block-button"><a class="wp-block-button__link" href="/buy">Buy</a></div><!-- /wp:button --></div><!-- /wp:buttons -->
<!-- wp:spacer --><div style="height:100px" aria-hidden="true" class="wp-block-spacer"></div><!-- /wp:spacer -->`,
			want:  "HEADING |Part\nPARAGRAPH |rtl |right |نص\nIMAGE |wide |med_7 |Seven |Words\nLIST -item\nDIVIDER\nQUOTE |Said |Her\nPARAGRAPH |Roses<br>are red\nBUTTON |https://old.example/buy |Buy\n",
			notes: "block core/columns: what stood side by side follows one another: 1\nblock core/verse: kept as a paragraph with its lines: 1\n",
		},
		"galleries in their three shapes": {
			in: `<!-- wp:gallery {"ids":[7,8],"columns":2} --><ul class="wp-block-gallery columns-2"><li class="blocks-gallery-item"><figure><img data-id="7" src="x7.jpg"/><figcaption>Seven</figcaption></figure></li><li class="blocks-gallery-item"><figure><img class="wp-image-8" src="x8.jpg"/></figure></li></ul><!-- /wp:gallery -->
<!-- wp:gallery --><figure class="wp-block-gallery columns-3 is-cropped"><ul class="blocks-gallery-grid"><li class="blocks-gallery-item"><figure><img data-id="9"/></figure></li></ul><figcaption class="blocks-gallery-caption">All</figcaption></figure><!-- /wp:gallery -->
<!-- wp:gallery {"linkTo":"none"} --><figure class="wp-block-gallery has-nested-images columns-default"><!-- wp:image {"id":7} --><figure class="wp-block-image"><img class="wp-image-7"/></figure><!-- /wp:image --><!-- wp:image {"id":8} --><figure class="wp-block-image"><img class="wp-image-8"/></figure><!-- /wp:image --></figure><!-- /wp:gallery -->`,
			want: "GALLERY columns=2 (med_7 Seven) (med_8 )\nGALLERY |All columns=3 (med_9 )\nGALLERY (med_7 ) (med_8 )\n",
		},
		"embeds, old and new, with their captions": {
			in: `<!-- wp:core-embed/youtube {"url":"https://www.youtube.com/watch?v=abcdefghijk"} --><figure class="wp-block-embed-youtube"><div class="wp-block-embed__wrapper">
https://www.youtube.com/watch?v=abcdefghijk
</div><figcaption>A film</figcaption></figure><!-- /wp:core-embed/youtube -->
<!-- wp:embed {"url":"https://elsewhere.example/x","providerNameSlug":"x"} --><figure class="wp-block-embed"><div class="wp-block-embed__wrapper">
https://elsewhere.example/x
</div></figure><!-- /wp:embed -->`,
			want:  "EMBED |youtube |https://www.youtube.com/watch?v=abcdefghijk |A film\nPARAGRAPH |<a href=\"https://elsewhere.example/x\">https://elsewhere.example/x</a>\n",
			notes: "iframe of unknown site turned into a link: 1\n",
		},
		"unknown blocks keep their HTML, blocks without content are counted": {
			in:    `<!-- wp:acme/box {"a":"--\u003e"} --><div><p>Inside</p><script>alert(1)</script></div><!-- /wp:acme/box --><!-- wp:acme/map /--><!-- wp:latest-posts {"n":1} /-->`,
			want:  "PARAGRAPH |Inside\n",
			notes: "block acme/box is not known: its HTML kept: 1\nblock acme/map has no content of its own: left out: 1\nblock core/latest-posts is filled by WordPress: left out: 1\nscript removed: 1\n",
		},
		"reusable blocks are written out, and a circle of them ends": {
			in:    `<!-- wp:block {"ref":5} /--><!-- wp:block {"ref":6} /--><!-- wp:block {"ref":99} /-->`,
			want:  "PARAGRAPH |Said often.\n",
			notes: "reusable block that is not in the export: left out: 2\n",
		},
		"classic text between blocks, and shortcodes in a block": {
			in:    "Old\n\ntext\n<!-- wp:shortcode -->\n[gallery ids=\"7\"]\n<!-- /wp:shortcode -->\n<!-- wp:cover {\"url\":\"https://old.example/up/9.jpg\",\"id\":9} --><div class=\"wp-block-cover\"><p>Over</p></div><!-- /wp:cover -->",
			want:  "PARAGRAPH |Old\nPARAGRAPH |text\nGALLERY columns=3 (med_7 )\nIMAGE |med_9\nPARAGRAPH |Over\n",
			notes: "block core/cover: its picture stands before its text: 1\n",
		},
		"blocks that are not closed keep their text": {
			in:   `<!-- wp:group --><div><!-- wp:paragraph --><p>One</p><!-- /wp:group --></div><!-- /wp:quote --><p>Two</p>`,
			want: "PARAGRAPH |One\nPARAGRAPH |Two\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, apart := testOptions(t), ""
			if !strings.Contains(c.in, "data-fn") {
				opts.Footnotes = nil
			}
			opts.Apart = func(call string) { apart += "APART " + call + "\n" }
			blocks, notes := Convert(c.in, opts)
			if diff := gocmp.Diff(c.want, sketch(blocks)+apart); diff != "" {
				t.Errorf("blocks (-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(c.notes, notes.String()); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

// Bodies that are made to take long do not: the work grows with their length.
func TestConvertStaysLinearOnHostileBodies(t *testing.T) {
	t.Parallel()
	const n = 30_000
	var names, nested strings.Builder
	for i := range n {
		fmt.Fprintf(&names, "[s%c%d]", 'a'+i%26, i)
	}
	for i := range n / 10 {
		fmt.Fprintf(&nested, "[n%d]", i)
	}
	for i := range n / 10 {
		fmt.Fprintf(&nested, "[/n%d]", n/10-1-i)
	}
	for name, body := range map[string]string{
		"many names":       names.String(),
		"names in names":   nested.String(),
		"open brackets":    strings.Repeat("[a b='", n),
		"open captions":    strings.Repeat("[caption]", n),
		"open code":        strings.Repeat("<pre>[x]", n),
		"open blocks":      strings.Repeat("<!-- wp:group -->", n),
		"comments":         strings.Repeat("<!-- x -->", n),
		"open comments":    strings.Repeat("<!-- wp:x ", n),
		"blank lines":      strings.Repeat("\n", n) + "<b>" + strings.Repeat("a\n\n", n),
		"open inline tags": strings.Repeat("<b>\n\na", n),
		"end tags":         strings.Repeat("[/vc_row]", n),
		"open containers":  strings.Repeat("[vc_row a=b]", n),
		"containers":       strings.Repeat("[vc_row a=b]x[/vc_row]", n/10),
		"deep containers":  strings.Repeat("[vc_row a=b]", n/10) + strings.Repeat("[/vc_row]", n/10),
		"footnotes":        strings.Repeat("[ref]x[/ref]", n/10),
		"deep footnotes":   strings.Repeat("[ref]x[fn]", n/10) + strings.Repeat("[/fn][/ref]", n/10),
		"marks of notes":   strings.Repeat(`<sup data-fn="ab-1">`, n),
		"kept apart":       strings.Repeat(`[ads id="5"]`, n),
		"one long line":    strings.Repeat("word ", n),
	} {
		blocks, _ := Convert(body, testOptions(t))
		if len(blocks) > richtext.MaxBlocks {
			t.Errorf("%s: %d blocks", name, len(blocks))
		}
		if name == "one long line" && len(blocks[0].HTML) < 5*n-1 {
			t.Errorf("%s: %d bytes are left", name, len(blocks[0].HTML))
		}
	}
}
