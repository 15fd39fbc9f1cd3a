package media

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gocloud.dev/blob/memblob"

	"github.com/broadsheet-cms/broadsheet/ent"
	entevent "github.com/broadsheet-cms/broadsheet/ent/event"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func setup(t *testing.T, db *store.DB) *Service {
	t.Helper()
	bucket := memblob.OpenBucket(nil)
	t.Cleanup(func() { _ = bucket.Close() })
	s := New(db, event.NewLog(db), bucket)
	s.Now = func() time.Time { return time.Date(2026, 11, 5, 9, 0, 0, 0, time.UTC) }
	return s
}

func onSQLite(t *testing.T) *Service {
	t.Helper()
	return setup(t, testkit.Open(t, testkit.URL(t, store.SQLite), store.Options{}))
}

func picture(t *testing.T, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	p := image.NewPaletted(image.Rect(0, 0, 7, 5), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	if err := encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func aPNG(t *testing.T) []byte { return picture(t, png.Encode) }

func TestStoreKeepsTheOriginalAndWhatIsKnownOfIt(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := setup(t, db)
		data := aPNG(t)
		upload := Upload{
			Name: `C:\Pictures\Früher Hafen.JPEG`, Body: bytes.NewReader(data),
			Words: Words{Alt: "a harbour", Caption: "At dawn", Credit: "Desk", FocalX: new(0.5), FocalY: new(0.25), SourceURI: "urn:x:1"},
		}
		got, err := s.Store(t.Context(), upload)
		if err != nil {
			t.Fatal(err)
		}
		want := &ent.Media{
			ID: got.ID, CreatedAt: got.CreatedAt, ModifiedAt: got.ModifiedAt, Checksum: got.Checksum, Kind: entmedia.KindImage,
			BlobKey: "2026/11/" + got.Checksum[:16] + "-fruher-hafen.png", ContentType: "image/png", Width: 7, Height: 5, Size: int64(len(data)),
			Alt: "a harbour", Caption: "At dawn", Credit: "Desk", FocalX: new(0.5), FocalY: new(0.25), SourceURI: new("urn:x:1"),
		}
		ignore := cmpopts.IgnoreUnexported(ent.Media{}, ent.MediaEdges{})
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Error(diff)
		}
		if kept, err := s.bucket.ReadAll(t.Context(), got.BlobKey); err != nil || !bytes.Equal(kept, data) {
			t.Errorf("kept %d bytes of %d: %v", len(kept), len(data), err)
		}
		upload.Body = iotest.ErrReader(errors.New("read again"))
		again, err := s.Store(t.Context(), upload)
		if err != nil || again.ID != got.ID {
			t.Errorf("the same source again: %v, %v", again, err)
		}
		types, err := db.Ent(t.Context()).Event.Query().Select(entevent.FieldType).Strings(t.Context())
		if diff := cmp.Diff([]string{"media.created"}, types); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestReferKeepsNoBytesAndKnowsItsSources(t *testing.T) {
	t.Parallel()
	testkit.Databases(t, func(t *testing.T, db *store.DB) {
		s := setup(t, db)
		there := Elsewhere{Words: Words{SourceURL: "https://example.org/a.jpg", SourceURI: "urn:a"}, Width: 640, Height: 480}
		other := Elsewhere{Words: Words{SourceURL: "https://example.org/b.mp4"}, Kind: entmedia.KindVideo}
		first, err := s.Refer(t.Context(), there, other, there, other)
		if err != nil {
			t.Fatal(err)
		}
		if first[0].ID != first[2].ID || first[1].ID == first[3].ID || first[1].Kind != entmedia.KindVideo || first[0].Width != 640 {
			t.Errorf("referred: %v", first)
		}
		again, err := s.Refer(t.Context(), there)
		if err != nil || again[0].ID != first[0].ID {
			t.Errorf("again: %v, %v", again, err)
		}
		if _, err := s.Refer(t.Context(), Elsewhere{}); fault.CodeOf(err) != fault.BadUserInput {
			t.Errorf("without an address: %v", err)
		}
		if n := db.Ent(t.Context()).Event.Query().CountX(t.Context()); n != 3 {
			t.Errorf("%d events, want 3", n)
		}
	})
}

func TestStoreRefuses(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	s.MaxBytes = 100_000
	huge := aPNG(t)
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // the sides in IHDR
	for name, data := range map[string][]byte{
		"nothing":            {},
		"a page":             []byte("<!DOCTYPE html><script>alert(1)</script>"),
		"a drawing":          []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"a drawing with BOM": []byte("\ufeff<?xml version='1.0'?><!-- x --><svg/>"),
		"a program":          []byte("\x7fELF\x02\x01\x01"),
		"an archive":         []byte("PK\x03\x04"),
		"half a picture":     aPNG(t)[:20],
		"too many bytes":     append([]byte("%PDF-1.7"), make([]byte, 100_000)...),
		"too many pixels":    huge,
		"a broken WebP":      []byte("RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00xxxxxxxxxxxxxx"),
		"an unknown brand":   []byte("\x00\x00\x00\x18ftypqqqq"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m, err := s.Store(t.Context(), Upload{Name: "x.jpg", Body: bytes.NewReader(data)}); fault.CodeOf(err) != fault.BadUserInput {
				t.Errorf("stored %v, %v", m, err)
			}
		})
	}
	if _, err := s.Store(t.Context(), Upload{Body: bytes.NewReader(aPNG(t)), Words: Words{FocalX: new(1.5)}}); fault.CodeOf(err) != fault.BadUserInput {
		t.Errorf("a focal point outside: %v", err)
	}
	broken := errors.New("the line is dead")
	if _, err := s.Store(t.Context(), Upload{Body: iotest.ErrReader(broken)}); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
}

func TestInspectTellsFormatsAndSizes(t *testing.T) {
	t.Parallel()
	ftyp := func(brand, rest string) []byte {
		return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00" + rest)
	}
	webp := func(chunk, data string) []byte {
		return []byte("RIFF\x24\x00\x00\x00WEBP" + chunk + "\x0a\x00\x00\x00" + data + strings.Repeat("\x00", 10))
	}
	for name, test := range map[string]struct {
		data          []byte
		want          string
		width, height int
	}{
		"PNG":            {aPNG(t), "png", 7, 5},
		"JPEG":           {picture(t, func(w io.Writer, p image.Image) error { return jpeg.Encode(w, p, nil) }), "jpg", 7, 5},
		"GIF":            {picture(t, func(w io.Writer, p image.Image) error { return gif.Encode(w, p, nil) }), "gif", 7, 5},
		"lossy WebP":     {webp("VP8 ", "\x00\x00\x00\x9d\x01\x2a\x80\x02\xe0\x01"), "webp", 640, 480},
		"lossless WebP":  {webp("VP8L", "\x2f\x7f\xc2\x77\x00"), "webp", 640, 480},
		"extended WebP":  {webp("VP8X", "\x00\x00\x00\x00\x7f\x02\x00\xdf\x01\x00"), "webp", 640, 480},
		"AVIF":           {ftyp("avif", "ispe\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x10....ispe\x00\x00\x00\x00\x00\x00\x02\x80\x00\x00\x01\xe0"), "avif", 640, 480},
		"MP4":            {ftyp("isom", ""), "mp4", 0, 0},
		"M4A":            {ftyp("M4A ", ""), "m4a", 0, 0},
		"WebM":           {[]byte("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"), "webm", 0, 0},
		"MP3 with tags":  {[]byte("ID3\x04\x00"), "mp3", 0, 0},
		"MP3 without":    {[]byte("\xff\xfb\x90\x64\x00"), "mp3", 0, 0},
		"Ogg":            {[]byte("OggS\x00\x02"), "ogg", 0, 0},
		"WAV":            {[]byte("RIFF\x00\x00\x00\x00WAVEfmt "), "wav", 0, 0},
		"PDF":            {[]byte("%PDF-1.7\n"), "pdf", 0, 0},
		"SVG":            {[]byte("<?xml version='1.0'?>\n<!-- logo --><svg width='30px' height='20'></svg>"), "svg", 30, 20},
		"SVG by its box": {[]byte("<svg viewBox='0 0 120, 40'/>"), "svg", 120, 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect(bytes.NewReader(test.data), int64(len(test.data)), true)
			if err != nil || got.extension != test.want || got.width != test.width || got.height != test.height {
				t.Errorf("%s %d×%d, %v; want %s %d×%d", got.extension, got.width, got.height, err, test.want, test.width, test.height)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	for _, seed := range []string{
		"\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF89a", "RIFF\x00\x00\x00\x00WEBPVP8X", "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00ispe\x00\x00\x00\x00\xff\xff\xff\xff",
		"<svg viewBox='0 0 1e308 NaN'/>", "\xff\xfb\x90\x64", "OggS\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := inspect(bytes.NewReader(data), int64(len(data)), true)
		if err == nil && (got.width < 0 || got.height < 0 || got.width*got.height > maxPixels || byExtension[got.extension].contentType == "") {
			t.Errorf("%+v", got)
		}
	})
}

func TestHandler(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	data := aPNG(t)
	m, err := s.Store(t.Context(), Upload{Name: "harbour.png", Body: bytes.NewReader(data)})
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := s.Store(t.Context(), Upload{Name: "plan.pdf", Body: strings.NewReader("%PDF-1.7\n")})
	if err != nil {
		t.Fatal(err)
	}
	etag := `"` + m.Checksum[:16] + `"`
	for name, test := range map[string]struct {
		method, path string
		header       [2]string
		status, size int
	}{
		"all of it":          {"GET", m.BlobKey, [2]string{}, 200, len(data)},
		"its head":           {"HEAD", m.BlobKey, [2]string{}, 200, 0},
		"what is known":      {"GET", m.BlobKey, [2]string{"If-None-Match", etag}, 304, 0},
		"a part":             {"GET", m.BlobKey, [2]string{"Range", "bytes=2-5"}, 206, 4},
		"a part beyond":      {"GET", m.BlobKey, [2]string{"Range", "bytes=999999-"}, 416, -1},
		"writing":            {"PUT", m.BlobKey, [2]string{}, 405, -1},
		"no such key":        {"GET", "2026/11/0000000000000000-x.png", [2]string{}, 404, -1},
		"an unknown ending":  {"GET", "2026/11/0000000000000000-x.html", [2]string{}, 404, -1},
		"a folder":           {"GET", "2026/11/", [2]string{}, 404, -1},
		"the root":           {"GET", "", [2]string{}, 404, -1},
		"the way out":        {"GET", "../../etc/passwd", [2]string{}, 404, -1},
		"the way out, coded": {"GET", "2026/11/..%2f..%2fpasswd", [2]string{}, 404, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), test.method, "http://example.org"+Prefix+test.path, nil)
			if test.header[0] != "" {
				r.Header.Set(test.header[0], test.header[1])
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if w.Code != test.status || test.size >= 0 && w.Body.Len() != test.size {
				t.Errorf("%d with %d bytes, want %d with %d", w.Code, w.Body.Len(), test.status, test.size)
			}
			if w.Header().Get("Content-Security-Policy") != contentSecurity || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
			if w.Code == http.StatusOK && (w.Header().Get("ETag") != etag || w.Header().Get("Content-Type") != "image/png" ||
				!strings.Contains(w.Header().Get("Cache-Control"), "immutable")) {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", Prefix+pdf.BlobKey, nil))
	if got := w.Header().Get("Content-Disposition"); got != "attachment" {
		t.Errorf("a PDF is shown as %q", got)
	}
}

func TestFolderKeepsFilesAsTheyAre(t *testing.T) {
	t.Parallel()
	bucket, err := OpenFolder(t.TempDir() + "/deep/media")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	s := onSQLite(t)
	s.bucket = bucket
	m, err := s.Store(t.Context(), Upload{Name: "قارب.png", Body: bytes.NewReader(aPNG(t))})
	if err != nil {
		t.Fatal(err)
	}
	if m.BlobKey != "2026/11/"+m.Checksum[:16]+".png" {
		t.Errorf("key %q", m.BlobKey)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", Prefix+m.BlobKey, nil))
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), aPNG(t)) {
		t.Errorf("served %d, %d bytes", w.Code, w.Body.Len())
	}
}
