package media

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"

	"github.com/bep/imagemeta"
	"github.com/gen2brain/webp"
)

// described is what a picture says of itself beside its pixels.
type described struct {
	orientation     int // by the EXIF standard: 1 upright, 2 to 8 otherwise
	caption, credit string
	alt             string
}

// describe reads the metadata of a picture: which side is up, and the caption and
// credit that agencies write into it (IPTC, or XMP where that says nothing), and the
// alternative text (XMP). Metadata that cannot be read are none.
func describe(file io.ReadSeeker, f format) (d described) {
	d.orientation = 1
	kinds := map[string]imagemeta.ImageFormat{jpegFormat.contentType: imagemeta.JPEG, pngFormat.contentType: imagemeta.PNG, webpFormat.contentType: imagemeta.WebP}
	kind, ok := kinds[f.contentType]
	if !ok {
		return d
	}
	from := file
	if f.contentType == webpFormat.contentType {
		told, err := metadataOfWebP(file)
		if err != nil {
			return d
		}
		from = bytes.NewReader(told)
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return d
	}
	var byLine string
	xmp := map[string]string{}
	handle := func(tag imagemeta.TagInfo) error {
		text, _ := tag.Value.(string)
		switch {
		case tag.Source == imagemeta.EXIF && tag.Tag == "Orientation":
			if n, ok := tag.Value.(uint16); ok && n >= 1 && n <= 8 {
				d.orientation = int(n)
			}
		case tag.Source == imagemeta.IPTC && tag.Tag == "Caption-Abstract":
			d.caption = text
		case tag.Source == imagemeta.IPTC && tag.Tag == "Credit":
			d.credit = text
		case tag.Source == imagemeta.IPTC && tag.Tag == "By-line":
			byLine = text
		case tag.Source == imagemeta.XMP:
			if all, ok := tag.Value.([]string); ok && len(all) > 0 { // one for each language, the first for all
				text = all[0]
			}
			if xmp[tag.Tag] == "" {
				xmp[tag.Tag] = text
			}
		}
		return nil
	}
	_, _ = imagemeta.Decode(imagemeta.Options{ // what was read before an error is good
		R: from, ImageFormat: kind, Sources: imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP, HandleTag: handle, Warnf: func(string, ...any) {},
	})
	if d.orientation > 1 && moves(file, f) {
		d.orientation = 1 // one frame would be left
	}
	// Of dc:description, photoshop:Credit, dc:creator and Iptc4xmpCore:AltTextAccessibility.
	d.caption, d.alt = cmp.Or(d.caption, xmp["Description"]), xmp["AltTextAccessibility"]
	d.credit = cmp.Or(d.credit, byLine, xmp["Credit"], xmp["Creator"])
	for _, text := range []*string{&d.caption, &d.credit, &d.alt} {
		if *text = clean(*text); len(*text) > maxText {
			*text = ""
		}
	}
	return d
}

// maxMetadata bounds the metadata of a WebP that are read, of each kind.
const maxMetadata = 1 << 20

// metadataOfWebP gives a WebP of nothing but metadata. The library that reads these loses its
// way behind a chunk of an odd length, as pictures often have.
func metadataOfWebP(file io.ReadSeeker) ([]byte, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	err = eachChunk(file, size, func(c chunk) (err error) {
		if c.kind != "EXIF" && c.kind != "XMP " || c.size > maxMetadata || parts[c.kind] != nil {
			return nil
		}
		parts[c.kind], err = readChunk(file, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	if data := parts["EXIF"]; data != nil {
		binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8)) // with what it was filled up with
	}
	told := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flagsEXIFAndXMP, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return slices.Concat(told, parts["EXIF"], parts["XMP "]), nil
}

// moves reports whether a PNG or WebP is an animation.
func moves(file io.ReadSeeker, f format) bool {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false
	}
	switch f.contentType {
	case pngFormat.contentType:
		found := false
		_, _ = headOfPNG(file, func(kind string, _ []byte) { found = found || kind == "acTL" })
		return found
	case webpFormat.contentType:
		head := make([]byte, 21)
		_, err := io.ReadFull(file, head)
		const animation = 0x02
		return err == nil && string(head[12:16]) == "VP8X" && head[20]&animation != 0
	}
	return false
}

