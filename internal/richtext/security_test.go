package richtext

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var hostile = []string{
	`<script>alert(1)</script>`,
	`<ScRiPt/x>alert(1)</script >`,
	`<<script>script>alert(1)//<</script>`,
	`<img src=x onerror=alert(1)>`,
	`<img/src="x"/onerror=alert(1)>`,
	`<a href="javascript:alert(1)">x</a>`,
	`<a href=" &#x0A;jAvA&#x0D;scr&Tab;ipt&colon;alert(1)">x</a>`,
	"<a href=\"\x01javascript:alert(1)\">x</a>",
	`<a href="vbscript:x">x</a><a href="data:text/html;base64,PHNjcmlwdD4=">x</a><a href="blob:x">x</a>`,
	`<a href="//evil\@e.org">x</a><a href="/\e.org">x</a><a href="\\e.org">x</a>`,
	`<img src="data:image/svg+xml,<svg onload=alert(1)>">`,
	`<svg><script>alert(1)</script><a xlink:href="javascript:1"><text>x</text></a></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
	`<template><img src=x onerror=alert(1)></template>`,
	`<!--><img src=x onerror=alert(1)>-->`,
	`<!-- --!><img src=x onerror=alert(1)> -->`,
	`<![CDATA[<img src=x onerror=alert(1)>]]>`,
	`<style>@import 'x';</style><p style="background:url(javascript:1)">x</p>`,
	`<iframe srcdoc="<script>alert(1)</script>" src="javascript:alert(1)"></iframe>`,
	`<form action="javascript:1"><input name=a formaction=x><button formaction="javascript:1">b</button></form>`,
	`<meta http-equiv=refresh content="0;url=javascript:1"><base href="https://evil.example/"><link rel=stylesheet href=x>`,
	`<object data="javascript:1"></object><embed src="javascript:1"><applet code=x></applet>`,
	`<video src="javascript:1" poster="javascript:1" onloadstart=x><source src="data:x"></video>`,
	`<details ontoggle=alert(1) open><summary>x</summary><img src=x onerror=alert(1)></details>`,
	`<dl><dt><a href="java&#115;cript:1" onmouseover=x>y</a></dl>`,
	`<textarea></textarea><img src=x onerror=1></textarea>`,
	`<title><img src=x onerror=1></title>`,
	`<p id="x" class="y" dir="&quot;onload=" lang='"><script>'>z</p>`,
	`<a title='"><script>alert(1)</script>' href="/">x</a>`,
	"<p>\u202eevil</p><p>a\u2067b</p>",
	"\x00<scr\x00ipt>alert(1)</scr\x00ipt>\xff\xfe",
	`<figure data-provider="youtube" data-url="javascript:1"><a href="javascript:1">x</a></figure>`,
	`<xmp><img src=x onerror=1></xmp><plaintext><img src=x onerror=1>`,
	`<select><template><style><img src=x onerror=1></style></template></select>`,
	`<b><a href="/"><p><a href="javascript:1">x`,
}

// checkSafe fails when markup holds anything but the closed lists, read by the full parser of the HTML standard.
func checkSafe(t *testing.T, source, markup string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader("<!doctype html><body>" + markup))
	if err != nil {
		return // deeper than that parser goes; what we write is not
	}
	allowed := map[string]bool{"html": true, "head": true, "body": true, "br": true, "colgroup": true}
	for _, n := range blockName {
		allowed[n] = true
	}
	for _, n := range inlineName {
		allowed[n] = true
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.CommentNode {
			t.Errorf("%q: comment in %q", source, markup)
		}
		if n.Type == html.ElementNode {
			if !allowed[n.Data] || n.Namespace != "" {
				t.Errorf("%q: element %s in %q", source, n.Data, markup)
			}
			for _, at := range n.Attr {
				value := strings.ToLower(strings.TrimSpace(at.Val))
				if strings.HasPrefix(at.Key, "on") || at.Key == "style" || at.Key == "srcdoc" || at.Key == "action" || at.Key == "name" {
					t.Errorf("%q: attribute %s in %q", source, at.Key, markup)
				}
				if at.Key == "href" || at.Key == "src" || at.Key == "poster" || at.Key == "data-url" {
					if _, ok := safeURL(at.Val, linkURL, nil); !ok || strings.HasPrefix(value, "javascript:") {
						t.Errorf("%q: address %q in %q", source, at.Val, markup)
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
}

// checkAll holds every promise of the package for one input.
func checkAll(t *testing.T, source string, blocks []Block) {
	t.Helper()
	rendered := HTML(blocks, RenderOptions{})
	checkSafe(t, source, rendered)
	if again := SanitiseHTML(rendered); again != rendered {
		t.Errorf("%q: sanitised again:\n%q\n%q", source, rendered, again)
	}
	if d := cmp.Diff(blocks, Sanitise(blocks)); d != "" {
		t.Errorf("%q: conversion is not canonical (-got +sanitised)\n%s", source, d)
	}
	var invalid *InvalidError
	if err := Validate(blocks); errors.As(err, &invalid) && invalid.Problem != ProblemTooLong {
		t.Errorf("%q: %v", source, err)
	}
	for i := range blocks {
		if blocks[i].Kind != RawHTML {
			checkSafe(t, source, blocks[i].HTML)
		}
	}
}

func TestHostileHTMLComesOutHarmless(t *testing.T) {
	t.Parallel()
	for _, src := range hostile {
		blocks, _ := FromHTML(src, Options{})
		checkAll(t, src, blocks)
		fromMarkdown, _ := FromMarkdown(src, Options{})
		checkAll(t, src, fromMarkdown)
		checkSafe(t, src, SanitiseInline(src))
		checkSafe(t, src, SanitiseHTML(src))
		// The same as blocks that no conversion has seen.
		checkSafe(t, src, HTML([]Block{
			{Kind: Paragraph, HTML: src}, {Kind: RawHTML, HTML: src}, {Kind: Code, Text: src, Language: src},
			{Kind: Picture, URL: src, Alt: src, Caption: src}, {Kind: Heading, HTML: src, Anchor: src, Level: 9},
			{Kind: Button, URL: "javascript:1", Title: src}, {Kind: Embed, URL: src, Title: src}, {Kind: "X", HTML: src},
			{Kind: List, Items: []ListItem{{HTML: src, Anchor: src}}}, {Kind: Quote, HTML: src, Citation: src, Dir: src, Align: Align(src)},
			{Kind: Table, Rows: []TableRow{{Cells: []TableCell{{HTML: src, Align: Align(src)}}}}},
		}, RenderOptions{}))
	}
}

func TestPolicyAgreesWithTheWriter(t *testing.T) {
	t.Parallel()
	for _, src := range hostile {
		written := sanitiseNode(parse(src, nil), nil, nil)
		if gated := gate(written); gated != written {
			t.Errorf("%q\nwritten %q\ngated   %q", src, written, gated)
		}
	}
}

func TestAddressesAreReadAsBrowsersDo(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"https://e.org/a b?q=1&r=2#f": "https://e.org/a%20b?q=1&r=2#f",
		"HTTP://E.org":                "http://E.org",
		"//e.org/x":                   "https://e.org/x",
		"/a/b":                        "/a/b", "../a": "../a", "#x": "#x", "?q": "?q",
		"mailto:a@e.org": "mailto:a@e.org", "tel:+1": "tel:+1",
		" \n/x ": "/x", "java\tscript:alert(1)": "", "javascript:x": "", "JaVaScRiPt:x": "", "data:,x": "", "vbscript:x": "",
		"http:x": "", "http://": "", "": "", "foo:bar": "", "file:///etc/passwd": "", `/\e.org`: "", "/a\u202eb": "",
		"https://e.org/خبر": "https://e.org/%D8%AE%D8%A8%D8%B1", strings.Repeat("a", MaxURLBytes+1): "",
	}
	for raw, want := range tests {
		if got, ok := safeURL(raw, linkURL, nil); got != want || ok != (want != "") {
			t.Errorf("safeURL(%q) = %q, %v; want %q", raw, got, ok, want)
		}
	}
	if _, ok := safeURL("mailto:a@e.org", mediaURL, nil); ok {
		t.Error("mailto accepted for an image")
	}
}

func TestDeepNestingIsFlattenedAndKeepsText(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"div", "b", "blockquote", "ul><li", "span lang=en", "table><tr><td", "figure", "a href=/x"} {
		const n = 20_000
		src := strings.Repeat("<"+tag+">", n) + "deep" + strings.Repeat("</"+strings.Fields(tag)[0]+">", n) + "<p>after</p>"
		blocks, notes := FromHTML(src, Options{})
		if text := Text(blocks); !strings.Contains(text, "deep") || !strings.Contains(text, "after") {
			t.Errorf("%s: text is %.80q", tag, text)
		}
		if len(notes) == 0 && tag != "b" && !strings.HasPrefix(tag, "a ") {
			t.Errorf("%s: nothing noted", tag)
		}
		if err := Validate(blocks); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

func TestBidiControlsStayWhenBalanced(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a\u200eb\u200fc\u061cd":  "a\u200eb\u200fc\u061cd",
		"a\u2067b\u2069c":         "a\u2067b\u2069c",
		"a\u202eb":                "ab",
		"a\u202eb\u202cc":         "a\u202eb\u202cc",
		"a\u2069b":                "ab",
		"a<b>\u202e</b> b":        "a b",
		"\u2067a\u202eb\u2069":    "ab",
		"<i>a\u202a</i>b\u202cc":  "<em>a\u202a</em>b\u202cc",
		"x \u202e y":              "x y",
		"\u202d\u2066a\u2069 b. ": "\u2066a\u2069 b.",
	}
	for in, want := range tests {
		if got := SanitiseInline(in); got != want {
			t.Errorf("SanitiseInline(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

func TestValidateNamesTheFirstProblem(t *testing.T) {
	t.Parallel()
	deep := []ListItem{{HTML: "x"}}
	for range MaxListDepth {
		deep = []ListItem{{HTML: "x", Items: deep}}
	}
	tests := map[string]struct {
		blocks []Block
		want   InvalidError
	}{
		"too many":        {make([]Block, MaxBlocks+1), InvalidError{Block: -1, Problem: ProblemTooMany}},
		"too long":        {[]Block{{Kind: Paragraph, HTML: strings.Repeat("x", MaxBodyBytes+1)}}, InvalidError{Block: -1, Problem: ProblemTooLong}},
		"unknown kind":    {[]Block{{Kind: Divider}, {Kind: "X"}}, InvalidError{Block: 1, Path: "kind", Problem: ProblemInvalid}},
		"no text":         {[]Block{{Kind: Paragraph}}, InvalidError{Path: "html", Problem: ProblemMissing}},
		"level":           {[]Block{{Kind: Heading, HTML: "x", Level: 7}}, InvalidError{Path: "level", Problem: ProblemInvalid}},
		"same anchor":     {[]Block{{Kind: Heading, HTML: "x", Level: 1, Anchor: "a"}, {Kind: Heading, HTML: "x", Level: 1, Anchor: "a"}}, InvalidError{Block: 1, Path: "anchor", Problem: ProblemInvalid}},
		"deep list":       {[]Block{{Kind: List, Items: deep}}, InvalidError{Path: strings.Repeat("items.0.", MaxListDepth) + "items", Problem: ProblemTooDeep}},
		"script link":     {[]Block{{Kind: Button, Title: "x", URL: "javascript:1"}}, InvalidError{Path: "url", Problem: ProblemURL}},
		"gallery address": {[]Block{{Kind: Gallery, Images: []Image{{URL: "/a"}, {URL: "data:x"}}}}, InvalidError{Path: "images.1.url", Problem: ProblemURL}},
		"fake provider":   {[]Block{{Kind: Embed, Provider: "youtube", URL: "https://evil.example/"}}, InvalidError{Path: "url", Problem: ProblemURL}},
		"invalid UTF-8":   {[]Block{{Kind: Paragraph, HTML: "\xff"}}, InvalidError{Path: "html", Problem: ProblemInvalid}},
		"script":          {[]Block{{Kind: Paragraph, HTML: "a<script>b</script>"}}, InvalidError{Path: "html", Problem: ProblemUnsafe}},
		"event handler":   {[]Block{{Kind: List, Items: []ListItem{{HTML: "a"}, {HTML: "<b onclick=x>b</b>"}}}}, InvalidError{Path: "items.1.html", Problem: ProblemUnsafe}},
		"unsafe link":     {[]Block{{Kind: Table, Rows: []TableRow{{Cells: []TableCell{{HTML: `<a href="javascript:1">x</a>`}}}}}}, InvalidError{Path: "rows.0.cells.0.html", Problem: ProblemUnsafe}},
		"foreign frame":   {[]Block{{Kind: RawHTML, HTML: `<iframe src="https://e.org/"></iframe>`}}, InvalidError{Path: "html", Problem: ProblemUnsafe}},
		"direction":       {[]Block{{Kind: Divider, Dir: "up"}}, InvalidError{Path: "dir", Problem: ProblemInvalid}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *InvalidError
			if err := Validate(tt.blocks); !errors.As(err, &got) {
				t.Fatalf("Validate = %v", err)
			}
			got.Detail = ""
			if d := cmp.Diff(tt.want, *got); d != "" {
				t.Error(d)
			}
		})
	}
}
