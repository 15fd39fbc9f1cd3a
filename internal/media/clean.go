package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// What cameras and programs write beside a picture tells where it was taken, with
// which device and by whom, and room for it holds other files as well. It is left
// out here without a change of the picture itself: of the metadata only what its
// colours need is kept, and nothing that follows the picture's end.

// errTruncated says that a picture has no end.
var errTruncated = errors.New("the file ends before its picture does")

// errBroken says that a picture is not formed as its format says.
var errBroken = errors.New("the file is not formed as its kind says")

// cleaners write files without their metadata, by content type. What is not
// here is kept as it is.
var cleaners = map[string]func(w io.Writer, r io.ReadSeeker, size int64) error{
	jpegFormat.contentType: cleanJPEG,
	pngFormat.contentType:  cleanPNG,
	webpFormat.contentType: cleanWebP,
	gifFormat.contentType:  cleanGIF,
	avifFormat.contentType: cleanAVIF,
	mp4Format.contentType:  cleanFilm,
	m4aFormat.contentType:  cleanFilm,
}

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP0 = 0xe0
	markerCOM  = 0xfe
)

// keptJPEG tells whether a segment stays: those that the picture is made of, the
// density (JFIF), colour profile (ICC) and colour transform (Adobe).
func keptJPEG(marker byte, data []byte) bool {
	starts := func(s string) bool { return bytes.HasPrefix(data, []byte(s)) }
	switch {
	case marker == markerCOM:
		return false
	case marker < markerAPP0 || marker > markerAPP0+15:
		return true
	case marker == markerAPP0:
		return starts("JFIF\x00")
	case marker == markerAPP0+2:
		return starts("ICC_PROFILE\x00")
	case marker == markerAPP0+14:
		return starts("Adobe")
	}
	return false
}

func cleanJPEG(w io.Writer, file io.ReadSeeker, _ int64) error {
	r, out := bufio.NewReaderSize(file, 64<<10), bufio.NewWriterSize(w, 64<<10)
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil || head[0] != 0xff || head[1] != markerSOI {
		return errBroken
	}
	_, _ = out.Write(head) // the writer keeps its first error until Flush
	marker, err := nextMarker(r)
	for ; err == nil; marker, err = nextMarker(r) {
	again:
		if marker == markerEOI {
			_, _ = out.Write([]byte{0xff, markerEOI})
			return out.Flush()
		}
		data, err := segment(r)
		if err != nil {
			return err
		}
		if keptJPEG(marker, data) {
			_, _ = out.Write([]byte{0xff, marker})
			_, _ = out.Write(binary.BigEndian.AppendUint16(nil, uint16(len(data)+2)))
			_, _ = out.Write(data)
		}
		if marker == markerSOS {
			if marker, err = copyScan(out, r); err != nil {
				return err
			}
			goto again
		}
	}
	return err
}

// nextMarker reads the marker that must come next.
func nextMarker(r *bufio.Reader) (byte, error) {
	b, err := r.ReadByte()
	if err != nil {
		return 0, errTruncated
	}
	if b != 0xff {
		return 0, errBroken
	}
	for b == 0xff { // any number of fill bytes
		if b, err = r.ReadByte(); err != nil {
			return 0, errTruncated
		}
	}
	if b == 0 || b == 1 || b >= 0xd0 && b <= markerSOI {
		return 0, errBroken
	}
	return b, nil
}

// segment reads the data of a marker.
func segment(r *bufio.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, errTruncated
	}
	n := int(binary.BigEndian.Uint16(length[:]))
	if n < 2 {
		return nil, errBroken
	}
	data := make([]byte, n-2)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, errTruncated
	}
	return data, nil
}

// copyScan copies the coded data of a scan, and gives the marker behind it.
func copyScan(out *bufio.Writer, r *bufio.Reader) (marker byte, err error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, errTruncated
		}
		if b != 0xff {
			_ = out.WriteByte(b)
			continue
		}
		for b == 0xff {
			if b, err = r.ReadByte(); err != nil {
				return 0, errTruncated
			}
		}
		if b != 0 && (b < 0xd0 || b > 0xd7) { // neither a stuffed byte nor a restart
			return b, nil
		}
		_, _ = out.Write([]byte{0xff, b})
	}
}

