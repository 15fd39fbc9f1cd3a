package media

import (
	"context"
	"errors"
	"fmt"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Editor is the way in for people: it asks what they may do, cleans what they
// upload and records who did what. Imports use the Service itself.
type Editor struct {
	s     *Service
	audit *audit.Log
	open  func(netip.Addr) bool // for tests: which addresses files come from
}

// NewEditor gives the editor of what s keeps.
func NewEditor(s *Service, log *audit.Log) *Editor { return &Editor{s: s, audit: log} }

// decoding bounds the bytes of all pictures that are decoded at once in this
// process, and so its memory.
var decoding = semaphore.NewWeighted(decodeBudget)

// Received is a file that was taken in, checked, cleaned and put into the blob
// store.
type Received struct {
	facts
	key      string
	size     int64
	checksum string
	says     described
	from     string // the address it was fetched from; empty: it was sent
}

// Receive takes in a file: what it is, is read from its bytes; files lose
// their metadata, and pictures are turned upright. No item names it until Save, so that the
// transaction of Save is short.
func (e *Editor) Receive(ctx context.Context, name string, body io.Reader) (*Received, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	if e.s.bucket == nil {
		return nil, errors.New("there is no blob store")
	}
	file, err := e.s.spool(body)
	if err != nil {
		return nil, err
	}
	defer func() { file.discard() }()
	found, err := inspect(file, file.size, false)
	if err != nil {
		return nil, err
	}
	says := describe(file, found.format)
	cleaned, err := e.clean(ctx, file, &found, says.orientation)
	if err != nil {
		return nil, err
	}
	if cleaned != nil {
		file.discard()
		file = cleaned
	}
	key, err := e.s.put(ctx, file, name, found)
	if err != nil {
		return nil, err
	}
	return &Received{facts: found, key: key, size: file.size, checksum: file.checksum, says: says}, nil
}

// clean gives a picture without metadata, nil for what is kept as it came.
func (e *Editor) clean(ctx context.Context, file *spooled, found *facts, orientation int) (*spooled, error) {
	cleaner := cleaners[found.contentType]
	if cleaner == nil {
		return nil, nil
	}
	moving := found.contentType == gifFormat.contentType
	if orientation > 1 || moving { // it will be decoded
		need, err := needs(file, found.format, found.width, found.height)
		if err != nil {
			return nil, unreadable(err)
		}
		if orientation > 1 {
			const turned, encoded = 4, 8 // bytes of each pixel; the encoder of WebP holds its own planes
			need += int64(found.width) * int64(found.height) * (turned + encoded)
		}
		if need > decodeBudget {
			return nil, fault.Mistake(fault.TooLong, "file", "The picture is too large to be turned upright here: save it upright.")
		}
		if err := decoding.Acquire(ctx, need); err != nil {
			return nil, fault.New(fault.TryAgain, "The server has too many pictures at hand: try again.").WithCause(err)
		}
		defer decoding.Release(need)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the upload again: %w", err)
	}
	if moving {
		if _, err := gif.Decode(file); err != nil { // the first frame
			return nil, unreadable(err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the upload again: %w", err)
		}
	}
	var broken error
	cleaned, err := e.s.spoolFrom(func(w io.Writer) error {
		if orientation > 1 {
			broken = guarded(func() error { return upright(w, file, file.size, found.format, orientation) })
		} else {
			broken = cleaner(w, file, file.size)
		}
		return broken
	})
	if errors.Is(broken, errFrames) {
		return nil, fault.Mistake(fault.TooLong, "file", "The picture has more than %d frames.", maxFrames)
	}
	if broken != nil && isDamage(broken) {
		return nil, unreadable(broken)
	}
	if err != nil {
		return nil, err
	}
	if orientation >= 5 {
		found.width, found.height = found.height, found.width
	}
	return cleaned, nil
}

// isDamage tells an error of the file from one of ours.
func isDamage(err error) bool {
	_, jpegForm := errors.AsType[jpeg.FormatError](err)
	_, jpegKind := errors.AsType[jpeg.UnsupportedError](err)
	_, pngForm := errors.AsType[png.FormatError](err)
	_, pngKind := errors.AsType[png.UnsupportedError](err)
	return jpegForm || jpegKind || pngForm || pngKind || errors.Is(err, errBroken) || errors.Is(err, errTruncated) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// unreadable tells of a file that is not whole.
func unreadable(err error) error {
	return fault.Mistake(fault.Invalid, "file", "The file cannot be read: it is damaged or not complete.").WithCause(err)
}

// Save makes a media item of a received file. Where there is one of the same bytes
// already, that one is given as it is.
func (e *Editor) Save(ctx context.Context, r *Received, w Words) (saved *ent.Media, err error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	w.SourceURI, w.SourceURL = "", r.from
	if w.Caption == "" {
		w.Caption = r.says.caption
	}
	if w.Credit == "" {
		w.Credit = r.says.credit
	}
	if w.Alt == "" {
		w.Alt = r.says.alt
	}
	if err := w.check(""); err != nil {
		return nil, err
	}
	err = e.s.db.Tx(ctx, func(ctx context.Context) error {
		same, err := e.s.db.Ent(ctx).Media.Query().Where(entmedia.Checksum(r.checksum), entmedia.BlobKeyNEQ("")).Order(ent.Asc(entmedia.FieldID)).Limit(1).All(ctx)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			saved = same[0]
			return nil
		}
		b := e.s.newItem(ctx, r.key, r.facts, r.size, r.checksum)
		if uploader := access.Of(ctx).UserID; uploader != 0 {
			b.SetUploadedBy(uploader)
		}
		setWords(b, w)
		if saved, err = b.Save(ctx); err != nil {
			return err
		}
		if err := e.s.log.Append(ctx, event.Event{Action: event.Created, Entity: id.Media, EntityID: saved.ID}); err != nil {
			return err
		}
		if err := e.licensed(ctx, saved); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "uploadMedia", Entity: id.Media, EntityID: saved.ID, After: stateOf(saved)})
	})
	if err != nil {
		return nil, shown("store a media item", err)
	}
	if saved.BlobKey != r.key {
		e.s.forget(ctx, r.key)
	}
	return saved, nil
}

