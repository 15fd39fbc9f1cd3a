package media

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"image"
	_ "image/gif"  // for image.DecodeConfig
	_ "image/jpeg" // for image.DecodeConfig
	_ "image/png"  // for image.DecodeConfig
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
)

// format is one kind of file that is kept.
type format struct {
	contentType string
	extension   string
	kind        entmedia.Kind
	// size reads the sides of a picture from the file; nil where there are none.
	size func(io.ReadSeeker) (width, height int, err error)
}

// The formats. What is not here is refused: HTML, scripts, programs, archives.
var (
	jpegFormat = format{"image/jpeg", "jpg", entmedia.KindImage, decodeSize}
	pngFormat  = format{"image/png", "png", entmedia.KindImage, decodeSize}
	gifFormat  = format{"image/gif", "gif", entmedia.KindImage, decodeSize}
	webpFormat = format{"image/webp", "webp", entmedia.KindImage, webpSize}
	avifFormat = format{"image/avif", "avif", entmedia.KindImage, avifSize}
	svgFormat  = format{"image/svg+xml", "svg", entmedia.KindImage, svgSize}
	mp4Format  = format{"video/mp4", "mp4", entmedia.KindVideo, nil}
	webmFormat = format{"video/webm", "webm", entmedia.KindVideo, nil}
	m4aFormat  = format{"audio/mp4", "m4a", entmedia.KindAudio, nil}
	mp3Format  = format{"audio/mpeg", "mp3", entmedia.KindAudio, nil}
	oggFormat  = format{"audio/ogg", "ogg", entmedia.KindAudio, nil}
	wavFormat  = format{"audio/wav", "wav", entmedia.KindAudio, nil}
	pdfFormat  = format{"application/pdf", "pdf", entmedia.KindFile, nil}
)

// formatOf is the format of a key, the zero format for one that is not ours.
func formatOf(key string) format { return byExtension[strings.TrimPrefix(path.Ext(key), ".")] }

// byExtension finds the format of a key.
var byExtension = func() map[string]format {
	m := map[string]format{}
	for _, f := range []format{
		jpegFormat, pngFormat, gifFormat, webpFormat, avifFormat, svgFormat, mp4Format, webmFormat, m4aFormat, mp3Format, oggFormat, wavFormat, pdfFormat,
	} {
		m[f.extension] = f
	}
	return m
}()

// facts are what a file tells of itself.
type facts struct {
	format
	width, height int           // pixels; 0 unknown
	duration      time.Duration // of a film or sound; 0 unknown
}

// Bounds of a picture. Whoever makes another of it has to hold it in memory, at most
// six bytes a pixel.
const (
	maxPixels = 64_000_000
	maxSide   = 20_000
)

// inspect reads what a file is. SVG is refused unless it is the program's own.
func inspect(file io.ReadSeeker, size int64, ownMake bool) (facts, error) {
	head := make([]byte, min(size, 4096))
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return facts{}, fmt.Errorf("read the upload again: %w", err)
	}
	if _, err := io.ReadFull(file, head); err != nil {
		return facts{}, fmt.Errorf("read the upload again: %w", err)
	}
	f, err := sniff(head)
	if err != nil || f.extension == svgFormat.extension && !ownMake {
		return facts{}, fault.BadInput("file", "This is %s: pictures (JPEG, PNG, GIF, WebP, AVIF), films (MP4, WebM), sounds (MP3, M4A, Ogg, WAV) and PDF are.", errNoMedia)
	}
	found := facts{format: f, duration: durationOf(file, size, f)}
	if f.size == nil {
		return found, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return facts{}, fmt.Errorf("read the upload again: %w", err)
	}
	if found.width, found.height, err = f.size(file); err != nil {
		return facts{}, fault.BadInput("file", "The picture cannot be read.").WithCause(err)
	}
	if found.width > maxSide || found.height > maxSide || int64(found.width)*int64(found.height) > maxPixels {
		return facts{}, fault.Mistake(fault.TooLong, "file", "The picture has %d × %d pixels; %d on each side and %d in all are allowed.",
			found.width, found.height, maxSide, maxPixels)
	}
	return found, nil
}

// sniff tells the format by the first bytes of a file, by the signatures of
// https://mimesniff.spec.whatwg.org and the brands of ISO/IEC 14496-12.
func sniff(head []byte) (format, error) {
	starts := func(signature string) bool { return bytes.HasPrefix(head, []byte(signature)) }
	at := func(offset int, signature string) bool {
		return len(head) >= offset && bytes.HasPrefix(head[offset:], []byte(signature))
	}
	switch {
	case starts("\xff\xd8\xff"):
		return jpegFormat, nil
	case starts("\x89PNG\r\n\x1a\n"):
		return pngFormat, nil
	case starts("GIF87a"), starts("GIF89a"):
		return gifFormat, nil
	case starts("RIFF") && at(8, "WEBPVP"):
		return webpFormat, nil
	case starts("RIFF") && at(8, "WAVE"):
		return wavFormat, nil
	case at(4, "ftyp"):
		return sniffBrand(head)
	case starts("\x1a\x45\xdf\xa3") && bytes.Contains(head[:min(len(head), 64)], []byte("webm")):
		return webmFormat, nil
	case starts("OggS\x00"):
		return oggFormat, nil
	case starts("ID3"), isMP3Frame(head):
		return mp3Format, nil
	case starts("%PDF-"):
		return pdfFormat, nil
	case isSVG(head):
		return svgFormat, nil
	}
	return format{}, errNoMedia
}

