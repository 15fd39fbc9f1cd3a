package wxr

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// export wraps items in a file.
func export(items ...string) string {
	return `<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>Old</title><link>https://old.example</link><wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>https://old.example</wp:base_blog_url>
` + strings.Join(items, "\n") + "\n</channel>\n</rss>\n"
}

// item is one post with a body.
func item(id int, body string) string {
	return fmt.Sprintf("<item><title>Post %d</title><content:encoded>%s</content:encoded><wp:post_id>%d</wp:post_id><wp:post_type>post</wp:post_type></item>", id, body, id)
}

// tell reads a stream and says in short what was in it.
func tell(in io.Reader, opts Options) string {
	var b strings.Builder
	r := NewReader(in, opts)
	problems := func(list []Problem) {
		for _, p := range list {
			fmt.Fprintf(&b, " !%s", p.Code)
		}
		b.WriteString("\n")
	}
	for {
		rec, err := r.Next()
		var bad *ItemError
		var end *StreamError
		switch {
		case errors.As(err, &bad):
			fmt.Fprintf(&b, "item %d refused at line %d: %s\n", bad.Index, bad.Line, bad.Code)
		case errors.As(err, &end):
			fmt.Fprintf(&b, "ended before item %d: %s\n", end.Index, end.Code)
			return b.String()
		case err != nil:
			return b.String()
		case rec.Site != nil:
			fmt.Fprintf(&b, "site %s %s", rec.Site.Title, rec.Site.Version)
			problems(rec.Site.Problems)
		case rec.Author != nil:
			fmt.Fprintf(&b, "author %s\n", rec.Author.Login)
		case rec.Term != nil:
			fmt.Fprintf(&b, "term %s/%s in %q\n", rec.Term.Taxonomy, rec.Term.Slug, rec.Term.Parent)
		case rec.Item != nil:
			it := rec.Item
			fmt.Fprintf(&b, "item %d.%d %q %q", it.Index, it.Part, it.Title, it.Content)
			for _, c := range it.Comments {
				fmt.Fprintf(&b, " #%d", c.ID)
			}
			problems(it.Problems)
		}
	}
}

