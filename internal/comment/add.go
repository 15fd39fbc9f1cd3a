package comment

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Post is a comment as a reader or guest sends it.
type Post struct {
	ArticleID             int
	ParentID              int // the comment it replies to; 0: none
	Body                  string
	GuestName, GuestEmail string // of readers who are not signed in
	Submission

	asked   bool    // whether the moderation service was asked, and
	verdict Verdict // what it said
}

// Posted is what Add made.
type Posted struct {
	Comment *ent.Comment
	// GuestToken lets a guest edit, delete and claim the comment.
	GuestToken string
}

const tokenPrefix = "bsc_"

// repeatedWithin is how long the same words are taken for a repetition, and
// minRepeated how many characters they must have when others said them first:
// many people say "Congratulations!".
const (
	repeatedWithin = 24 * time.Hour
	minRepeated    = 40
)

var (
	// Whoever changes the comments of an article locks its row, so that counts and
	// closings are exact.
	openText    = `SELECT a.comment_policy, a.comment_moderation, a.comments_close_at, a.published_at FROM articles a WHERE a.id = $1 AND visible_article(a)`
	openSQL     = store.Read(openText+` FOR NO KEY UPDATE`, openText)
	parentSQL   = store.ReadBoth(`SELECT c.id, c.article_id, c.parent_id, c.thread_id, c.depth, c.removed_at, c.user_id FROM comments c WHERE c.id = $1 AND visible_comment(c)`)
	threadSQL   = store.MaintainBoth(`SELECT closed_at FROM comments WHERE id = $1`)
	ancestorSQL = store.MaintainBoth(`WITH RECURSIVE above (id, parent_id, depth) AS (
			SELECT id, parent_id, depth FROM comments WHERE id = $1
			UNION ALL SELECT c.id, c.parent_id, c.depth FROM comments c JOIN above ON c.id = above.parent_id
		) SELECT id FROM above WHERE depth <= $2 ORDER BY depth DESC LIMIT 1`)
	ownRepeatSQL = store.MaintainBoth(`SELECT count(*) FROM comments WHERE body_hash = $1 AND article_id = $2 AND posted_at > $3 AND removed_at IS NULL AND id <> $6
		AND (user_id = $4 OR guest_email = $5 AND $5 <> '')`)
	otherRepeatSQL = store.MaintainBoth(`SELECT count(*) FROM (SELECT 1 FROM comments WHERE body_hash = $1 AND posted_at > $2 AND id <> $3 LIMIT 1) AS said`)

	countArticleSQL = store.MaintainBoth(`UPDATE articles SET comment_count = comment_count + $2 WHERE id = $1`)
	countParentSQL  = store.MaintainBoth(`UPDATE comments SET reply_count = reply_count + $2 WHERE id = $1`)
)

// parent is the comment that another replies to.
type parent struct {
	id, article, depth int
	above, thread      *int
	removedAt          *time.Time
	user               *int
}

func scanParent(rows *sql.Rows) (p parent, err error) {
	err = rows.Scan(&p.id, &p.article, &p.above, &p.thread, &p.depth, &p.removedAt, &p.user)
	return p, err
}

// draft is a post on its way into the database.
type draft struct {
	Post
	rules    Rules
	parent   *parent
	reasons  []Reason
	status   comment.Status
	hash     string
	viewer   access.Viewer
	address  string
	isMember bool
}

// Add posts a comment of the viewer, or of a guest when nobody is signed in.
// What is suspicious is kept and waits for a moderator; what breaks a rule is
// refused with its reason.
func (s *Service) Add(ctx context.Context, p Post) (posted *Posted, err error) {
	d, err := s.draft(ctx, p)
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.admit(ctx, d); err != nil {
			return err
		}
		posted, err = s.insert(ctx, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("add a comment: %w", err)
	}
	return posted, nil
}

