package media

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, map[string]func(context.Context, string) error{"serve": serveMedia, "load": loadMedia, "full": fillDisk})
}

// work is what a process of these tests is told, in place of the address of a database.
type work struct {
	URL, Folder, File string
	Uploads           int
}

func (w work) text() string {
	text, _ := json.Marshal(w)
	return string(text)
}

// open gives the desk of a process.
func (w *work) open(ctx context.Context, text string) (*Editor, error) {
	if err := json.Unmarshal([]byte(text), w); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, w.URL, store.Options{})
	if err != nil {
		return nil, err
	}
	bucket, err := OpenFolder(w.Folder)
	if err != nil {
		return nil, err
	}
	return NewEditor(New(db, event.NewLog(db), bucket), audit.NewLog(db)), nil
}

func asAuthor(ctx context.Context) context.Context {
	return access.With(ctx, access.Viewer{UserID: 7, Role: access.Author, Name: "Somebody"})
}

// serveMedia serves files and takes uploads until it is killed.
func serveMedia(ctx context.Context, text string) error {
	var w work
	e, err := w.open(ctx, text)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(Prefix, e.s.Handler())
	mux.HandleFunc("POST /upload", func(answer http.ResponseWriter, r *http.Request) {
		ctx := asAuthor(r.Context())
		received, err := e.Receive(ctx, "boats.jpg", r.Body)
		if err == nil {
			saved, failed := e.Save(ctx, received, Words{Alt: "Boats"})
			if err = failed; err == nil {
				_, err = fmt.Fprint(answer, saved.BlobKey, " ", saved.Width, " ", saved.Height)
			}
		}
		if err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return http.Serve(listener, mux)
}

// numberedJPEG is a picture of which there is no other.
func numberedJPEG(t *testing.T, number int) []byte {
	t.Helper()
	return withSegments(halvesJPEG(t, 700, 350), jpegSegment(0xe2, fmt.Sprint("ICC_PROFILE\x00\x01\x01", number)))
}

// TestSoakAKilledServerLosesNoFile kills a server while files come in and
// variants are made. What was acknowledged is there afterwards, whole; whatever else is
// in the store is whole as well, or is never served and removed by the job.
func TestSoakAKilledServerLosesNoFile(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.EachURL(t, func(t *testing.T, url string) {
		kills, number := 2, new(atomic.Int64)
		if _, long := testkit.Soak(t); long {
			kills = 40
		}
		w := work{URL: url, Folder: t.TempDir()}
		testkit.Open(t, url, store.Options{})
		var mu sync.Mutex
		kept := map[string][]byte{} // by key: what was sent
		checked := map[string]bool{}
		for round := range kills + 1 {
			process := testkit.Start(t, "serve", w.text())
			base := "http://" + <-process.Lines
			for key, data := range kept {
				if got := fetch(t, base+Prefix+key); !bytes.Equal(got, data) {
					t.Fatalf("round %d: %s has %d bytes of %d", round, key, len(got), len(data))
				}
				if checked[key] || len(checked) > 8*(round+1) {
					continue
				}
				checked[key] = true
				if got := fetch(t, base+Prefix+key+"/160.webp"); len(got) < 100 || string(got[8:12]) != "WEBP" {
					t.Fatalf("round %d: a variant of %s: %d bytes", round, key, len(got))
				}
			}
			if round == kills {
				process.Kill()
				break
			}
			var clients sync.WaitGroup
			done := make(chan struct{})
			acknowledged := make(chan struct{}, 1000)
			for range 6 {
				clients.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						data := numberedJPEG(t, int(number.Add(1)))
						key, ok := send(base, data)
						if !ok {
							continue
						}
						mu.Lock()
						kept[key] = data
						mu.Unlock()
						select {
						case acknowledged <- struct{}{}:
						default:
						}
						for _, name := range []string{"/160.webp", "/640.jpg", "/480.webp"} {
							_, _ = http.Get(base + Prefix + key + name)
						}
					}
				})
			}
			for range 5 + rand.IntN(15) {
				<-acknowledged
			}
			process.Kill()
			close(done)
			clients.Wait()
		}
		everyFileIsWhole(t, w.Folder)
		e := desk(t, testkit.Open(t, url, store.Options{}))
		bucket, err := OpenFolder(w.Folder)
		if err != nil {
			t.Fatal(err)
		}
		e.s.bucket = bucket
		e.s.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
		if _, err := e.s.RemoveOrphans(t.Context()); err != nil {
			t.Fatal(err)
		}
		items := e.s.db.Ent(access.AsSystem(t.Context())).Media.Query().AllX(access.AsSystem(t.Context()))
		named := map[string]bool{}
		for _, m := range items {
			named[m.BlobKey] = true
		}
		for key := range kept {
			if !named[key] {
				t.Errorf("%s was acknowledged and has no item", key)
			}
		}
		for _, key := range names(t, bucket) {
			if !named[originalOf(key)] || strings.HasSuffix(key, ".tmp") {
				t.Errorf("%s is left", key)
			}
		}
	})
}

