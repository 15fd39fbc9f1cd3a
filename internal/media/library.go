package media

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	entmedia "github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Filter narrows the library. Its conditions add up; the zero Filter lets
// everything pass.
type Filter struct {
	Kind     entmedia.Kind
	Words    string // stands in the words or the name of the file; A to Z without their case
	Unused   bool
	Expired  *bool
	Uploader int // key of a user; -1: of nobody that there is
	From, To *time.Time
}

// conditions are those of a Filter, as $1 to $7. Whoever may use the library sees all
// items. What is unused stands in no body,
// and nothing points to it.
const conditions = `(CAST($1 AS text) = '' OR m.kind = $1)
	AND (CAST($2 AS text) = '' OR lower(m.alt || ' ' || m.caption || ' ' || m.credit || ' ' || m.blob_key || ' ' || m.source_url || ' ' || COALESCE(CAST(m.translations AS text), '')) LIKE $2 ESCAPE '!')
	AND (CAST($3 AS bigint) = 0 OR m.uploaded_by = $3)
	AND (CAST($4 AS bigint) = 0 OR NOT EXISTS (SELECT 1 FROM articles a WHERE a.featured_media_id = m.id) AND NOT EXISTS (SELECT 1 FROM article_media b WHERE b.media_id = m.id)
		AND NOT EXISTS (SELECT 1 FROM page_media p WHERE p.media_id = m.id) AND NOT EXISTS (SELECT 1 FROM authors w WHERE w.avatar_id = m.id)
		AND NOT EXISTS (SELECT 1 FROM sites s WHERE m.id IN (s.logo_id, s.logo_dark_id)))
	AND m.created_at >= $5 AND m.created_at < $6 AND (CAST($7 AS text) = '' OR m.expired = (CAST($7 AS text) = 'true'))`

// The library is read newest first.
var (
	newestSQL = libraryPage("DESC")
	oldestSQL = libraryPage("ASC")
	countSQL  = store.MaintainBoth(`SELECT count(*) FROM (SELECT 1 FROM media m WHERE ` + conditions + ` LIMIT $8) AS counted`)
)

func libraryPage(order string) *store.Statement {
	return store.MaintainBoth(`SELECT ` + store.MediaColumns + ` FROM media m WHERE ` + conditions + `
		AND (m.created_at, m.id) < ($8, $9) AND (m.created_at, m.id) > ($10, $11) ORDER BY m.created_at ` + order + `, m.id ` + order + ` LIMIT $12`)
}

// LibraryKey is the place of an item in the library.
func LibraryKey(m *ent.Media) keyset.Key {
	return keyset.Key{Time: m.CreatedAt.UnixMicro(), ID: m.ID}
}

// Library gives a window of the items that fit, newest first.
func (e *Editor) Library(ctx context.Context, f Filter, w keyset.Window) ([]*ent.Media, error) {
	args, err := e.args(ctx, f)
	if err != nil {
		return nil, err
	}
	statement := newestSQL
	if w.Backward {
		statement = oldestSQL
	}
	newer, older := w.Newer(), w.Older()
	items, err := store.Collect(ctx, e.s.db, statement, store.ScanMedia, append(args, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the library: %w", err)
	}
	if w.Backward {
		slices.Reverse(items)
	}
	return items, nil
}

// CountLibrary counts the items that fit, up to a limit.
func (e *Editor) CountLibrary(ctx context.Context, f Filter, limit int) (int, error) {
	args, err := e.args(ctx, f)
	if err != nil {
		return 0, err
	}
	n, err := store.Collect(ctx, e.s.db, countSQL, store.ScanInt, append(args, limit)...)
	if err != nil {
		return 0, fmt.Errorf("count the library: %w", err)
	}
	return n[0], nil
}

// maxQuery bounds the words that are looked for, in bytes.
const maxQuery = 200

func (e *Editor) args(ctx context.Context, f Filter) ([]any, error) {
	if err := access.Require(ctx, access.WriteArticles); err != nil {
		return nil, err
	}
	if len(f.Words) > maxQuery {
		return nil, fault.BadInput("filter.query", "The words are longer than %d bytes.", maxQuery)
	}
	unused := 0
	if f.Unused {
		if err := e.searched(ctx); err != nil {
			return nil, err
		}
		unused = 1
	}
	pattern := ""
	if words := strings.Fields(strings.ToLower(strings.ToValidUTF8(strings.ReplaceAll(f.Words, "\x00", ""), ""))); len(words) > 0 {
		pattern = "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.Join(words, " ")) + "%"
	}
	expired := ""
	if f.Expired != nil {
		expired = strconv.FormatBool(*f.Expired)
	}
	from, to := keyset.Oldest.Moment(), keyset.Newest.Moment()
	if f.From != nil {
		from = f.From.UTC()
	}
	if f.To != nil {
		to = f.To.UTC()
	}
	return []any{string(f.Kind), pattern, f.Uploader, unused, from, to, expired}, nil
}
