package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

// boxOf is a box with its content.
func boxOf(kind string, content ...string) string {
	data := strings.Join(content, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(data)))) + kind + data
}

// longBox has its size in 64 bits.
func longBox(kind, data string) string {
	return "\x00\x00\x00\x01" + kind + string(binary.BigEndian.AppendUint64(nil, uint64(16+len(data)))) + data
}

const where = "+23.6139+058.5922/"

// nought is a text of zeros in place of another.
func nought(of string) string { return strings.Repeat("\x00", len(of)) }

func trackOf(kind string) string {
	return boxOf("mdia", boxOf("hdlr", "\x00\x00\x00\x00\x00\x00\x00\x00"+kind))
}

// avif is a picture of one item of pixels and the metadata given as items.
func avif(method uint16, metadata ...string) (whole, cleaned string) {
	write := func(gone bool) string {
		entry := func(id byte, kind string) string {
			return boxOf("infe", "\x02\x00\x00\x00\x00"+string([]byte{id})+"\x00\x00"+kind+"\x00")
		}
		types := []string{entry(1, "av01")}
		for i := range metadata {
			types = append(types, entry(byte(i+2), []string{"Exif", "mime"}[i]))
		}
		pixels, rest := "pixels of a boat", ""
		if gone {
			for _, m := range metadata {
				rest += nought(m)
			}
		} else {
			rest = strings.Join(metadata, "")
		}
		head := boxOf("ftyp", "avif\x00\x00\x00\x00")
		size := boxOf("iprp", boxOf("ispe", "\x00\x00\x00\x00\x00\x00\x02\x80\x00\x00\x01\xe0"))
		places := func(meta int) string { // iloc, when meta has so many bytes
			text := "\x01\x00\x00\x00\x44\x00" + string(binary.BigEndian.AppendUint16(nil, uint16(1+len(metadata))))
			at := len(head) + meta + 8
			if method == 1 {
				at = 0
			}
			for i, item := range append([]string{pixels}, metadata...) {
				b := binary.BigEndian.AppendUint16(nil, uint16(i+1))
				b = binary.BigEndian.AppendUint16(b, method)
				b = append(b, 0, 0, 0, 1)
				b = binary.BigEndian.AppendUint32(b, uint32(at))
				text += string(binary.BigEndian.AppendUint32(b, uint32(len(item))))
				at += len(item)
			}
			return boxOf("iloc", text)
		}
		data := ""
		if method == 1 {
			data = boxOf("idat", pixels, rest)
		}
		meta := func(length int) string {
			return boxOf("meta", "\x00\x00\x00\x00", boxOf("iinf", "\x00\x00\x00\x00\x00\x02", strings.Join(types, "")), places(length), size, data)
		}
		text := head + meta(len(meta(0)))
		if method == 0 {
			text += boxOf("mdat", pixels, rest)
		}
		return text
	}
	return write(false), write(true)
}

