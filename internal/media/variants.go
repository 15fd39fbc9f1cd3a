package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/budget"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// variantFolder is where in the blob store variants are. Their number is that of the
// way they are made: whoever changes it, increments it. A job removes those of other numbers.
const (
	variantRoot   = "variants/"
	variantFolder = variantRoot + "2/"
)

// Bounds on making a variant.
const (
	// variantWait is how long a request waits for its turn.
	variantWait = 30 * time.Second
	// storeTimeout bounds what goes on after the client has left.
	storeTimeout = time.Minute
	// keptBases are pictures that were decoded lately, at most 2560 × 2560 pixels of
	// four bytes: the first page that shows a picture asks for many variants at once.
	keptBases = 3
)

// variants makes pictures from originals.
type variants struct {
	locks keyedLocks
	bases *lru.Cache[string, *image.NRGBA]
	made  func(key string) // for tests
}

func newVariants() *variants {
	bases, _ := lru.New[string, *image.NRGBA](keptBases) // fails for sizes below 1
	return &variants{locks: keyedLocks{held: map[string]*keyedLock{}}, bases: bases, made: func(string) {}}
}

// keyedLocks let one at a time work on what has a key.
type keyedLocks struct {
	mu   sync.Mutex
	held map[string]*keyedLock
}

type keyedLock struct {
	turn    chan struct{}
	waiting int
}

