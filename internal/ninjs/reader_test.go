package ninjs

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// read notes what a reader returns, a word for each item ("a"), rejection
// ("!MALFORMED") and end ("." or "#TRUNCATED").
func read(r *Reader) string {
	var seen []string
	for {
		it, err := r.Next()
		bad, isItem := errors.AsType[*ItemError](err)
		end, isStream := errors.AsType[*StreamError](err)
		switch {
		case err == nil:
			seen = append(seen, it.URI)
			continue
		case isItem:
			seen = append(seen, "!"+string(bad.Code))
			continue
		case errors.Is(err, io.EOF):
			seen = append(seen, ".")
		case isStream:
			seen = append(seen, "#"+string(end.Code))
		default:
			seen = append(seen, "?"+err.Error())
		}
		return strings.Join(seen, " ")
	}
}

func readString(stream string, opts Options) string {
	return read(NewReader(strings.NewReader(stream), opts))
}

func gzipped(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		io.WriteString(z, p) //nolint:errcheck // into memory
		z.Close()            //nolint:errcheck // into memory
	}
	return b.String()
}

const (
	a = `{"uri":"a","headlines":[{"value":"}]{[\"\\"}]}`
	b = `{"uri":"b"}`
	c = `{"uri":"c","bodies":[]}`

	pretty = "{\n  \"uri\": \"p\",\n  \"subjects\": [\n{\n\"name\": \"x\"\n}\n]\n}"
)

