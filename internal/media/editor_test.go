package media

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/auditentry"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func desk(t *testing.T, db *store.DB) *Editor {
	t.Helper()
	return NewEditor(setup(t, db), audit.NewLog(db))
}

func as(t *testing.T, role access.Role, user int) context.Context {
	t.Helper()
	return access.With(t.Context(), access.Viewer{UserID: user, Role: role, Name: "Somebody"})
}

// upload takes in a file and makes an item of it.
func (e *Editor) upload(ctx context.Context, name string, data []byte, w Words) (*ent.Media, error) {
	r, err := e.Receive(ctx, name, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return e.Save(ctx, r, w)
}

// aJPEG is a picture that is red on its left and blue on its right, twice as wide
// as it is high.
func aJPEG(t *testing.T) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for i := range 64 * 32 {
		c := color.RGBA{R: 255, A: 255}
		if i%64 >= 32 {
			c = color.RGBA{B: 255, A: 255}
		}
		p.SetRGBA(i%64, i/64, c)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegments puts segments behind the first two bytes of a JPEG.
func withSegments(data []byte, segments ...[]byte) []byte {
	return append(append(bytes.Clone(data[:2]), bytes.Join(segments, nil)...), data[2:]...)
}

func jpegSegment(marker byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(text)+2)), text...)
}

// exif has the orientation and a place where the picture was taken.
func exif(orientation int) []byte {
	b := binary.BigEndian
	tiff := append([]byte("MM\x00*"), 0, 0, 0, 8, 0, 2) // the first directory, with two entries
	tiff = append(b.AppendUint32(b.AppendUint16(b.AppendUint16(tiff, 0x0112), 3), 1), 0, byte(orientation), 0, 0)
	tiff = b.AppendUint32(b.AppendUint32(b.AppendUint16(b.AppendUint16(tiff, 0x010e), 2), 16), 38)
	tiff = append(tiff, 0, 0, 0, 0)
	return jpegSegment(0xe1, "Exif\x00\x00"+string(tiff)+"GPS 23.61 58.54\x00")
}

// iptc has a caption and a credit.
func iptc() []byte {
	field := func(number byte, text string) string {
		return string(append([]byte{0x1c, 2, number, 0, byte(len(text))}, text...))
	}
	data := field(120, "Boats at dawn") + field(110, "Coast Wire")
	return jpegSegment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00"+string(rune(len(data)))+data)
}

func TestUploadRemovesWhatAPictureTellsBesideItself(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		profile := jpegSegment(0xe2, "ICC_PROFILE\x00\x01\x01the colours")
		data := append(withSegments(aJPEG(t), exif(1), iptc(), profile, jpegSegment(0xfe, "a remark"), jpegSegment(0xe2, "MPF\x00x")), "PK\x03\x04 another file"...)
		m, err := e.upload(as(t, access.Author, 7), "../../etc/boats.jpg", data, Words{Alt: " Boats "})
		if err != nil {
			t.Fatal(err)
		}
		if m.Alt != "Boats" || m.Caption != "Boats at dawn" || m.Credit != "Coast Wire" || m.Width != 64 || m.UploadedBy == nil || *m.UploadedBy != 7 || !strings.HasSuffix(m.BlobKey, "-boats.jpg") {
			t.Errorf("got %+v", m)
		}
		kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey)
		if err != nil {
			t.Fatal(err)
		}
		if want := withSegments(aJPEG(t), profile); !bytes.Equal(kept, want) {
			t.Errorf("kept %d bytes, want %d: %q", len(kept), len(want), kept[:min(len(kept), 200)])
		}
	})
}

