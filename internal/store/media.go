package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/broadsheet-cms/broadsheet/ent"
)

// MediaColumns are the columns of media m that ScanMedia scans.
const MediaColumns = `m.id, m.created_at, m.kind, m.blob_key, m.source_url, m.content_type, m.width, m.height, m.alt, m.caption, m.credit,
	m.focal_x, m.focal_y, m.placeholder, m.rights, m.duration, m.translations, m.expires_at, m.expired`

// ScanMedia scans rows of MediaColumns, for Collect.
func ScanMedia(rows *sql.Rows) (*ent.Media, error) {
	m := new(ent.Media)
	var rights, translations []byte
	if err := rows.Scan(&m.ID, &m.CreatedAt, &m.Kind, &m.BlobKey, &m.SourceURL, &m.ContentType, &m.Width, &m.Height, &m.Alt, &m.Caption, &m.Credit,
		&m.FocalX, &m.FocalY, &m.Placeholder, &rights, &m.Duration, &translations, &m.ExpiresAt, &m.Expired); err != nil {
		return nil, err
	}
	if len(rights) > 0 {
		if err := json.Unmarshal(rights, &m.Rights); err != nil {
			return nil, err
		}
	}
	if len(translations) > 0 {
		return m, json.Unmarshal(translations, &m.Translations)
	}
	return m, nil
}

var expiredMediaSQL = ReadBoth(`SELECT m.id FROM each_id($1) JOIN media m ON m.id = each_id.id WHERE m.expired`)

// ExpiredMedia gives those of some keys of media whose licence has ended.
func ExpiredMedia(ctx context.Context, db *DB, keys []int) ([]int, error) {
	return Collect(ctx, db, expiredMediaSQL, ScanInt, db.IDs(keys))
}
