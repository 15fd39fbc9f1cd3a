package comment

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

var restrictionsSQL = store.MaintainBoth(`SELECT kind FROM reader_restrictions WHERE (expires_at IS NULL OR expires_at > $4)
	AND (user_id = $1 OR email_hash = $2 AND $2 <> '' OR address = $3 AND $3 <> '')`)

// restrictions refuses whom moderators have banned, and reports whether what others
// write waits for a moderator.
func (s *Service) restrictions(ctx context.Context, user int, email, address string) (muted bool, err error) {
	hash := ""
	if email != "" {
		hash = hashOf(email)
	}
	kinds, err := store.Collect(ctx, s.db, restrictionsSQL, func(rows *sql.Rows) (kind string, err error) {
		err = rows.Scan(&kind)
		return kind, err
	}, user, hash, address, s.Now())
	if err != nil {
		return false, fmt.Errorf("look for restrictions: %w", err)
	}
	if slices.Contains(kinds, "BANNED") {
		return false, stopped()
	}
	return slices.Contains(kinds, "MUTED"), nil
}

// gate refuses what comes from a network that the site blocks, or from whom moderators
// have banned, and reports whether what others write waits for a moderator. what is
// written is named in the refusal; email is the address of a guest.
func (s *Service) gate(ctx context.Context, rules Rules, email, what string) (muted bool, err error) {
	address := access.OriginOf(ctx).Address
	if rules.blocked(address) {
		return false, fault.Mistake(fault.Denied, "", "%s from your network are not accepted here.", what)
	}
	return s.restrictions(ctx, access.Of(ctx).UserID, email, address)
}

var byAddressSQL = store.MaintainBoth(`SELECT count(*) FROM reader_restrictions r JOIN users u ON u.id = r.user_id
	WHERE u.email = $1 AND r.kind = 'BANNED' AND (r.expires_at IS NULL OR r.expires_at > $2)`)

// Admit refuses a message to the newsroom by the rules of comments: of a blocked
// network, of whom moderators have banned, and with a word that is refused.
// Mistakes: FORBIDDEN, INVALID.
func (s *Service) Admit(ctx context.Context, email, message string) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	if _, err := s.gate(ctx, rules, email, "Messages"); err != nil {
		return err
	}
	banned, err := store.Collect(ctx, s.db, byAddressSQL, store.ScanInt, email, s.Now())
	if err != nil {
		return fmt.Errorf("look for restrictions: %w", err)
	}
	if banned[0] > 0 {
		return stopped()
	}
	if hasWord(message, rules.RefusedWords) {
		return fault.Mistake(fault.Invalid, "message", "The message has a word that is not allowed here.")
	}
	return nil
}

func stopped() error {
	return fault.Mistake(fault.Denied, "", "A moderator has stopped you from writing here.")
}

// Restrict bans or mutes the author of a comment: the account or, of a guest, the
// e-mail address; and, where asked for, the network address it came from.
type Restrict struct {
	CommentID int
	Kind      readerrestriction.Kind
	Reason    string // for moderators
	ExpiresAt *time.Time
	Address   bool
}

// Restrict keeps a reader from commenting, or has each of their comments wait. Who
// is restricted so already stays so by the same restriction, with the reason and
// the end of the later decision.
func (m *Moderator) Restrict(ctx context.Context, in Restrict) (made *ent.ReaderRestriction, err error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	if in.ExpiresAt != nil && !in.ExpiresAt.After(m.s.Now()) {
		return nil, fault.Mistake(fault.InThePast, "until", "The moment is over.")
	}
	action := map[readerrestriction.Kind]string{readerrestriction.KindBanned: "banReader", readerrestriction.KindMuted: "muteReader"}[in.Kind]
	err = m.s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := store.Collect(ctx, m.s.db, lockOwnSQL, store.ScanInt, in.CommentID); err != nil { // who repeats the request waits
			return fmt.Errorf("lock the article: %w", err)
		}
		items, err := m.Items(ctx, []int{in.CommentID})
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return fault.Mistake(fault.Missing, "commentId", "There is no such comment.")
		}
		it, system := items[0], access.AsSystem(ctx)
		there, err := m.inForce(ctx, it, in)
		if err != nil {
			return err
		}
		if there != nil {
			made, err = m.renew(ctx, there, it, in, action)
			return err
		}
		create := m.s.db.Ent(ctx).ReaderRestriction.Create().SetKind(in.Kind).SetReason(trimmed(in.Reason, maxReason)).SetNillableExpiresAt(in.ExpiresAt).
			SetCreatedBy(access.Of(ctx).UserID).SetCreatedAt(m.s.Now()).SetName(AuthorName(it.Comment))
		switch {
		case it.UserID != nil:
			create.SetUserID(*it.UserID)
		case it.GuestEmail != "":
			create.SetEmailHash(hashOf(it.GuestEmail))
		case !in.Address || it.Address == "":
			return fault.Mistake(fault.Invalid, "commentId", "Nothing is known of who wrote this comment.")
		}
		if in.Address {
			create.SetAddress(it.Address)
		}
		if made, err = create.Save(system); err != nil {
			return err
		}
		return m.audit.Record(ctx, audit.Entry{Action: action, Entity: id.ReaderRestriction, EntityID: made.ID,
			After: map[string]any{"comment": it.PublicID(), "name": made.Name, "reason": made.Reason, "until": made.ExpiresAt, "address": in.Address}})
	})
	if err != nil {
		return nil, fmt.Errorf("restrict a reader: %w", err)
	}
	return made, nil
}

