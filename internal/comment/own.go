package comment

import (
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var (
	// The article is locked before the comment, as Add does.
	lockOwnText = `SELECT a.id FROM articles a WHERE a.id = (SELECT c.article_id FROM comments c WHERE c.id = $1)`
	lockOwnSQL  = store.Maintain(lockOwnText+` FOR NO KEY UPDATE`, lockOwnText)

	keepTextSQL = store.MaintainBoth(`INSERT INTO comment_revisions (comment_id, body, user_id, replaced_at) VALUES ($1, $2, $3, $4)`)
)

// lock holds the article of a comment and gives the comment as it is now, nil
// when there is none.
func (s *Service) lock(ctx context.Context, key int) (*ent.Comment, error) {
	if _, err := store.Collect(ctx, s.db, lockOwnSQL, store.ScanInt, key); err != nil {
		return nil, fmt.Errorf("lock the article: %w", err)
	}
	system := access.AsSystem(ctx)
	row, err := s.db.Ent(system).Comment.Get(system, key)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the comment: %w", err)
	}
	return row, nil
}

// lockOwn is lock for a comment of the viewer, or one that a guest's token is
// of. A comment of somebody else is like none.
func (s *Service) lockOwn(ctx context.Context, key int, token string) (*ent.Comment, error) {
	c, err := s.lock(ctx, key)
	if err != nil {
		return nil, err
	}
	if !isOwn(ctx, c, token) || isGone(c) {
		return nil, notYours()
	}
	return c, nil
}

func notYours() error {
	return fault.Mistake(fault.Missing, "id", "There is no such comment of yours.")
}

// isOwn reports whether a comment is the viewer's, or one that a guest's token is of.
func isOwn(ctx context.Context, c *ent.Comment, token string) bool {
	if c == nil || c.Kind != comment.KindComment {
		return false
	}
	user := access.Of(ctx).UserID
	byToken := token != "" && c.GuestTokenHash != nil && *c.GuestTokenHash == secret.Hash(token)
	return byToken || user != 0 && c.UserID != nil && *c.UserID == user
}

func isGone(c *ent.Comment) bool { return c.RemovedAt != nil || c.Status == comment.StatusTrash }

// keepText keeps the text of a comment that is about to be replaced.
func (s *Service) keepText(ctx context.Context, c *ent.Comment) error {
	var by *int
	if user := access.Of(ctx).UserID; user != 0 {
		by = &user
	}
	if _, err := s.db.Exec(ctx, keepTextSQL, c.ID, c.Body, by, s.Now()); err != nil {
		return fmt.Errorf("keep the text that is replaced: %w", err)
	}
	return nil
}

// Edit changes the text of one's own comment, within the time that the site
// gives for that. The text before is kept for moderators. A text that is
// suspicious waits for a moderator, as a new one does.
func (s *Service) Edit(ctx context.Context, key int, token, text string) (changed *ent.Comment, err error) {
	rules, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	body, err := checkBody(text, rules)
	if err != nil {
		return nil, err
	}
	verdict, err := s.askAgain(ctx, key, body)
	if err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		c, err := s.lockOwn(ctx, key, token)
		if err != nil {
			return err
		}
		if changed = c; c.Body == body {
			return nil
		}
		if end := c.PostedAt.Add(rules.EditFor); !s.Now().Before(end) {
			return fault.Mistake(fault.Expired, "id", "A comment can be changed for %s after it was posted.", rules.EditFor)
		}
		reasons, err := s.admitEdit(ctx, c, body, rules)
		if err != nil {
			return err
		}
		reasons = append(reasons, verdict...)
		if len(reasons) > 0 && c.ReplyCount > 0 {
			return fault.Mistake(fault.Invalid, "body", "This text would have to be looked at by a moderator, and others have replied already. Write another comment instead.")
		}
		if err := s.keepText(ctx, c); err != nil {
			return err
		}
		was := c.Status
		update := s.db.Ent(ctx).Comment.UpdateOneID(c.ID).SetBody(body).SetBodyHash(bodyHash(body)).SetEditedAt(s.Now())
		switch {
		case len(reasons) > 0 && was == comment.StatusApproved:
			update.SetStatus(comment.StatusPending).SetHeldFor(held(reasons))
		case was == comment.StatusPending: // it waits for what it waited for as well
			before := reasonsOf(c.HeldFor)
			for _, r := range reasons {
				if !slices.Contains(before, r) {
					before = append(before, r)
				}
			}
			update.SetHeldFor(held(before))
		}
		return s.save(ctx, update, was, &changed)
	})
	if err != nil {
		return nil, fmt.Errorf("edit a comment: %w", err)
	}
	return changed, nil
}

// askAgain asks the moderation service, if there is one, about a new text of a
// comment, outside of any transaction.
func (s *Service) askAgain(ctx context.Context, key int, body string) ([]Reason, error) {
	viewer := access.Of(ctx)
	if s.Service == nil || viewer.Can(access.ModerateComments) {
		return nil, nil
	}
	article, err := store.Collect(ctx, s.db, articleOfSQL, store.ScanInt, key)
	if err != nil || len(article) == 0 {
		return nil, err
	}
	return s.Service.ask(ctx, question{id.Encode(id.Article, article[0]), body, viewer.UserID == 0}).reasons(), nil
}

var policySQL = store.MaintainBoth(`SELECT comment_policy, comment_moderation, comments_close_at, published_at FROM articles WHERE id = $1`)