// xmp says what rdf does.
func xmp(rdf string) []byte {
	return jpegSegment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
		xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">
		<rdf:Description rdf:about="" `+rdf+`</rdf:Description></rdf:RDF></x:xmpmeta>`)
}

func TestUploadReadsTheWordsOfXMPWhereIPTCHasNone(t *testing.T) {
	t.Parallel()
	const described = `photoshop:Credit="Sea Wire"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats &amp; nets</rdf:li><rdf:li xml:lang="ar">قوارب</rdf:li></rdf:Alt></dc:description>
		<Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang="x-default">Three boats</rdf:li></rdf:Alt></Iptc4xmpCore:AltTextAccessibility>`
	for name, c := range map[string]struct {
		segments             [][]byte
		alt, caption, credit string
	}{
		"XMP alone":     {[][]byte{xmp(described)}, "Three boats", "Boats & nets", "Sea Wire"},
		"both":          {[][]byte{iptc(), xmp(described)}, "Three boats", "Boats at dawn", "Coast Wire"},
		"a creator":     {[][]byte{xmp(`><dc:creator><rdf:Seq><rdf:li>Salma</rdf:li></rdf:Seq></dc:creator>`)}, "", "", "Salma"},
		"not XML":       {[][]byte{xmp(`>&boats;<`)}, "", "", ""},
		"a long text":   {[][]byte{xmp(`photoshop:Credit="` + strings.Repeat("a", maxText+1) + `">`)}, "", "", ""},
		"not a picture": {nil, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := describe(bytes.NewReader(withSegments(aJPEG(t), c.segments...)), jpegFormat)
			if d.alt != c.alt || d.caption != c.caption || d.credit != c.credit {
				t.Errorf("%q, %q, %q", d.alt, d.caption, d.credit)
			}
		})
	}
}

func TestUploadTurnsPicturesUpright(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	// Where red is afterwards: its middle as a share of the sides.
	for orientation, red := range map[int][2]float64{1: {.25, .5}, 2: {.75, .5}, 3: {.75, .5}, 4: {.25, .5}, 5: {.5, .25}, 6: {.5, .25}, 7: {.5, .75}, 8: {.5, .75}} {
		m, err := e.upload(as(t, access.Author, 7), "a.jpg", withSegments(aJPEG(t), exif(orientation)), Words{Alt: fmt.Sprint(orientation)})
		if err != nil {
			t.Fatalf("%d: %v", orientation, err)
		}
		kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey)
		if err != nil {
			t.Fatal(err)
		}
		p, err := jpeg.Decode(bytes.NewReader(kept))
		if err != nil {
			t.Fatal(err)
		}
		size := p.Bounds().Size()
		if upright := orientation < 5; size.X != m.Width || size.Y != m.Height || upright != (size.X == 64) {
			t.Errorf("%d: %v, noted as %d × %d", orientation, size, m.Width, m.Height)
		}
		at := func(x, y float64) bool {
			r, _, b, _ := p.At(int(x*float64(size.X)), int(y*float64(size.Y))).RGBA()
			return r > b
		}
		if !at(red[0], red[1]) || at(1-red[0], 1-red[1]) {
			t.Errorf("%d: red is elsewhere", orientation)
		}
		if bytes.Contains(kept, []byte("GPS")) {
			t.Errorf("%d: the place is kept", orientation)
		}
	}
}

func TestUploadCleansPNGAndWebP(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	plain := aPNG(t)
	said := append(binary.BigEndian.AppendUint32(nil, 9), "tEXtwhere\x00sea"...)
	said = binary.BigEndian.AppendUint32(said, crc32.ChecksumIEEE(said[4:]))
	dirty := append(append(bytes.Clone(plain[:33]), said...), plain[33:]...)
	m, err := e.upload(as(t, access.Author, 7), "a.png", append(dirty, "<script>"...), Words{})
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey); err != nil || !bytes.Equal(kept, plain) {
		t.Errorf("kept %q, %v", kept, err)
	}
	riff := func(chunks ...string) []byte {
		data := "WEBP" + strings.Join(chunks, "")
		return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(data))), data...)
	}
	part := func(kind, data string) string {
		return kind + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data
	}
	head := func(flags string) string { return part("VP8X", flags+"\x00\x00\x00\x7f\x02\x00\xdf\x01\x00") }
	body := part("VP8 ", "xxxxxxxx")
	if m, err = e.upload(as(t, access.Author, 7), "a.webp", append(riff(head("\x1c"), body, part("EXIF", "seas"), part("XMP ", "here")), "tail"...), Words{}); err != nil {
		t.Fatal(err)
	}
	if kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey); err != nil || !bytes.Equal(kept, riff(head("\x10"), body)) {
		t.Errorf("kept %q, %v", kept, err)
	}
}

func TestUploadRefuses(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	e.s.MaxBytes = 100_000
	sides := func(w, h uint32) []byte {
		p := aPNG(t)
		binary.BigEndian.PutUint32(p[16:], w)
		binary.BigEndian.PutUint32(p[20:], h)
		binary.BigEndian.PutUint32(p[29:], crc32.ChecksumIEEE(p[12:29]))
		return p
	}
	wrongSum := aPNG(t)
	wrongSum[len(wrongSum)-1] ^= 1
	whole := aJPEG(t)
	for name, c := range map[string]struct {
		data []byte
		want fault.Reason
	}{
		"nothing":                        {nil, fault.Blank},
		"a page":                         {[]byte("<!DOCTYPE html><script>alert(1)</script>"), fault.Invalid},
		"a drawing":                      {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), fault.Invalid},
		"an archive":                     {[]byte("PK\x03\x04"), fault.Invalid},
		"a JPEG without its end":         {whole[:len(whole)-2], fault.Invalid},
		"half a JPEG":                    {whole[:len(whole)/2], fault.Invalid},
		"half a JPEG that lies":          {withSegments(whole, exif(6))[:len(whole)/2+90], fault.Invalid},
		"a PNG without its end":          {aPNG(t)[:len(aPNG(t))-12], fault.Invalid},
		"a PNG with a wrong sum":         {wrongSum, fault.Invalid},
		"half a GIF":                     {[]byte("GIF89a\x07\x00\x05\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,"), fault.Invalid},
		"a WebP that ends too early":     {[]byte("RIFF\xff\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x7f\x02\x00\xdf\x01\x00"), fault.Invalid},
		"half a moving GIF":              {movingGIF(t, 3)[:len(movingGIF(t, 3))-1], fault.Invalid},
		"a GIF of too many frames":       {movingGIF(t, maxFrames+1), fault.TooLong},
		"50,000 pixels on a side":        {sides(50_000, 50_000), fault.TooLong},
		"50,000 pixels in a row":         {sides(50_000, 1), fault.TooLong},
		"65 million pixels in few bytes": {sides(13_000, 5_000), fault.TooLong},
		"too many bytes":                 {append([]byte("%PDF-1.7"), make([]byte, 100_000)...), fault.TooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := e.upload(as(t, access.Editor, 7), "x.jpg", c.data, Words{})
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.ReasonOf() != c.want || f.Field != "file" {
				t.Errorf("stored %v, %v", m, err)
			}
		})
	}
	t.Cleanup(func() {
		list := e.s.bucket.List(nil)
		if o, err := list.Next(context.Background()); !errors.Is(err, io.EOF) {
			t.Errorf("%v was kept, %v", o, err)
		}
	})
}

// movingGIF has frames that differ.
func movingGIF(t *testing.T, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range frames {
		p := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
		p.SetColorIndex(i%4, 0, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 5)
	}
	return encoded(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, g) })
}

// TestPolyglotsLoseWhatIsNotTheirPicture uploads pictures that are something else as well.
func TestPolyglotsLoseWhatIsNotTheirPicture(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	const script = "<script>alert('here')</script>"
	moving := movingGIF(t, 3)
	remark := append([]byte{0x21, 0xfe, byte(len(script))}, script+"\x00"...)
	program := append([]byte{0x21, 0xff, 11}, "XMP DataXMP"+string(rune(len(script)))+script+"\x00"...)
	for name, data := range map[string][]byte{
		"a JPEG with an archive behind it": append(aJPEG(t), "PK\x03\x04"+script...),
		"a JPEG with a script in a remark": withSegments(aJPEG(t), jpegSegment(0xfe, script)),
		"a PNG with a page behind it":      append(aPNG(t), script...),
		"a GIF with a page behind it":      append(bytes.Clone(moving), script...),
		"a GIF with remarks":               slices.Concat(moving[:len(moving)-1], remark, program, []byte{0x3b}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := e.upload(as(t, access.Editor, 7), "x.jpg", data, Words{})
			if err != nil {
				t.Fatal(err)
			}
			w := get(e.s, Prefix+m.BlobKey)
			if bytes.Contains(w.Body.Bytes(), []byte("script")) || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Type") != m.ContentType {
				t.Errorf("%v: %q", w.Header(), w.Body.Bytes()[max(0, w.Body.Len()-80):])
			}
			if m.ContentType == "image/gif" {
				if g, err := gif.DecodeAll(w.Body); err != nil || len(g.Image) != 3 || g.LoopCount != 0 {
					t.Errorf("no more the same: %v, %v", g, err)
				}
			}
		})
	}
}

// TestABombIsNotSetOff uploads few bytes that become many: of a picture, and of the
// remarks beside it.
func TestABombIsNotSetOff(t *testing.T) { //nolint:paralleltest // it counts what the process allocates
	testkit.Long(t)
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	for range 256 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	chunk := func(kind string, data []byte) []byte {
		b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), kind...)
		b = append(b, data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	small := aPNG(t)
	large := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray16(image.Rect(0, 0, 8000, 8000))) })
	var before, after runtime.MemStats
	for name, data := range map[string][]byte{
		"text":       slices.Concat(small[:33], chunk("zTXt", append([]byte("Raw profile type iptc\x00\x00"), packed.Bytes()...)), small[33:]),
		"colours":    slices.Concat(small[:33], chunk("iCCP", append([]byte("p\x00\x00"), packed.Bytes()...)), small[33:]),
		"XMP":        slices.Concat(small[:33], chunk("iTXt", append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed.Bytes()...)), small[33:]),
		"64 million": large,
	} {
		runtime.ReadMemStats(&before)
		m, err := e.upload(as(t, access.Editor, 7), "x.png", data, Words{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		w := get(e.s, Variant{Width: 160}.Path(m))
		if m.Width == 8000 && w.Code != http.StatusFound || m.Width != 8000 && w.Code != http.StatusOK {
			t.Errorf("%s: %d", name, w.Code)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%s of %d bytes took %d MB", name, len(data), took>>20)
		}
	}
}

func TestNamesOfUploadsAreHarmless(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	for i, name := range []string{"", "..", "/etc/passwd", `..\..\boot.ini`, "a\x00b.jpg", "\u202egpj.exe", strings.Repeat("x", 300) + ".jpg", "a/b\\c\u200f.png", "%2e%2e%2f.png", "قارب.jpg"} {
		m, err := e.upload(as(t, access.Editor, 7), name, withSegments(aJPEG(t), jpegSegment(0xe2, fmt.Sprint("ICC_PROFILE\x00", i))), Words{})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if !keyForm.MatchString(m.BlobKey) || len(m.BlobKey) > maxKey || m.ContentType != "image/jpeg" {
			t.Errorf("%q is kept as %q", name, m.BlobKey)
		}
	}
}

func TestTheSameFileIsKeptOnce(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		first, err := e.upload(as(t, access.Author, 7), "a.jpg", withSegments(aJPEG(t), exif(1)), Words{Alt: "First"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := e.upload(as(t, access.Author, 8), "b.jpg", aJPEG(t), Words{Alt: "Second"})
		if err != nil || again.ID != first.ID || again.Alt != "First" {
			t.Errorf("again: %v, %v", again, err)
		}
		kept := 0
		list := e.s.bucket.List(nil)
		for _, err := list.Next(t.Context()); err == nil; _, err = list.Next(t.Context()) {
			kept++
		}
		if kept != 1 {
			t.Errorf("%d files are kept", kept)
		}
	})
}

func TestLibraryIsFilteredAndPaged(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		ctx, system := as(t, access.Author, 7), access.AsSystem(t.Context())
		var made []int
		for i := range 5 {
			m, err := e.upload(ctx, "a.jpg", withSegments(aJPEG(t), jpegSegment(0xe2, fmt.Sprint("ICC_PROFILE\x00", i))), Words{Alt: fmt.Sprintf("100%% boat_%d", i)})
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, m.ID)
		}
		pdf, err := e.upload(as(t, access.Author, 8), "report.pdf", []byte("%PDF-1.7"), Words{Caption: "Report"})
		if err != nil {
			t.Fatal(err)
		}
		author := db.Ent(system).Author.Create().SetName("A").SetSlug("a").SetAvatarID(made[0]).SaveX(system)
		ids := func(f Filter, w keyset.Window) (keys []int) {
			t.Helper()
			rows, err := e.Library(ctx, f, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range rows {
				keys = append(keys, m.ID)
			}
			return keys
		}
		all := keyset.First(10)
		newest := fmt.Sprint([]int{pdf.ID, made[4], made[3], made[2], made[1], made[0]})
		for name, c := range map[string]struct {
			got  []int
			want string
		}{
			"all":               {ids(Filter{}, all), newest},
			"files":             {ids(Filter{Kind: "FILE"}, all), fmt.Sprint([]int{pdf.ID})},
			"words":             {ids(Filter{Words: "BOAT_3"}, all), fmt.Sprint([]int{made[3]})},
			"a percent sign":    {ids(Filter{Words: "0% b"}, keyset.First(1)), fmt.Sprint([]int{made[4]})},
			"no wildcard":       {ids(Filter{Words: "boat%3"}, all), "[]"},
			"the name":          {ids(Filter{Words: "report.pdf"}, all), fmt.Sprint([]int{pdf.ID})},
			"by somebody":       {ids(Filter{Uploader: 8}, all), fmt.Sprint([]int{pdf.ID})},
			"by nobody":         {ids(Filter{Uploader: -1}, all), "[]"},
			"unused":            {ids(Filter{Unused: true}, all), fmt.Sprint([]int{pdf.ID, made[4], made[3], made[2], made[1]})},
			"before the oldest": {ids(Filter{To: new(db.Ent(system).Media.GetX(system, made[0]).CreatedAt)}, all), "[]"},
		} {
			if fmt.Sprint(c.got) != c.want {
				t.Errorf("%s: %v, want %s", name, c.got, c.want)
			}
		}
		var paged []int
		for w := keyset.First(4); ; {
			rows, err := e.Library(ctx, Filter{}, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range rows {
				paged = append(paged, m.ID)
			}
			if len(rows) < 4 {
				break
			}
			w.After = new(LibraryKey(rows[3]))
		}
		if fmt.Sprint(paged) != newest {
			t.Errorf("paged: %v, want %s", paged, newest)
		}
		if n, err := e.CountLibrary(ctx, Filter{Unused: true}, 3); n != 3 || err != nil {
			t.Errorf("counted %d, %v", n, err)
		}
		uses, err := e.Uses(ctx, made)
		if want := (Use{Avatar, "aut", author.ID}); err != nil || len(uses) != 1 || uses[made[0]][0] != want {
			t.Errorf("uses: %v, %v", uses, err)
		}
		if _, err := e.Library(as(t, access.Reader, 9), Filter{}, all); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("a reader: %v", err)
		}
	})
}

func TestDeleteKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		e := desk(t, db)
		author, system := as(t, access.Author, 7), access.AsSystem(t.Context())
		m, err := e.upload(author, "a.jpg", aJPEG(t), Words{})
		if err != nil {
			t.Fatal(err)
		}
		person := db.Ent(system).Author.Create().SetName("A").SetSlug("a").SetAvatarID(m.ID).SaveX(system)
		if err := e.Delete(as(t, access.Author, 8), m.ID, false); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("another author: %v", err)
		}
		used := e.Delete(author, m.ID, false)
		if f, ok := errors.AsType[*fault.Error](used); !ok || f.ReasonOf() != fault.InUse || !strings.Contains(f.Message, "the picture of one author") {
			t.Errorf("used: %v", used)
		}
		if err := e.Delete(author, m.ID, true); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("an author forces it: %v", err)
		}
		if err := e.Delete(as(t, access.Editor, 9), m.ID, true); err != nil {
			t.Fatal(err)
		}
		if got := db.Ent(system).Author.GetX(system, person.ID); got.AvatarID != nil {
			t.Errorf("the author has the picture %d", *got.AvatarID)
		}
		if _, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey); gcerrors.Code(err) != gcerrors.NotFound {
			t.Errorf("the file: %v", err)
		}
		if err := e.Delete(author, m.ID, false); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("again: %v", err)
		}
		if entry := db.Ent(system).AuditEntry.Query().Where(auditentry.Action("deleteMedia")).OnlyX(system); !strings.Contains(string(entry.Before), "AVATAR aut_") {
			t.Errorf("the audit log says %s", entry.Before)
		}
	})
}