// sniffBrand tells apart what shares the container of MP4 by its major brand.
func sniffBrand(head []byte) (format, error) {
	if len(head) < 12 {
		return format{}, errNoMedia
	}
	switch brand := string(head[8:12]); brand {
	case "avif", "avis":
		return avifFormat, nil
	case "M4A ", "M4B ":
		return m4aFormat, nil
	case "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "M4V ", "dash", "MSNV":
		return mp4Format, nil
	}
	return format{}, errNoMedia
}

// isMP3Frame reports whether head begins with a frame of MPEG audio, layer III,
// none of whose fields has a reserved value.
func isMP3Frame(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	h := binary.BigEndian.Uint32(head)
	version, layer, bitrate, rate := h>>19&3, h>>17&3, h>>12&15, h>>10&3
	return h>>21 == 0x7ff && version != 1 && layer == 1 && bitrate != 15 && bitrate != 0 && rate != 3
}

func isSVG(head []byte) bool {
	root, err := svgRoot(bytes.NewReader(head))
	return err == nil && root.Name.Local == "svg"
}

// decodeSize reads the head of a picture that the standard library knows.
func decodeSize(r io.ReadSeeker) (width, height int, err error) {
	c, _, err := image.DecodeConfig(r)
	return c.Width, c.Height, err
}

// webpSize reads the first chunk of a WebP file: VP8X with the size of the
// canvas, or a picture of the kinds VP8 and VP8L (RFC 9649, sections 2.5-2.7).
func webpSize(r io.ReadSeeker) (width, height int, err error) {
	head := make([]byte, 30)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, 0, err
	}
	data := head[20:]
	switch string(head[12:16]) {
	case "VP8X":
		side := func(b []byte) int { return 1 + int(b[0]) + int(b[1])<<8 + int(b[2])<<16 }
		return side(data[4:]), side(data[7:]), nil
	case "VP8L":
		bits := binary.LittleEndian.Uint32(data[1:])
		if data[0] != 0x2f {
			break
		}
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), nil
	case "VP8 ":
		if !bytes.Equal(data[3:6], []byte{0x9d, 0x01, 0x2a}) {
			break
		}
		return int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff), nil
	}
	return 0, 0, fmt.Errorf("webp: no size in the first chunk %q", head[12:16])
}

// avifSize gives the largest of the sizes (ispe boxes, ISO/IEC 23008-12) among
// the properties in the head of the file: the picture itself, beside which
// thumbnails and tiles may stand.
func avifSize(r io.ReadSeeker) (width, height int, err error) {
	head, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if err != nil {
		return 0, 0, err
	}
	for {
		_, rest, found := bytes.Cut(head, []byte("ispe\x00\x00\x00\x00"))
		if !found || len(rest) < 8 {
			break
		}
		w, h := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
		const maxSide = 1 << 16
		if w <= maxSide && h <= maxSide && int(w)*int(h) > width*height {
			width, height = int(w), int(h)
		}
		head = rest
	}
	if width == 0 {
		return 0, 0, fmt.Errorf("avif: no size in the head")
	}
	return width, height, nil
}

// svgSize reads the sides of a drawing from its root, or from its view box.
func svgSize(r io.ReadSeeker) (width, height int, err error) {
	root, err := svgRoot(r)
	if err != nil {
		return 0, 0, err
	}
	var w, h, boxW, boxH float64
	for _, a := range root.Attr {
		switch a.Name.Local {
		case "width":
			w, _ = strconv.ParseFloat(strings.TrimSuffix(a.Value, "px"), 64)
		case "height":
			h, _ = strconv.ParseFloat(strings.TrimSuffix(a.Value, "px"), 64)
		case "viewBox":
			if sides := strings.Fields(strings.ReplaceAll(a.Value, ",", " ")); len(sides) == 4 {
				boxW, _ = strconv.ParseFloat(sides[2], 64)
				boxH, _ = strconv.ParseFloat(sides[3], 64)
			}
		}
	}
	if w == 0 || h == 0 {
		w, h = boxW, boxH
	}
	if !(w >= 0 && h >= 0 && w <= 1<<16 && h <= 1<<16) {
		return 0, 0, nil // a drawing has no size of its own
	}
	return int(w), int(h), nil
}

// svgRoot gives the first element of an XML document.
func svgRoot(r io.Reader) (xml.StartElement, error) {
	d := xml.NewDecoder(io.LimitReader(r, 64<<10))
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if e, ok := t.(xml.StartElement); ok {
			return e, nil
		}
	}
}
