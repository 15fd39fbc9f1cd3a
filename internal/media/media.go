// Package media keeps pictures, films, sounds and files: their originals in a
// blob store, what is known of them in the database.
//
// What a file is, is read from its bytes (see kind.go); neither its name nor
// what its sender says counts. Originals are served by Handler under keys that
// name their content, so they never change.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	lru "github.com/hashicorp/golang-lru/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/slug"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// OpenFolder opens a folder of this machine as a blob store, making it when it
// is not there.
func OpenFolder(dir string) (*blob.Bucket, error) {
	// What a blob is, is read from its key: nothing beside the files themselves
	// is kept. Unfinished files stay in the folder, for another may be on
	// another device, to which they could not be renamed.
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir: true, DirFileMode: 0o750, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil {
		return nil, fmt.Errorf("open the media folder: %w", err)
	}
	return bucket, nil
}

// Service keeps media.
type Service struct {
	db     *store.DB
	log    *event.Log
	bucket *blob.Bucket
	// MaxBytes bounds one file.
	MaxBytes int64
	// UploadDir is the folder of unfinished uploads; empty: there are none.
	UploadDir string
	// ExpireAt, where it is set, has Editor.Expire called at a moment, once the
	// transaction of ctx has committed.
	ExpireAt func(ctx context.Context, at time.Time) error
	// SignIn, where it is set, finds out who asks for a file that is not for everyone.
	SignIn func(next http.Handler) http.Handler
	// Budget bounds how much one address may ask for over time; nil: any number.
	Budget budget.Charger
	// Now is the clock, for tests.
	Now func() time.Time

	variants *variants
	seen     *lru.Cache[string, seenLicence] // by the key of the file
	changes  atomic.Int64                    // counts what made licences be forgotten
}

// defaultMaxBytes is room for some minutes of film.
const defaultMaxBytes = 256 << 20

// New gives the service. The bucket stays the caller's to close.
func New(db *store.DB, log *event.Log, bucket *blob.Bucket) *Service {
	seen, _ := lru.New[string, seenLicence](maxSeen) // fails for sizes below 1
	s := &Service{
		seen: seen, db: db, log: log, bucket: bucket, MaxBytes: defaultMaxBytes, variants: newVariants(),
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
	log.EveryNode(s)
	return s
}

// Words are what belongs to a media item beside its bytes.
type Words struct {
	Alt, Caption, Credit string
	FocalX, FocalY       *float64 // 0 to 1 from the left and the top
	Rights               *schema.Rights
	// Translations are the words in other languages, by BCP 47.
	Translations map[string]schema.MediaWords
	ExpiresAt    *time.Time // when the licence ends; nil: never
	SourceURI    string     // its identity where it came from; empty when it was made here
	SourceURL    string     // where the original came from
}

// Upload is a file to keep.
type Upload struct {
	Words
	Name string // of the file, for people who save it; a path is cut off
	Body io.Reader
	// OwnMake says that the file comes from this program. Only then it may be
	// SVG, which can hold scripts.
	OwnMake bool
}

// Store keeps a file. One whose SourceURI is known already is not read: the
// item that is there is given, as it is.
func (s *Service) Store(ctx context.Context, u Upload) (*ent.Media, error) {
	ctx = access.AsSystem(ctx)
	if err := u.check(""); err != nil {
		return nil, err
	}
	if have, err := s.bySource(ctx, u.SourceURI); have != nil || err != nil {
		return have, err
	}
	file, err := s.spool(u.Body)
	if err != nil {
		return nil, err
	}
	defer file.discard()
	facts, err := inspect(file, file.size, u.OwnMake)
	if err != nil {
		return nil, err
	}
	key, err := s.put(ctx, file, u.Name, facts)
	if err != nil {
		return nil, err
	}
	var saved *ent.Media
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		b := s.newItem(ctx, key, facts, file.size, file.checksum)
		setWords(b, u.Words)
		if saved, err = b.Save(ctx); err != nil {
			return err
		}
		return s.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Media, EntityID: saved.ID})
	})
	if store.IsDuplicate(err) { // another import was faster with the same one
		if have, found := s.bySource(ctx, u.SourceURI); have != nil && found == nil {
			return have, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store a media item: %w", err)
	}
	return saved, nil
}

// put puts a file into the blob store and gives its key. It comes before the row
// that names it: a blob without a row is only waste, and the next attempt uses it.
func (s *Service) put(ctx context.Context, file *spooled, name string, facts facts) (key string, err error) {
	key = s.key(name, file.checksum, facts.extension)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read the file again: %w", err)
	}
	if err := s.bucket.Upload(ctx, key, file, &blob.WriterOptions{ContentType: facts.contentType}); err != nil {
		slog.ErrorContext(ctx, "keep a media file", "key", key, "error", err)
		return "", notKept(err)
	}
	return key, nil
}

