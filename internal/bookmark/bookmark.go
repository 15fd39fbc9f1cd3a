// Package bookmark keeps reading lists: the articles that a reader has saved,
// by account or, for readers without one, by device token.
//
// Every change of a list locks its row and takes its next revision, so changes
// of one list happen one after the other and each is safe to repeat. Reading is
// in read.go.
package bookmark

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service keeps reading lists.
type Service struct {
	db *store.DB
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives the service.
func New(db *store.DB) *Service {
	return &Service{db: db, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

const (
	// MaxBookmarks is how many bookmarks one list can have.
	MaxBookmarks = 100_000
	// UndoFor is how long a removal can be undone, and how long clients that
	// were offline learn of it.
	UndoFor = 30 * 24 * time.Hour
	// DeviceListsFor is how long the list of a device is kept without a change.
	DeviceListsFor = 365 * 24 * time.Hour

	tokenPrefix = "bsd_"
	maxToken    = 200 // bytes
)

// Bookmark is an article on a reading list.
type Bookmark struct {
	ID, ArticleID int
	SavedAt       time.Time
}

// PublicID is its id in the API.
func (b *Bookmark) PublicID() string { return id.Encode(id.Bookmark, b.ID) }

// IsNode makes a bookmark a node of the API.
func (*Bookmark) IsNode() {}

// Key is the place of a bookmark in its list.
func Key(b *Bookmark) keyset.Key { return keyset.Key{Time: b.SavedAt.UnixMicro(), ID: b.ID} }

// list is a reading list whose row the transaction holds.
type list struct{ id, revision, count int }

var (
	ensureUserListSQL = store.MaintainBoth(`INSERT INTO reading_lists (user_id, created_at, used_at) VALUES ($1, $2, $2) ON CONFLICT (user_id) DO NOTHING`)
	newDeviceListSQL  = store.MaintainBoth(`INSERT INTO reading_lists (token_hash, created_at, used_at) VALUES ($1, $2, $2)`)

	userListText      = `SELECT id, revision, bookmark_count FROM reading_lists WHERE user_id = $1`
	lockUserListSQL   = store.Maintain(userListText+` FOR UPDATE`, userListText)
	deviceListText    = `SELECT id, revision, bookmark_count FROM reading_lists WHERE token_hash = $1 AND user_id IS NULL`
	lockDeviceListSQL = store.Maintain(deviceListText+` FOR UPDATE`, deviceListText)
	saveListSQL       = store.MaintainBoth(`UPDATE reading_lists SET revision = $2, bookmark_count = $3, used_at = $4 WHERE id = $1`)

	visibleSQL = store.ReadBoth(`SELECT a.id FROM articles a WHERE a.id = $1 AND visible_article(a)`)
	oneSQL     = store.MaintainBoth(`SELECT id, article_id, saved_at, removed_at, removed_in FROM bookmarks WHERE list_id = $1 AND article_id = $2`)
	insertSQL  = store.MaintainBoth(`INSERT INTO bookmarks (list_id, article_id, saved_at, revision) VALUES ($1, $2, $3, $4) RETURNING id`)
	saveAgain  = store.MaintainBoth(`UPDATE bookmarks SET saved_at = $2, revision = $3, removed_at = NULL WHERE id = $1`)
	removeSQL  = store.MaintainBoth(`UPDATE bookmarks SET removed_at = $2, removed_in = $3, revision = $3 WHERE id = $1`)
	clearSQL   = store.MaintainBoth(`UPDATE bookmarks SET removed_at = $2, removed_in = $3, revision = $3 WHERE list_id = $1 AND removed_at IS NULL`)

	lastRemovalSQL = store.MaintainBoth(`SELECT removed_in, removed_at FROM bookmarks WHERE list_id = $1 AND removed_in IS NOT NULL ORDER BY removed_in DESC LIMIT 1`)
	countInSQL     = store.MaintainBoth(`SELECT count(*) FROM bookmarks WHERE list_id = $1 AND removed_in = $2`)
	restoreSQL     = store.MaintainBoth(`UPDATE bookmarks SET removed_at = NULL, revision = $3 WHERE list_id = $1 AND removed_in = $2 AND removed_at >= $4`)
	restoredSQL    = store.MaintainBoth(`SELECT id, article_id, saved_at, removed_at, removed_in FROM bookmarks WHERE list_id = $1 AND removed_in = $2 ORDER BY id LIMIT 1`)
)

// row is a bookmark as it is stored, removed or not.
type row struct {
	Bookmark
	removedAt *time.Time
	removedIn *int
}

func scanRow(rows *sql.Rows) (r row, err error) {
	err = rows.Scan(&r.ID, &r.ArticleID, &r.SavedAt, &r.removedAt, &r.removedIn)
	r.SavedAt = r.SavedAt.UTC()
	return r, err
}

func scanList(rows *sql.Rows) (l list, err error) {
	err = rows.Scan(&l.id, &l.revision, &l.count)
	return l, err
}

// unknownDevice is the mistake of a device token that names no list.
func unknownDevice() error {
	return fault.Mistake(fault.Missing, "deviceToken", "No reading list has this device token. Leave it out to start a new list.")
}

// noList is the mistake of a request that has no reading list at all.
func noList() error {
	return fault.Mistake(fault.Blank, "deviceToken", "Sign in, or send the deviceToken that addBookmark answered.")
}

// change runs do on the list of the viewer or, when nobody is signed in, of the
// device, and holds it meanwhile. do gives whether it changed the list, with
// revision and count as they are to be.
func (s *Service) change(ctx context.Context, device string, do func(ctx context.Context, l *list) (changed bool, err error)) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		l, err := s.lock(ctx, device)
		if err != nil {
			return err
		}
		changed, err := do(ctx, &l)
		if err != nil || !changed {
			return err
		}
		if _, err := s.db.Exec(ctx, saveListSQL, l.id, l.revision, l.count, s.Now()); err != nil {
			return fmt.Errorf("save the reading list: %w", err)
		}
		return nil
	})
}