// extraPNG are the ancillary chunks that say how a picture looks, animations
// included.
const extraPNG = "tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs hIST sPLT acTL fcTL fdAT"

func cleanPNG(w io.Writer, file io.ReadSeeker, _ int64) error {
	r := bufio.NewReaderSize(file, 64<<10)
	var signature [8]byte
	if _, err := io.ReadFull(r, signature[:]); err != nil {
		return errTruncated
	}
	if _, err := w.Write(signature[:]); err != nil {
		return err
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return errTruncated
		}
		length, kind := binary.BigEndian.Uint32(head[:]), string(head[4:])
		if length > 1<<31-1 {
			return errBroken
		}
		to := io.Discard
		if head[4]&0x20 == 0 || strings.Contains(extraPNG, kind) { // critical, or wanted
			to = w
		}
		sum := crc32.NewIEEE()
		_, _ = sum.Write(head[4:]) // a hash does not fail
		if _, err := to.Write(head[:]); err != nil {
			return err
		}
		if n, err := io.CopyN(io.MultiWriter(to, sum), r, int64(length)); err != nil {
			return truncatedAfter(n, int64(length), err)
		}
		var tail [4]byte
		if _, err := io.ReadFull(r, tail[:]); err != nil {
			return errTruncated
		}
		if binary.BigEndian.Uint32(tail[:]) != sum.Sum32() {
			return errBroken
		}
		if _, err := to.Write(tail[:]); err != nil {
			return err
		}
		if kind == "IEND" {
			return nil
		}
	}
}

func truncatedAfter(n, of int64, err error) error {
	if errors.Is(err, io.EOF) && n < of {
		return errTruncated
	}
	return err
}

// chunk is one part of a RIFF file.
type chunk struct {
	kind     string
	at, size int64
}

// Flags of VP8X that say what chunks follow (RFC 9649, section 2.7.1.1).
const flagsEXIFAndXMP = 0x08 | 0x04

