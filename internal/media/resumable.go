package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	expslog "golang.org/x/exp/slog" // the type that the handler takes

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Where uploads that can be resumed are begun and continued.
const (
	ResumableStart = "/media"
	ResumableRest  = "/media/uploads/"
)

// maxUnfinished bounds the uploads that one account has begun and not finished, and so
// what they can take of the disk.
const maxUnfinished = 10

var uploadIDForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// owner names whom an upload belongs to, in what is kept of it.
const owner = "broadsheet-owner"

// resumable takes files that come in parts and may be cut off (https://tus.io, protocol
// 1.0.0).
type resumable struct {
	editor *Editor
	store  filestore.FileStore
	tus    *handler.UnroutedHandler
	dir    string
}

// Resumable gives the handler of uploads that can be resumed. What has come of them is
// kept in a folder until they are complete, or for a day.
func (e *Editor) Resumable(dir string) (http.Handler, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of uploads: %w", err)
	}
	u := &resumable{editor: e, store: filestore.New(dir), dir: dir}
	composer := handler.NewStoreComposer()
	stored := guardedStore{u.store}
	composer.UseCore(stored)
	composer.UseTerminater(stored)
	composer.UseLengthDeferrer(stored)
	memorylocker.New().UseIn(composer)
	silent := expslog.New(expslog.NewTextHandler(io.Discard, nil)) // the server logs its requests itself
	tus, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: ResumableRest, MaxSize: e.s.MaxBytes, DisableDownload: true, DisableConcatenation: true,
		Cors: &handler.CorsConfig{Disable: true}, PreUploadCreateCallback: u.begin, PreFinishResponseCallback: u.finish,
		Logger: silent,
	})
	if err != nil {
		return nil, fmt.Errorf("set up resumable uploads: %w", err)
	}
	u.tus = tus
	return u.tus.Middleware(http.HandlerFunc(u.serve)), nil
}

// guardedStore tells of a disk that fails without its paths.
type guardedStore struct{ filestore.FileStore }

type guardedUpload struct{ handler.Upload }

// NewUpload implements handler.DataStore.
func (s guardedStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	upload, err := s.FileStore.NewUpload(ctx, info)
	return guardedUpload{upload}, unavailableTus(ctx, err)
}

// GetUpload implements handler.DataStore.
func (s guardedStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	upload, err := s.FileStore.GetUpload(ctx, id)
	return guardedUpload{upload}, unavailableTus(ctx, err)
}

// WriteChunk implements handler.Upload.
func (u guardedUpload) WriteChunk(ctx context.Context, offset int64, body io.Reader) (int64, error) {
	n, err := u.Upload.WriteChunk(ctx, offset, body)
	return n, unavailableTus(ctx, err)
}

// AsTerminatableUpload implements handler.TerminaterDataStore.
func (s guardedStore) AsTerminatableUpload(upload handler.Upload) handler.TerminatableUpload {
	return s.FileStore.AsTerminatableUpload(unguarded(upload))
}

// AsLengthDeclarableUpload implements handler.LengthDeferrerDataStore.
func (s guardedStore) AsLengthDeclarableUpload(upload handler.Upload) handler.LengthDeclarableUpload {
	return s.FileStore.AsLengthDeclarableUpload(unguarded(upload))
}

func unguarded(upload handler.Upload) handler.Upload {
	if guarded, ok := upload.(guardedUpload); ok {
		return guarded.Upload
	}
	return upload
}

// unavailableTus is an error of ours as clients see it. Those of the protocol, and of the
// client's connection, stay as they are.
func unavailableTus(ctx context.Context, err error) error {
	if _, of := errors.AsType[*os.PathError](err); !of {
		return err
	}
	slog.ErrorContext(ctx, "keep a part of an upload", "error", err)
	return handler.NewError("ERR_TRY_AGAIN", "The server cannot take files at the moment: try again later.", http.StatusServiceUnavailable)
}

func (u *resumable) serve(w http.ResponseWriter, r *http.Request) {
	if err := access.Require(r.Context(), access.WriteArticles); err != nil {
		refuseUpload(w, err)
		return
	}
	if r.URL.Path == ResumableStart || r.URL.Path+"/" == ResumableRest || r.URL.Path == ResumableRest {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			http.Error(w, "Uploads are begun by POST.", http.StatusMethodNotAllowed)
			return
		}
		u.tus.PostFile(w, r)
		return
	}
	upload := strings.TrimPrefix(r.URL.Path, ResumableRest)
	if !uploadIDForm.MatchString(upload) || !u.owns(r.Context(), upload) {
		http.Error(w, "There is no such upload.", http.StatusNotFound)
		return
	}
	r.URL.Path = upload // of a request that nobody else has
	switch r.Method {
	case http.MethodHead:
		u.tus.HeadFile(w, r)
	case http.MethodPatch:
		u.tus.PatchFile(w, r)
	case http.MethodDelete:
		u.tus.DelFile(w, r)
	default:
		w.Header().Set("Allow", "HEAD, PATCH, DELETE")
		http.Error(w, "Uploads are continued by PATCH.", http.StatusMethodNotAllowed)
	}
}