func TestFilmsAndAVIFLoseTheirMetadata(t *testing.T) {
	t.Parallel()
	e := desk(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
	head, place, sound := boxOf("ftyp", "isom\x00\x00\x00\x00"), boxOf("\xa9xyz", "\x00\x12\x15\xc7"+where), boxOf("trak", trackOf("soun"), boxOf("udta", "GPS"))
	clearSound := boxOf("trak", trackOf("soun"), boxOf("free", nought("GPS")))
	told := boxOf("trak", trackOf("meta"), boxOf("tref", "GPS of each moment"))
	apart, clearApart := avif(0, "Exif with "+where, "<x:xmpmeta>"+where)
	within, clearWithin := avif(1, "Exif with "+where)
	plain, _ := avif(0)
	film := strings.NewReplacer("avif", "isom").Replace
	_, frames, _ := strings.Cut(clearApart, "mdat")
	inFilm := film(apart[:16]) + boxOf("free", nought(apart[24:len(apart)-len(frames)-8])) + boxOf("mdat", frames)
	texts := boxOf("xml ", where) + boxOf("bxml", where) + boxOf("ID32", where)
	clearTexts := strings.Repeat(boxOf("free", nought(where)), 3)
	full, quick := "\x00\x00\x00\x00"+texts, boxOf("hdlr", "\x00\x00\x00\x00\x00\x00\x00\x00mdta")+boxOf("ilst", where)
	for name, c := range map[string]struct{ data, want string }{
		"a.mp4": {
			head + boxOf("moov", boxOf("mvhd", "12345678"), sound, boxOf("udta", place), told, boxOf("meta", where)) + boxOf("uuid", where) + boxOf("mdat", "frames"),
			head + boxOf("moov", boxOf("mvhd", "12345678"), clearSound, boxOf("free", nought(place)), boxOf("free", nought(told[8:])), boxOf("free", nought(where))) + boxOf("free", nought(where)) + boxOf("mdat", "frames"),
		},
		"long.mp4": {
			head + longBox("mdat", "frames") + boxOf("moov", longBox("udta", where)) + "tail",
			head + longBox("mdat", "frames") + boxOf("moov", longBox("free", nought(where))) + "tail",
		},
		"a.m4a":       {strings.Replace(head, "isom", "M4A ", 1) + boxOf("moov", boxOf("udta", where)), strings.Replace(head, "isom", "M4A ", 1) + boxOf("moov", boxOf("free", nought(where)))},
		"texts.mp4":   {head + boxOf("meta", full) + boxOf("mdat", "frames"), head + boxOf("free", nought(full)) + boxOf("mdat", "frames")},
		"quick.mp4":   {head + boxOf("meta", quick) + boxOf("mdat", "frames"), head + boxOf("free", nought(quick)) + boxOf("mdat", "frames")},
		"short.mp4":   {head + boxOf("meta", "x") + boxOf("mdat", "frames"), head + boxOf("free", "\x00") + boxOf("mdat", "frames")},
		"items.mp4":   {film(apart), inFilm},
		"texts.avif":  {plain + boxOf("meta", full), plain + boxOf("meta", "\x00\x00\x00\x00", clearTexts)},
		"apart.avif":  {apart, clearApart},
		"within.avif": {within, clearWithin},
		"plain.avif":  {plain, plain},
	} {
		m, err := e.upload(as(t, access.Author, 7), name, []byte(c.data), Words{Alt: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if kept, err := e.s.bucket.ReadAll(t.Context(), m.BlobKey); err != nil || string(kept) != c.want {
			t.Errorf("%s: kept\n%q, want\n%q, %v", name, kept, c.want, err)
		}
	}
}

// TestRealFilmsStayWhatTheyAre but for their metadata.
func TestRealFilmsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"testdata/*.mp4", "testdata/*.m4a"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var kept bytes.Buffer
			if err := cleanFilm(&kept, bytes.NewReader(data), int64(len(data))); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			f := formatOf(name)
			before, after := durationOf(bytes.NewReader(data), int64(len(data)), f), durationOf(bytes.NewReader(kept.Bytes()), int64(kept.Len()), f)
			if kept.Len() != len(data) || before != after || bytes.Contains(kept.Bytes(), []byte("Lavf")) {
				t.Errorf("%s: %d bytes of %d, %v in place of %v", name, kept.Len(), len(data), after, before)
			}
		}
	}
}

func TestDamagedBoxesAreRefused(t *testing.T) {
	t.Parallel()
	whole, _ := avif(0, "Exif with "+where)
	head := boxOf("ftyp", "isom\x00\x00\x00\x00")
	for name, data := range map[string]string{
		"cut off in its pixels":       head + boxOf("mdat", "frames")[:10],
		"a track beyond the film":     head + boxOf("moov", boxOf("mvhd", "1")[:8]),
		"a size below that of a head": head + boxOf("moov", "\x00\x00\x00\x03trakxxxx"),
		"a long size beyond the file": head + "\x00\x00\x00\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff",
		"metadata beyond the file":    whole[:len(whole)-4] + "",
		"boxes without an end":        head + boxOf("moov", strings.Repeat(boxOf("udta"), maxBoxes)),
		"no room for places of items": strings.Replace(whole, "iloc\x01\x00\x00\x00\x44\x00\x00\x02", "iloc\x01\x00\x00\x00\x44\x00\xff\xff", 1),
		"cut off in its uuid":         head + boxOf("mdat", "frames") + boxOf("uuid", where)[:20],
		"cut off in its udta":         head + boxOf("mdat", "frames") + boxOf("udta", where)[:20],
		"cut off in its moof":         head + boxOf("moof", boxOf("udta", where))[:20],
		"metadata with a length of 0": strings.Replace(whole, string(binary.BigEndian.AppendUint32(nil, uint32(len("Exif with "+where)))), "\x00\x00\x00\x00", 1),
	} {
		for _, f := range []format{mp4Format, avifFormat} {
			if err := cleaners[f.contentType](io.Discard, strings.NewReader(data), int64(len(data))); !errors.Is(err, errBroken) && !errors.Is(err, errTruncated) {
				t.Errorf("%s, as %s: %v", name, f.extension, err)
			}
		}
	}
}