// Ask asks the moderation service, if there is one, about a post that is to be
// added. Add does so itself, unless it runs in a transaction of its caller, which
// must not wait for another server.
func (s *Service) Ask(ctx context.Context, p Post) (Post, error) {
	d, err := s.draft(ctx, p)
	if err != nil {
		return p, err
	}
	p.asked, p.verdict = d.asked, d.verdict
	return p, nil
}

// draft checks a post and asks the moderation service about it.
func (s *Service) draft(ctx context.Context, p Post) (*draft, error) {
	rules, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	d := &draft{Post: p, rules: rules, viewer: access.Of(ctx), address: access.OriginOf(ctx).Address}
	d.isMember = d.viewer.UserID != 0
	if err := d.check(); err != nil {
		return nil, err
	}
	if s.Service != nil && !d.asked && !d.viewer.Can(access.ModerateComments) {
		d.verdict, d.asked = s.Service.ask(ctx, question{id.Encode(id.Article, d.ArticleID), d.Body, !d.isMember}), true
	}
	return d, nil
}

// check looks at what needs no database.
func (d *draft) check() (err error) {
	if d.Body, err = checkBody(d.Body, d.rules); err != nil {
		return err
	}
	if d.isMember {
		d.GuestName, d.GuestEmail = "", ""
	} else {
		if d.GuestName, err = readername.Check("guestName", d.GuestName); err != nil {
			return err
		}
		if d.GuestEmail, err = checkEmail("guestEmail", d.GuestEmail); err != nil {
			return err
		}
	}
	d.hash = bodyHash(d.Body)
	d.reasons = suspicions(d.Body, !d.isMember, d.Submission, d.rules)
	return nil
}

// admit locks the article and asks whether the comment may stand below it.
func (s *Service) admit(ctx context.Context, d *draft) error {
	policies, err := store.Collect(ctx, s.db, openSQL, d.rules.scanPolicy, d.ArticleID)
	if err != nil {
		return fmt.Errorf("lock the article: %w", err)
	}
	if len(policies) == 0 {
		return fault.Mistake(fault.Missing, "articleId", "There is no such article.")
	}
	policy := policies[0]
	if err := policy.refuse("articleId", s.Now(), d.isMember); err != nil {
		return err
	}
	if err := s.findParent(ctx, d); err != nil {
		return err
	}
	if d.viewer.Can(access.ModerateComments) {
		d.reasons, d.status = nil, comment.StatusApproved
		return nil
	}
	muted, err := s.gate(ctx, d.rules, d.GuestEmail, "Comments")
	if err != nil {
		return err
	}
	repeated, err := s.repetitions(ctx, said{hash: d.hash, body: d.Body, article: d.ArticleID, user: d.viewer.UserID, email: d.GuestEmail})
	if err != nil {
		return err
	}
	if repeated {
		d.reasons = append(d.reasons, Repeated)
	}
	if muted {
		d.reasons = append(d.reasons, MutedReader)
	}
	if policy.Before {
		d.reasons = append(d.reasons, Premoderated)
	}
	if d.asked {
		d.reasons = append(d.reasons, d.verdict.reasons()...)
	}
	switch {
	case d.Honeypot != "" || d.asked && d.verdict == SpamVerdict:
		d.status = comment.StatusSpam
	case len(d.reasons) > 0:
		d.status = comment.StatusPending
	default:
		d.status = comment.StatusApproved
	}
	return nil
}

// findParent finds what a reply answers. A reply to the deepest level stands
// beside what it answers.
func (s *Service) findParent(ctx context.Context, d *draft) error {
	if d.ParentID == 0 {
		return nil
	}
	p, err := s.parentOf(ctx, d.ParentID)
	if err != nil {
		return err
	}
	if p == nil || p.article != d.ArticleID || p.removedAt != nil {
		return fault.Mistake(fault.Missing, "parentId", "There is no such comment on this article.")
	}
	root := p.id
	if p.thread != nil {
		root = *p.thread
	}
	if err := s.openThread(ctx, "parentId", root); err != nil {
		return err
	}
	if p.depth >= d.rules.MaxDepth {
		above, err := store.Collect(ctx, s.db, ancestorSQL, store.ScanInt, p.id, d.rules.MaxDepth-1)
		if err != nil {
			return err
		}
		if p, err = s.parentOf(ctx, above[0]); err != nil {
			return err
		}
		if p == nil {
			return fault.Mistake(fault.Missing, "parentId", "There is no such comment on this article.")
		}
	}
	d.parent = p
	return nil
}