// headOfPNG gives the header of a PNG, with the signature, and the chunks before its pixels
// one by one, but for those that are too long to be about colours.
func headOfPNG(r io.Reader, each func(kind string, chunk []byte)) ([]byte, error) {
	head := make([]byte, 33)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, errTruncated
	}
	for {
		chunk := make([]byte, 8)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, errTruncated
		}
		kind, rest := string(chunk[4:]), int64(binary.BigEndian.Uint32(chunk))+4 // with its checksum
		if kind == "IDAT" || kind == "IEND" {
			return head, nil
		}
		if rest > maxProfile {
			if n, err := io.CopyN(io.Discard, r, rest); err != nil {
				return nil, truncatedAfter(n, rest, err)
			}
			continue
		}
		chunk = append(chunk, make([]byte, rest)...)
		if _, err := io.ReadFull(r, chunk[8:]); err != nil {
			return nil, errTruncated
		}
		each(kind, chunk)
	}
}

// maxProfile bounds a colour profile.
const maxProfile = 4 << 20

// upright writes a picture turned the way that its metadata ask for, without these but with
// its colours.
func upright(w io.Writer, file io.ReadSeeker, size int64, f format, orientation int) error {
	switch f.contentType {
	case pngFormat.contentType:
		return uprightPNG(w, file, orientation)
	case webpFormat.contentType:
		return uprightWebP(w, file, size, orientation)
	}
	return uprightJPEG(w, file, orientation)
}

// coloursOfPNG are the chunks that say which colours the numbers of a PNG mean.
const coloursOfPNG = "gAMA cHRM sRGB iCCP cICP mDCV cLLI"

func uprightPNG(w io.Writer, file io.ReadSeeker, orientation int) error {
	src, err := decodePicture(file, pngFormat)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the upload again: %w", err)
	}
	var colours []byte
	head, err := headOfPNG(bufio.NewReader(file), func(kind string, chunk []byte) {
		if strings.Contains(coloursOfPNG, kind) && len(colours)+len(chunk) <= 2*maxProfile {
			colours = append(colours, chunk...)
		}
	})
	if err != nil {
		return err
	}
	if grey := head[25]&2 == 0; grey {
		colours = nil // its profile is about other colours than those of the new picture
	}
	return png.Encode(&insert{w: w, n: len(head), text: colours}, turn(src, orientation))
}

func uprightWebP(w io.Writer, file io.ReadSeeker, size int64, orientation int) error {
	src, err := decodePicture(file, webpFormat)
	if err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	chunks, _, err := chunksOf(file, size)
	if err != nil {
		return err
	}
	how := webp.Options{Quality: uprightQuality, Method: webpMethod}
	var profile []byte
	for _, c := range chunks {
		how.Lossless = how.Lossless || c.kind == "VP8L"
		if c.kind == "ICCP" && c.size <= maxProfile {
			if profile, err = readChunk(file, c); err != nil {
				return err
			}
		}
	}
	var made bytes.Buffer
	turned := turn(src, orientation)
	if err := webp.Encode(&made, turned, how); err != nil {
		return fmt.Errorf("write a WebP: %w", err)
	}
	if profile == nil {
		_, err = w.Write(made.Bytes())
		return err
	}
	return withProfile(w, made.Bytes(), profile, turned.Bounds())
}

// withProfile writes a WebP with a colour profile, which the encoder does not know (RFC
// 9649, section 2.7).
func withProfile(w io.Writer, made, profile []byte, size image.Rectangle) error {
	chunks, _, err := chunksOf(bytes.NewReader(made), int64(len(made)))
	if err != nil {
		return err
	}
	const hasProfile, hasAlpha = 0x20, 0x10
	flags := byte(hasProfile)
	var rest []byte
	for _, c := range chunks {
		data := made[c.at : c.at+c.size]
		switch c.kind {
		case "VP8X":
			flags |= data[8] & hasAlpha
			continue
		case "VP8L":
			flags |= hasAlpha // as may be
		}
		rest = append(rest, data...)
	}
	le := binary.LittleEndian
	head := le.AppendUint32([]byte("RIFF"), uint32(4+18+len(profile)+len(rest)))
	head = append(le.AppendUint32(append(head, "WEBPVP8X"...), 10), flags, 0, 0, 0)
	for _, side := range []int{size.Dx() - 1, size.Dy() - 1} {
		head = append(head, byte(side), byte(side>>8), byte(side>>16))
	}
	_, err = w.Write(slices.Concat(head, profile, rest))
	return err
}