func TestLayouts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, stream string
		layout       Layout
		want         string
	}{
		{"lines", a + "\n" + b + "\n" + c + "\n", Lines, "a b c ."},
		{"lines of Windows, blank ones, no last line feed", a + "\r\n\r\n \n" + b, Lines, "a b ."},
		{"byte order mark", "\ufeff" + a + "\n" + b, Lines, "a b ."},
		{"files with byte order marks joined", "\ufeff" + a + "\n\ufeff" + b + "\n", Lines, "a b ."},
		{"record separators", "\x1e" + a + "\n\x1e" + b + "\n", Lines, "a b ."},
		{"one object", a, Lines, "a ."},
		{"one pretty-printed object", pretty, Objects, "p ."},
		{"pretty-printed objects", pretty + "\n" + pretty + pretty + "\n", Objects, "p p p ."},
		{"objects on one line", a + b + " " + c, Lines, "a b c ."},
		{"a pretty-printed object among lines", a + "\n" + pretty + "\n" + b, Lines, "a p b ."},
		{"array", "[" + a + "," + b + "]", Array, "a b ."},
		{"array over lines", " [\n" + a + ",\n" + pretty + "\n,\n" + c + "\n]\n", Array, "a p c ."},
		{"empty array", "[]", Array, "."},
		{"arrays one after another", "[" + a + "]\n[" + b + "]", Array, "a b ."},
		{"a comma too many", "[" + a + ",]", Array, "a ."},
		{"wrapped", `{"items":[` + a + "," + b + `]}`, Wrapped, "a b ."},
		{"wrapped, with more around", "{\"total\": 2, \"page\": {\"items\": [1]},\n \"items\": [" + a + "," + b + `], "next": {"items": "]}"}}` + "\n", Wrapped, "a b ."},
		{"an item with a field called items", `{"uri":"x","items":[{}]}`, Lines, "x ."},
		{"nothing", "", UnknownLayout, "."},
		{"white space", " \n\n\t", UnknownLayout, "."},
		{"gzip", gzipped(a + "\n" + b), Lines, "a b ."},
		{"gzip in members", gzipped(a+"\n", b), Lines, "a b ."},
		{"gzip of an array", gzipped("\ufeff[" + a + "," + b + "]"), Array, "a b ."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, in := range []io.Reader{strings.NewReader(tt.stream), iotest.OneByteReader(strings.NewReader(tt.stream))} {
				r := NewReader(in, Options{})
				if got := read(r); got != tt.want || r.Layout() != tt.layout {
					t.Errorf("got %s (%s), want %s (%s)", got, r.Layout(), tt.want, tt.layout)
				}
			}
		})
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, stream, want string }{
		{"a line which is no JSON", a + "\nnot json\n" + b, "a !NOT_OBJECT b ."},
		{"the first line is no JSON", "headline,date\n" + a + "\n" + b, "!NOT_OBJECT a b ."},
		{"a line cut off", a + "\n{\"uri\":\"x\",\n" + b, "a !TRUNCATED b ."},
		{"a line cut off within a string", a + "\n{\"uri\":\"x\n" + b, "a !TRUNCATED b ."},
		{"the first line cut off", "{\"uri\":\"x\",\"bodies\":[\n" + b + "\n" + c, "!TRUNCATED b c ."},
		{"the first line cut off within a string", "{\"uri\":\"x\n" + b + "\n" + c, "!TRUNCATED b c ."},
		{"the last line cut off", a + "\n" + `{"uri":"x`, "a !TRUNCATED ."},
		{"brackets which don't match", a + "\n{\"uri\":[\"x\"}}\n" + b, "a !MALFORMED b ."},
		{"a bracket too many", a + "\n" + b + "}\n" + c, "a b !NOT_OBJECT c ."},
		{"a missing value", a + "\n{\"uri\":}\n" + b, "a !MALFORMED b ."},
		{"a missing comma", a + "\n{\"uri\":\"x\" \"by\":\"y\"}\n" + b, "a !MALFORMED b ."},
		{"a comma too many", a + "\n{\"uri\":\"x\",}\n" + b, "a !MALFORMED b ."},
		{"a bad number", a + "\n{\"uri\":\"x\",\"urgency\":01}\n" + b, "a !MALFORMED b ."},
		{"NaN", a + "\n{\"uri\":\"x\",\"urgency\":NaN}\n" + b, "a !MALFORMED b ."},
		{"a misspelt literal", a + "\n{\"uri\":\"x\",\"z\":nul}\n" + b, "a !MALFORMED b ."},
		{"an unknown escape", a + "\n{\"uri\":\"\\x\"}\n" + b, "a !MALFORMED b ."},
		{"a bad escape", a + "\n{\"uri\":\"\\u12g4\"}\n" + b, "a !MALFORMED b ."},
		{"damage within an unknown field", a + "\n{\"uri\":\"x\",\"z\":[1,{\"y\":tru}]}\n" + b, "a !MALFORMED b ."},
		{"single quotes", a + "\n{'uri':'x'}\n" + b, "a !MALFORMED b ."},
		{"an array among lines", a + "\n[1,\n" + b, "a !NOT_OBJECT b ."},
		{"a string among lines", a + "\n\"{\"\n" + b, "a !NOT_OBJECT b ."},
		{"a pretty-printed object cut off", pretty + "\n{\n  \"uri\": \"x\",\n  \"by\": 1\n" + pretty, "p !TRUNCATED p ."},
		{"the last pretty-printed object cut off", pretty + "\n{\n  \"uri\": ", "p !TRUNCATED ."},
		{"garbage between pretty-printed objects", pretty + "\n?\n" + pretty, "p !NOT_OBJECT p ."},
		{"elements of other types", "[1," + a + `,"x",null,[` + b + `,2],true,` + c + "]", "!NOT_OBJECT a !NOT_OBJECT !NOT_OBJECT !NOT_OBJECT !NOT_OBJECT c ."},
		{"a malformed element", "[" + a + `,{"uri":},` + b + "]", "a !MALFORMED b ."},
		{"an element which closes the array", "[" + a + `,{"uri":"x"]`, "a !MALFORMED ."},
		{"an element with the wrong brackets", "[" + a + `,{"x":[1}},` + b + "]", "a !MALFORMED !NOT_OBJECT b ."},
		{"an element with a list not closed", "[" + a + `,{"x":[1},` + b + "]", "a !MALFORMED b ."},
		{"a brace too many in an array", "[" + a + `},` + b + "]", "a !NOT_OBJECT b ."},
		{"an array not closed", "[" + a + "," + b, "a b #TRUNCATED"},
		{"an array cut off within an element", "[" + a + "," + b[:5], "a #TRUNCATED"},
		{"a wrapper not closed", `{"items":[` + a + "]", "a #TRUNCATED"},
		{"garbage after an array", "[" + a + "] x\n", "a !NOT_OBJECT ."},
		{"gzip with a bad checksum", corrupt(gzipped(a+"\n"+b+"\n"), -8), "a b #CORRUPT"},
		{"gzip and then something else", gzipped(a+"\n") + "tail of another kind", "a #CORRUPT"},
		{"a gzip header alone", "\x1f\x8b", "#TRUNCATED"},
		{"a damaged gzip header", "\x1f\x8b\x09\x00\x00\x00\x00\x00\x00\x00", "#CORRUPT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, in := range []io.Reader{strings.NewReader(tt.stream), iotest.HalfReader(strings.NewReader(tt.stream)), iotest.OneByteReader(strings.NewReader(tt.stream))} {
				if got := read(NewReader(in, Options{})); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

// corrupt flips bits of a byte, counted from the end if at is negative.
func corrupt(s string, at int) string {
	b := []byte(s)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0xff
	return string(b)
}

func TestWrongKindSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string]string{
		"<?xml version=\"1.0\"?>\n<rss version=\"2.0\">": "an RSS feed or a WordPress export (XML)",
		"<newsItem/>":                         "XML or HTML",
		" <!DOCTYPE html><title>404</title>":  "an HTML page",
		"PK\x03\x04...":                       "a ZIP archive",
		"%PDF-1.7":                            "a PDF document",
		"\x89PNG\r\n":                         "a PNG picture",
		"\xff\xfe{\x00\"\x00":                 "UTF-16 text, where JSON is UTF-8",
		"{\x00\"\x00u\x00":                    "UTF-16 text, where JSON is UTF-8",
		gzipped(gzipped(a)):                   "data compressed twice by gzip",
		gzipped("<html>"):                     "an HTML page",
		"uri,headline\n1,x\n":                 "plain text",
		"1,x\n":                               "a single JSON value or CSV",
		`"abc"`:                               "a single JSON value or CSV",
		"\x01\x02\x03\x04":                    "binary data",
		"caf\xe9 " + strings.Repeat("x", 100): "binary data or text which is not UTF-8",
		"?":                                   "plain text",
	} {
		_, err := NewReader(strings.NewReader(stream), Options{}).Next()
		end, ok := errors.AsType[*StreamError](err)
		if !ok || end.Code != CodeWrongKind || !strings.HasSuffix(err.Error(), "it looks like "+want) {
			t.Errorf("%q: %v, want %s", stream, err, want)
		}
	}
}

