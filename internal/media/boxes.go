package media

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Films, sounds and AVIF are boxes within boxes (ISO/IEC 14496-12). What tells of the place,
// the device and the like is overwritten where it stands, so that nothing else moves.

// box is one of them: its type, and where its content begins and ends.
type box struct {
	kind           string
	start, at, end int64 // of the box, and of its content
}

// span is a part of a file that is overwritten: by zeros, and, where it is that of a box, by a
// type that says that it is free.
type span struct {
	from, to int64
	free     int64 // where the type of the box is; 0: it is none
}

// maxBoxes bounds how many boxes of a file are looked at, and how many parts its items have.
const maxBoxes = 20_000

type boxes struct {
	file        io.ReadSeeker
	picture     bool // it is an AVIF, which is nothing without its items
	seen, parts int
	gone        []span
}

// cleanFilm copies a film or a sound without its metadata.
func cleanFilm(w io.Writer, file io.ReadSeeker, size int64) error {
	return (&boxes{file: file}).clean(w, size)
}

// cleanAVIF copies an AVIF without its metadata.
func cleanAVIF(w io.Writer, file io.ReadSeeker, size int64) error {
	return (&boxes{file: file, picture: true}).clean(w, size)
}

func (b *boxes) clean(w io.Writer, size int64) error {
	file := b.file
	if err := b.each(0, size, true, b.top); err != nil {
		return err
	}
	slices.SortFunc(b.gone, func(x, y span) int { return int(min(max(x.from-y.from, -1), 1)) })
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the upload again: %w", err)
	}
	at := int64(0)
	for _, s := range b.gone {
		if s.from < at { // a part of what is gone already
			if s.to > at {
				if err := blank(w, file, s.to-at); err != nil {
					return err
				}
				at = s.to
			}
			continue
		}
		end := s.from
		if s.free < at {
			s.free = 0
		}
		if s.free > 0 {
			end = s.free
		}
		if _, err := io.CopyN(w, file, end-at); err != nil {
			return truncatedAfter(0, 1, err)
		}
		if at = end; s.free > 0 {
			if _, err := io.WriteString(w, "free"); err != nil {
				return err
			}
			if at += 4; at < s.from { // the rest of a long size
				if _, err := file.Seek(at, io.SeekStart); err != nil {
					return err
				}
				if _, err := io.CopyN(w, file, s.from-at); err != nil {
					return truncatedAfter(0, 1, err)
				}
				at = s.from
			}
		}
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if err := blank(w, file, s.to-at); err != nil {
			return err
		}
		at = s.to
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(w, file, size-at)
	return truncatedAfter(0, 1, err)
}

// blank writes zeros in place of the next bytes of a file.
func blank(w io.Writer, file io.Seeker, n int64) error {
	if _, err := file.Seek(n, io.SeekCurrent); err != nil {
		return err
	}
	for zeros := make([]byte, min(n, 32<<10)); n > 0; {
		part := min(n, int64(len(zeros)))
		if _, err := w.Write(zeros[:part]); err != nil {
			return err
		}
		n -= part
	}
	return nil
}

// read gives bytes of the file.
func (b *boxes) read(at, n int64) ([]byte, error) {
	if _, err := b.file.Seek(at, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the upload again: %w", err)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(b.file, data); err != nil {
		return nil, errTruncated
	}
	return data, nil
}

// mustEnd are the boxes at the top that are one for certain: those of the frames and those
// that are cleaned. Where one of them runs past the end, the file was cut off.
var mustEnd = []string{"mdat", "moov", "moof", "meta", "udta", "uuid"}

// each gives the boxes between two places. At the top of a file whatever follows the last box
// is let be.
func (b *boxes) each(from, to int64, top bool, do func(box) error) error {
	for at := from; at+8 <= to; {
		if b.seen++; b.seen > maxBoxes {
			return errBroken
		}
		head, err := b.read(at, 8)
		if err != nil {
			return err
		}
		x := box{string(head[4:]), at, at + 8, at + int64(binary.BigEndian.Uint32(head))}
		switch x.end - at {
		case 0: // to the end
			x.end = to
		case 1:
			long, err := b.read(at+8, 8)
			if err != nil {
				return err
			}
			n := binary.BigEndian.Uint64(long)
			if n > uint64(to) {
				n = uint64(to) + 1
			}
			x.at, x.end = at+16, at+int64(n)
		}
		if x.end < x.at || x.end > to {
			if top && !slices.Contains(mustEnd, x.kind) {
				return nil // no box
			}
			if x.end > to {
				return errTruncated
			}
			return errBroken
		}
		if err := do(x); err != nil {
			return err
		}
		at = x.end
	}
	return nil
}

func (b *boxes) remove(x box) { b.gone = append(b.gone, span{x.at, x.end, x.start + 4}) }

// top looks at a box of the file itself.
func (b *boxes) top(x box) error {
	switch x.kind {
	case "meta":
		if !b.picture {
			b.remove(x)
			head, err := b.read(x.at, min(4, x.end-x.at))
			if err != nil || string(head) != "\x00\x00\x00\x00" {
				return err // the form of QuickTime, which has no version and no items
			}
		}
		return b.items(x)
	case "uuid", "udta":
		b.remove(x)
	case "moov", "moof":
		return b.each(x.at, x.end, false, b.movie)
	}
	return nil
}

