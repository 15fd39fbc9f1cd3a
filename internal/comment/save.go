package comment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Draft is a comment as it shall be, whole.
type Draft struct {
	ID int // 0: a new comment

	// Where it stands, for a new comment; a stored one stays where it was said.
	ArticleID int    // may be 0 for a reply: that of the parent
	ParentID  *int   // key of the comment it replies to
	Parent    *Draft // the same, for a parent of the same Save

	UserID                *int   // its author, nil for a guest
	GuestName, GuestEmail string // the e-mail is private
	Body                  string // plain text
	Kind                  comment.Kind
	Status                comment.Status
	PostedAt              time.Time // zero: now for a new comment, unchanged for a stored one
	EditedAt              *time.Time

	SourceURI  string // its identity where it came from; empty when it was written here
	SourceHash string // of what was imported

	depth, thread int // where a new comment stands in its thread
}

// Bounds of a comment, in bytes.
const (
	maxBody  = 100_000
	maxGuest = 254
)

// chunkSize is how many rows go into the database by one statement.
const chunkSize = 500

var (
	// Whoever changes the comments of an article holds its row, or two of them
	// would both count without the other's. FOR NO KEY UPDATE lets rows that
	// point to the article be written meanwhile. SQLite has one writer anyway.
	lockText = `SELECT id FROM articles WHERE id IN (SELECT id FROM each_id($1)
		UNION SELECT article_id FROM comments WHERE id IN (SELECT id FROM each_id($2))) ORDER BY id`
	lockSQL = store.Maintain(lockText+` FOR NO KEY UPDATE`, lockText)

	storedSQL = store.MaintainBoth(`SELECT id, article_id, kind, status, depth, thread_id FROM comments WHERE id IN (SELECT id FROM each_id($1))`)

	// A comment is counted when everything above it is shown: nobody can get to the
	// others. Most articles have no replies below hidden comments.
	recountArticlesSQL = store.MaintainBoth(`UPDATE articles SET comment_count = CASE WHEN EXISTS (
			SELECT 1 FROM comments h WHERE h.article_id = articles.id AND ` + shownSQL(`h`) + ` = 0 AND EXISTS (SELECT 1 FROM comments r WHERE r.parent_id = h.id AND ` + shownSQL(`r`) + ` = 1))
		THEN (WITH RECURSIVE reached(id, removed_at) AS (
				SELECT c.id, c.removed_at FROM comments c WHERE c.article_id = articles.id AND c.parent_id IS NULL AND ` + shownSQL(`c`) + ` = 1
				UNION ALL SELECT c.id, c.removed_at FROM reached r JOIN comments c ON c.parent_id = r.id WHERE ` + shownSQL(`c`) + ` = 1)
			SELECT count(*) FROM reached WHERE removed_at IS NULL)
		ELSE (SELECT count(*) FROM comments c WHERE c.article_id = articles.id AND c.status = 'APPROVED' AND c.kind = 'COMMENT' AND c.removed_at IS NULL) END
		WHERE id IN (SELECT id FROM each_id($1))`)
	hiddenAboveSQL = store.MaintainBoth(`WITH RECURSIVE above(parent_id, hidden) AS (
			SELECT c.parent_id, 0 FROM comments c WHERE c.id = $1
			UNION ALL SELECT p.parent_id, 1 - ` + shownSQL(`p`) + ` FROM above a JOIN comments p ON p.id = a.parent_id)
		SELECT count(*) FROM above WHERE hidden = 1`)
	reachedBelowSQL = store.MaintainBoth(`WITH RECURSIVE below(id, removed_at) AS (
			SELECT c.id, c.removed_at FROM comments c WHERE c.parent_id = $1 AND ` + shownSQL(`c`) + ` = 1
			UNION ALL SELECT c.id, c.removed_at FROM below b JOIN comments c ON c.parent_id = b.id WHERE ` + shownSQL(`c`) + ` = 1)
		SELECT count(*) FROM below WHERE removed_at IS NULL`)
	recountParentsSQL = store.MaintainBoth(`UPDATE comments SET reply_count = (
			SELECT count(*) FROM comments c WHERE c.article_id = comments.article_id AND c.parent_id = comments.id AND c.status = 'APPROVED' AND c.kind = 'COMMENT')
		WHERE id IN (SELECT id FROM each_id($1)) RETURNING id, reply_count`)
)