func TestErrorsHavePositions(t *testing.T) {
	t.Parallel()
	r := NewReader(strings.NewReader("\ufeff"+a+"\n\n  {\"uri\":}\n"+b+"\n?\n"), Options{})
	type position struct {
		index, line int
		offset      int64
	}
	var got []position
	for {
		it, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*ItemError](err); ok {
			got = append(got, position{bad.Index, bad.Line, bad.Offset})
		} else {
			got = append(got, position{it.Index, it.Line, it.Offset})
		}
	}
	n := int64(len(a)) + 3
	want := []position{{0, 1, 3}, {1, 3, n + 4}, {2, 4, n + 13}, {3, 5, n + 13 + int64(len(b)) + 1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(position{})); diff != "" {
		t.Error(diff)
	}
	_, err := NewReader(strings.NewReader("[\n"+b), Options{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	r = NewReader(strings.NewReader("[\n"+b), Options{})
	read(r)
	_, err = r.Next()
	if want := "stream ends at line 2, byte 13, before item 1: the array is not closed: the stream is cut off"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// streams have every layout, with a little damage in each.
func streams() map[string]string {
	lines := a + "\n" + b + "\nnot json\n{\"uri\":\"x\n" + c + "\r\n\n" + pretty + "\n" + a + b + "\n"
	array := "[" + a + ",\n" + b + ", 7," + pretty + ",{\"uri\":}," + c + "]"
	return map[string]string{
		"lines":   lines,
		"array":   array,
		"wrapped": `{"count":4,"items":` + array + `,"more":null}`,
		"objects": pretty + "\n" + pretty + "\n?\n{\n\"uri\":}\n" + pretty,
	}
}

func TestReadingResumesAtOffset(t *testing.T) {
	t.Parallel()
	for name, stream := range streams() {
		for _, packed := range []string{stream, gzipped(stream)} {
			whole := strings.Fields(readString(packed, Options{}))
			r := NewReader(strings.NewReader(packed), Options{})
			for i := range whole {
				rest := NewReader(strings.NewReader(packed), Options{StartOffset: r.Offset(), StartIndex: r.Index()})
				if got, want := read(rest), strings.Join(whole[i:], " "); got != want {
					t.Errorf("%s after item %d: got %s, want %s", name, i, got, want)
				}
				if rest.Index() != len(whole)-1 {
					t.Errorf("%s after item %d: ends at index %d of %d", name, i, rest.Index(), len(whole)-1)
				}
				if _, err := r.Next(); errors.Is(err, io.EOF) && i != len(whole)-1 {
					t.Fatalf("%s: ends at item %d", name, i)
				}
			}
		}
	}
}

// TestCutOffAnywhere cuts streams after every byte: what was whole before the
// cut is delivered, and the reader ends in order.
func TestCutOffAnywhere(t *testing.T) {
	t.Parallel()
	for name, stream := range streams() {
		var ends []int64 // of the items which can be read
		var uris []string
		r := NewReader(strings.NewReader(stream), Options{})
		for {
			it, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				ends, uris = append(ends, r.Offset()), append(uris, it.URI)
			}
		}
		for cut := range len(stream) {
			var want []string
			for i, end := range ends {
				if end <= int64(cut) {
					want = append(want, uris[i])
				}
			}
			if diff := cmp.Diff(want, items(NewReader(strings.NewReader(stream[:cut]), Options{}))); diff != "" {
				t.Errorf("%s cut after %d bytes: %s", name, cut, diff)
			}
		}
		packed := gzipped(stream)
		for cut := range len(packed) {
			got := items(NewReader(strings.NewReader(packed[:cut]), Options{}))
			if len(got) > len(uris) || !cmp.Equal(uris[:len(got)], append([]string{}, got...)) {
				t.Errorf("%s by gzip, cut after %d bytes: %v", name, cut, got)
			}
		}
	}
}

// items reads to the end, and again after it.
func items(r *Reader) (uris []string) {
	for {
		it, err := r.Next()
		if err == nil {
			uris = append(uris, it.URI)
			continue
		}
		if _, ok := errors.AsType[*ItemError](err); ok {
			continue
		}
		if _, again := r.Next(); !errors.Is(again, err) {
			panic(fmt.Sprintf("after the end (%v): %v", err, again))
		}
		return uris
	}
}

func TestReadErrorEndsTheStream(t *testing.T) {
	t.Parallel()
	broken := errors.New("the network is down")
	in := io.MultiReader(strings.NewReader(a+"\n"+b+"\n{\"uri\":"), iotest.ErrReader(broken))
	r := NewReader(in, Options{})
	if got, want := read(r), "a b #READ_FAILED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := r.Next(); !errors.Is(err, broken) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestWrappedEndIsNoEnd(t *testing.T) {
	t.Parallel()
	in := io.MultiReader(strings.NewReader(a+"\n"), iotest.ErrReader(fmt.Errorf("connection lost: %w", io.EOF)))
	r := NewReader(in, Options{})
	if got, want := read(r), "a #READ_FAILED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := r.Next(); errors.Is(err, io.EOF) {
		t.Errorf("%v passes for the end", err)
	}
}
