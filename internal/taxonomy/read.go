package taxonomy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Sections, places, series and authors are few and read from the directory;
// tags are many and read from the database.
const tagColumns = `t.id, t.name, t.slug, t.scheme, t.description, t.labels`

// A list of tags sorts by name in the order of bytes, which both databases
// know, then by key.
var (
	tagsByIDSQL  = store.ReadBoth(`SELECT ` + tagColumns + ` FROM each_id($1) JOIN tags t ON t.id = each_id.id WHERE visible_tag(t)`)
	tagBySlugSQL = store.ReadBoth(`SELECT ` + tagColumns + ` FROM tags t WHERE t.slug = $1 AND visible_tag(t)`)
	tagByNameSQL = store.Read(tagByName(`t.name COLLATE "C"`), tagByName(`t.name`))
	countTagsSQL = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM tags t WHERE visible_tag(t) LIMIT $1) AS counted`)

	tagsForwardSQL  = store.Read(tagPage(`t.name COLLATE "C"`, ">", "ASC"), tagPage(`t.name`, ">", "ASC"))
	tagsBackwardSQL = store.Read(tagPage(`t.name COLLATE "C"`, "<", "DESC"), tagPage(`t.name`, "<", "DESC"))
)

// tagByName reads in the order of the list of tags, which an index has.
func tagByName(name string) string {
	return `SELECT ` + tagColumns + ` FROM tags t WHERE ` + name + ` = $1 AND visible_tag(t) ORDER BY ` + name + `, t.id LIMIT 1`
}

// tagPage reads from one bound towards the other: $1, $2 where the read begins
// when $3 is 1, $4, $5 where it ends when $6 is 1.
func tagPage(name, beyond, order string) string {
	back := map[string]string{">": "<", "<": ">"}[beyond]
	return `SELECT ` + tagColumns + ` FROM tags t
		WHERE ($3 = 0 OR (` + name + `, t.id) ` + beyond + ` ($1, $2)) AND ($6 = 0 OR (` + name + `, t.id) ` + back + ` ($4, $5)) AND visible_tag(t)
		ORDER BY ` + name + ` ` + order + `, t.id ` + order + ` LIMIT $7`
}

func scanTag(rows *sql.Rows) (*ent.Tag, error) {
	t := new(ent.Tag)
	var labels []byte
	if err := rows.Scan(&t.ID, &t.Name, &t.Slug, &t.Scheme, &t.Description, &labels); err != nil {
		return nil, err
	}
	if len(labels) > 0 {
		if err := json.Unmarshal(labels, &t.Labels); err != nil {
			return nil, fmt.Errorf("labels of tag %d: %w", t.ID, err)
		}
	}
	return t, nil
}

// TagsByIDs gives tags by key.
func (s *Service) TagsByIDs(ctx context.Context, ids []int) (map[int]*ent.Tag, error) {
	tags, err := store.Collect(ctx, s.db, tagsByIDSQL, scanTag, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find tags: %w", err)
	}
	found := make(map[int]*ent.Tag, len(tags))
	for _, t := range tags {
		found[t.ID] = t
	}
	return found, nil
}

// TagBySlug gives the tag with a slug, nil when there is none.
func (s *Service) TagBySlug(ctx context.Context, slug string) (*ent.Tag, error) {
	return s.tag(ctx, tagBySlugSQL, slug)
}

// IsName reports whether something can have a name.
func IsName(name string) bool {
	return name != "" && len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsRune(name, 0)
}

// TagByName gives the tag with a name, of several the one made first; nil when there
// is none.
func (s *Service) TagByName(ctx context.Context, name string) (*ent.Tag, error) {
	return s.tag(ctx, tagByNameSQL, name)
}

func (s *Service) tag(ctx context.Context, statement *store.Statement, value string) (*ent.Tag, error) {
	tags, err := store.Collect(ctx, s.db, statement, scanTag, value)
	if err != nil {
		return nil, fmt.Errorf("find tag %q: %w", value, err)
	}
	if len(tags) == 0 {
		return nil, nil
	}
	return tags[0], nil
}

// TagKey is the place of a tag in the list of tags.
func TagKey(t *ent.Tag) keyset.Key { return keyset.Key{Text: t.Name, ID: t.ID} }

// Tags gives a window of all tags by name.
func (s *Service) Tags(ctx context.Context, w keyset.Window) ([]*ent.Tag, error) {
	statement, from, to := tagsForwardSQL, w.After, w.Before
	if w.Backward {
		statement, from, to = tagsBackwardSQL, w.Before, w.After
	}
	begin, hasBegin := bound(from)
	end, hasEnd := bound(to)
	tags, err := store.Collect(ctx, s.db, statement, scanTag, begin.Text, begin.ID, hasBegin, end.Text, end.ID, hasEnd, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	if w.Backward {
		slices.Reverse(tags)
	}
	return tags, nil
}

func bound(k *keyset.Key) (keyset.Key, int) {
	if k == nil {
		return keyset.Key{}, 0
	}
	return *k, 1
}

// CountTags counts all tags up to a limit.
func (s *Service) CountTags(ctx context.Context, limit int) (int, error) {
	n, err := store.Collect(ctx, s.db, countTagsSQL, store.ScanInt, limit)
	if err != nil {
		return 0, fmt.Errorf("count tags: %w", err)
	}
	return n[0], nil
}