// shownSQL is 1 for a comment that is shown and 0 for any other. The CASE keeps databases
// from walking over all approved comments for each step down a thread.
func shownSQL(comment string) string {
	return strings.ReplaceAll(`CASE WHEN c.status = 'APPROVED' AND c.kind = 'COMMENT' THEN 1 ELSE 0 END`, "c.", comment+".")
}

// Save stores comments as their drafts say, in one transaction (that of ctx if
// it carries one), counts anew what they belong to and appends an event for
// each. The answer is in the order of the drafts.
func (s *Service) Save(ctx context.Context, drafts ...*Draft) ([]*ent.Comment, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	b := &batch{Service: s, drafts: make([]Draft, len(drafts)), place: make(map[*Draft]int, len(drafts)), saved: make([]*ent.Comment, len(drafts))}
	for i, d := range drafts {
		if _, twice := b.place[d]; twice {
			return nil, fmt.Errorf("save comments: draft %d is given twice", i)
		}
		b.place[d] = i
		b.drafts[i] = *d // the caller's stay as they are
		if err := b.check(i); err != nil {
			return nil, err
		}
	}
	levels, err := b.levels()
	if err != nil {
		return nil, fmt.Errorf("save comments: %w", err)
	}
	err = s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if err := b.readStored(ctx); err != nil {
			return err
		}
		for _, level := range levels {
			if err := b.create(ctx, level); err != nil {
				return err
			}
		}
		for i := range b.drafts {
			if err := b.update(ctx, i); err != nil {
				return err
			}
		}
		if err := b.recount(ctx); err != nil {
			return err
		}
		return b.record(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("save comments: %w", err)
	}
	return b.saved, nil
}

// batch is the work of one Save.
type batch struct {
	*Service
	drafts []Draft
	place  map[*Draft]int // of the caller's drafts
	saved  []*ent.Comment
	stored map[int]stored // what the drafts change or reply to
}

// stored is what must be known of a comment in the database.
type stored struct {
	article int
	shown   bool
	depth   int
	thread  int // the comment that begins its thread, itself included
}

// rootOf is the key of the comment that begins the thread of c.
func rootOf(c *ent.Comment) int {
	if c.ThreadID != nil {
		return *c.ThreadID
	}
	return c.ID
}

// check cleans draft i and refuses what cannot be stored.
func (b *batch) check(i int) error {
	d := &b.drafts[i]
	field := fmt.Sprintf("comments[%d].", i)
	clean := func(text string) string {
		return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD"))
	}
	d.Body, d.GuestName, d.GuestEmail = clean(d.Body), clean(d.GuestName), clean(d.GuestEmail)
	if d.Kind == "" {
		d.Kind = comment.DefaultKind
	}
	if d.Status == "" {
		d.Status = comment.DefaultStatus
	}
	switch {
	case d.Body == "":
		return fault.BadInput(field+"body", "The comment is empty.")
	case len(d.Body) > maxBody:
		return fault.BadInput(field+"body", "The comment is longer than %d bytes.", maxBody)
	case len(d.GuestName) > maxGuest:
		return fault.BadInput(field+"guestName", "The name is longer than %d bytes.", maxGuest)
	case len(d.GuestEmail) > maxGuest:
		return fault.BadInput(field+"guestEmail", "The e-mail address is longer than %d bytes.", maxGuest)
	case comment.KindValidator(d.Kind) != nil:
		return fault.BadInput(field+"kind", "There is no kind of comment called %.40q.", d.Kind)
	case comment.StatusValidator(d.Status) != nil:
		return fault.BadInput(field+"status", "There is no status called %.40q.", d.Status)
	}
	if d.PostedAt.IsZero() && d.ID == 0 {
		d.PostedAt = b.Now()
	}
	d.PostedAt = d.PostedAt.UTC().Truncate(time.Microsecond) // what PostgreSQL keeps
	if d.EditedAt != nil {
		d.EditedAt = new(d.EditedAt.UTC().Truncate(time.Microsecond))
	}
	return nil
}

