package media

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gen2brain/webp"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// halves is a picture, red on its left and blue on its right; with through, the left
// half is see-through.
func halves(width, height int, through bool) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{R: 255, A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 255, A: 255}
			} else if through {
				c = color.NRGBA{}
			}
			p.SetNRGBA(x, y, c)
		}
	}
	return p
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func halvesJPEG(t *testing.T, width, height int) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, halves(width, height, false), nil) })
}

func get(s *Service, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func decodeAnswer(t *testing.T, w *httptest.ResponseRecorder) image.Image {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	decode := map[string]func() (image.Image, error){
		"image/jpeg": func() (image.Image, error) { return jpeg.Decode(w.Body) },
		"image/png":  func() (image.Image, error) { return png.Decode(w.Body) },
		"image/webp": func() (image.Image, error) { return webp.Decode(w.Body) },
	}[w.Header().Get("Content-Type")]
	if decode == nil {
		t.Fatalf("type %q", w.Header().Get("Content-Type"))
	}
	m, err := decode()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// looks tells the colour of a pixel in a word.
func looks(m image.Image, x, y int) string {
	r, g, b, a := m.At(x, y).RGBA()
	switch {
	case a < 0x4000:
		return "clear"
	case r > 0xd000 && g > 0xd000 && b > 0xd000:
		return "white"
	case r > 0xb000 && b < 0x5000:
		return "red"
	case b > 0xb000 && r < 0x5000:
		return "blue"
	}
	return "mixed"
}

func TestVariantsHaveTheSizeShapeAndFormatAskedFor(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	glass := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, halves(800, 400, true)) })
	clearWebP := encoded(t, func(b *bytes.Buffer) error {
		return webp.Encode(b, halves(800, 400, true), webp.Options{Lossless: true})
	})
	moving := encoded(t, func(b *bytes.Buffer) error {
		frame := func(c color.Color) *image.Paletted {
			p := image.NewPaletted(image.Rect(0, 0, 400, 200), color.Palette{color.White, c})
			for i := range p.Pix {
				p.Pix[i] = 1
			}
			return p
		}
		return gif.EncodeAll(b, &gif.GIF{Image: []*image.Paletted{frame(color.NRGBA{R: 255, A: 255}), frame(color.NRGBA{B: 255, A: 255})}, Delay: []int{5, 5}})
	})
	for name, test := range map[string]struct {
		file          []byte
		focal         float64
		variant       Variant
		kind          string
		width, height int
		left, right   string
	}{
		"narrower":                        {halvesJPEG(t, 800, 400), 0.5, Variant{Width: 320}, "image/webp", 320, 160, "red", "blue"},
		"between two widths":              {halvesJPEG(t, 800, 400), 0.5, Variant{Width: 321, Format: JPEG}, "image/jpeg", 480, 240, "red", "blue"},
		"never wider than it was":         {halvesJPEG(t, 800, 400), 0.5, Variant{Width: 2560}, "image/webp", 800, 400, "red", "blue"},
		"narrower than the narrowest":     {halvesJPEG(t, 80, 40), 0.5, Variant{Width: 10}, "image/webp", 80, 40, "red", "blue"},
		"square round the middle":         {halvesJPEG(t, 800, 400), 0.5, Variant{Width: 320, Ratio: Ratio{1, 1}}, "image/webp", 320, 320, "red", "blue"},
		"square round the left":           {halvesJPEG(t, 800, 400), 0.1, Variant{Width: 320, Ratio: Ratio{1, 1}}, "image/webp", 320, 320, "red", "red"},
		"upright round the right":         {halvesJPEG(t, 800, 400), 0.9, Variant{Width: 160, Ratio: Ratio{9, 16}, Format: JPEG}, "image/jpeg", 160, 284, "blue", "blue"},
		"clear, as WebP":                  {glass, 0.5, Variant{Width: 320}, "image/webp", 320, 160, "clear", "blue"},
		"clear, as PNG":                   {glass, 0.5, Variant{Width: 320, Format: PNG}, "image/png", 320, 160, "clear", "blue"},
		"clear, as JPEG, becomes white":   {glass, 0.5, Variant{Width: 320, Format: JPEG}, "image/jpeg", 320, 160, "white", "blue"},
		"of a clear WebP":                 {clearWebP, 0.5, Variant{Width: 320}, "image/webp", 320, 160, "clear", "blue"},
		"of what moves, the first frame":  {moving, 0.5, Variant{Width: 160, Format: WebP}, "image/webp", 160, 80, "red", "red"},
		"a picture larger than all there": {halvesJPEG(t, 4000, 1000), 0.5, Variant{Width: 9999, Format: JPEG}, "image/jpeg", 2560, 640, "red", "blue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := s.Store(t.Context(), Upload{Name: strings.ReplaceAll(name, " ", "-"), Body: bytes.NewReader(test.file), Words: Words{FocalX: &test.focal, FocalY: new(0.5)}})
			if err != nil {
				t.Fatal(err)
			}
			w := get(s, test.variant.Path(m))
			if kind := w.Header().Get("Content-Type"); kind != test.kind {
				t.Errorf("type %s", kind)
			}
			if c := w.Header().Get("Cache-Control"); c != "public, max-age=31536000, immutable" {
				t.Errorf("Cache-Control %q", c)
			}
			p := decodeAnswer(t, w)
			if b := p.Bounds(); b.Dx() != test.width || b.Dy() != test.height {
				t.Errorf("%d × %d", b.Dx(), b.Dy())
			}
			if l, r := looks(p, 5, p.Bounds().Dy()/2), looks(p, p.Bounds().Dx()-5, p.Bounds().Dy()/2); l != test.left || r != test.right {
				t.Errorf("left %s, right %s", l, r)
			}
		})
	}
}

