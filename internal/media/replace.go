package media

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"time"

	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/outbound"
)

// importTimeout bounds fetching one file for an editor who waits.
const importTimeout = time.Minute

// Import takes in a file of the open web, as Receive does one that is sent.
func (e *Editor) Import(ctx context.Context, address string) (*Received, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || len(address) > maxText || outbound.Check(u.Scheme, u.Host) != nil || u.User != nil {
		return nil, fault.BadInput("url", "The address is not one of the web: http:// or https:// and a host.")
	}
	f := &fetcher{Service: e.s, client: outbound.NewClient(importTimeout, e.open)}
	defer f.client.CloseIdleConnections()
	body, err := f.openOriginal(ctx, u)
	if err != nil {
		return nil, notFetched(ctx, err)
	}
	defer func() { _ = body.Close() }()
	r, err := e.Receive(ctx, path.Base(u.Path), body)
	if err != nil {
		if _, shown := errors.AsType[*fault.Error](err); !shown {
			return nil, notFetched(ctx, err)
		}
		return nil, err
	}
	r.from = address
	return r, nil
}

// notFetched says that a file could not be had without telling what lies behind an
// address.
func notFetched(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fault.New(fault.TryAgain, "Fetching the file took too long: try again.").WithCause(err)
	}
	if errors.Is(err, outbound.ErrForbidden) {
		return fault.BadInput("url", "The address is not one of the open web.").WithCause(err)
	}
	slog.InfoContext(ctx, "a file could not be fetched", "error", err)
	return fault.BadInput("url", "The file could not be fetched from there.").WithCause(err)
}

// movedFolder is where in the blob store the later key of a replaced original is noted:
// bodies, feeds and other sites hold the old address.
const movedFolder = "moved/"

// maxMoves bounds how often an old address is followed.
const maxMoves = 20

// Replace puts a received file in the place of that of an item.
func (e *Editor) Replace(ctx context.Context, key int, r *Received) (saved *ent.Media, err error) {
	var was string
	err = e.s.db.Tx(ctx, func(ctx context.Context) error {
		old, err := e.Item(ctx, key)
		if err != nil {
			return err
		}
		if err := mayChange(ctx, old); err != nil {
			return err
		}
		if old.Kind != r.kind {
			return fault.Mistake(fault.Invalid, "file", "The file is %s; the item is %s.", r.kind, old.Kind)
		}
		if was = old.BlobKey; was == r.key {
			saved = old
			return nil
		}
		saved, err = e.s.db.Ent(ctx).Media.UpdateOneID(key).SetBlobKey(r.key).SetContentType(r.contentType).SetWidth(r.width).SetHeight(r.height).
			SetDuration(r.duration.Milliseconds()).SetSize(r.size).SetChecksum(r.checksum).SetPlaceholder("").Save(ctx)
		if err != nil {
			return err
		}
		if err := e.s.log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Media, EntityID: key}); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "replaceMediaFile", Entity: id.Media, EntityID: key, Before: stateOf(old), After: stateOf(saved)})
	})
	if err != nil {
		e.s.forget(ctx, r.key)
		return nil, shown("replace a file", err)
	}
	if was != "" && was != r.key {
		e.s.moved(context.WithoutCancel(ctx), was, r.key)
	}
	return saved, nil
}

// moved takes the old file of an item away and says where the new one is. What fails
// here leaves the old file at the old address.
func (s *Service) moved(ctx context.Context, from, to string) {
	if err := s.remove(ctx, movedFolder+to); err != nil {
		slog.WarnContext(ctx, "a replaced file may lead in a circle", "key", to, "error", err)
		return
	}
	if err := s.bucket.WriteAll(ctx, movedFolder+from, []byte(to), nil); err != nil {
		slog.WarnContext(ctx, "a replaced file is left at its address", "key", from, "error", err)
		return
	}
	s.forget(ctx, from)
}

// serveMoved sends who asks for a replaced original, or a variant of it, to the new
// one.
func (s *Service) serveMoved(w http.ResponseWriter, r *http.Request, key, variant string) {
	to := key
	for range maxMoves {
		next, err := s.bucket.ReadAll(r.Context(), movedFolder+to)
		if gcerrors.Code(err) == gcerrors.NotFound {
			break
		}
		if err != nil {
			slog.ErrorContext(r.Context(), "look where a file is now", "key", key, "error", err)
			http.Error(w, "The file cannot be read now.", http.StatusServiceUnavailable)
			return
		}
		to = string(next)
	}
	if to == key || !keyForm.MatchString(to) {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	if variant != "" {
		to += "/" + variant
	}
	temporary(w, r, Prefix+to)
}
