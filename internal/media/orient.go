package media

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"github.com/bep/imagemeta"
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
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return d
	}
	var byLine string
	xmp := map[string]string{}
	handle := func(tag imagemeta.TagInfo) error {
		text, _ := tag.Value.(string)
		switch {
		case tag.Source == imagemeta.EXIF && tag.Tag == "Orientation" && f.contentType == jpegFormat.contentType:
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
		R: file, ImageFormat: kind, Sources: imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP, HandleTag: handle, Warnf: func(string, ...any) {},
	})
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

// uprightQuality is that of JPEGs whose orientation was applied: high, for all
// variants are made from them.
const uprightQuality = 92

// upright writes a JPEG turned the way that its metadata ask for, without these
// but with its colour profile.
func upright(w io.Writer, file io.ReadSeeker, orientation int) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the upload again: %w", err)
	}
	src, err := jpeg.Decode(bufio.NewReader(file))
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
		const maxProfile = 4 << 20
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