// shown gives a fault as it is, and says of other errors what was being done.
func shown(doing string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// forget removes a blob that no item names. What cannot be removed is only waste.
func (s *Service) forget(ctx context.Context, key string) {
	ctx = context.WithoutCancel(ctx)
	named, err := s.named(ctx, key)
	if err == nil && !named && s.bucket != nil {
		err = errors.Join(s.bucket.Delete(ctx, key), s.forgetVariants(ctx, key))
	}
	if err != nil {
		slog.WarnContext(ctx, "a file that nothing names is left", "key", key, "error", err)
	}
}

// state is what the audit log keeps of a media item.
type state struct {
	File    string         `json:"file,omitempty"`
	Type    string         `json:"contentType,omitempty"`
	Alt     string         `json:"alt,omitempty"`
	Caption string         `json:"caption,omitempty"`
	Credit  string         `json:"credit,omitempty"`
	FocalX  *float64       `json:"focalX,omitempty"`
	FocalY  *float64       `json:"focalY,omitempty"`
	Rights  *schema.Rights `json:"rights,omitempty"`
	Uses    []string       `json:"uses,omitempty"`

	Translations map[string]schema.MediaWords `json:"translations,omitempty"`
	ExpiresAt    *time.Time                   `json:"expiresAt,omitempty"`
}

func stateOf(m *ent.Media) state {
	return state{m.BlobKey, m.ContentType, m.Alt, m.Caption, m.Credit, m.FocalX, m.FocalY, m.Rights, nil, m.Translations, m.ExpiresAt}
}

// mayChange refuses who may not change an item: everybody changes what they
// uploaded, editors all.
func mayChange(ctx context.Context, m *ent.Media) error {
	v := access.Of(ctx)
	if v.Can(access.EditArticles) || m.UploadedBy != nil && *m.UploadedBy == v.UserID {
		return nil
	}
	return access.Forbidden()
}

// Item gives an item to who may work on media.
func (e *Editor) Item(ctx context.Context, key int) (*ent.Media, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	m, err := e.s.db.Ent(ctx).Media.Get(ctx, key)
	return m, missing(err)
}

func missing(err error) error {
	if ent.IsNotFound(err) {
		return fault.Mistake(fault.Missing, "id", "There is no such media item.")
	}
	return err
}

// Update changes the words of an item by change, which is given them as they are.
func (e *Editor) Update(ctx context.Context, key int, change func(*Words)) (saved *ent.Media, err error) {
	err = e.s.db.Tx(ctx, func(ctx context.Context) error {
		old, err := e.Item(ctx, key)
		if err != nil {
			return err
		}
		if err := mayChange(ctx, old); err != nil {
			return err
		}
		w := Words{Alt: old.Alt, Caption: old.Caption, Credit: old.Credit, FocalX: old.FocalX, FocalY: old.FocalY, Rights: old.Rights,
			Translations: old.Translations, ExpiresAt: old.ExpiresAt}
		change(&w)
		if err := w.check(""); err != nil {
			return err
		}
		b := e.s.db.Ent(ctx).Media.UpdateOneID(key).SetAlt(w.Alt).SetCaption(w.Caption).SetCredit(w.Credit)
		if w.FocalX != nil && w.FocalY != nil {
			b.SetFocalX(*w.FocalX).SetFocalY(*w.FocalY)
		} else {
			b.ClearFocalX().ClearFocalY()
		}
		if w.Rights != nil {
			b.SetRights(w.Rights)
		} else {
			b.ClearRights()
		}
		if len(w.Translations) > 0 {
			b.SetTranslations(w.Translations)
		} else {
			b.ClearTranslations()
		}
		store.SetOrClear(w.ExpiresAt, b.Mutation().SetExpiresAt, b.Mutation().ClearExpiresAt)
		if saved, err = b.Save(ctx); err != nil {
			return err
		}
		if err := e.s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Media, EntityID: key}); err != nil {
			return err
		}
		if err := e.licensed(ctx, saved); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "updateMedia", Entity: id.Media, EntityID: key, Before: stateOf(old), After: stateOf(saved)})
	})
	if err != nil {
		return nil, shown("change a media item", err)
	}
	return saved, nil
}