// lock holds the list of the viewer, which is made when there is none, or that
// of the device.
func (s *Service) lock(ctx context.Context, device string) (list, error) {
	user := access.Of(ctx).UserID
	if user != 0 {
		if _, err := s.db.Exec(ctx, ensureUserListSQL, user, s.Now()); err != nil {
			return list{}, fmt.Errorf("make a reading list: %w", err)
		}
		return s.lockBy(ctx, lockUserListSQL, user)
	}
	if device == "" {
		return list{}, noList()
	}
	if len(device) > maxToken {
		return list{}, unknownDevice()
	}
	return s.lockBy(ctx, lockDeviceListSQL, secret.Hash(device))
}

func (s *Service) lockBy(ctx context.Context, statement *store.Statement, by any) (list, error) {
	found, err := store.Collect(ctx, s.db, statement, scanList, by)
	if err != nil {
		return list{}, fmt.Errorf("lock the reading list: %w", err)
	}
	if len(found) == 0 {
		return list{}, unknownDevice()
	}
	return found[0], nil
}

// Added is what Add did.
type Added struct {
	Bookmark *Bookmark
	// DeviceToken is the token of the list that was made for a reader without an
	// account who had none yet; else it is empty.
	DeviceToken string
}

// Add saves an article that the viewer can see. One that is saved already stays
// where it is.
func (s *Service) Add(ctx context.Context, device string, article int) (added Added, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, visibleSQL, store.ScanInt, article)
		if err != nil {
			return fmt.Errorf("look for the article: %w", err)
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "articleId", "There is no such article.")
		}
		if device == "" && access.Of(ctx).UserID == 0 {
			device = secret.New(tokenPrefix)
			added.DeviceToken = device
			if _, err := s.db.Exec(ctx, newDeviceListSQL, secret.Hash(device), s.Now()); err != nil {
				return fmt.Errorf("make a reading list: %w", err)
			}
		}
		return s.change(ctx, device, func(ctx context.Context, l *list) (changed bool, err error) {
			added.Bookmark, changed, err = s.add(ctx, l, article, s.Now())
			return changed, err
		})
	})
	if err != nil {
		return Added{}, fmt.Errorf("add a bookmark: %w", err)
	}
	return added, nil
}

// add puts an article on a list, as saved at a moment.
func (s *Service) add(ctx context.Context, l *list, article int, at time.Time) (*Bookmark, bool, error) {
	found, err := store.Collect(ctx, s.db, oneSQL, scanRow, l.id, article)
	if err != nil {
		return nil, false, err
	}
	if len(found) > 0 && found[0].removedAt == nil {
		return &found[0].Bookmark, false, nil
	}
	if l.count >= MaxBookmarks {
		return nil, false, fault.Mistake(fault.LimitReached, "", "A reading list has at most %d bookmarks. Remove some first.", MaxBookmarks)
	}
	l.count++
	l.revision++
	b := &Bookmark{ArticleID: article, SavedAt: at}
	if len(found) > 0 {
		b.ID = found[0].ID
		_, err = s.db.Exec(ctx, saveAgain, b.ID, b.SavedAt, l.revision)
		return b, true, err
	}
	made, err := store.Collect(ctx, s.db, insertSQL, store.ScanInt, l.id, article, b.SavedAt, l.revision)
	if err != nil {
		return nil, false, err
	}
	b.ID = made[0]
	return b, true, nil
}