// inForce finds the restriction of the same kind that the author of a comment is
// under, nil when there is none.
func (m *Moderator) inForce(ctx context.Context, it *Item, in Restrict) (*ent.ReaderRestriction, error) {
	of := []predicate.ReaderRestriction{readerrestriction.KindEQ(in.Kind), readerrestriction.Or(readerrestriction.ExpiresAtIsNil(), readerrestriction.ExpiresAtGT(m.s.Now()))}
	switch {
	case it.UserID != nil:
		of = append(of, readerrestriction.UserID(*it.UserID))
	case it.GuestEmail != "":
		of = append(of, readerrestriction.UserIDIsNil(), readerrestriction.EmailHash(hashOf(it.GuestEmail)))
	case in.Address && it.Address != "":
		of = append(of, readerrestriction.UserIDIsNil(), readerrestriction.EmailHash(""), readerrestriction.Address(it.Address))
	default:
		return nil, nil
	}
	system := access.AsSystem(ctx)
	there, err := m.s.db.Ent(system).ReaderRestriction.Query().Where(of...).Order(ent.Asc(readerrestriction.FieldID)).First(system)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("look for a restriction: %w", err)
	}
	return there, nil
}

// renew gives a restriction the reason and end of a later decision.
func (m *Moderator) renew(ctx context.Context, there *ent.ReaderRestriction, it *Item, in Restrict, action string) (*ent.ReaderRestriction, error) {
	reason := trimmed(in.Reason, maxReason)
	address := there.Address
	if in.Address && it.Address != "" {
		address = it.Address
	}
	if reason == there.Reason && address == there.Address && sameMoment(in.ExpiresAt, there.ExpiresAt) {
		return there, nil
	}
	update := m.s.db.Ent(ctx).ReaderRestriction.UpdateOneID(there.ID).SetReason(reason).SetAddress(address)
	store.SetOrClear(in.ExpiresAt, update.Mutation().SetExpiresAt, update.Mutation().ClearExpiresAt)
	renewed, err := update.Save(access.AsSystem(ctx))
	if err != nil {
		return nil, fmt.Errorf("change a restriction: %w", err)
	}
	return renewed, m.audit.Record(ctx, audit.Entry{Action: action, Entity: id.ReaderRestriction, EntityID: there.ID,
		Before: map[string]any{"reason": there.Reason, "until": there.ExpiresAt, "address": there.Address != ""},
		After:  map[string]any{"comment": it.PublicID(), "name": there.Name, "reason": reason, "until": in.ExpiresAt, "address": address != ""}})
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// RestrictionKey is the place of a restriction in its list.
func RestrictionKey(r *ent.ReaderRestriction) keyset.Key {
	return keyset.Key{Time: r.CreatedAt.UnixMicro(), ID: r.ID}
}

func restrictionPage(direction string) *store.Statement {
	return store.MaintainBoth(`SELECT id, kind, name, reason, expires_at, created_at, address <> '' FROM reader_restrictions
		WHERE (expires_at IS NULL OR expires_at > $5) AND (created_at, id) < ($1, $2) AND (created_at, id) > ($3, $4)
		ORDER BY created_at ` + direction + `, id ` + direction + ` LIMIT $6`)
}

var (
	newestRestrictions = restrictionPage("DESC")
	oldestRestrictions = restrictionPage("ASC")
	countRestrictions  = store.MaintainBoth(`SELECT count(*) FROM (SELECT 1 FROM reader_restrictions WHERE expires_at IS NULL OR expires_at > $1 LIMIT $2) AS counted`)
)

// Restrictions gives a window of those that are in force, the newest first.
func (m *Moderator) Restrictions(ctx context.Context, w keyset.Window) ([]*ent.ReaderRestriction, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	statement := newestRestrictions
	if w.Backward {
		statement = oldestRestrictions
	}
	newer, older := w.Newer(), w.Older()
	all, err := store.Collect(ctx, m.s.db, statement, func(rows *sql.Rows) (*ent.ReaderRestriction, error) {
		r := new(ent.ReaderRestriction)
		var byAddress bool
		err := rows.Scan(&r.ID, &r.Kind, &r.Name, &r.Reason, &r.ExpiresAt, &r.CreatedAt, &byAddress)
		return r, err
	}, newer.Moment(), newer.ID, older.Moment(), older.ID, m.s.Now(), w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read restrictions: %w", err)
	}
	if w.Backward {
		slices.Reverse(all)
	}
	return all, nil
}

// CountRestrictions counts them up to a limit.
func (m *Moderator) CountRestrictions(ctx context.Context, limit int) (int, error) {
	n, err := store.Collect(ctx, m.s.db, countRestrictions, store.ScanInt, m.s.Now(), limit)
	if err != nil {
		return 0, fmt.Errorf("count restrictions: %w", err)
	}
	return n[0], nil
}

// Lift ends a restriction.
func (m *Moderator) Lift(ctx context.Context, key int) error {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return err
	}
	err := m.s.db.Tx(ctx, func(ctx context.Context) error {
		err := m.s.db.Ent(ctx).ReaderRestriction.DeleteOneID(key).Exec(access.AsSystem(ctx))
		if ent.IsNotFound(err) {
			return fault.Mistake(fault.Missing, "id", "There is no such restriction.")
		}
		if err != nil {
			return err
		}
		return m.audit.Record(ctx, audit.Entry{Action: "liftRestriction", Entity: id.ReaderRestriction, EntityID: key})
	})
	if err != nil {
		return fmt.Errorf("lift a restriction: %w", err)
	}
	return nil
}