// admitEdit asks whether one's own comment may get a new text, by the rules of a new
// comment, and gives why the text waits for a moderator. Its article is locked.
func (s *Service) admitEdit(ctx context.Context, c *ent.Comment, body string, rules Rules) ([]Reason, error) {
	viewer := access.Of(ctx)
	if viewer.Can(access.ModerateComments) {
		return nil, nil
	}
	muted, err := s.gate(ctx, rules, c.GuestEmail, "Comments")
	if err != nil {
		return nil, err
	}
	if err := s.openThread(ctx, "id", rootOf(c)); err != nil {
		return nil, err
	}
	reasons := suspicions(body, false, Submission{}, rules)
	if muted {
		reasons = append(reasons, MutedReader)
	}
	policies, err := store.Collect(ctx, s.db, policySQL, rules.scanPolicy, c.ArticleID)
	if err != nil {
		return nil, fmt.Errorf("read who may comment: %w", err)
	}
	for _, p := range policies {
		if err := p.refuse("id", s.Now(), viewer.UserID != 0); err != nil {
			return nil, err
		}
		if p.Before {
			reasons = append(reasons, Premoderated)
		}
	}
	repeated, err := s.repetitions(ctx, said{hash: bodyHash(body), body: body, article: c.ArticleID, user: viewer.UserID, email: c.GuestEmail, but: c.ID})
	if err != nil {
		return nil, err
	}
	if repeated {
		reasons = append(reasons, Repeated)
	}
	return reasons, nil
}

// save stores a change of a comment whose article is locked, and what follows
// from it: counts and the event.
func (s *Service) save(ctx context.Context, update *ent.CommentUpdateOne, was comment.Status, changed **ent.Comment) error {
	old := *changed
	before := old.RemovedAt == nil && was == comment.StatusApproved
	row, err := update.Save(access.AsSystem(ctx))
	if err != nil {
		return fmt.Errorf("change the comment: %w", err)
	}
	row.Edges.User = old.Edges.User
	*changed = row
	counted := row.RemovedAt == nil && row.Status == comment.StatusApproved
	number := map[bool]int{true: 1}
	wasShown, isShown := was == comment.StatusApproved, row.Status == comment.StatusApproved
	change, err := s.ofArticle(ctx, row, [2]bool{before, counted}, [2]bool{wasShown, isShown})
	if err != nil {
		return err
	}
	if err := s.count(ctx, row, change, number[isShown]-number[wasShown]); err != nil {
		return err
	}
	action := event.Updated
	switch {
	case counted && !before:
		action = event.Published
	case before && !counted:
		action = event.Unpublished
	}
	edited := action == event.Updated && (row.Body != old.Body || row.GuestName != old.GuestName)
	decided := action == event.Updated && row.RemovedBy == comment.RemovedByModerator && old.RemovedBy != row.RemovedBy
	return s.log.Append(ctx, event.Event{Action: action, Entity: id.Comment, EntityID: row.ID, Detail: event.Detail{ArticleID: row.ArticleID, Edited: edited, Decided: decided}})
}

// takeAway hides a comment whose article is locked. One with replies keeps its
// place without its text, so that what others said stays.
func (s *Service) takeAway(ctx context.Context, c **ent.Comment, by comment.RemovedBy, to comment.Status, reason string) error {
	if (*c).RemovedBy == comment.RemovedByAuthor && by != comment.RemovedByAuthor {
		return nil // it stays the author's decision, which nobody else can undo
	}
	was := (*c).Status
	update := s.db.Ent(ctx).Comment.UpdateOneID((*c).ID).SetRemovedBy(by).SetRemovalReason(reason).SetHeldFor("").SetReportCount(0).ClearPinnedAt()
	taken := (*c).RemovedAt != nil || was == comment.StatusTrash || was == comment.StatusSpam
	if !taken { // from now on the time counts after which the text goes for good
		if err := s.keepText(ctx, *c); err != nil {
			return err
		}
	}
	if was == comment.StatusApproved && ((*c).ReplyCount > 0 || reason != "") {
		if !taken {
			update.SetBody("").SetRemovedAt(s.Now())
		}
	} else {
		update.SetStatus(to)
	}
	return s.save(ctx, update, was, c)
}

// Delete takes back one's own comment, which answers its reports. Doing it twice is the
// same as once.
func (s *Service) Delete(ctx context.Context, key int, token string) error {
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		c, err := s.lock(ctx, key)
		switch {
		case err != nil:
			return err
		case !isOwn(ctx, c, token):
			return notYours()
		case !isGone(c):
			if err := s.takeAway(ctx, &c, comment.RemovedByAuthor, comment.StatusTrash, ""); err != nil {
				return err
			}
			return s.closeReports(ctx, c.ID, "UPHELD", 0, letterOfAuthor)
		case c.RemovedBy == comment.RemovedByAuthor: // taken back before
			return nil
		}
		return notYours()
	})
	if err != nil {
		return fmt.Errorf("delete a comment: %w", err)
	}
	return nil
}

// Claim gives a guest's comment to the account that is signed in. The guest's
// name, e-mail address and token go.
func (s *Service) Claim(ctx context.Context, key int, token string) (claimed *ent.Comment, err error) {
	if err := access.Require(ctx, access.UseAccount); err != nil {
		return nil, err
	}
	viewer := access.Of(ctx)
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		c, err := s.lockOwn(ctx, key, token)
		if err != nil {
			return err
		}
		claimed = c
		if c.UserID != nil { // claimed by this account before
			return nil
		}
		return s.save(ctx, s.db.Ent(ctx).Comment.UpdateOneID(c.ID).SetUserID(viewer.UserID).SetGuestName("").SetGuestEmail("").ClearGuestTokenHash(), c.Status, &claimed)
	})
	if err != nil {
		return nil, fmt.Errorf("claim a comment: %w", err)
	}
	claimed.Edges.User = &ent.User{ID: viewer.UserID, DisplayName: viewer.Name}
	return claimed, nil
}