func cleanWebP(w io.Writer, file io.ReadSeeker, size int64) error {
	chunks, total, err := chunksOf(file, size)
	if err != nil {
		return err
	}
	head := append([]byte("RIFF"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(head[4:], uint32(total+4))
	if _, err := w.Write(append(head, "WEBP"...)); err != nil {
		return err
	}
	for _, c := range chunks {
		if _, err := file.Seek(c.at, io.SeekStart); err != nil {
			return fmt.Errorf("read the upload again: %w", err)
		}
		if c.kind != "VP8X" {
			if _, err := io.CopyN(w, file, c.size); err != nil {
				return truncatedAfter(0, 1, err)
			}
			continue
		}
		data := make([]byte, min(c.size, 64))
		if _, err := io.ReadFull(file, data); err != nil || len(data) < 9 {
			return errBroken
		}
		data[8] &^= flagsEXIFAndXMP
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// maxChunks bounds the frames of an animation.
const maxChunks = 5000

// chunksOf lists the chunks of a WebP file that stay, with what they have in all.
func chunksOf(file io.ReadSeeker, size int64) (kept []chunk, total int64, err error) {
	err = eachChunk(file, size, func(c chunk) error {
		if c.kind == "EXIF" || c.kind == "XMP " {
			return nil
		}
		if c.kind == "VP8X" && c.size != 18 || len(kept) == maxChunks {
			return errBroken
		}
		kept = append(kept, c)
		total += c.size
		return nil
	})
	return kept, total, err
}

// eachChunk gives the chunks of a WebP file one after another.
func eachChunk(file io.ReadSeeker, size int64, each func(chunk) error) error {
	head := make([]byte, 12)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the upload again: %w", err)
	}
	if _, err := io.ReadFull(file, head); err != nil {
		return errTruncated
	}
	end := int64(binary.LittleEndian.Uint32(head[4:])) + 8
	if end > size {
		return errTruncated
	}
	for at := int64(12); at+8 <= end; {
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return fmt.Errorf("read the upload again: %w", err)
		}
		if _, err := io.ReadFull(file, head[:8]); err != nil {
			return errTruncated
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		n += 8 + n&1 // with its head, filled up to an even number
		if at+n > end {
			return errTruncated
		}
		if err := each(chunk{string(head[:4]), at, n}); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// readChunk gives a chunk with its head.
func readChunk(file io.ReadSeeker, c chunk) ([]byte, error) {
	data := make([]byte, c.size)
	if _, err := file.Seek(c.at, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the upload again: %w", err)
	}
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, errTruncated
	}
	return data, nil
}

// maxFrames bounds the frames of a GIF that moves.
const maxFrames = 2000

// errFrames says that a picture has too many frames.
var errFrames = errors.New("the picture has too many frames")

// cleanGIF copies the blocks of a GIF (GIF89a specification, W3C), without remarks, without
// the extensions of programs but those that say how often it repeats, and without what
// follows its end.
func cleanGIF(w io.Writer, file io.ReadSeeker, _ int64) error {
	r, out := bufio.NewReaderSize(file, 64<<10), bufio.NewWriterSize(w, 64<<10)
	head := make([]byte, 13)
	if _, err := io.ReadFull(r, head); err != nil {
		return errTruncated
	}
	_, _ = out.Write(head) // the writer keeps its first error until Flush
	if err := copyTable(out, r, head[10]); err != nil {
		return err
	}
	for frames := 0; ; {
		kind, err := r.ReadByte()
		if err != nil {
			return errTruncated
		}
		switch kind {
		case 0x3b: // the end
			_ = out.WriteByte(kind)
			return out.Flush()
		case 0x2c: // a frame: its place, colours and data
			if frames++; frames > maxFrames {
				return errFrames
			}
			about := make([]byte, 9)
			if _, err := io.ReadFull(r, about); err != nil {
				return errTruncated
			}
			_, _ = out.Write(append([]byte{kind}, about...))
			if err := copyTable(out, r, about[8]); err != nil {
				return err
			}
			bits, err := r.ReadByte()
			if err != nil {
				return errTruncated
			}
			_ = out.WriteByte(bits)
			if err := copyBlocks(out, r, nil); err != nil {
				return err
			}
		case 0x21:
			label, err := r.ReadByte()
			if err != nil {
				return errTruncated
			}
			switch label {
			case 0xf9, 0x01: // how the next frame is shown, and text in it
				_, _ = out.Write([]byte{kind, label})
				err = copyBlocks(out, r, nil)
			case 0xff:
				err = copyBlocks(out, r, func(program string) bool { return program == "NETSCAPE2.0" || program == "ANIMEXTS1.0" })
			default:
				err = copyBlocks(io.Discard, r, nil)
			}
			if err != nil {
				return err
			}
		default:
			return errBroken
		}
	}
}

// copyTable copies the colours that follow, if the flags say that any do.
func copyTable(w io.Writer, r io.Reader, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	n := int64(3) << (flags&7 + 1)
	done, err := io.CopyN(w, r, n)
	return truncatedAfter(done, n, err)
}

// copyBlocks copies blocks, each behind its length, up to the empty one. With wanted they
// are the extension of a program, which is named in the first and copied if it is wanted.
func copyBlocks(w io.Writer, r *bufio.Reader, wanted func(program string) bool) error {
	for first := true; ; first = false {
		n, err := r.ReadByte()
		if err != nil {
			return errTruncated
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(r, data); err != nil {
			return errTruncated
		}
		if first && wanted != nil {
			if !wanted(string(data)) {
				w = io.Discard
			} else if _, err := w.Write([]byte{0x21, 0xff}); err != nil {
				return err
			}
		}
		if _, err := w.Write(append([]byte{n}, data...)); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}
