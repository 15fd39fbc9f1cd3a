package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"

	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// orphanAge is how old a file without an item must be to be removed: an upload puts its
// file before its item is there.
const orphanAge = 24 * time.Hour

// orphanBatch is how many files are looked up by one statement.
const orphanBatch = 500

// spoolPattern are the files in which uploads wait, of this program alone.
const spoolPattern = "broadsheet-upload-*"

// RemoveOrphans removes what no item names any more: files whose item was never made or
// is gone, variants of such files, addresses that lead to them, and what a program that
// was killed has left unfinished. It says how many. What is not named like a file of
// this program is left alone.
func (s *Service) RemoveOrphans(ctx context.Context) (removed int, err error) {
	if s.bucket == nil {
		return 0, nil
	}
	ctx = access.AsSystem(ctx)
	before := s.Now().Add(-orphanAge)
	removed = removeSpools(ctx, before) + removeUnfinished(ctx, s.UploadDir, before)
	list := s.bucket.List(nil)
	for {
		var batch []string
		for len(batch) < orphanBatch && err == nil {
			var object *blob.ListObject
			if object, err = list.Next(ctx); err == nil && object.ModTime.Before(before) && originalOf(object.Key) != "" {
				batch = append(batch, object.Key)
			}
		}
		n, failed := s.removeOrphans(ctx, batch)
		removed += n
		if errors.Is(err, io.EOF) {
			return removed, failed
		}
		if err = errors.Join(err, failed); err != nil {
			return removed, fmt.Errorf("look for files without an item: %w", err)
		}
	}
}

// originalOf is the original that a blob exists for; empty for what is not ours.
func originalOf(key string) string {
	original := key
	switch {
	case strings.HasPrefix(key, variantRoot):
		_, original, _ = strings.Cut(strings.TrimPrefix(key, variantRoot), "/")
		original = original[:max(strings.LastIndexByte(original, '/'), 0)]
	case strings.HasPrefix(key, movedFolder):
		original = strings.TrimPrefix(key, movedFolder)
	case strings.HasSuffix(key, ".tmp"): // harbour.jpg.18a3f….tmp, which a folder has of a write that did not end
		original = strings.TrimSuffix(key, ".tmp")
		original = original[:max(strings.LastIndexByte(original, '.'), 0)]
	}
	if !keyForm.MatchString(original) {
		return ""
	}
	return original
}

// Kept reports whether a blob belongs into a backup: it is a file of an item, or leads
// to one. What is made from another file, or is not finished, does not.
func Kept(key string) bool {
	return originalOf(key) != "" && !strings.HasPrefix(key, variantRoot) && !strings.HasSuffix(key, ".tmp")
}

// removeOrphans removes those of some blobs whose original no item has.
func (s *Service) removeOrphans(ctx context.Context, keys []string) (removed int, err error) {
	wanted := make(map[string]string, len(keys)) // by blob: the key that an item must have
	var ask []string
	for _, key := range keys {
		original := originalOf(key)
		if strings.HasPrefix(key, movedFolder) {
			to, err := s.bucket.ReadAll(ctx, key)
			if err != nil {
				return removed, err
			}
			original = string(to)
		}
		wanted[key] = original
		ask = append(ask, original)
	}
	if len(ask) == 0 {
		return 0, nil
	}
	named, err := s.db.Ent(ctx).Media.Query().Where(entmedia.BlobKeyIn(ask...), entmedia.BlobKeyNEQ("")).Select(entmedia.FieldBlobKey).Strings(ctx)
	if err != nil {
		return 0, err
	}
	there := make(map[string]bool, len(named))
	for _, key := range named {
		there[key] = true
	}
	for _, key := range keys {
		unfinished := strings.HasSuffix(key, ".tmp")
		outdated := strings.HasPrefix(key, variantRoot) && !strings.HasPrefix(key, variantFolder)
		if there[wanted[key]] && !unfinished && !outdated || strings.HasPrefix(key, movedFolder) && s.leads(ctx, wanted[key]) {
			continue
		}
		if key == wanted[key] { // an upload of the same bytes may have come meanwhile
			if now, err := s.named(ctx, key); now || err != nil {
				continue
			}
		}
		if err := s.remove(ctx, key); err != nil {
			return removed, err
		}
		slog.InfoContext(ctx, "removed a file that nothing names", "key", key)
		removed++
	}
	return removed, nil
}

// leads reports whether a replaced file was replaced again.
func (s *Service) leads(ctx context.Context, key string) bool {
	there, err := s.bucket.Exists(ctx, movedFolder+key)
	return there || err != nil
}

// removeSpools removes the files of uploads that a killed program left in the folder
// for temporary files.
func removeSpools(ctx context.Context, before time.Time) (removed int) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), spoolPattern))
	if err != nil {
		return 0 // the pattern is a constant
	}
	for _, name := range left {
		info, err := os.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue
		}
		if err := os.Remove(name); err != nil {
			slog.WarnContext(ctx, "an unfinished upload is left", "file", name, "error", err)
			continue
		}
		removed++
	}
	return removed
}
