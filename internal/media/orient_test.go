package media

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"slices"
	"testing"

	"github.com/gen2brain/webp"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// sides is red on its left and see-through blue on its right, twice as wide as high.
func sides(alpha uint8) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			c := color.NRGBA{R: 255, A: 255}
			if x >= 32 {
				c = color.NRGBA{B: 255, A: alpha}
			}
			p.SetNRGBA(x, y, c)
		}
	}
	return p
}

func pngChunk(kind, data string) []byte {
	c := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), kind+data...)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}

func riffChunk(kind, data string) []byte {
	c := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data))), data...)
	return append(c, make([]byte, len(data)%2)...)
}

// tiff is what EXIF has in a PNG and a WebP: without the name that a JPEG gives to it.
func tiff(orientation int) string { return string(exif(orientation)[10:]) }

// turnedPNG is a picture with an orientation, a colour profile's name and more chunks.
func turnedPNG(t *testing.T, p image.Image, orientation int, more ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	return slices.Concat(data[:33], slices.Concat(more...), pngChunk("eXIf", tiff(orientation)), data[33:])
}

// turnedWebP is a picture with an orientation and a colour profile.
func turnedWebP(t *testing.T, p image.Image, orientation int, how webp.Options, flags byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := webp.Encode(&b, p, how); err != nil {
		t.Fatal(err)
	}
	chunks, _, err := chunksOf(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	size := p.Bounds()
	rest := riffChunk("VP8X", string([]byte{flags | 0x20 | 0x10 | 0x08, 0, 0, 0, byte(size.Dx() - 1), 0, 0, byte(size.Dy() - 1), 0, 0}))
	rest = append(rest, riffChunk("ICCP", "profile")...)
	for _, c := range chunks {
		if c.kind != "VP8X" {
			rest = append(rest, b.Bytes()[c.at:c.at+c.size]...)
		}
	}
	rest = append(rest, riffChunk("EXIF", tiff(orientation))...)
	return slices.Concat(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(rest)+4)), []byte("WEBP"), rest)
}

// TestUploadTurnsPNGAndWebPUpright, and keeps transparency and colours.
func TestUploadTurnsPNGAndWebPUpright(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	gamma := pngChunk("gAMA", "\x00\x00\xb1\x8f")
	for orientation, red := range map[int][2]float64{1: {.25, .5}, 2: {.75, .5}, 3: {.75, .5}, 4: {.25, .5}, 5: {.5, .25}, 6: {.5, .25}, 7: {.5, .75}, 8: {.5, .75}} {
		for name, c := range map[string]struct {
			data []byte
			kept []byte // what must be in the file
		}{
			"a.png":         {turnedPNG(t, sides(128), orientation, gamma), gamma},
			"opaque.png":    {turnedPNG(t, sides(255), orientation, gamma), gamma},
			"lossy.webp":    {turnedWebP(t, sides(128), orientation, webp.Options{Quality: 90}, 0), []byte("ICCP\x07\x00\x00\x00profile")},
			"lossless.webp": {turnedWebP(t, sides(128), orientation, webp.Options{Lossless: true}, 0), []byte("ICCP\x07\x00\x00\x00profile")},
			"opaque.webp":   {turnedWebP(t, sides(255), orientation, webp.Options{Quality: 90}, 0), []byte("ICCP\x07\x00\x00\x00profile")},
		} {
			m, err := e.upload(as(t, access.Author, 7), name, c.data, Words{Alt: fmt.Sprint(orientation)})
			if err != nil {
				t.Fatalf("%s %d: %v", name, orientation, err)
			}
			kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey)
			if err != nil {
				t.Fatal(err)
			}
			facts, err := inspect(bytes.NewReader(kept), int64(len(kept)), false)
			if err != nil {
				t.Fatalf("%s %d: %v", name, orientation, err)
			}
			p, err := decodePicture(bytes.NewReader(kept), formatOf(m.BlobKey))
			if err != nil {
				t.Fatalf("%s %d: %v", name, orientation, err)
			}
			size := p.Bounds().Size()
			if upright := orientation < 5; size.X != m.Width || size.Y != m.Height || facts.width != m.Width || facts.height != m.Height || upright != (size.X == 64) {
				t.Errorf("%s %d: %v, noted as %d × %d", name, orientation, size, m.Width, m.Height)
			}
			at := func(x, y float64) color.NRGBA {
				return color.NRGBAModel.Convert(p.At(int(x*float64(size.X)), int(y*float64(size.Y)))).(color.NRGBA)
			}
			here, there := at(red[0], red[1]), at(1-red[0], 1-red[1])
			if here.R < 200 || here.A < 250 || there.B < 200 || (there.A > 250) != (name[0] == 'o') {
				t.Errorf("%s %d: %v where red is, %v elsewhere", name, orientation, here, there)
			}
			if bytes.Contains(kept, []byte("GPS")) || !bytes.Contains(kept, c.kept) {
				t.Errorf("%s %d: the place is kept, or the colours are not", name, orientation)
			}
		}
	}
}

// TestAnimationsAreNotTurned: of one that is turned a single frame would be left.
func TestAnimationsAreNotTurned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		f    format
	}{
		"PNG":  {turnedPNG(t, sides(255), 6, pngChunk("acTL", "\x00\x00\x00\x02\x00\x00\x00\x00")), pngFormat},
		"WebP": {turnedWebP(t, sides(255), 6, webp.Options{}, 0x02), webpFormat},
	} {
		if d := describe(bytes.NewReader(c.data), c.f); d.orientation != 1 {
			t.Errorf("%s: %d", name, d.orientation)
		}
	}
	if d := describe(bytes.NewReader(turnedPNG(t, sides(255), 6)), pngFormat); d.orientation != 6 {
		t.Errorf("a picture: %d", d.orientation)
	}
}

