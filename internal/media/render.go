package media

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"github.com/bbrks/go-blurhash"
	"github.com/gen2brain/webp"
	"github.com/kovidgoyal/imaging"
	"github.com/kovidgoyal/imaging/prism/meta/icc"
)

// decodeBudget bounds what all pictures that are at work at once in this process may
// take, in bytes. A picture that needs more by itself is shown as it came.
const decodeBudget = 192 << 20

// Qualities of variants, of 100.
const (
	jpegQuality = 82
	webpQuality = 80
	// webpMethod is how hard the encoder tries, of 6.
	webpMethod = 4
)

// needs estimates what decoding a picture takes, in bytes, from its head.
func needs(file io.ReadSeeker, f format, width, height int) (int64, error) {
	pixels := int64(width) * int64(height)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read the picture: %w", err)
	}
	switch f.contentType {
	case jpegFormat.contentType:
		quarters, err := jpegNeeds(bufio.NewReader(file))
		return pixels * quarters / 4, err
	case pngFormat.contentType:
		head := make([]byte, 29)
		if _, err := io.ReadFull(file, head); err != nil {
			return 0, errTruncated
		}
		each := int64(4)
		if head[24] == 16 {
			each = 8
		}
		if head[28] != 0 { // interlaced: its passes stand beside the whole
			each *= 2
		}
		return pixels * each, nil
	case gifFormat.contentType:
		return pixels * 2, nil
	}
	return pixels * 10, nil // WebP holds its planes and the whole
}

// jpegNeeds gives the quarters of a byte that decoding takes for each pixel. A
// progressive picture holds all its coefficients, of four bytes, until its end.
func jpegNeeds(r *bufio.Reader) (int64, error) {
	if _, err := r.Discard(2); err != nil {
		return 0, errTruncated
	}
	for {
		marker, err := nextMarker(r)
		if err != nil {
			return 0, err
		}
		data, err := segment(r)
		if err != nil {
			return 0, err
		}
		if marker < 0xc0 || marker > 0xc2 {
			if marker == markerSOS || marker == markerEOI {
				return 0, errBroken
			}
			continue
		}
		if len(data) < 6 || len(data) < 6+3*int(data[5]) || data[5] == 0 {
			return 0, errBroken
		}
		var sum, h, v int64
		for i := range int(data[5]) {
			b := data[6+3*i+1]
			h, v = max(h, int64(b>>4)), max(v, int64(b&15))
			sum += int64(b>>4) * int64(b&15)
		}
		if h == 0 || v == 0 {
			return 0, errBroken
		}
		quarters := (4*sum + h*v - 1) / (h * v)
		if data[5] == 4 {
			quarters *= 2
		}
		if marker == 0xc2 {
			quarters *= 5
		}
		return quarters, nil
	}
}

// adobeMark gives what a JPEG of four inks begins with that does not say how their numbers
// are meant: browsers take them as Adobe's programs write them, and the decoder takes none
// without that mark. It is nil for any other JPEG.
func adobeMark(r *bufio.Reader) []byte {
	if _, err := r.Discard(2); err != nil {
		return nil
	}
	for inks := 0; ; {
		marker, err := nextMarker(r)
		if err != nil || marker == markerEOI {
			return nil // the decoder says what is wrong
		}
		if marker == markerSOS {
			if inks != 4 {
				return nil
			}
			return append([]byte{0xff, markerSOI, 0xff, markerAPP0 + 14, 0, 14}, "Adobe\x00\x64\x00\x00\x00\x00\x00"...)
		}
		data, err := segment(r)
		if err != nil || marker == markerAPP0+14 && bytes.HasPrefix(data, []byte("Adobe")) {
			return nil
		}
		if marker >= 0xc0 && marker <= 0xc2 && len(data) > 5 {
			inks = int(data[5])
		}
	}
}

// decodePicture decodes a picture; of those that move, the first frame.
func decodePicture(file io.ReadSeeker, f format) (image.Image, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	r := bufio.NewReaderSize(file, 64<<10)
	switch f.contentType {
	case jpegFormat.contentType:
		mark := adobeMark(r)
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the picture: %w", err)
		}
		r.Reset(file)
		if mark == nil {
			return jpeg.Decode(r)
		}
		if _, err := r.Discard(2); err != nil {
			return nil, errTruncated
		}
		return jpeg.Decode(io.MultiReader(bytes.NewReader(mark), r))
	case pngFormat.contentType:
		return png.Decode(r)
	case gifFormat.contentType:
		return gif.Decode(r)
	case webpFormat.contentType:
		m, err := webp.Decode(r)
		if err != nil {
			return nil, err
		}
		// The library that scales does not know the transparency of this type.
		out := image.NewNRGBA(m.Bounds())
		draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Src)
		return out, nil
	}
	return nil, errNoMedia
}

// baseOf gives a picture in the size that all its variants are cut from, in the
// colours of the web.
func baseOf(file io.ReadSeeker, f format) (*image.NRGBA, error) {
	src, err := decodePicture(file, f)
	if err != nil {
		return nil, err
	}
	var picture *image.NRGBA
	if w, h := fit(src.Bounds().Dx(), src.Bounds().Dy()); w == src.Bounds().Dx() && h == src.Bounds().Dy() {
		picture = imaging.Clone(src)
	} else {
		picture = imaging.Resize(src, w, h, imaging.Lanczos).(*image.NRGBA)
	}
	if _, cmyk := src.(*image.CMYK); cmyk {
		return picture, nil // its profile is about other colours
	}
	return inWebColours(file, f, picture), nil
}