func TestOnlyVariantsThatAnAddressOfOursNamesAreMade(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx := as(t, access.Editor, 3)
		m, err := e.upload(ctx, "a.jpg", halvesJPEG(t, 800, 400), Words{})
		if err != nil {
			t.Fatal(err)
		}
		var made atomic.Int32
		e.s.variants.made = func(string) { made.Add(1) }
		at := Prefix + m.BlobKey + "/"
		for name, want := range map[string]int{
			"321.webp": 404, "0320.webp": 404, "320.avif": 404, "320.svg": 404, "320-5x7-50x50.webp": 404, "320-1x1.webp": 404, "320-1x1-101x50.webp": 404,
			"320-1x1-50x50-.webp": 404, "..%2f320.webp": 404, "2560.webp": 302, "320-1x1-10x50.webp": 302, "99999.webp": 404,
		} {
			w := get(e.s, at+name)
			if w.Code != want || want == 302 && w.Header().Get("Cache-Control") != "public, max-age=60" {
				t.Errorf("%s: %d, %v", name, w.Code, w.Header())
			}
		}
		if w := get(e.s, Prefix+"2026/11/0123456789abcdef-none.jpg/320.webp"); w.Code != 404 {
			t.Errorf("without an original: %d", w.Code)
		}
		if made.Load() != 0 {
			t.Errorf("%d made", made.Load())
		}
		square := Variant{Width: 320, Ratio: Ratio{1, 1}}
		before := square.Path(m)
		if w := get(e.s, before); w.Code != 200 {
			t.Fatalf("%d", w.Code)
		}
		m, err = e.Update(ctx, m.ID, func(w *Words) { w.FocalX, w.FocalY = new(0.9), new(0.5) })
		if err != nil {
			t.Fatal(err)
		}
		if square.Path(m) == before {
			t.Error("another focal point, the same address")
		}
		if p := decodeAnswer(t, get(e.s, square.Path(m))); looks(p, 5, 5) != "blue" {
			t.Error("not cut round the new focal point")
		}
		if err := e.Delete(ctx, m.ID, false); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{before, square.Path(m), Prefix + m.BlobKey, Variant{Width: 160}.Path(m)} {
			if w := get(e.s, address); w.Code != 404 {
				t.Errorf("%s after the deletion: %d", address, w.Code)
			}
		}
	})
}

func TestAVariantThatManyAskForIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	m, err := s.Store(t.Context(), Upload{Name: "a.jpg", Body: bytes.NewReader(halvesJPEG(t, 1200, 800))})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	made := map[string]int{}
	s.variants.made = func(key string) { mu.Lock(); defer mu.Unlock(); made[key]++ }
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			v := Variant{Width: Widths[i%4], Ratio: []Ratio{{}, {1, 1}, {16, 9}}[i%3]}
			if w := get(s, v.Path(m)); w.Code != http.StatusOK || w.Body.Len() < 50 {
				t.Errorf("%d %d", w.Code, w.Body.Len())
			}
		})
	}
	all.Wait()
	if len(made) != 12 {
		t.Errorf("%d variants, want 12", len(made))
	}
	for key, n := range made {
		if n != 1 {
			t.Errorf("%s made %d times", key, n)
		}
	}
	if n := len(s.variants.locks.held); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}

func TestAPictureThatNeedsTooMuchMemoryIsShownAsItCame(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := onSQLite(t)
	// A grey PNG of 60 million pixels in 16 bits, of few bytes.
	var b bytes.Buffer
	if err := png.Encode(&b, &flat{image.Rect(0, 0, 10_000, 6_000)}); err != nil {
		t.Fatal(err)
	}
	m, err := s.Store(t.Context(), Upload{Name: "a.png", Body: &b})
	if err != nil {
		t.Fatal(err)
	}
	w := get(s, Variant{Width: 320}.Path(m))
	if w.Code != http.StatusFound || w.Header().Get("Location") != Prefix+m.BlobKey {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// flat is a grey picture that takes no memory.
type flat struct{ r image.Rectangle }

func (f *flat) ColorModel() color.Model { return color.NRGBA64Model }
func (f *flat) Bounds() image.Rectangle { return f.r }
func (f *flat) At(int, int) color.Color { return color.NRGBA64{R: 9000, G: 9000, B: 9000, A: 0xffff} }
func (f *flat) Opaque() bool            { return true }

func TestSourceSetListsEachWidthOnce(t *testing.T) {
	t.Parallel()
	m := &ent.Media{Kind: "IMAGE", BlobKey: "2026/11/0123456789abcdef-a.jpg", ContentType: "image/jpeg", Width: 700, Height: 1000}
	got := Variant{Ratio: Ratio{1, 1}, Format: JPEG}.SourceSet(m, func(p string) string { return "https://news.example" + p })
	var widths []string
	for part := range strings.SplitSeq(got, ", ") {
		address, width, _ := strings.Cut(part, " ")
		if !strings.HasPrefix(address, "https://news.example/media/2026/11/0123456789abcdef-a.jpg/") || !strings.HasSuffix(address, "-1x1-50x50.jpg") {
			t.Error(address)
		}
		widths = append(widths, width)
	}
	if want := []string{"160w", "320w", "480w", "640w", "700w"}; !slices.Equal(widths, want) {
		t.Errorf("%v, want %v", widths, want)
	}
	m.ContentType = "image/avif"
	if got := (Variant{}).SourceSet(m, func(p string) string { return p }); got != "" {
		t.Errorf("of AVIF: %s", got)
	}
}
