package account

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Delete asks for the viewer's account to be removed after DeletionGrace, and
// ends their other sessions. Mistakes: INVALID_CREDENTIALS, IN_USE, RATE_LIMITED.
func (s *Service) Delete(ctx context.Context, password string) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	if u.Role != user.RoleReader {
		return access.Forbidden() // an administrator disables it: the work stays under its name
	}
	if u.PasswordHash != "" {
		if err := s.provePassword(ctx, u, "password", password); err != nil {
			return err
		}
	}
	if u.DeletesAt != nil {
		return nil // asked for already; the moment stays
	}
	due := s.Now().Add(s.DeletionGrace)
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).SetDeletesAt(due).Exec(ctx); err != nil {
			return fmt.Errorf("plan to remove an account: %w", err)
		}
		if _, err := s.endSessions(ctx, u.ID, access.Of(ctx).SessionID); err != nil {
			return err
		}
		if err := s.notify(ctx, "deletion-scheduled", u, due.Format("2006-01-02")); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "deleteAccount", Entity: id.User, EntityID: u.ID})
	})
}

// CancelDeletion keeps the viewer's account that was to be removed. One that was
// not stays as well.
func (s *Service) CancelDeletion(ctx context.Context) error {
	u, err := s.self(ctx)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.db.Ent(ctx).User.UpdateOneID(u.ID).ClearDeletesAt().Exec(ctx); err != nil {
			return fmt.Errorf("keep an account: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "cancelAccountDeletion", Entity: id.User, EntityID: u.ID})
	})
}

var (
	unnameCommentsSQL = store.MaintainBoth(`UPDATE comments SET user_id = NULL, guest_name = $2, guest_email = '' WHERE user_id = $1 RETURNING id, article_id, status = 'APPROVED' AND kind = 'COMMENT' AND removed_at IS NULL`)
	forgetRepeatsSQL  = store.MaintainBoth(`DELETE FROM repeats WHERE user_id = $1`)
)

// removeBatch is how many accounts one look for them removes.
const removeBatch = 100

// removeDue removes the accounts whose grace is over. What hangs on an account
// goes with it; its comments stay, without its name.
func (s *Service) removeDue(ctx context.Context) error {
	for {
		due, err := s.db.Ent(ctx).User.Query().Where(user.DeletesAtLTE(s.Now()), user.RoleEQ(user.RoleReader)).Order(ent.Asc(user.FieldID)).Limit(removeBatch).IDs(ctx)
		if err != nil {
			return fmt.Errorf("look for accounts to remove: %w", err)
		}
		for _, key := range due {
			if err := s.remove(ctx, key); err != nil {
				return err
			}
		}
		if len(due) < removeBatch {
			return nil
		}
	}
}

// eventsAtOnce is how many events are appended by one statement.
const eventsAtOnce = 500

// unname takes the name of an account from its comments. Whoever keeps copies of those
// that readers see is told.
func (s *Service) unname(ctx context.Context, key int) error {
	site, err := s.site(ctx)
	if err != nil {
		return fmt.Errorf("read the language of the site: %w", err)
	}
	language := ""
	if site != nil {
		language = site.Language
	}
	var events []event.Event
	_, err = store.Collect(ctx, s.db, unnameCommentsSQL, func(rows *sql.Rows) (none struct{}, err error) {
		e := event.Event{Action: event.Updated, Entity: id.Comment, Detail: event.Detail{Edited: true}}
		var shown bool
		if err := rows.Scan(&e.EntityID, &e.ArticleID, &shown); err != nil {
			return none, err
		}
		if shown {
			events = append(events, e)
		}
		return none, nil
	}, key, readername.Deleted(language))
	if err != nil {
		return fmt.Errorf("take the name from comments: %w", err)
	}
	for chunk := range slices.Chunk(events, eventsAtOnce) {
		if err := s.log.Append(ctx, chunk...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) remove(ctx context.Context, key int) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		u, err := s.locked(ctx, key)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if u.DeletesAt == nil || u.DeletesAt.After(s.Now()) || u.Role != user.RoleReader {
			return nil // kept meanwhile
		}
		if err := s.unname(ctx, u.ID); err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, forgetRepeatsSQL, u.ID); err != nil {
			return fmt.Errorf("forget idempotency keys: %w", err)
		}
		if err := s.db.Ent(ctx).User.DeleteOneID(u.ID).Exec(ctx); err != nil {
			return fmt.Errorf("remove an account: %w", err)
		}
		u.DisplayName = ""
		if err := s.notify(ctx, "account-deleted", u, ""); err != nil {
			return err
		}
		return s.changed(ctx, "removeAccount", event.Deleted, u.ID, nil, nil)
	})
}