// lock waits for the turn. The caller calls unlock.
func (l *keyedLocks) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	k := l.held[key]
	if k == nil {
		k = &keyedLock{turn: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.waiting++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.waiting--; k.waiting == 0 {
			delete(l.held, key)
		}
	}
	select {
	case k.turn <- struct{}{}:
		return func() { <-k.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// What a request for a variant can come to beside its bytes.
var (
	errNoOriginal = errors.New("there is no such file")
	errTooCostly  = errors.New("the picture is too large to make another of it")
)

// movedError says that an address is of an earlier focal point: where it is now.
type movedError struct{ to string }

func (e *movedError) Error() string { return "the picture is cut otherwise now" }

// serveVariant answers with a variant, which it makes when it is asked for the first
// time.
func (s *Service) serveVariant(w http.ResponseWriter, r *http.Request, original, name string, l licence) {
	v, f, ok := parseVariant(name)
	if !ok {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	key := variantFolder + original + "/" + name
	reader, err := s.bucket.NewReader(r.Context(), key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		if !budget.Admit(s.Budget, w, r, makePoints) {
			return
		}
		if err = s.makeVariant(r.Context(), original, v, f, key); err == nil {
			reader, err = s.bucket.NewReader(r.Context(), key, nil)
		}
	}
	moved, isMoved := errors.AsType[*movedError](err)
	switch {
	case isMoved:
		temporary(w, r, moved.to)
	case errors.Is(err, errTooCostly):
		temporary(w, r, Prefix+original)
	case errors.Is(err, errNoOriginal):
		s.serveMoved(w, r, original, name)
	case r.Context().Err() != nil: // nobody is waiting
		if err == nil {
			_ = reader.Close()
		}
	case err != nil:
		slog.ErrorContext(r.Context(), "make a variant", "key", key, "error", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "The picture cannot be made now.", http.StatusServiceUnavailable)
	default:
		s.serveBlob(w, r, reader, key, byExtension[string(v.Format)], original[strings.LastIndexByte(original, '/')+1:][:hashDigits]+"-"+strings.TrimSuffix(name, path.Ext(name)), l)
	}
}

// temporary sends a client elsewhere for now.
func temporary(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "public, max-age=60")
	http.Redirect(w, r, to, http.StatusFound) //nolint:gosec // G710: to begins with Prefix
}

// makeVariant makes a variant, unless another request has meanwhile.
func (s *Service) makeVariant(ctx context.Context, original string, v Variant, f focus, key string) error {
	wait, cancel := context.WithTimeout(ctx, variantWait)
	defer cancel()
	unlock, err := s.variants.locks.lock(wait, original)
	if err != nil {
		return fmt.Errorf("wait for other variants of the file: %w", err)
	}
	defer unlock()
	if there, err := s.bucket.Exists(wait, key); there || err != nil {
		return err
	}
	items, err := s.db.Ent(wait).Media.Query().Where(entmedia.BlobKey(original), entmedia.BlobKeyNEQ("")).Limit(10).All(access.AsSystem(wait))
	if err != nil {
		return fmt.Errorf("look for the item of a file: %w", err)
	}
	if err := v.allowed(items, f, path.Base(key)); err != nil {
		return err
	}
	base, err := s.base(wait, items[0])
	if err != nil {
		return err
	}
	if err := s.setPlaceholder(ctx, items, base); err != nil {
		return err
	}
	bounds := base.Bounds()
	// The encoder of WebP holds its own planes and those of the caller.
	bytesOf := int64(bounds.Dx()) * int64(bounds.Dy()) * 8
	if err := decoding.Acquire(wait, bytesOf); err != nil {
		return fmt.Errorf("wait for other pictures: %w", err)
	}
	defer decoding.Release(bytesOf)
	var made bytes.Buffer
	if err := guarded(func() error { return render(&made, base, v, f) }); err != nil {
		return fmt.Errorf("make a variant: %w", err)
	}
	// It is made: that its client has left is no reason to throw it away.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer stop()
	if err := s.bucket.WriteAll(ctx, key, made.Bytes(), &blob.WriterOptions{ContentType: byExtension[string(v.Format)].contentType}); err != nil {
		return fmt.Errorf("keep a variant: %w", err)
	}
	s.variants.made(key)
	return s.recheck(ctx, original, key)
}

// allowed finds whether a variant is one of these items, which have one file. The
// focal point of an address must be one that an editor has set.
func (v Variant) allowed(items []*ent.Media, f focus, name string) error {
	if len(items) == 0 || !HasVariants(items[0]) {
		return errNoOriginal
	}
	for _, m := range items {
		if v.name(m.Width, m.Height, focusOf(m)) == name {
			return nil
		}
	}
	return &movedError{v.Path(items[0])}
}

// recheck takes a variant away again whose item was deleted while it was made.
func (s *Service) recheck(ctx context.Context, original, key string) error {
	there, err := s.named(ctx, original)
	if err != nil || there {
		return err
	}
	if err := s.remove(ctx, key); err != nil {
		return fmt.Errorf("remove the variant of a deleted file: %w", err)
	}
	return errNoOriginal
}

// base gives the picture that the variants of an item are cut from. The caller has
// the lock of the file.
func (s *Service) base(ctx context.Context, m *ent.Media) (*image.NRGBA, error) {
	if base, ok := s.variants.bases.Get(m.BlobKey); ok {
		return base, nil
	}
	file, err := s.copyOf(ctx, m.BlobKey)
	if err != nil {
		return nil, err
	}
	defer file.discard()
	f := formatOf(m.BlobKey)
	need, err := needs(file, f, m.Width, m.Height)
	if err != nil {
		return nil, err
	}
	w, h := fit(m.Width, m.Height)
	need += int64(w) * int64(m.Height+h) * 4
	if need > decodeBudget {
		return nil, errTooCostly
	}
	if err := decoding.Acquire(ctx, need); err != nil {
		return nil, fmt.Errorf("wait for other pictures: %w", err)
	}
	defer decoding.Release(need)
	const large = 32 << 20
	if need > large {
		defer runtime.GC() // before the room is given to the next
	}
	var base *image.NRGBA
	err = guarded(func() error {
		base, err = baseOf(file, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("decode a picture: %w", err)
	}
	s.variants.bases.Add(m.BlobKey, base)
	return base, nil
}

// setPlaceholder gives the items of a file their placeholder, where they have none.
func (s *Service) setPlaceholder(ctx context.Context, items []*ent.Media, base *image.NRGBA) error {
	var without []int
	for _, m := range items {
		if m.Placeholder == "" {
			without = append(without, m.ID)
		}
	}
	if len(without) == 0 {
		return nil
	}
	text, err := placeholder(base)
	if err != nil {
		return err
	}
	ctx = access.AsSystem(ctx)
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.db.Ent(ctx).Media.Update().Where(entmedia.IDIn(without...)).SetPlaceholder(text).Save(ctx); err != nil {
			return err
		}
		events := make([]event.Event, len(without))
		for i, key := range without {
			events[i] = event.Event{Action: event.Updated, Entity: id.Media, EntityID: key}
		}
		return s.log.Append(ctx, events...)
	})
}

// copyOf copies a blob to a file, which decoders read more than once.
func (s *Service) copyOf(ctx context.Context, key string) (*spooled, error) {
	reader, err := s.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, errNoOriginal
	}
	if err != nil {
		return nil, fmt.Errorf("read the original: %w", err)
	}
	defer func() { _ = reader.Close() }()
	file, err := os.CreateTemp("", spoolPattern)
	if err != nil {
		return nil, fmt.Errorf("make room for the original: %w", err)
	}
	f := &spooled{File: file}
	if f.size, err = io.Copy(file, reader); err != nil {
		f.discard()
		return nil, fmt.Errorf("read the original: %w", err)
	}
	return f, nil
}

// guarded turns a panic of a decoder into an error.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v: %w", p, errBroken)
		}
	}()
	return do()
}

// forgetVariants removes the variants of a file.
func (s *Service) forgetVariants(ctx context.Context, original string) error {
	s.variants.bases.Remove(original)
	list := s.bucket.List(&blob.ListOptions{Prefix: variantFolder + original + "/"})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the variants of a file: %w", err)
		}
		if err := s.remove(ctx, object.Key); err != nil {
			return fmt.Errorf("remove a variant: %w", err)
		}
	}
}
