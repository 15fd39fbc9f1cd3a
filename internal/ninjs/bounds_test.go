package ninjs

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// repeated is a reader of a text, repeated.
type repeated struct {
	text string
	left int // bytes
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) && r.left > 0 {
		m := copy(p[n:], r.text[r.at:min(len(r.text), r.at+r.left)])
		n, r.left, r.at = n+m, r.left-m, (r.at+m)%len(r.text)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestLargeItemIsNotHeld reads an item of 200 MB, and others, and demands that little memory
// is used for them. It doesn't run besides others, which would allocate too.
func TestLargeItemIsNotHeld(t *testing.T) {
	text := strings.Repeat("An item with no end in sight. ", 4000)
	brackets := strings.Repeat(`[{"a":`, 4000)
	tests := []struct {
		name, before, text, after string
		want                      string
	}{
		{"a string on a line", a + "\n{\"uri\":\"x\",\"by\":\"", text, "\"}\n" + b + "\n", "a !TOO_LARGE b ."},
		{"a string in an array", "[" + a + ",{\"uri\":\"x\",\"by\":\"", text, "\"}," + b + "]", "a !TOO_LARGE b ."},
		{"a string in an object over lines", pretty + "\n{\n\"uri\":\"x\",\n\"by\":\"", text, "\"\n}\n" + b, "p !TOO_LARGE b ."},
		{"brackets on a line", a + "\n", brackets, "\n" + b + "\n", "a !NOT_OBJECT b ."},
		{"brackets within an object", a + "\n{\"uri\":", brackets, "\n" + b + "\n", "a !TOO_DEEP b ."},
		{"white space", a + "\n{", strings.Repeat(" ", 1<<15), "}\n" + b + "\n", "a !TOO_LARGE b ."},
		{"white space between", a + "\n", strings.Repeat("\n", 1<<15), b + "\n", "a b ."},
		{"garbage", a + "\n?", text, "\n" + b + "\n", "a !NOT_OBJECT b ."},
	}
	for i, tt := range tests {
		const bound = 8 << 20
		size := 24 << 20
		if i == 0 {
			size = 200 << 20
		}
		in := io.MultiReader(strings.NewReader(tt.before), &repeated{text: tt.text, left: size}, strings.NewReader(tt.after))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := read(NewReader(in, Options{MaxItemBytes: 1 << 20}))
		runtime.ReadMemStats(&after)
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > bound {
			t.Errorf("%s: allocated %d bytes of memory, more than %d", tt.name, used, bound)
		}
	}
}

func TestDeepNestingIsRejected(t *testing.T) {
	t.Parallel()
	const n = 100_000
	for name, value := range map[string]string{
		"lists":        strings.Repeat("[", n) + strings.Repeat("]", n),
		"objects":      strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n),
		"associations": strings.Repeat(`[{"associations":`, n) + "1" + strings.Repeat("}]", n),
		"not closed":   strings.Repeat("[", n),
		"mismatched":   strings.Repeat("[", n) + strings.Repeat("}", n),
	} {
		item := `{"uri":"x","associations":` + value + "}"
		if got, want := readString(a+"\n"+item+"\n"+b, Options{}), "a !TOO_DEEP b ."; got != want {
			t.Errorf("%s on a line: got %s, want %s", name, got, want)
		}
		if name == "not closed" || name == "mismatched" {
			continue
		}
		if got, want := readString("["+a+","+item+","+b+"]", Options{}), "a !TOO_DEEP b ."; got != want {
			t.Errorf("%s in an array: got %s, want %s", name, got, want)
		}
	}
	deep := `{"uri":"x","z":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + "}"
	if got, want := readString(deep, Options{MaxDepth: 10}), "x ."; got != want {
		t.Errorf("at the limit: got %s, want %s", got, want)
	}
	if got, want := readString(deep, Options{MaxDepth: 9}), "!TOO_DEEP ."; got != want {
		t.Errorf("beyond the limit: got %s, want %s", got, want)
	}
}

func TestItemAtTheLimit(t *testing.T) {
	t.Parallel()
	for size := len(a) - 1; size <= len(a); size++ {
		want := "!TOO_LARGE b ."
		if size == len(a) {
			want = "a b ."
		}
		for _, stream := range []string{a + "\n" + b, "[" + a + "," + b + "]"} {
			if got := readString(stream, Options{MaxItemBytes: size}); got != want {
				t.Errorf("%d bytes of %q: got %s, want %s", size, stream, got, want)
			}
		}
	}
}

func TestStreamBeyondItsLimitEnds(t *testing.T) {
	t.Parallel()
	in := &repeated{text: b + "\n", left: 100 << 20}
	r := NewReader(in, Options{MaxBytes: 1 << 20})
	if got := read(r); !strings.HasSuffix(got, "b #TOO_LARGE") {
		t.Errorf("got …%s", got[max(0, len(got)-40):])
	}
}

func TestSmallItemStaysSmall(t *testing.T) {
	t.Parallel()
	const n = 100_000
	tests := map[string]string{
		"list elements":  `"subjects":[{}` + strings.Repeat(",{}", n) + `]`,
		"associations":   `"associations":[{}` + strings.Repeat(",{}", n) + `]`,
		"names in a map": `"altids":{"a":1` + strings.Repeat(`,"a":1`, n) + `}`,
		"problems":       `"subjects":[1` + strings.Repeat(",1", n) + `]`,
		"unknown fields": `"z":1` + strings.Repeat(`,"z":1`, n),
	}
	for name, fields := range tests {
		it := one(t, `{"uri":"x",`+fields+`,"by":"y"}`)
		if len(it.Subjects)+len(it.Associations)+len(it.AltIDs) > maxElements || len(it.Problems) > maxProblems || len(it.Unknown) > maxUnknown {
			t.Errorf("%s: %d subjects, %d associations, %d ids, %d problems, %d unknown fields", name,
				len(it.Subjects), len(it.Associations), len(it.AltIDs), len(it.Problems), len(it.Unknown))
		}
		if it.By != "y" {
			t.Errorf("%s: what follows is lost", name)
		}
	}
	it := one(t, `{"uri":"x",`+tests["list elements"]+`}`)
	if p, ok := it.Problem("subjects"); !ok || p.Code != CodeListCut {
		t.Errorf("no word of the elements which were dropped: %v", it.Problems)
	}
}

func TestReportedValuesAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 5000)
	it := one(t, fmt.Sprintf(`{"uri":"x","expires":%q,"urgency":{"a":%q}}`, long, long))
	for _, p := range it.Problems {
		if len(p.Value) > 4*maxShown {
			t.Errorf("%s: a value of %d bytes", p.Field, len(p.Value))
		}
	}
}