// insert puts a text behind the first bytes that are written.
type insert struct {
	w    io.Writer
	n    int
	text []byte
}

// Write implements io.Writer.
func (i *insert) Write(p []byte) (int, error) {
	if i.n == 0 {
		return i.w.Write(p)
	}
	first := min(i.n, len(p))
	n, err := i.w.Write(p[:first])
	if i.n -= n; err != nil || i.n > 0 {
		return n, err
	}
	if _, err := i.w.Write(i.text); err != nil {
		return n, err
	}
	rest, err := i.w.Write(p[first:])
	return n + rest, err
}

// uprightQuality is that of JPEGs and WebPs whose orientation was applied: high, for all
// variants are made from them.
const uprightQuality = 92

func uprightJPEG(w io.Writer, file io.ReadSeeker, orientation int) error {
	src, err := decodePicture(file, jpegFormat)
	if err != nil {
		return err
	}
	profile, err := profileOf(file)
	if err != nil {
		return err
	}
	if _, cmyk := src.(*image.CMYK); cmyk {
		profile = nil // it is about other colours than those of the new picture
	}
	if _, err := w.Write([]byte{0xff, markerSOI}); err != nil {
		return err
	}
	if _, err := w.Write(profile); err != nil {
		return err
	}
	return jpeg.Encode(&skip{w: w, n: 2}, turn(src, orientation), &jpeg.Options{Quality: uprightQuality})
}

// skip leaves out the first bytes that are written.
type skip struct {
	w io.Writer
	n int
}

// Write implements io.Writer.
func (s *skip) Write(p []byte) (int, error) {
	left := min(s.n, len(p))
	s.n -= left
	n, err := s.w.Write(p[left:])
	return left + n, err
}

// profileOf gives the segments with the colour profile of a JPEG, as they are.
func profileOf(file io.ReadSeeker) ([]byte, error) {
	if _, err := file.Seek(2, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the upload again: %w", err)
	}
	r := bufio.NewReader(file)
	var profile []byte
	for {
		marker, err := nextMarker(r)
		if err != nil {
			return nil, err
		}
		if marker == markerSOS || marker == markerEOI {
			return profile, nil
		}
		data, err := segment(r)
		if err != nil {
			return nil, err
		}
		if marker == markerAPP0+2 && bytes.HasPrefix(data, []byte("ICC_PROFILE\x00")) && len(profile) < maxProfile {
			n := len(data) + 2
			profile = append(append(profile, 0xff, marker, byte(n>>8), byte(n)), data...)
		}
	}
}

// turn gives a picture as its orientation asks for (EXIF 2.32, 4.6.4 A).
func turn(src image.Image, orientation int) image.Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	// from tells where the pixel at x, y of the turned picture was.
	from := map[int]func(x, y int) (int, int){
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, h - 1 - x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return w - 1 - y, x },
	}[orientation]
	if from == nil {
		return src
	}
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	if see, ok := src.(interface{ Opaque() bool }); !ok || !see.Opaque() {
		dst := image.NewNRGBA(size)
		for y := range size.Dy() {
			for x := range size.Dx() {
				sx, sy := from(x, y)
				dst.SetNRGBA(x, y, color.NRGBAModel.Convert(src.At(b.Min.X+sx, b.Min.Y+sy)).(color.NRGBA)) //nolint:forcetypeassert // of its model
			}
		}
		return dst
	}
	dst := image.NewRGBA(size)
	ycbcr, _ := src.(*image.YCbCr)
	for y := range size.Dy() {
		row := dst.Pix[y*dst.Stride:]
		for x := range size.Dx() {
			sx, sy := from(x, y)
			var r, g, bl uint8
			if ycbcr != nil {
				c := ycbcr.YCbCrAt(b.Min.X+sx, b.Min.Y+sy)
				r, g, bl = color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
			} else {
				r16, g16, b16, _ := src.At(b.Min.X+sx, b.Min.Y+sy).RGBA()
				r, g, bl = uint8(r16>>8), uint8(g16>>8), uint8(b16>>8)
			}
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = r, g, bl, 0xff
		}
	}
	return dst
}