// owns reports whether an upload is one of the viewer's.
func (u *resumable) owns(ctx context.Context, upload string) bool {
	f, err := u.store.GetUpload(ctx, upload)
	if err != nil {
		return false
	}
	info, err := f.GetInfo(ctx)
	return err == nil && info.MetaData[owner] == strconv.Itoa(access.Of(ctx).UserID)
}

// begin says whom a new upload belongs to.
func (u *resumable) begin(hook handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
	who := strconv.Itoa(access.Of(hook.Context).UserID)
	n, err := u.unfinished(who)
	if err != nil {
		slog.ErrorContext(hook.Context, "look for unfinished uploads", "error", err)
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, handler.NewError("ERR_TRY_AGAIN", "The server cannot take files at the moment: try again later.", http.StatusServiceUnavailable)
	}
	if n >= maxUnfinished {
		return handler.HTTPResponse{}, handler.FileInfoChanges{}, handler.NewError("ERR_LIMIT_REACHED", fmt.Sprintf("There are %d unfinished uploads: finish or delete some.", n), http.StatusTooManyRequests)
	}
	kept := handler.MetaData{owner: who}
	for _, name := range []string{"filename", "alt", "caption", "credit"} {
		if text := hook.Upload.MetaData[name]; text != "" {
			kept[name] = text
		}
	}
	return handler.HTTPResponse{}, handler.FileInfoChanges{MetaData: kept}, nil
}

// unfinished counts the uploads of an account.
func (u *resumable) unfinished(who string) (n int, err error) {
	infos, err := filepath.Glob(filepath.Join(u.dir, "*.info"))
	if err != nil {
		return 0, err
	}
	for _, name := range infos {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // finished meanwhile
		}
		if err != nil {
			return 0, err
		}
		var info handler.FileInfo
		if json.Unmarshal(text, &info) == nil && info.MetaData[owner] == who {
			n++
		}
	}
	return n, nil
}

// finish makes a media item of a complete upload, before its last part is acknowledged.
func (u *resumable) finish(hook handler.HookEvent) (handler.HTTPResponse, error) {
	ctx, said := hook.Context, hook.Upload.MetaData
	if said[owner] != strconv.Itoa(access.Of(ctx).UserID) {
		return handler.HTTPResponse{}, handler.ErrNotFound
	}
	f, err := u.store.GetUpload(ctx, hook.Upload.ID)
	if err != nil {
		return handler.HTTPResponse{}, err
	}
	body, err := f.GetReader(ctx)
	if err != nil {
		return handler.HTTPResponse{}, err
	}
	received, err := u.editor.Receive(ctx, said["filename"], body)
	_ = body.Close() // it was read to its end, or is not wanted any more
	var answer []byte
	if err == nil {
		saved, failed := u.editor.Save(ctx, received, Words{Alt: said["alt"], Caption: said["caption"], Credit: said["credit"]})
		if err = failed; err == nil {
			answer, err = json.Marshal(map[string]string{"id": id.Encode(id.Media, saved.ID), "url": Variant{}.Path(saved)})
		}
	}
	mistake, shown := errors.AsType[*fault.Error](err)
	if err != nil && (!shown || mistake.Code == fault.TryAgain) { // the client may try its last part again
		slog.ErrorContext(ctx, "make a media item of an upload", "error", err)
		return handler.HTTPResponse{}, handler.NewError("ERR_TRY_AGAIN", "The server cannot take the file at the moment: try again later.", http.StatusServiceUnavailable)
	}
	if done := u.store.AsTerminatableUpload(f).Terminate(ctx); done != nil {
		slog.WarnContext(ctx, "a finished upload is left", "upload", hook.Upload.ID, "error", done)
	}
	if err != nil {
		return handler.HTTPResponse{}, handler.NewError("ERR_"+string(mistake.ReasonOf()), mistake.Message, http.StatusUnprocessableEntity)
	}
	return handler.HTTPResponse{StatusCode: http.StatusOK, Body: string(answer), Header: handler.HTTPHeader{"Content-Type": "application/json"}}, nil
}

// refuseUpload says why somebody may not upload.
func refuseUpload(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.Unauthenticated {
		status = http.StatusUnauthorized
	}
	http.Error(w, "Sign in with an account that may write articles.", status)
}

// removeUnfinished removes uploads in a folder that nobody has continued for a while.
func removeUnfinished(ctx context.Context, dir string, before time.Time) (removed int) {
	infos, err := filepath.Glob(filepath.Join(dir, "*.info"))
	if err != nil || dir == "" {
		return 0
	}
	for _, name := range infos {
		data := strings.TrimSuffix(name, ".info")
		last := time.Time{}
		for _, file := range []string{name, data} {
			if about, err := os.Stat(file); err == nil && about.ModTime().After(last) {
				last = about.ModTime()
			}
		}
		if !uploadIDForm.MatchString(filepath.Base(data)) || !last.Before(before) {
			continue
		}
		if err := errors.Join(os.RemoveAll(data), os.RemoveAll(name)); err != nil {
			slog.WarnContext(ctx, "an unfinished upload is left", "file", name, "error", err)
			continue
		}
		removed++
	}
	return removed
}