// Removal is what Undo needs: Restore takes its number.
type Removal struct {
	Number    int
	Bookmark  *Bookmark // the one that was removed, nil when all were
	Count     int
	ExpiresAt time.Time
}

func removal(number int, at time.Time) *Removal {
	return &Removal{Number: number, Count: 1, ExpiresAt: at.UTC().Add(UndoFor)}
}

// Remove takes an article from the list. Taking it away twice gives the same
// removal.
func (s *Service) Remove(ctx context.Context, device string, article int) (done *Removal, err error) {
	err = s.change(ctx, device, func(ctx context.Context, l *list) (bool, error) {
		found, err := store.Collect(ctx, s.db, oneSQL, scanRow, l.id, article)
		if err != nil {
			return false, err
		}
		if len(found) == 0 {
			return false, fault.Mistake(fault.Missing, "articleId", "The article is not on the reading list.")
		}
		was := found[0]
		if was.removedAt != nil {
			done = removal(*was.removedIn, *was.removedAt)
			done.Bookmark = &was.Bookmark
			return false, nil
		}
		l.revision++
		l.count--
		now := s.Now()
		done = removal(l.revision, now)
		done.Bookmark = &was.Bookmark
		_, err = s.db.Exec(ctx, removeSQL, was.ID, now, l.revision)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("remove a bookmark: %w", err)
	}
	return done, nil
}

// Clear takes everything from the list. When nothing is left to take away, it
// gives the removal that came last, so that a client that repeats the request
// gets the first answer; nil when there never was anything.
func (s *Service) Clear(ctx context.Context, device string) (done *Removal, err error) {
	err = s.change(ctx, device, func(ctx context.Context, l *list) (bool, error) {
		if l.count == 0 {
			last, err := store.Collect(ctx, s.db, lastRemovalSQL, func(rows *sql.Rows) (r Removal, err error) {
				var at time.Time
				err = rows.Scan(&r.Number, &at)
				return *removal(r.Number, at), err
			}, l.id)
			if err != nil || len(last) == 0 {
				return false, err
			}
			done = &last[0]
			counted, err := store.Collect(ctx, s.db, countInSQL, store.ScanInt, l.id, done.Number)
			if err != nil {
				return false, err
			}
			done.Count = counted[0]
			return false, nil
		}
		l.revision++
		now := s.Now()
		done = removal(l.revision, now)
		done.Count = l.count
		l.count = 0
		_, err := s.db.Exec(ctx, clearSQL, l.id, now, l.revision)
		return true, err
	})
	if err != nil {
		return nil, fmt.Errorf("clear the reading list: %w", err)
	}
	return done, nil
}

// Restore undoes a removal: its bookmarks return to where they were, but for
// those that were saved again meanwhile. Undoing twice is the same as once. It
// gives how many the removal took away, and the bookmark when that is one.
func (s *Service) Restore(ctx context.Context, device string, number int) (b *Bookmark, count int, err error) {
	err = s.change(ctx, device, func(ctx context.Context, l *list) (bool, error) {
		found, err := store.Collect(ctx, s.db, restoredSQL, scanRow, l.id, number)
		if err != nil {
			return false, err
		}
		deadline := s.Now().Add(-UndoFor)
		if len(found) == 0 || found[0].removedAt != nil && found[0].removedAt.Before(deadline) {
			return false, fault.Mistake(fault.Expired, "undoToken", "There is no such removal, or it is too old to be undone.")
		}
		counted, err := store.Collect(ctx, s.db, countInSQL, store.ScanInt, l.id, number)
		if err != nil {
			return false, err
		}
		if count = counted[0]; count == 1 {
			b = &found[0].Bookmark
		}
		result, err := s.db.Exec(ctx, restoreSQL, l.id, number, l.revision+1, deadline)
		if err != nil {
			return false, err
		}
		restored, err := result.RowsAffected()
		if err != nil || restored == 0 {
			return false, err
		}
		l.revision++
		if l.count += int(restored); l.count > MaxBookmarks {
			return false, fault.Mistake(fault.LimitReached, "", "A reading list has at most %d bookmarks. Remove some first.", MaxBookmarks)
		}
		return true, nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("restore bookmarks: %w", err)
	}
	return b, count, nil
}