// openThread refuses what is said in a thread that a moderator closed.
func (s *Service) openThread(ctx context.Context, field string, root int) error {
	closed, err := store.Collect(ctx, s.db, threadSQL, func(rows *sql.Rows) (at *time.Time, err error) {
		err = rows.Scan(&at)
		return at, err
	}, root)
	if err != nil {
		return err
	}
	if len(closed) > 0 && closed[0] != nil {
		return fault.Mistake(fault.Closed, field, "This thread is closed.")
	}
	return nil
}

func (s *Service) parentOf(ctx context.Context, key int) (*parent, error) {
	found, err := store.Collect(ctx, s.db, parentSQL, scanParent, key)
	if err != nil {
		return nil, fmt.Errorf("find the comment to reply to: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// said is a text as it is compared with others.
type said struct {
	hash, body    string
	article, user int
	email         string // of a guest
	but           int    // the comment that it is the text of; 0: a new one
}

// repetitions refuses what its author said below this article already, as a
// client does that sends a form twice, and reports whether others said it.
func (s *Service) repetitions(ctx context.Context, d said) (bool, error) {
	since := s.Now().Add(-repeatedWithin)
	own, err := store.Collect(ctx, s.db, ownRepeatSQL, store.ScanInt, d.hash, d.article, since, d.user, d.email, d.but)
	if err != nil {
		return false, err
	}
	if own[0] > 0 {
		return false, fault.Mistake(fault.Taken, "body", "You have said this already.")
	}
	if utf8.RuneCountInString(d.body) < minRepeated {
		return false, nil
	}
	others, err := store.Collect(ctx, s.db, otherRepeatSQL, store.ScanInt, d.hash, since, d.but)
	if err != nil {
		return false, err
	}
	return others[0] > 0, nil
}

func (s *Service) insert(ctx context.Context, d *draft) (*Posted, error) {
	posted := &Posted{}
	system := access.AsSystem(ctx)
	create := s.db.Ent(system).Comment.Create().SetArticleID(d.ArticleID).SetBody(d.Body).SetStatus(d.status).SetPostedAt(s.Now()).
		SetHeldFor(held(d.reasons)).SetAddress(d.address).SetBodyHash(d.hash).SetGuestName(d.GuestName).SetGuestEmail(d.GuestEmail)
	if d.isMember {
		create.SetUserID(d.viewer.UserID)
	}
	if p := d.parent; p != nil {
		root := p.id
		if p.thread != nil {
			root = *p.thread
		}
		create.SetParentID(p.id).SetDepth(p.depth + 1).SetThreadID(root)
	}
	row, err := create.Save(system)
	if err != nil {
		return nil, fmt.Errorf("store the comment: %w", err)
	}
	if !d.isMember {
		if posted.GuestToken, err = s.guestToken(ctx, row.ID); err != nil {
			return nil, err
		}
		if row, err = row.Update().SetGuestTokenHash(secret.Hash(posted.GuestToken)).Save(system); err != nil {
			return nil, fmt.Errorf("store the token of a guest: %w", err)
		}
		if d.status != comment.StatusSpam { // what robots post is nobody's to mend
			if err := s.write(ctx, letter{Template: letterOfGuest, Comment: row.ID}); err != nil {
				return nil, err
			}
		}
	}
	if d.isMember {
		row.Edges.User = &ent.User{ID: d.viewer.UserID, DisplayName: d.viewer.Name}
	}
	action := event.Created
	if d.status == comment.StatusApproved {
		action = event.Published
		change, err := s.ofArticle(ctx, row, [2]bool{false, true}, [2]bool{false, true})
		if err != nil {
			return nil, err
		}
		if err := s.count(ctx, row, change, +1); err != nil {
			return nil, err
		}
	}
	posted.Comment = row
	return posted, s.tell(ctx, row, action)
}

// signGuest is the purpose of the tokens of guests.
const signGuest = "comment.guest"

// guestToken signs the token of a guest's comment. It is the same each time, so
// that whoever repeats a request gets it again.
func (s *Service) guestToken(ctx context.Context, key int) (string, error) {
	mac, err := s.Links.MAC(ctx, signGuest, strconv.Itoa(key))
	if err != nil {
		return "", fmt.Errorf("sign the token of a guest: %w", err)
	}
	return tokenPrefix + mac, nil
}

// GuestToken gives the token of a guest's comment again, to whoever proved to have
// posted it; nothing when the comment is an account's, or gone.
func (s *Service) GuestToken(ctx context.Context, key int) (string, error) {
	token, err := s.guestToken(ctx, key)
	if err != nil {
		return "", err
	}
	system := access.AsSystem(ctx)
	ofGuest, err := s.db.Ent(system).Comment.Query().Where(comment.ID(key), comment.GuestTokenHash(secret.Hash(token))).Exist(system)
	if err != nil {
		return "", fmt.Errorf("look for a guest's comment: %w", err)
	}
	if !ofGuest {
		return "", nil
	}
	return token, nil
}

// OfGuest is a guest's comment as its author sees it.
type OfGuest struct {
	ID, ArticleID           int
	Body                    string
	Status                  comment.Status
	PostedAt, EditableUntil time.Time
}

// What is gone, as isGone has it, is not found.
var ofGuestSQL = store.MaintainBoth(`SELECT c.id, c.article_id, c.body, c.status, c.posted_at FROM comments c WHERE c.guest_token_hash = $1 AND c.removed_at IS NULL AND c.status <> 'TRASH'`)

// ByGuestToken gives the comment that a guest's token is of, shown or not; nil when
// there is none: the token is of no comment, or has ended, or the comment was deleted,
// removed by a moderator or claimed.
func (s *Service) ByGuestToken(ctx context.Context, token string) (*OfGuest, error) {
	found, err := store.Collect(ctx, s.db, ofGuestSQL, func(rows *sql.Rows) (*OfGuest, error) {
		c := new(OfGuest)
		err := rows.Scan(&c.ID, &c.ArticleID, &c.Body, &c.Status, &c.PostedAt)
		return c, err
	}, secret.Hash(token))
	if err != nil {
		return nil, fmt.Errorf("look for a guest's comment: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	rules, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	found[0].PostedAt = found[0].PostedAt.UTC()
	found[0].EditableUntil = found[0].PostedAt.Add(rules.EditFor)
	return found[0], nil
}

// count changes the counts beside a comment. The transaction holds the article.
func (s *Service) count(ctx context.Context, c *ent.Comment, ofArticle, ofParent int) error {
	if ofArticle != 0 {
		if _, err := s.db.Exec(ctx, countArticleSQL, c.ArticleID, ofArticle); err != nil {
			return fmt.Errorf("count the comments of the article: %w", err)
		}
	}
	if ofParent != 0 && c.ParentID != nil {
		if _, err := s.db.Exec(ctx, countParentSQL, *c.ParentID, ofParent); err != nil {
			return fmt.Errorf("count the replies: %w", err)
		}
	}
	return nil
}

// tell appends the event of a comment.
func (s *Service) tell(ctx context.Context, c *ent.Comment, action string) error {
	return s.log.Append(ctx, event.Event{Action: action, Entity: id.Comment, EntityID: c.ID, Detail: event.Detail{ArticleID: c.ArticleID}})
}

func trimmed(text string, most int) string {
	text = cleanBody(text)
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most])
	}
	return strings.TrimSpace(text)
}