// TestInksBecomeColours: a JPEG of four inks in each of the ways in which they are written,
// the file of ImageMagick being of the first.
func TestInksBecomeColours(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	ycck, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	const mark, transform = 2 + 16, 2 + 15 // where the mark of Adobe ends, and its last byte
	cmyk := bytes.Clone(ycck)
	cmyk[transform] = 0
	bare := slices.Concat(ycck[:2], ycck[mark:])
	for name, c := range map[string]struct {
		data []byte
		want [3]uint8 // left
	}{
		"YCCK": {ycck, [3]uint8{167, 148, 118}},
		// The same numbers as inks, as libjpeg reads them.
		"CMYK":           {cmyk, [3]uint8{105, 146, 116}},
		"without a mark": {bare, [3]uint8{105, 146, 116}},
	} {
		for orientation := range 2 {
			data := c.data
			if orientation = orientation*2 + 1; orientation > 1 {
				data = withSegments(data, exif(orientation))
			}
			m, err := e.upload(as(t, access.Author, 7), "a.jpg", data, Words{Alt: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey)
			if err != nil {
				t.Fatal(err)
			}
			p, err := baseOf(bytes.NewReader(kept), jpegFormat)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			x := 8
			if orientation == 3 {
				x = 56
			}
			got := p.NRGBAAt(x, 16)
			for i, v := range []uint8{got.R, got.G, got.B} {
				if max(v, c.want[i])-min(v, c.want[i]) > 6 {
					t.Errorf("%s, orientation %d: %v, want %v", name, orientation, got, c.want)
					break
				}
			}
		}
	}
}

// exchanged is a colour profile (ICC.1:2001-04) of the primaries of sRGB with red and blue in
// each other's place.
func exchanged() string {
	b := binary.BigEndian
	fixed := func(data []byte, values ...float64) []byte {
		for _, v := range values {
			data = b.AppendUint32(data, uint32(int32(v*65536)))
		}
		return data
	}
	xyz := func(x, y, z float64) []byte { return fixed([]byte("XYZ \x00\x00\x00\x00"), x, y, z) }
	curve := []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33\x00\x00") // to the power of 2.2
	red, green, blue := xyz(.43607, .22249, .01392), xyz(.38515, .71687, .09708), xyz(.14307, .06061, .7141)
	tags := []struct {
		name string
		data []byte
	}{{"rXYZ", blue}, {"gXYZ", green}, {"bXYZ", red}, {"wtpt", xyz(.9642, 1, .8249)}, {"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve}}
	table, data := b.AppendUint32(nil, uint32(len(tags))), []byte{}
	for _, tag := range tags {
		table = b.AppendUint32(b.AppendUint32(append(table, tag.name...), uint32(128+4+12*len(tags)+len(data))), uint32(len(tag.data)))
		data = append(data, tag.data...)
	}
	head := make([]byte, 128)
	b.PutUint32(head, uint32(128+len(table)+len(data)))
	copy(head[8:], "\x02\x40\x00\x00mntrRGB XYZ ")
	copy(head[36:], "acsp")
	copy(head[68:], fixed(nil, .9642, 1, .8249))
	return string(slices.Concat(head, table, data))
}

// TestColoursAreThoseOfTheProfile of each format that can have one.
func TestColoursAreThoseOfTheProfile(t *testing.T) {
	t.Parallel()
	profile := exchanged()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write([]byte(profile))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := webp.Encode(&b, sides(255), webp.Options{Lossless: true}); err != nil {
		t.Fatal(err)
	}
	var inWebP bytes.Buffer
	if err := withProfile(&inWebP, b.Bytes(), riffChunk("ICCP", profile), sides(255).Bounds()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		f    format
	}{
		"JPEG": {withSegments(aJPEG(t), jpegSegment(0xe2, "ICC_PROFILE\x00\x01\x01"+profile)), jpegFormat},
		"PNG":  {turnedPNG(t, sides(255), 1, pngChunk("iCCP", "p\x00\x00"+packed.String())), pngFormat},
		"WebP": {inWebP.Bytes(), webpFormat},
	} {
		p, err := baseOf(bytes.NewReader(c.data), c.f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if left, right := p.NRGBAAt(8, 16), p.NRGBAAt(56, 16); left.B < 200 || left.R > 60 || right.R < 200 || right.B > 60 {
			t.Errorf("%s: %v and %v", name, left, right)
		}
	}
	// What is damaged changes nothing.
	for name, chunk := range map[string][]byte{"no name": pngChunk("iCCP", "p"), "no data": pngChunk("iCCP", "p\x00\x00xx"), "no profile": pngChunk("iCCP", "p\x00\x00"+packed.String()[:20])} {
		p, err := baseOf(bytes.NewReader(turnedPNG(t, sides(255), 1, chunk)), pngFormat)
		if err != nil || p.NRGBAAt(8, 16).R < 200 {
			t.Errorf("%s: %v", name, err)
		}
		// Only the first counts, so that nobody has many of them unpacked.
		p, err = baseOf(bytes.NewReader(turnedPNG(t, sides(255), 1, chunk, pngChunk("iCCP", "p\x00\x00"+packed.String()))), pngFormat)
		if err != nil || p.NRGBAAt(8, 16).R < 200 {
			t.Errorf("%s, before another: %v", name, err)
		}
	}
}