// remove takes a blob away; one that is not there is gone already.
func (s *Service) remove(ctx context.Context, key string) error {
	if err := s.bucket.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
		return err
	}
	return nil
}

// named reports whether an item has a file.
func (s *Service) named(ctx context.Context, key string) (bool, error) {
	return s.db.Ent(ctx).Media.Query().Where(entmedia.BlobKey(key), entmedia.BlobKeyNEQ("")).Exist(access.AsSystem(ctx))
}

// newItem is the row of a file that was put into the blob store.
func (s *Service) newItem(ctx context.Context, key string, facts facts, size int64, checksum string) *ent.MediaCreate {
	return s.db.Ent(ctx).Media.Create().SetBlobKey(key).SetContentType(facts.contentType).SetKind(facts.kind).
		SetWidth(facts.width).SetHeight(facts.height).SetDuration(facts.duration.Milliseconds()).SetSize(size).SetChecksum(checksum)
}

func (s *Service) bySource(ctx context.Context, uri string) (*ent.Media, error) {
	if uri == "" {
		return nil, nil
	}
	have, err := s.db.Ent(ctx).Media.Query().Where(entmedia.SourceURI(uri)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for media %q: %w", uri, err)
	}
	return have, nil
}

// hashDigits of the checksum are enough to tell the files of one newsroom and
// month apart.
const hashDigits = 16

// key names a blob: 2026/11/0123456789abcdef-harbour.jpg. It is plain ASCII, so
// that it needs no escaping in an address.
func (s *Service) key(name, checksum, extension string) string {
	const maxName = 60
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	base = slug.Make(strings.TrimSuffix(base, path.Ext(base)))
	base = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return -1
		}
		return r
	}, base)
	base = strings.Trim(base[:min(len(base), maxName)], "-")
	if base != "" {
		base = "-" + base
	}
	return s.Now().Format("2006/01/") + checksum[:hashDigits] + base + "." + extension
}

// Elsewhere is a media item whose original stays where it is.
type Elsewhere struct {
	Words         // SourceURL is where it is
	ContentType   string
	Kind          entmedia.Kind // empty: IMAGE
	Width, Height int           // pixels; 0 unknown
}

// chunkSize is how many rows go into the database by one statement.
const chunkSize = 500