// movie looks at a box of a film or of one of its tracks.
func (b *boxes) movie(x box) error {
	switch x.kind {
	case "udta", "meta", "uuid":
		b.remove(x)
	case "trak":
		told, err := b.tells(x)
		if err != nil {
			return err
		}
		if told {
			b.remove(x)
			return nil
		}
		return b.each(x.at, x.end, false, b.movie)
	case "traf":
		return b.each(x.at, x.end, false, b.movie)
	}
	return nil
}

// tells reports whether a track is one of metadata, such as where a camera was at each moment.
func (b *boxes) tells(track box) (told bool, err error) {
	err = b.each(track.at, track.end, false, func(x box) error {
		if x.kind != "mdia" {
			return nil
		}
		return b.each(x.at, x.end, false, func(x box) error {
			if x.kind != "hdlr" || x.end-x.at < 12 {
				return nil
			}
			head, err := b.read(x.at, 12)
			told = told || err == nil && string(head[8:]) == "meta"
			return err
		})
	})
	return told, err
}

// items looks for metadata among the items of a file (ISO/IEC 23008-12): Exif, and XMP, which
// is of the type mime. Their bytes may be anywhere in the file.
func (b *boxes) items(meta box) error {
	if meta.end-meta.at < 4 {
		return errBroken
	}
	wanted := map[uint32]bool{}
	var data, places box
	err := b.each(meta.at+4, meta.end, false, func(x box) error {
		switch x.kind {
		case "iinf":
			return b.itemTypes(x, wanted)
		case "iloc":
			places = x
		case "idat":
			data = x
		case "uuid", "udta", "xml ", "bxml", "ID32":
			b.remove(x)
		}
		return nil
	})
	if err != nil || len(wanted) == 0 || places.kind == "" {
		return err
	}
	return b.itemPlaces(places, data, wanted)
}

// itemTypes notes the items that are metadata.
func (b *boxes) itemTypes(list box, wanted map[uint32]bool) error {
	head, err := b.read(list.at, min(4, list.end-list.at))
	if err != nil || len(head) < 4 {
		return errBroken
	}
	first := list.at + 6
	if head[0] > 0 {
		first = list.at + 8
	}
	return b.each(first, list.end, false, func(x box) error {
		if x.kind != "infe" {
			return nil
		}
		entry, err := b.read(x.at, min(14, x.end-x.at))
		if err != nil {
			return err
		}
		switch {
		case len(entry) >= 12 && entry[0] == 2:
			if kind := string(entry[8:12]); kind == "Exif" || kind == "mime" {
				wanted[uint32(binary.BigEndian.Uint16(entry[4:]))] = true
			}
		case len(entry) >= 14 && entry[0] == 3:
			if kind := string(entry[10:14]); kind == "Exif" || kind == "mime" {
				wanted[binary.BigEndian.Uint32(entry[4:])] = true
			}
		}
		return nil
	})
}

// numbers reads numbers of stated lengths one after another.
type numbers struct {
	data  []byte
	short bool // there were too few bytes
}

func (n *numbers) next(length int) (v uint64) {
	if len(n.data) < length {
		n.short, n.data = true, nil
		return 0
	}
	for _, c := range n.data[:length] {
		v = v<<8 | uint64(c)
	}
	n.data = n.data[length:]
	return v
}

// itemPlaces overwrites the items that are metadata (ISO/IEC 14496-12, 8.11.3).
func (b *boxes) itemPlaces(list, data box, wanted map[uint32]bool) error {
	const maxList = 1 << 20
	if list.end-list.at > maxList {
		return errBroken
	}
	text, err := b.read(list.at, list.end-list.at)
	if err != nil {
		return err
	}
	size, err := b.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	n := &numbers{data: text}
	version := n.next(1)
	n.next(3)
	sizes := n.next(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	wide := 2
	if version >= 2 {
		wide = 4
	}
	for count := n.next(wide); count > 0 && !n.short; count-- {
		item := uint32(n.next(wide))
		method := uint64(0)
		if version >= 1 {
			method = n.next(2) & 15
		} else {
			index = 0
		}
		n.next(2) // the file that has it: this one
		from := n.next(base)
		parts := n.next(2)
		if parts > 1 && offset+length+index == 0 {
			return errBroken // all of them the same
		}
		if b.parts += int(parts); b.parts > maxBoxes {
			return errBroken
		}
		for ; parts > 0 && !n.short; parts-- {
			n.next(index)
			start := from + n.next(offset)
			many := n.next(length)
			if !wanted[item] || n.short {
				continue
			}
			if method == 1 {
				start += uint64(data.at)
			}
			end := start + many
			if method > 1 || many == 0 || start > uint64(size) || end < start || end > uint64(size) {
				return errBroken
			}
			b.gone = append(b.gone, span{from: int64(start), to: int64(end)})
		}
	}
	if n.short {
		return errBroken
	}
	return nil
}