// inWebColours converts a picture with a colour profile to sRGB, for variants have
// none. A profile that cannot be read changes nothing.
func inWebColours(file io.ReadSeeker, f format, base *image.NRGBA) *image.NRGBA {
	data := profileData(file, f)
	if len(data) == 0 {
		return base
	}
	profile, err := icc.DecodeProfile(bytes.NewReader(data))
	if err != nil || profile.Header.DataColorSpace != icc.ColorSpaceRGB {
		return base
	}
	converted, err := imaging.ConvertToSRGB(profile, icc.RelativeColorimetricRenderingIntent, true, base)
	if err != nil {
		return base
	}
	if same, ok := converted.(*image.NRGBA); ok {
		return same
	}
	return imaging.Clone(converted)
}

// profileData gives the colour profile of a picture, nil when it has none.
func profileData(file io.ReadSeeker, f format) []byte {
	switch f.contentType {
	case jpegFormat.contentType:
		return profileOfJPEG(file)
	case pngFormat.contentType:
		return profileOfPNG(file)
	case webpFormat.contentType:
		return profileOfWebP(file)
	}
	return nil
}

func profileOfPNG(file io.ReadSeeker) (data []byte) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil
	}
	seen := false
	_, err := headOfPNG(bufio.NewReader(file), func(kind string, chunk []byte) {
		if kind != "iCCP" || seen { // only one is allowed, and unpacking takes time
			return
		}
		seen = true
		// A name, how it is compressed, and what is compressed (PNG, section 11.3.2.3).
		_, packed, found := bytes.Cut(chunk[8:len(chunk)-4], []byte{0})
		if !found || len(packed) < 2 || packed[0] != 0 {
			return
		}
		r, err := zlib.NewReader(bytes.NewReader(packed[1:]))
		if err != nil {
			return
		}
		if data, err = io.ReadAll(io.LimitReader(r, maxProfile+1)); err != nil || len(data) > maxProfile {
			data = nil
		}
	})
	if err != nil {
		return nil
	}
	return data
}

func profileOfWebP(file io.ReadSeeker) []byte {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	var profile []byte
	err = eachChunk(file, size, func(c chunk) (err error) {
		if c.kind != "ICCP" || c.size > maxProfile || profile != nil {
			return nil
		}
		profile, err = readChunk(file, c)
		return err
	})
	if err != nil || profile == nil {
		return nil
	}
	return profile[8:]
}

func profileOfJPEG(file io.ReadSeeker) []byte {
	segments, err := profileOf(file)
	if err != nil {
		return nil
	}
	const head = 2 + 2 + 14 // marker, length, name with the number of the part
	var data []byte
	for len(segments) >= head {
		n := 2 + int(segments[2])<<8 + int(segments[3])
		if n > len(segments) {
			return nil
		}
		data = append(data, segments[head:n]...)
		segments = segments[n:]
	}
	return data
}

// render makes a variant from a base.
func render(w io.Writer, base *image.NRGBA, v Variant, f focus) error {
	b := base.Bounds()
	part := cut(b.Dx(), b.Dy(), v.Ratio, f)
	var picture image.Image = base
	if part != image.Rect(0, 0, b.Dx(), b.Dy()) {
		picture = imaging.Crop(base, part.Add(b.Min))
	}
	if v.Width < part.Dx() {
		height := max(1, (part.Dy()*v.Width+part.Dx()/2)/part.Dx())
		if v.Ratio != (Ratio{}) {
			height = max(1, (v.Width*v.Ratio.H+v.Ratio.W/2)/v.Ratio.W)
		}
		picture = imaging.Resize(picture, v.Width, height, imaging.Lanczos)
	}
	switch v.Format {
	case JPEG:
		return jpeg.Encode(w, onWhite(picture), &jpeg.Options{Quality: jpegQuality})
	case PNG:
		return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, picture)
	case WebP:
		return webp.Encode(w, picture, webp.Options{Quality: webpQuality, Method: webpMethod})
	}
	return errors.New("no such format: " + strings.ToValidUTF8(string(v.Format), ""))
}

// placeholder gives a picture in a few characters (https://blurha.sh), of four parts
// across and three down, or the other way round.
func placeholder(base *image.NRGBA) (string, error) {
	const side = 32
	small, across, down := imaging.Resize(base, side, 0, imaging.Box), 4, 3
	if base.Bounds().Dy() > base.Bounds().Dx() {
		small, across, down = imaging.Resize(base, 0, side, imaging.Box), 3, 4
	}
	text, err := blurhash.Encode(across, down, onWhite(small))
	if err != nil {
		return "", fmt.Errorf("make a placeholder: %w", err)
	}
	return text, nil
}

// onWhite lays what shows through on white, for JPEG has no transparency.
func onWhite(m image.Image) image.Image {
	b := m.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, a := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
			rest := 0xffff - a
			out.SetRGBA(x, y, color.RGBA{uint8((r + rest) >> 8), uint8((g + rest) >> 8), uint8((bl + rest) >> 8), 0xff})
		}
	}
	return out
}