// send uploads a file, and tells whether that was acknowledged.
func send(base string, data []byte) (key string, ok bool) {
	answer, err := http.Post(base+"/upload", "image/jpeg", bytes.NewReader(data))
	if err != nil {
		return "", false
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	key, _, _ = strings.Cut(string(text), " ")
	return key, err == nil && answer.StatusCode == http.StatusOK && keyForm.MatchString(key)
}

func fetch(t *testing.T, address string) []byte {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", address, answer.StatusCode, data[:min(len(data), 200)], err)
	}
	return data
}

// everyFileIsWhole reads a folder as whoever serves it could.
func everyFileIsWhole(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".tmp") {
			return err
		}
		key, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(key, variantFolder) {
			f := byExtension[strings.TrimPrefix(filepath.Ext(name), ".")]
			if _, err := decodePicture(bytes.NewReader(data), f); err != nil {
				t.Errorf("%s is broken: %v", key, err)
			}
			return nil
		}
		sum := sha256.Sum256(data)
		if hash := keyForm.FindStringSubmatch(key); hash == nil || hash[1] != hex.EncodeToString(sum[:])[:hashDigits] {
			t.Errorf("%s has other bytes than its key says", key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// noisyJPEG writes a picture that fills a file.
func noisyJPEG(t *testing.T, name string, width, height int) int64 {
	t.Helper()
	p := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	noise := rand.NewChaCha8([32]byte{1})
	for _, plane := range [][]byte{p.Y, p.Cb, p.Cr} {
		_, _ = noise.Read(plane)
	}
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	if err := errors.Join(jpeg.Encode(w, p, &jpeg.Options{Quality: 85}), w.Flush()); err != nil {
		t.Fatal(err)
	}
	about, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return about.Size()
}

// loadMedia uploads a file many times at once, each time another one to the store, then
// asks as often for a variant, of each fourth file four times; and says what memory it took.
func loadMedia(ctx context.Context, text string) error {
	var w work
	e, err := w.open(ctx, text)
	if err != nil {
		return err
	}
	ctx = asAuthor(ctx)
	keys := make([]string, w.Uploads)
	var group errgroup.Group
	start := time.Now()
	for i := range keys {
		group.Go(func() error {
			file, err := os.Open(w.File)
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }()
			head := make([]byte, 2)
			if _, err := io.ReadFull(file, head); err != nil {
				return err
			}
			own := jpegSegment(0xe2, fmt.Sprint("ICC_PROFILE\x00\x01\x01", i))
			r, err := e.Receive(ctx, "noise.jpg", io.MultiReader(bytes.NewReader(head), bytes.NewReader(own), file))
			if err != nil {
				return err
			}
			m, err := e.Save(ctx, r, Words{})
			if err == nil {
				keys[i] = m.BlobKey
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	uploaded := time.Since(start)
	afterUploads := peak()
	var made sync.Map
	again := atomic.Int64{}
	e.s.variants.made = func(key string) {
		if _, twice := made.LoadOrStore(key, true); twice {
			again.Add(1)
		}
	}
	start = time.Now()
	var refused atomic.Int64
	for i := range keys {
		group.Go(func() error {
			for { // as a browser does when it is told to try again
				answer := get(e.s, Prefix+keys[i/4]+"/640.webp")
				switch answer.Code {
				case http.StatusOK:
					return nil
				case http.StatusServiceUnavailable:
					refused.Add(1)
				default:
					return fmt.Errorf("variant %d: %d", i, answer.Code)
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	fmt.Println(n, again.Load(), afterUploads, peak(), uploaded.Milliseconds(), time.Since(start).Milliseconds(), refused.Load())
	return nil
}

// peak is the most memory that this process had, in bytes.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kib << 10
}

// manyAtOnce has a process take files and make variants, and holds it to 400 MB.
func manyAtOnce(t *testing.T, url string, uploads, width, height int) {
	t.Helper()
	w := work{URL: url, Folder: t.TempDir(), File: filepath.Join(t.TempDir(), "noise.jpg"), Uploads: uploads}
	size := noisyJPEG(t, w.File, width, height)
	testkit.Open(t, url, store.Options{})
	process := testkit.Start(t, "load", w.text())
	line, ok := <-process.Lines
	var n, again, afterUploads, most, uploaded, variants, refused int64
	if _, err := fmt.Sscan(line, &n, &again, &afterUploads, &most, &uploaded, &variants, &refused); !ok || err != nil {
		t.Fatalf("the process said %q, %v", line, err)
	}
	t.Logf("%d uploads of %d bytes in %d ms, at most %d MB; %d requests for variants in %d ms, at most %d MB; %d were told to try again", uploads, size, uploaded, afterUploads>>20, uploads, variants, most>>20, refused)
	if n != int64(uploads/4) || again != 0 {
		t.Errorf("%d variants were made, %d of them again", n, again)
	}
	if most == 0 || most > 400<<20 {
		t.Errorf("%d MB of memory", most>>20)
	}
}

// TestSoakManyUploadsAndVariantsAtOnce takes files of 2 MB, in the long form of 20 MB.
func TestSoakManyUploadsAndVariantsAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	uploads, width, height := 16, 1600, 1200
	if _, long := testkit.Soak(t); long {
		uploads, width, height = 64, 5000, 3800
	}
	testkit.EachURL(t, func(t *testing.T, url string) { manyAtOnce(t, url, uploads, width, height) })
}

// fillDisk uploads a file beyond what this process may write, and then a small one.
func fillDisk(ctx context.Context, text string) error {
	var w work
	e, err := w.open(ctx, text)
	if err != nil {
		return err
	}
	ctx = asAuthor(ctx)
	signal.Ignore(syscall.SIGXFSZ) // the write fails in place of the process
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 8 << 20, Max: 8 << 20}); err != nil {
		return err
	}
	_, err = e.Receive(ctx, "large.pdf", io.MultiReader(strings.NewReader("%PDF-1.7"), io.LimitReader(zeros{}, 20<<20)))
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil {
		return fmt.Errorf("not refused as it should: %w", err)
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), spoolPattern))
	fmt.Println(f.Code, len(left), f.Message)
	_, err = e.Receive(ctx, "small.pdf", strings.NewReader("%PDF-1.7"))
	fmt.Println(err)
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAFullDiskKeepsNothingByHalves(t *testing.T) {
	// Not beside others: the process looks into the folder for temporary files.
	t.Setenv("TMPDIR", t.TempDir())
	url := testkit.URL(t, store.SQLite)
	testkit.Open(t, url, store.Options{})
	w := work{URL: url, Folder: t.TempDir()}
	process := testkit.Start(t, "full", w.text())
	if line := <-process.Lines; !strings.HasPrefix(line, "TRY_AGAIN 0 The server has no room") {
		t.Errorf("said %q", line)
	}
	if line := <-process.Lines; line != "<nil>" {
		t.Errorf("a small file: %q", line)
	}
}