// TestPlacesOfItemsAreBounded: the parts of items may take no bytes of the file, or one each.
func TestPlacesOfItemsAreBounded(t *testing.T) {
	t.Parallel()
	u16 := func(values ...int) (text string) {
		for _, v := range values {
			text += string(binary.BigEndian.AppendUint16(nil, uint16(v)))
		}
		return text
	}
	metaOf := func(sizes string, items int, parts ...string) string {
		text := "\x00\x00\x00\x00" + sizes + u16(items)
		for range items {
			text += u16(1, 0, len(parts)) + strings.Join(parts, "")
		}
		return boxOf("meta", "\x00\x00\x00\x00", boxOf("iinf", "\x00\x00\x00\x00\x00\x01", boxOf("infe", "\x02\x00\x00\x00\x00\x01\x00\x00Exif\x00")), boxOf("iloc", text))
	}
	of := func(n int, part string) []string { return strings.Split(strings.Repeat(part+",", n-1)+part, ",") }
	for name, c := range map[string]struct {
		data string
		err  error
	}{
		"two parts of no bytes":         {metaOf("\x00\x00", 1, "", ""), errBroken},
		"as many as may be":             {metaOf("\x01\x00", 1, of(maxBoxes/2, "\x01")...) + metaOf("\x01\x00", 1, of(maxBoxes/2, "\x01")...), nil},
		"too many of one item":          {metaOf("\x01\x00", 1, of(maxBoxes+1, "\x01")...), errBroken},
		"too many of several items":     {metaOf("\x01\x00", 11, of(2000, "\x01")...), errBroken},
		"too many of several meta":      {strings.Repeat(metaOf("\x01\x00", 1, of(maxBoxes/2, "\x01")...), 3), errBroken},
		"too many that no one asks for": {strings.Replace(metaOf("\x01\x00", 1, of(maxBoxes+1, "\x01")...), u16(1, 0, maxBoxes+1), u16(2, 0, maxBoxes+1), 1), errBroken},
	} {
		for _, f := range []format{mp4Format, avifFormat} {
			var kept bytes.Buffer
			err := cleaners[f.contentType](&kept, strings.NewReader(c.data), int64(len(c.data)))
			if !errors.Is(err, c.err) || err == nil && kept.Len() != len(c.data) {
				t.Errorf("%s, as %s: %v, %d bytes of %d", name, f.extension, err, kept.Len(), len(c.data))
			}
		}
	}
}

// FuzzBoxes: whatever the boxes say, as many bytes come out as go in, or none are kept.
func FuzzBoxes(f *testing.F) {
	apart, _ := avif(0, "Exif", "XMP")
	within, _ := avif(1, "Exif")
	for _, seed := range []string{apart, within, boxOf("moov", boxOf("trak", trackOf("meta")), boxOf("udta", where)) + "x", longBox("mdat", "x"), boxOf("meta", boxOf("hdlr"), boxOf("ID32", where))} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, f := range []format{mp4Format, avifFormat} {
			var kept bytes.Buffer
			if err := cleaners[f.contentType](&kept, bytes.NewReader(data), int64(len(data))); err == nil && kept.Len() != len(data) {
				t.Errorf("%s: %d bytes of %d", f.extension, kept.Len(), len(data))
			}
		}
	})
}