// badStreams are what goes wrong with exports.
var badStreams = []struct{ name, in, want string }{
	{"an empty file", "", "ended before item 0: WRONG_KIND\n"},
	{"JSON", "{}", "ended before item 0: WRONG_KIND\n"},
	{"a web page", "<!doctype html><html><body>", "ended before item 0: WRONG_KIND\n"},
	{"plain text", "just words", "ended before item 0: WRONG_KIND\n"},
	{"a file cut off between items", strings.TrimSuffix(export(item(1, "a")), "\n</channel>\n</rss>\n"),
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\nended before item 1: TRUNCATED\n"},
	{"a file cut off within an item", export(item(1, "a"), item(2, "b"))[:600],
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\nitem 1 refused at line 5: TRUNCATED\nended before item 2: TRUNCATED\n"},
	{"three roots", export(item(1, "a")) + export(item(2, "b")) + export(),
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\nsite Old 1.2 !SECOND_ROOT\nitem 1.0 \"Post 2\" \"b\"\nsite Old 1.2 !SECOND_ROOT\n"},
	{"CDATA in CDATA", export(item(1, "<![CDATA[a <![CDATA[b]]> c <p>d</p>]]>"), item(2, "e")),
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a <![CDATA[b c <p>d</p>\" !MARKUP_IN_TEXT !NESTED_CDATA\nitem 1.0 \"Post 2\" \"e\"\n"},
	{"CDATA split as WordPress does", export(item(1, "<![CDATA[a ]]]]><![CDATA[> b]]>")),
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a ]]> b\"\n"},
	{"CDATA that is not closed", export(item(1, "<![CDATA[a"), item(2, "<![CDATA[b]]>"), item(3, "c")),
		"site Old 1.2\nitem 0 refused at line 4: MALFORMED\nitem 1.0 \"Post 2\" \"b\"\nitem 2.0 \"Post 3\" \"c\"\n"},
	{"an item that is not closed", export("<item><title>One</title>", item(2, "b")),
		"site Old 1.2\nitem 0 refused at line 4: MALFORMED\nitem 1.0 \"Post 2\" \"b\"\n"},
	{"a field that is not closed", export("<item><title>One<wp:post_id>1</wp:post_id></item>", item(2, "b")),
		"site Old 1.2\nitem 0 refused at line 4: MALFORMED\nitem 1.0 \"Post 2\" \"b\"\n"},
	{"characters that XML forbids", export(item(1, "a\x00\x08\x1bb\uffff")), "site Old 1.2\nitem 0.0 \"Post 1\" \"ab\" !ILLEGAL_CHARACTER\n"},
	{"bytes of Windows-1252", export(item(1, "caf\xe9 \x93x\x94")), "site Old 1.2\nitem 0.0 \"Post 1\" \"café “x”\" !ENCODING\n"},
	{"a declared encoding", strings.Replace(export(item(1, "caf\xe9")), "UTF-8", "ISO-8859-1", 1), "site Old 1.2\nitem 0.0 \"Post 1\" \"café\"\n"},
	{"UTF-16", utf16le(export(item(1, "é"))), "site Old 1.2\nitem 0.0 \"Post 1\" \"é\"\n"},
	{"a byte order mark", "\ufeff" + export(item(1, "a")), "site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\n"},
	{"prefixes that are not declared", "<rss><channel><title>Old</title><wp:wxr_version>1.2</wp:wxr_version>" + item(1, "a") + "</channel></rss>",
		"site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\n"},
	{"other prefixes and schemes", `<rss xmlns:e="https://wordpress.org/export/1.0/excerpt/" xmlns:c="https://purl.org/rss/1.0/modules/content" xmlns:w="https://wordpress.org/export/1.0/"><channel>` +
		"<w:wxr_version>1.0</w:wxr_version><item><title>x</title><e:encoded>short</e:encoded><c:encoded>long</c:encoded></item></channel></rss>",
		"site  1.0\nitem 0.0 \"x\" \"long\"\n"},
	{"markup that is not escaped", export(item(1, "<p>a &amp; b</p>")), "site Old 1.2\nitem 0.0 \"Post 1\" \"<p>a & b</p>\" !MARKUP_IN_TEXT\n"},
	{"entities that were never defined", `<!DOCTYPE rss [<!ENTITY a "&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]>` + export(item(1, "&nbsp;&a;&x;")),
		"site Old 1.2\nitem 0.0 \"Post 1\" \"\\u00a0&a;&x;\"\n"},
	{"a body over the limit", export(item(1, strings.Repeat("x", 5000)), item(2, "b")), "site Old 1.2\nitem 0 refused at line 4: TOO_LARGE\nitem 1.0 \"Post 2\" \"b\"\n"},
	{"a field over the limit", export("<item><title>" + strings.Repeat("x", 3000) + "</title></item>"),
		"site Old 1.2\nitem 0.0 \"" + strings.Repeat("x", 1000) + "\" \"\" !CUT\n"},
	{"an item over the limit", export("<item><title>x</title>"+strings.Repeat("<wp:postmeta><wp:meta_key>k</wp:meta_key><wp:meta_value>v</wp:meta_value></wp:postmeta>", 300)+"</item>", item(2, "b")),
		"site Old 1.2\nitem 0 refused at line 4: TOO_LARGE\nitem 1.0 \"Post 2\" \"b\"\n"},
	{"many comments come in parts", export("<item><title>x</title>"+comments(5)+"</item>", item(2, "b")),
		"site Old 1.2\nitem 0.0 \"x\" \"\" #1 #2\nitem 0.1 \"\" \"\" #3 #4\nitem 0.2 \"\" \"\" #5\nitem 1.0 \"Post 2\" \"b\"\n"},
	{"an author that is not closed", export("<wp:author><wp:author_login>ana", item(1, "a")), "site Old 1.2\nitem 0 refused at line 4: MALFORMED\nitem 0.0 \"Post 1\" \"a\"\n"},
	{"numbers and dates that are none", export("<item><title>x</title><wp:post_id>1e9</wp:post_id><wp:post_date>tomorrow</wp:post_date></item>"),
		"site Old 1.2\nitem 0.0 \"x\" \"\" !BAD_NUMBER !BAD_DATE\n"},
	{"a picture of the channel", export("<image><title>Logo</title><link>x</link></image>", item(1, "a")), "site Old 1.2\nitem 0.0 \"Post 1\" \"a\"\n"},
	{"a less-than sign of its own", export(item(1, "1 < 2 and <3")), "site Old 1.2\nitem 0.0 \"Post 1\" \"1 < 2 and <3\"\n"},
}

func comments(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<wp:comment><wp:comment_id>%d</wp:comment_id><wp:comment_content>c</wp:comment_content></wp:comment>", i+1)
	}
	return b.String()
}

func utf16le(s string) string {
	out := []byte{0xff, 0xfe}
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8))
	}
	return string(out)
}

