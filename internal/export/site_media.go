package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"gocloud.dev/gcerrors"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// shownSQL gives the media that something shows which readers see.
var shownSQL = store.ReadBoth(`SELECT m.id FROM media m WHERE m.id > $1 AND NOT m.expired AND (visible_media(m)
	OR EXISTS (SELECT 1 FROM article_media ua JOIN articles a ON a.id = ua.article_id WHERE ua.media_id = m.id AND visible_article(a))
	OR EXISTS (SELECT 1 FROM page_media up JOIN pages p ON p.id = up.page_id WHERE up.media_id = m.id AND visible_page(p))) ORDER BY m.id LIMIT $2`)

// mediaJSON is a media item. Bodies name it by its id.
type mediaJSON struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	URL         string         `json:"url"`            // on the site, or elsewhere
	File        string         `json:"file,omitempty"` // in this archive
	ContentType string         `json:"contentType,omitempty"`
	Width       int            `json:"width,omitempty"`
	Height      int            `json:"height,omitempty"`
	Alt         string         `json:"alt,omitempty"`
	Caption     string         `json:"caption,omitempty"`
	Credit      string         `json:"credit,omitempty"`
	Rights      *schema.Rights `json:"rights,omitempty"`
}

func (w *siteExport) media(ctx context.Context) error {
	return w.lines("media", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Media, error) {
			keys, err := store.Collect(ctx, w.DB, shownSQL, store.ScanInt, after, batch)
			if err != nil {
				return nil, err
			}
			system := access.AsSystem(ctx) // they are parts of what is shown
			return w.DB.Ent(system).Media.Query().Where(media.IDIn(keys...)).Order(ent.Asc(media.FieldID)).All(system)
		}, func(m *ent.Media) int { return m.ID }, func(m *ent.Media) error {
			out := mediaJSON{ID: id.Encode(id.Media, m.ID), Kind: string(m.Kind), URL: content.MediaURL(m), ContentType: m.ContentType, Width: m.Width, Height: m.Height, Alt: m.Alt, Caption: m.Caption, Credit: m.Credit, Rights: m.Rights}
			if m.BlobKey != "" && w.bucket != nil {
				there, err := w.copyFile(ctx, m.BlobKey)
				if err != nil {
					return err
				}
				if there {
					out.File = path.Join(mediaFolder, m.BlobKey)
				} else {
					w.m.Missing = append(w.m.Missing, m.BlobKey)
				}
			}
			return put(out)
		})
	})
}

// copyFile copies the file of a media item; false when it is not there.
func (w *siteExport) copyFile(ctx context.Context, key string) (bool, error) {
	name := path.Join(mediaFolder, key)
	if !filepath.IsLocal(filepath.FromSlash(key)) {
		return false, nil
	}
	if _, done := w.m.Files[name]; done { // another item has the same file
		return true, nil
	}
	r, err := w.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the file %s: %w", key, err)
	}
	err = w.file(name, func(out io.Writer) error { _, err := io.Copy(out, r); return err })
	w.m.Counts["files"]++
	return err == nil, errors.Join(err, r.Close())
}