// Refer keeps what is known of media elsewhere, without their bytes. One whose
// SourceURI is known already is given as it is; of two with the same one the
// first counts. The answer is in the order of items.
func (s *Service) Refer(ctx context.Context, items ...Elsewhere) ([]*ent.Media, error) {
	ctx = access.AsSystem(ctx)
	for i := range items {
		if err := items[i].check(fmt.Sprintf("media[%d].", i)); err != nil {
			return nil, err
		}
	}
	saved := make([]*ent.Media, len(items))
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		for start := 0; start < len(items); start += chunkSize {
			end := min(start+chunkSize, len(items))
			if err := s.refer(ctx, items[start:end], saved[start:end]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("note media: %w", err)
	}
	return saved, nil
}

func (s *Service) refer(ctx context.Context, items []Elsewhere, saved []*ent.Media) error {
	client := s.db.Ent(ctx)
	var uris []string
	for _, e := range items {
		if e.SourceURI != "" {
			uris = append(uris, e.SourceURI)
		}
	}
	known := map[string]*ent.Media{}
	if len(uris) > 0 {
		have, err := client.Media.Query().Where(entmedia.SourceURIIn(uris...)).All(ctx)
		if err != nil {
			return err
		}
		for _, m := range have {
			known[*m.SourceURI] = m
		}
	}
	var builders []*ent.MediaCreate
	made := map[string]int{} // by source: its place among the builders
	place := make([]int, len(items))
	for i, e := range items {
		if have := known[e.SourceURI]; have != nil {
			saved[i] = have
			continue
		}
		at, twice := made[e.SourceURI]
		if !twice || e.SourceURI == "" {
			at = len(builders)
			made[e.SourceURI] = at
			b := client.Media.Create().SetContentType(e.ContentType).SetWidth(e.Width).SetHeight(e.Height)
			if e.Kind != "" {
				b.SetKind(e.Kind)
			}
			setWords(b, e.Words)
			builders = append(builders, b)
		}
		place[i] = at
	}
	if len(builders) == 0 {
		return nil
	}
	rows, err := client.Media.CreateBulk(builders...).Save(ctx)
	if err != nil {
		return err
	}
	for i := range saved {
		if saved[i] == nil {
			saved[i] = rows[place[i]]
		}
	}
	events := make([]event.Event, len(rows))
	for i, m := range rows {
		events[i] = event.Event{Action: event.Created, Entity: id.Media, EntityID: m.ID}
	}
	return s.log.Append(ctx, events...)
}

// In changes the words in one language; empty ones are taken away.
func (w *Words) In(language string, change func(*schema.MediaWords)) {
	words := w.Translations[language]
	change(&words)
	w.Translations = maps.Clone(w.Translations)
	if words == (schema.MediaWords{}) {
		delete(w.Translations, language)
		return
	}
	if w.Translations == nil {
		w.Translations = map[string]schema.MediaWords{}
	}
	w.Translations[language] = words
}

func setWords(b *ent.MediaCreate, w Words) {
	b.SetAlt(w.Alt).SetCaption(w.Caption).SetCredit(w.Credit).SetNillableFocalX(w.FocalX).SetNillableFocalY(w.FocalY).SetSourceURL(w.SourceURL)
	if w.Rights != nil {
		b.SetRights(w.Rights)
	}
	if len(w.Translations) > 0 {
		b.SetTranslations(w.Translations)
	}
	b.SetNillableExpiresAt(w.ExpiresAt)
	if w.SourceURI != "" {
		b.SetSourceURI(w.SourceURI)
	}
}

// Bounds on the words of an item.
const (
	maxText      = 20_000  // bytes of each
	maxLanguages = 50      // beside those for all
	maxAllTexts  = 200_000 // bytes of those in other languages
)

// clean leaves out what no database keeps.
func clean(text string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD"))
}

// check cleans the words and refuses what cannot be stored.
func (w *Words) check(field string) error {
	for _, text := range []struct {
		name  string
		value *string
	}{{"alt", &w.Alt}, {"caption", &w.Caption}, {"credit", &w.Credit}, {"sourceUri", &w.SourceURI}, {"sourceUrl", &w.SourceURL}} {
		*text.value = clean(*text.value)
		if len(*text.value) > maxText {
			return fault.Mistake(fault.TooLong, field+text.name, "The text is longer than %d bytes.", maxText)
		}
	}
	if err := w.checkTranslations(field); err != nil {
		return err
	}
	if w.ExpiresAt != nil {
		if y := w.ExpiresAt.UTC().Year(); y < 1970 || y > 9999 {
			return fault.BadInput(field+"expiresAt", "A licence ends between the years 1970 and 9999.")
		}
		at := w.ExpiresAt.UTC().Truncate(time.Microsecond)
		w.ExpiresAt = &at
	}
	for _, f := range []*float64{w.FocalX, w.FocalY} {
		if f != nil && !(0 <= *f && *f <= 1) { // NaN is outside
			return fault.BadInput(field+"focalPoint", "A focal point lies between 0 and 1 of each side.")
		}
	}
	return nil
}

func (w *Words) checkTranslations(field string) error {
	if len(w.Translations) > maxLanguages {
		return fault.Mistake(fault.TooLong, field+"language", "The item has words in %d languages already.", maxLanguages)
	}
	total, cleaned := 0, maps.Clone(w.Translations)
	for language, words := range cleaned {
		for _, text := range []*string{&words.Alt, &words.Caption, &words.Credit} {
			if *text = clean(*text); len(*text) > maxText {
				return fault.Mistake(fault.TooLong, field+"alt", "A text in the language %s is longer than %d bytes.", language, maxText)
			}
			total += len(*text)
		}
		cleaned[language] = words
	}
	if total > maxAllTexts {
		return fault.Mistake(fault.TooLong, field+"alt", "The texts in other languages are longer than %d bytes in all.", maxAllTexts)
	}
	maps.DeleteFunc(cleaned, func(_ string, words schema.MediaWords) bool { return words == schema.MediaWords{} })
	w.Translations = cleaned
	return nil
}

func (e *Elsewhere) check(field string) error {
	switch {
	case e.SourceURL == "":
		return fault.BadInput(field+"sourceUrl", "The address of the original is needed.")
	case e.Kind != "" && entmedia.KindValidator(e.Kind) != nil:
		return fault.BadInput(field+"kind", "There is no kind of media called %.40q.", e.Kind)
	case e.Width < 0 || e.Height < 0:
		return fault.BadInput(field+"width", "A side is not below zero.")
	}
	return e.Words.check(field)
}

// errNoMedia says that bytes are nothing that is kept here.
var errNoMedia = errors.New("not a kind of file that is kept here")