var smallLimits = Options{MaxBodyBytes: 4000, MaxFieldBytes: 1000, MaxItemBytes: 16000, CommentsPerPart: 2}

func TestReaderMendsAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range badStreams {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := gocmp.Diff(c.want, tell(strings.NewReader(c.in), smallLimits)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(c.want, tell(iotest.OneByteReader(strings.NewReader(c.in)), smallLimits)); diff != "" {
				t.Errorf("byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReaderGivesEverything(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/newsroom.xml")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(file)
	_ = z.Close()
	plain, unpacked := tell(bytes.NewReader(file), Options{}), tell(&packed, Options{})
	if diff := gocmp.Diff(plain, unpacked); diff != "" {
		t.Errorf("plain and compressed differ:\n%s", diff)
	}
	r := NewReader(bytes.NewReader(file), Options{})
	for {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if rec.Item == nil || rec.Item.ID != 101 {
			continue
		}
		got := *rec.Item
		got.Position, got.Content = Position{}, ""
		got.Comments = nil
		want := Item{
			Title: "Harbour <em>reopens</em> & prospers", Link: "https://old.example/2024/05/harbour-reopens/", Creator: "ana", GUID: "https://old.example/?p=101",
			Excerpt: "The <b>harbour</b> is open.", ID: 101, Name: "harbour-reopens", Status: "publish", Type: "post", Sticky: true, CommentStatus: "open",
			Date: time.Date(2024, 5, 1, 11, 30, 0, 0, time.UTC), DateGMT: time.Date(2024, 5, 1, 9, 30, 0, 0, time.UTC),
			Modified: time.Date(2024, 5, 2, 8, 0, 0, 0, time.UTC), PubDate: time.Date(2024, 5, 1, 9, 30, 0, 0, time.UTC),
			Terms: []TermRef{{"category", "shipping", "Shipping"}, {"post_tag", "harbour", "Harbour"}, {"region", "north-coast", "North Coast"}, {"author", "cap-bo", "bo"}, {"author", "cap-guest", "guest"}},
			Meta: []Meta{{"_thumbnail_id", "201"}, {"_wp_old_slug", "harbour-opens"}, {"_yoast_wpseo_title", "Harbour open %%sep%% %%sitename%%"}, {"_yoast_wpseo_metadesc", "All about the harbour."},
				{"_yoast_wpseo_primary_category", "12"}, {"reading_level", "easy"}, {"settings", `a:1:{s:4:"wide";b:1;}`}, {"_edit_lock", "1714550000:1"}},
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return
	}
}

func TestReaderStaysSmallOnAbsurdNodes(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(strings.TrimSuffix(export(), "</channel>\n</rss>\n")+"<item><title><![CDATA["), io.LimitReader(filler{}, 64<<20))
	r := NewReader(endless, Options{})
	for {
		_, err := r.Next()
		if err == nil {
			continue
		}
		if cap(r.scan.text) > 4<<20 || len(r.scan.back) > 4<<20 {
			t.Errorf("%d and %d bytes are held for a title", cap(r.scan.text), len(r.scan.back))
		}
		var bad *ItemError
		if !errors.As(err, &bad) || bad.Code != CodeTruncated {
			t.Errorf("got %v", err)
		}
		return
	}
}

type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
