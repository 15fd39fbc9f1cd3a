// Package comment keeps what readers and guests say below articles: threads
// of comments, with how many there are kept beside what they belong to.
//
// Reading is in thread.go, by statements that answer all parents of a page at
// once; writing is in save.go.
package comment

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/link"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Service reads and writes comments.
type Service struct {
	db       *store.DB
	log      *event.Log
	throttle *throttle.Throttle
	jobs     *job.Runner // nil until SendBy: no letters are written
	mail     *mail.Mailer
	// Now is the clock, for tests.
	Now func() time.Time
	// Links signs the links of guests. All nodes need the same key.
	Links *link.Signer
	// Service is asked about comments before they are shown; nil: none is.
	Service *ModerationService
}

// New gives the service.
func New(db *store.DB, log *event.Log) *Service {
	s := &Service{db: db, log: log, Links: link.New(db), Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
	s.throttle = throttle.New(db, func() time.Time { return s.Now() })
	return s
}

// commentColumns are the columns of a comment that readers can see, with the
// display name of its author, in the order of scanComment. A guest's e-mail is
// never read.
var commentColumns = `c.id, c.article_id, c.parent_id, c.user_id, ` + guestName + `, c.body, c.kind, c.status,
	c.posted_at, c.edited_at, c.reply_count, c.depth, c.thread_id, c.reaction_count, c.pinned_at, c.closed_at, c.removed_at, c.removed_by, c.removal_reason,
	u.display_name`

// guestName is the name of a guest. That of accounts which were removed is said in the
// language that the site has now.
var guestName = func() string {
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	names, cases := []string{}, ""
	for _, language := range readername.DeletedLanguages() {
		name := quote(readername.Deleted(language))
		names = append(names, name)
		cases += fmt.Sprintf(" WHEN lower(s.language) = %s OR lower(s.language) LIKE %s THEN %s", quote(language), quote(language+"-%"), name)
	}
	other := quote(readername.Deleted(""))
	return `CASE WHEN c.user_id IS NULL AND c.guest_name IN (` + strings.Join(names, ", ") + `)
		THEN coalesce((SELECT CASE` + cases + ` ELSE ` + other + ` END FROM sites s WHERE s.id = (SELECT min(id) FROM sites)), ` + other + `) ELSE c.guest_name END`
}()

// destinations are where commentColumns are scanned to.
func destinations(c *ent.Comment, name *sql.NullString) []any {
	return []any{&c.ID, &c.ArticleID, &c.ParentID, &c.UserID, &c.GuestName, &c.Body, &c.Kind, &c.Status,
		&c.PostedAt, &c.EditedAt, &c.ReplyCount, &c.Depth, &c.ThreadID, &c.ReactionCount, &c.PinnedAt, &c.ClosedAt, &c.RemovedAt, &c.RemovedBy, &c.RemovalReason,
		name}
}

func setAuthor(c *ent.Comment, name sql.NullString) {
	if c.UserID != nil && name.Valid {
		c.Edges.User = &ent.User{ID: *c.UserID, DisplayName: name.String}
	}
}

// scanComment reads commentColumns, after what a statement selects before
// them.
func scanComment(rows *sql.Rows, before ...any) (*ent.Comment, error) {
	c := new(ent.Comment)
	var name sql.NullString
	if err := rows.Scan(append(before, destinations(c, &name)...)...); err != nil {
		return nil, fmt.Errorf("read a comment: %w", err)
	}
	setAuthor(c, name)
	return c, nil
}

// scanCommentOnly is scanComment for statements that select nothing else.
func scanCommentOnly(rows *sql.Rows) (*ent.Comment, error) { return scanComment(rows) }

// withColumns puts commentColumns in the place of {comment} in a statement.
func withColumns(text string) string { return strings.ReplaceAll(text, "{comment}", commentColumns) }

var (
	byIDSQL = store.ReadBoth(withColumns(`SELECT {comment} FROM each_id($1) CROSS JOIN comments c
		LEFT JOIN users u ON u.id = c.user_id WHERE c.id = each_id.id AND visible_comment(c)`))
	bySourceSQL = store.Maintain(
		`SELECT source_uri, id, source_hash FROM comments WHERE source_uri IN (SELECT jsonb_array_elements_text($1::jsonb))`,
		`SELECT source_uri, id, source_hash FROM comments WHERE source_uri IN (SELECT value FROM json_each($1))`)
)

// ByIDs gives the visible comments among the given keys, with the display
// names of their authors.
func (s *Service) ByIDs(ctx context.Context, ids []int) (map[int]*ent.Comment, error) {
	comments, err := store.Collect(ctx, s.db, byIDSQL, scanCommentOnly, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find comments: %w", err)
	}
	found := make(map[int]*ent.Comment, len(comments))
	for _, c := range comments {
		found[c.ID] = c
	}
	return found, nil
}

// Shown reports whether a comment is one that everybody sees below a visible article.
func Shown(c *ent.Comment) bool {
	return c.Kind == comment.KindComment && c.Status == comment.StatusApproved && c.RemovedAt == nil
}

// Imported is what an import needs to know of a comment that it brought.
type Imported struct {
	ID   int
	Hash string // Draft.SourceHash of that time
}

// BySource gives the comments that came from the given addresses, shown or
// not, so that an import can tell what it has brought already.
func (s *Service) BySource(ctx context.Context, uris []string) (map[string]Imported, error) {
	list, err := json.Marshal(uris)
	if err != nil {
		return nil, err
	}
	found := make(map[string]Imported, len(uris))
	_, err = store.Collect(ctx, s.db, bySourceSQL, func(rows *sql.Rows) (struct{}, error) {
		var uri string
		var i Imported
		err := rows.Scan(&uri, &i.ID, &i.Hash)
		found[uri] = i
		return struct{}{}, err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("find imported comments: %w", err)
	}
	return found, nil
}

// AuthorName is the name that a comment is shown with.
func AuthorName(c *ent.Comment) string {
	if c.Edges.User != nil {
		return c.Edges.User.DisplayName
	}
	return c.GuestName
}