// levels gives the places of new drafts, those without a parent in this batch
// first, then their replies, and so on.
func (b *batch) levels() ([][]int, error) {
	var level []int
	replies := map[int][]int{} // by place of the parent
	waiting := 0
	for i := range b.drafts {
		d := &b.drafts[i]
		if d.ID != 0 {
			continue
		}
		if d.Parent == nil {
			level = append(level, i)
			continue
		}
		parent, here := b.place[d.Parent]
		switch {
		case !here:
			return nil, fmt.Errorf("the parent of draft %d is not in the batch", i)
		case b.drafts[parent].ID != 0:
			d.ParentID = &b.drafts[parent].ID
			level = append(level, i)
		default:
			replies[parent] = append(replies[parent], i)
			waiting++
		}
	}
	var all [][]int
	for len(level) > 0 {
		all = append(all, level)
		var next []int
		for _, i := range level {
			next = append(next, replies[i]...)
		}
		waiting -= len(next)
		level = next
	}
	if waiting > 0 {
		return nil, errors.New("comments reply to one another in a circle")
	}
	return all, nil
}

// readStored holds the articles of the batch and reads the comments that it
// changes or replies to.
func (b *batch) readStored(ctx context.Context) error {
	var articles, comments []int
	for _, d := range b.drafts {
		switch {
		case d.ID != 0:
			comments = append(comments, d.ID)
		case d.ParentID != nil:
			comments = append(comments, *d.ParentID)
		default:
			articles = append(articles, d.ArticleID)
		}
	}
	held, err := store.Collect(ctx, b.db, lockSQL, store.ScanInt, b.db.IDs(articles), b.db.IDs(comments))
	if err != nil {
		return fmt.Errorf("hold the articles: %w", err)
	}
	there := make(map[int]bool, len(held))
	for _, id := range held {
		there[id] = true
	}
	for i, d := range b.drafts {
		if d.ID == 0 && d.ParentID == nil && d.Parent == nil && !there[d.ArticleID] {
			return fault.BadInput(fmt.Sprintf("comments[%d].articleId", i), "There is no such article.")
		}
	}
	b.stored = make(map[int]stored, len(comments))
	if len(comments) == 0 {
		return nil
	}
	_, err = store.Collect(ctx, b.db, storedSQL, func(rows *sql.Rows) (struct{}, error) {
		var c ent.Comment
		err := rows.Scan(&c.ID, &c.ArticleID, &c.Kind, &c.Status, &c.Depth, &c.ThreadID)
		b.stored[c.ID] = stored{article: c.ArticleID, shown: shown(&c), depth: c.Depth, thread: rootOf(&c)}
		return struct{}{}, err
	}, b.db.IDs(comments))
	if err != nil {
		return fmt.Errorf("read the comments: %w", err)
	}
	return nil
}

// shown reports whether a comment is for readers, as far as it goes itself.
func shown(c *ent.Comment) bool {
	return c.Status == comment.StatusApproved && c.Kind == comment.KindComment
}

// create stores the new drafts at the given places, whose parents are stored.
func (b *batch) create(ctx context.Context, places []int) error {
	client := b.db.Ent(ctx)
	for chunk := range slices.Chunk(places, chunkSize) {
		builders := make([]*ent.CommentCreate, len(chunk))
		for n, i := range chunk {
			d := &b.drafts[i]
			if err := b.takePlace(i); err != nil {
				return err
			}
			builders[n] = client.Comment.Create().SetArticleID(d.ArticleID).SetNillableParentID(d.ParentID).SetDepth(d.depth)
			if d.thread != 0 {
				builders[n].SetThreadID(d.thread)
			}
			setComment(builders[n].Mutation(), d)
		}
		rows, err := client.Comment.CreateBulk(builders...).Save(ctx)
		if err != nil {
			return err
		}
		for n, i := range chunk {
			b.saved[i] = rows[n]
		}
	}
	return nil
}

// takePlace gives draft i the key and the article of its parent.
func (b *batch) takePlace(i int) error {
	d := &b.drafts[i]
	field := fmt.Sprintf("comments[%d].", i)
	var article int
	switch {
	case d.ParentID != nil:
		parent, there := b.stored[*d.ParentID]
		if !there {
			return fault.BadInput(field+"parentId", "There is no such comment.")
		}
		article, d.depth, d.thread = parent.article, parent.depth+1, parent.thread
	case d.Parent != nil:
		parent := b.saved[b.place[d.Parent]]
		d.ParentID, article, d.depth, d.thread = &parent.ID, parent.ArticleID, parent.Depth+1, rootOf(parent)
	default:
		return nil
	}
	if d.ArticleID == 0 {
		d.ArticleID = article
	}
	if d.ArticleID != article {
		return fault.BadInput(field+"parentId", "The comment it replies to is about another article.")
	}
	return nil
}

