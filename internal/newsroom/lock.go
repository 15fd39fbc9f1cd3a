package newsroom

import (
	"context"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/articlelock"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Lease is how long a lock holds unless it is renewed. An editor's program
// renews it about every minute.
const Lease = 2 * time.Minute

// LockedError says that somebody else is editing the article, and until when
// unless they go on. Nothing was changed.
type LockedError struct {
	Lock  *ent.ArticleLock
	fault *fault.Error
}

// Error implements error.
func (e *LockedError) Error() string { return e.fault.Error() }

// Unwrap gives the fault.
func (e *LockedError) Unwrap() error { return e.fault }

func locked(lock *ent.ArticleLock) error {
	name := "Somebody"
	if lock.Edges.User != nil {
		name = lock.Edges.User.DisplayName
	}
	return &LockedError{Lock: lock, fault: fault.Mistake(fault.Locked, "id", "%s is editing this article.", name)}
}

// refuseLocked refuses to change the words of an article that somebody else is
// editing.
func (s *Service) refuseLocked(ctx context.Context, w *working) error {
	lock, err := s.lockOf(ctx, w)
	if err != nil || lock == nil || lock.UserID == w.viewer.UserID {
		return err
	}
	return locked(lock)
}

// lockOf gives the lock that holds, nil when there is none.
func (s *Service) lockOf(ctx context.Context, w *working) (*ent.ArticleLock, error) {
	lock, err := s.db.Ent(ctx).ArticleLock.Query().Where(articlelock.ArticleID(w.row.ID), articlelock.ExpiresAtGT(w.now)).WithUser().First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look who is editing: %w", err)
	}
	return lock, nil
}

// holder is what the record of who did what keeps of a lock.
type holder struct {
	User string `json:"user"`
}

func holderOf(lock *ent.ArticleLock) any {
	if lock == nil {
		return nil
	}
	return holder{id.Encode(id.User, lock.UserID)}
}

// Lock tells others that the viewer is editing an article, for the time of a
// Lease; whoever holds the lock renews it so. That of somebody else is a
// LockedError, unless takeOver is asked for, which editors may. Renewing leaves
// no trace in the record of who did what, as programs do it every minute.
func (s *Service) Lock(ctx context.Context, articleID int, takeOver bool) (lock *ent.ArticleLock, err error) {
	may := func(w *working) error {
		if takeOver && !w.viewer.Can(access.EditArticles) {
			return access.Forbidden()
		}
		return mayEdit(w)
	}
	err = s.work(ctx, articleID, access.WriteArticles, may, func(ctx context.Context, w *working) error {
		held, err := s.lockOf(ctx, w)
		if err != nil {
			return err
		}
		if held != nil && held.UserID == w.viewer.UserID {
			lock, err = held.Update().SetExpiresAt(w.now.Add(Lease)).Save(ctx)
			return err
		}
		if held != nil && !takeOver {
			return locked(held)
		}
		if _, err := s.db.Ent(ctx).ArticleLock.Delete().Where(articlelock.ArticleID(articleID)).Exec(ctx); err != nil {
			return err
		}
		lock, err = s.db.Ent(ctx).ArticleLock.Create().SetArticleID(articleID).SetUserID(w.viewer.UserID).SetAcquiredAt(w.now).
			SetExpiresAt(w.now.Add(Lease)).Save(ctx)
		if err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "lockArticle", Entity: id.Article, EntityID: articleID, Before: holderOf(held), After: holderOf(lock)})
	})
	if err != nil {
		return nil, fmt.Errorf("lock article %d: %w", articleID, err)
	}
	return lock, nil
}

// Unlock ends the viewer's lock of an article; without one nothing happens.
func (s *Service) Unlock(ctx context.Context, articleID int) error {
	return s.work(ctx, articleID, access.WriteArticles, mayDiscuss, func(ctx context.Context, w *working) error {
		held, err := s.lockOf(ctx, w)
		if err != nil || held == nil || held.UserID != w.viewer.UserID {
			return err
		}
		if err := s.db.Ent(ctx).ArticleLock.DeleteOne(held).Exec(ctx); err != nil {
			return fmt.Errorf("unlock article %d: %w", articleID, err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "unlockArticle", Entity: id.Article, EntityID: articleID, Before: holderOf(held)})
	})
}

// Locks gives the locks that hold now, by article, for those who have the
// records of the articles.
func (s *Service) Locks(ctx context.Context, articles []int) (map[int]*ent.ArticleLock, error) {
	rows, err := s.db.Ent(ctx).ArticleLock.Query().Where(articlelock.ArticleIDIn(articles...), articlelock.ExpiresAtGT(s.Now())).All(ctx)
	return byKey(rows, func(l *ent.ArticleLock) int { return l.ArticleID }, err)
}