func (b *batch) update(ctx context.Context, i int) error {
	d := &b.drafts[i]
	if d.ID == 0 {
		return nil
	}
	if _, there := b.stored[d.ID]; !there {
		return fault.New(fault.NotFound, "There is no such comment.")
	}
	builder := b.db.Ent(ctx).Comment.UpdateOneID(d.ID)
	setComment(builder.Mutation(), d)
	row, err := builder.Save(ctx)
	b.saved[i] = row
	return err
}

func setComment(m *ent.CommentMutation, d *Draft) {
	m.SetGuestName(d.GuestName)
	m.SetGuestEmail(d.GuestEmail)
	m.SetBody(d.Body)
	m.SetKind(d.Kind)
	m.SetStatus(d.Status)
	m.SetSourceHash(d.SourceHash)
	m.SetBodyHash(bodyHash(d.Body))
	if !d.PostedAt.IsZero() {
		m.SetPostedAt(d.PostedAt)
	}
	store.SetOrClear(d.EditedAt, m.SetEditedAt, m.ClearEditedAt)
	store.SetOrClear(d.UserID, m.SetUserID, m.ClearUserID)
	var uri *string
	if d.SourceURI != "" {
		uri = &d.SourceURI
	}
	store.SetOrClear(uri, m.SetSourceURI, m.ClearSourceURI)
}

// ofArticle gives by how much the count of the article changes with a comment that was or
// was not counted and shown before: replies below it can be reached with it or not at all.
func (s *Service) ofArticle(ctx context.Context, c *ent.Comment, counted, shown [2]bool) (int, error) {
	if counted[0] == counted[1] && shown[0] == shown[1] {
		return 0, nil
	}
	hidden, err := store.Collect(ctx, s.db, hiddenAboveSQL, store.ScanInt, c.ID)
	if err != nil {
		return 0, fmt.Errorf("look for comments above: %w", err)
	}
	if hidden[0] > 0 {
		return 0, nil
	}
	number := map[bool]int{true: 1}
	change := number[counted[1]] - number[counted[0]]
	if shown[0] == shown[1] {
		return change, nil
	}
	below, err := store.Collect(ctx, s.db, reachedBelowSQL, store.ScanInt, c.ID)
	if err != nil {
		return 0, fmt.Errorf("count the replies below: %w", err)
	}
	return change + (number[shown[1]]-number[shown[0]])*below[0], nil
}

// recount counts anew the comments of every article and the replies to every
// comment that the batch touched.
func (b *batch) recount(ctx context.Context) error {
	articles, parents := map[int]bool{}, map[int]bool{}
	for _, c := range b.saved {
		articles[c.ArticleID] = true
		if c.ParentID != nil {
			parents[*c.ParentID] = true
		}
	}
	if _, err := b.db.Exec(ctx, recountArticlesSQL, b.db.IDs(keys(articles))); err != nil {
		return fmt.Errorf("count the comments of articles: %w", err)
	}
	if len(parents) == 0 {
		return nil
	}
	replies := map[int]int{}
	_, err := store.Collect(ctx, b.db, recountParentsSQL, func(rows *sql.Rows) (struct{}, error) {
		var id, count int
		err := rows.Scan(&id, &count)
		replies[id] = count
		return struct{}{}, err
	}, b.db.IDs(keys(parents)))
	if err != nil {
		return fmt.Errorf("count the replies to comments: %w", err)
	}
	for _, c := range b.saved {
		if count, counted := replies[c.ID]; counted {
			c.ReplyCount = count
		}
	}
	return nil
}

func keys(set map[int]bool) []int {
	all := make([]int, 0, len(set))
	for k := range set {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// record appends an event for each comment. It names the article, the count of
// which has changed.
func (b *batch) record(ctx context.Context) error {
	events := make([]event.Event, len(b.saved))
	for i, c := range b.saved {
		action := event.Updated
		switch was, is := b.stored[b.drafts[i].ID].shown, shown(c); {
		case is && !was:
			action = event.Published
		case was && !is:
			action = event.Unpublished
		case b.drafts[i].ID == 0:
			action = event.Created
		}
		events[i] = event.Event{Action: action, Entity: id.Comment, EntityID: c.ID, Detail: event.Detail{ArticleID: c.ArticleID, Edited: action == event.Updated}}
	}
	for chunk := range slices.Chunk(events, chunkSize) {
		if err := b.log.Append(ctx, chunk...); err != nil {
			return err
		}
	}
	return nil
}
