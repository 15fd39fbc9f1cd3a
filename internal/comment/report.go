package comment

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/ent/predicate"
	"github.com/broadsheet-cms/broadsheet/ent/readerrestriction"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/store"
	"github.com/broadsheet-cms/broadsheet/internal/throttle"
)

// Report is a complaint about a comment. A notice of illegal content says what
// Article 16 of the Digital Services Act (Regulation (EU) 2022/2065) asks for:
// why, by whom, and in good faith.
type Report struct {
	CommentID                     int
	Reason                        commentreport.Reason
	Explanation, Law, Name, Email string
	GoodFaith                     bool
}

const maxExplanation = 2_000

// reportedSQL is what statements that write reports give of each: its key, and whether
// somebody is written to, which is who gave an address, and the account of a notice of
// illegal content.
const reportedSQL = ` RETURNING id, email <> '' OR user_id IS NOT NULL AND reason = 'ILLEGAL_CONTENT'`

var (
	addReportSQL = store.MaintainBoth(`INSERT INTO comment_reports (comment_id, user_id, reporter, reason, explanation, law, name, email, good_faith, created_at, decision)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'NONE') ON CONFLICT (comment_id, reporter) DO NOTHING` + reportedSQL)
	countReportSQL  = store.MaintainBoth(`UPDATE comments SET report_count = report_count + 1 WHERE id = $1`)
	closeReportsSQL = store.MaintainBoth(`UPDATE comment_reports SET decision = $2, decided_at = $3, decided_by = $4 WHERE comment_id = $1 AND decided_at IS NULL` + reportedSQL)
	reportsSQL      = store.MaintainBoth(`SELECT r.id, r.comment_id, r.reason, r.explanation, r.law, r.name, r.email, r.good_faith, r.created_at, r.decided_at, r.decision
		FROM each_id($1) JOIN comment_reports r ON r.comment_id = each_id.id ORDER BY r.id LIMIT 1000`)
	earlierSQL = store.MaintainBoth(`SELECT comment_id, body, replaced_at FROM each_id($1) JOIN comment_revisions r ON r.comment_id = each_id.id ORDER BY r.id LIMIT 1000`)
)

// reported is a report that was written, of reportedSQL.
type reported struct {
	key    int
	answer bool
}

func scanReported(rows *sql.Rows) (r reported, err error) {
	err = rows.Scan(&r.key, &r.answer)
	return r, err
}

// How many reports are taken: the reporter and, as a mail confirms each, the
// address they give.
var (
	reportsBy   = throttle.Limit{Name: "reports by", Free: 20, First: time.Minute, Longest: time.Hour}
	reportsWith = throttle.Limit{Name: "reports with", Free: 10, First: time.Minute, Longest: 6 * time.Hour}
)

// reporter is who reports: an account or, of guests, the network they come from.
// An address that a guest claims to have counts nothing: anybody can give many.
func reporter(ctx context.Context, r Report) (account *int, by string) {
	if user := access.Of(ctx).UserID; user != 0 {
		return &user, fmt.Sprint("user:", user)
	}
	network := throttle.Network(access.OriginOf(ctx).Address)
	if network == "" { // a call from within the process
		return nil, "guest:" + r.Email
	}
	return nil, "guest:" + network
}

// Report records a complaint. A reporter counts once for a comment, and guests
// count once for each network. Who gave an e-mail address is told that the report
// arrived and, later, what was decided, as Article 16 (4) and (5) want it.
// Mistakes: BLANK, TOO_LONG, INVALID, NOT_FOUND, RATE_LIMITED.
func (s *Service) Report(ctx context.Context, r Report) error {
	r.Explanation, r.Law, r.Name = cleanBody(r.Explanation), trimmed(r.Law, maxReason), trimmed(r.Name, readername.Max)
	if utf8.RuneCountInString(r.Explanation) > maxExplanation {
		return fault.Mistake(fault.TooLong, "explanation", "An explanation has at most %d characters.", maxExplanation)
	}
	if r.Email != "" {
		address, err := checkEmail("email", r.Email)
		if err != nil {
			return err
		}
		r.Email = address
	}
	viewer := access.Of(ctx)
	if r.Reason == commentreport.ReasonIllegal {
		switch {
		case r.Explanation == "":
			return fault.Mistake(fault.Blank, "explanation", "Explain why the comment is illegal.")
		case !r.GoodFaith:
			return fault.Mistake(fault.Blank, "goodFaith", "Confirm that you report this in good faith and that what you say is accurate.")
		case viewer.UserID == 0 && r.Name == "":
			return fault.Mistake(fault.Blank, "name", "Give your name.")
		case viewer.UserID == 0 && r.Email == "":
			return fault.Mistake(fault.Blank, "email", "Give an e-mail address for the decision.")
		}
	}
	user, by := reporter(ctx, r)
	subjects := []throttle.Subject{reportsBy.Subject(by)}
	if r.Email != "" {
		subjects = append(subjects, reportsWith.Subject(r.Email))
	}
	if err := s.throttle.Count(ctx, "Too many reports were sent. Try again later.", subjects...); err != nil {
		return err
	}
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		there, err := store.Collect(ctx, s.db, lockShownSQL, store.ScanInt, r.CommentID)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return fault.Mistake(fault.Missing, "commentId", "There is no such comment.")
		}
		add := func(by string) ([]reported, error) {
			return store.Collect(ctx, s.db, addReportSQL, scanReported, r.CommentID, user, hashOf(by), string(r.Reason), r.Explanation, r.Law, r.Name, r.Email, r.GoodFaith, s.Now())
		}
		added, err := add(by)
		if err != nil {
			return err
		}
		if len(added) > 0 {
			if _, err := s.db.Exec(ctx, countReportSQL, r.CommentID); err != nil {
				return err
			}
		} else if user == nil && r.Reason == commentreport.ReasonIllegal {
			// Somebody else of the same network may have a notice of their own, which
			// the law wants to be answered. It is kept and does not count again.
			if added, err = add(by + ":" + r.Email); err != nil {
				return err
			}
		}
		return s.answer(ctx, "report-received", r.CommentID, added)
	})
	if err != nil {
		return fmt.Errorf("report a comment: %w", err)
	}
	return nil
}

// answer writes to those who sent reports about a comment and want an answer.
func (s *Service) answer(ctx context.Context, template string, key int, reports []reported) error {
	for _, r := range reports {
		if !r.answer {
			continue
		}
		if err := s.write(ctx, letter{Template: template, Comment: key, Report: r.key}); err != nil {
			return err
		}
	}
	return nil
}

func (m *Moderator) closeReports(ctx context.Context, key int, decision string) error {
	reports, err := store.Collect(ctx, m.s.db, closeReportsSQL, scanReported, key, decision, m.s.Now(), access.Of(ctx).UserID)
	if err != nil {
		return fmt.Errorf("decide about reports: %w", err)
	}
	return m.s.answer(ctx, map[string]string{"UPHELD": "report-upheld", "DISMISSED": "report-dismissed"}[decision], key, reports)
}

// Reports gives the reports about each comment, the oldest first.
func (m *Moderator) Reports(ctx context.Context, comments []int) (map[int][]*ent.CommentReport, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	byComment := map[int][]*ent.CommentReport{}
	_, err := store.Collect(ctx, m.s.db, reportsSQL, func(rows *sql.Rows) (struct{}, error) {
		r := new(ent.CommentReport)
		err := rows.Scan(&r.ID, &r.CommentID, &r.Reason, &r.Explanation, &r.Law, &r.Name, &r.Email, &r.GoodFaith, &r.CreatedAt, &r.DecidedAt, &r.Decision)
		byComment[r.CommentID] = append(byComment[r.CommentID], r)
		return struct{}{}, err
	}, m.s.db.IDs(comments))
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	return byComment, nil
}

// EarlierText is what a comment said before.
type EarlierText struct {
	Body       string
	ReplacedAt time.Time
}

// EarlierTexts gives what each comment said before it was edited or removed, the
// oldest text first.
func (m *Moderator) EarlierTexts(ctx context.Context, comments []int) (map[int][]EarlierText, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	byComment := map[int][]EarlierText{}
	_, err := store.Collect(ctx, m.s.db, earlierSQL, func(rows *sql.Rows) (struct{}, error) {
		var key int
		var t EarlierText
		err := rows.Scan(&key, &t.Body, &t.ReplacedAt)
		byComment[key] = append(byComment[key], t)
		return struct{}{}, err
	}, m.s.db.IDs(comments))
	if err != nil {
		return nil, fmt.Errorf("read earlier texts: %w", err)
	}
	return byComment, nil
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

// AuthorName is the name that a comment is shown with.
func AuthorName(c *ent.Comment) string {
	if c.Edges.User != nil {
		return c.Edges.User.DisplayName
	}
	return c.GuestName
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

func decodeSettings(text []byte) (*schema.CommentSettings, error) {
	s := new(schema.CommentSettings)
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read the settings for comments: %w", err)
	}
	return s, nil
}

// Settings are the rules for comments as they are stored.
func (m *Moderator) Settings(ctx context.Context) (*schema.CommentSettings, error) {
	if err := access.Require(ctx, access.ModerateComments); err != nil {
		return nil, err
	}
	found, err := store.Collect(ctx, m.s.db, settingsSQL, scanSettings)
	if err != nil {
		return nil, fmt.Errorf("read the settings for comments: %w", err)
	}
	if len(found) == 0 || found[0] == nil {
		return &schema.CommentSettings{}, nil
	}
	return found[0], nil
}

const maxListed = 1_000 // words, and networks

var (
	siteKeySQL     = store.MaintainBoth(`SELECT id FROM sites ORDER BY id LIMIT 1`)
	setSettingsSQL = store.MaintainBoth(`UPDATE sites SET comment_settings = $2 WHERE id = $1`)
)

// UpdateSettings changes the rules for comments of the whole site.
func (m *Moderator) UpdateSettings(ctx context.Context, change func(*schema.CommentSettings)) (set *schema.CommentSettings, err error) {
	if err := access.Require(ctx, access.ManageSite); err != nil {
		return nil, err
	}
	err = m.s.db.Tx(ctx, func(ctx context.Context) error {
		before, err := m.Settings(ctx)
		if err != nil {
			return err
		}
		next := *before
		change(&next)
		if err := checkSettings(&next); err != nil {
			return err
		}
		sites, err := store.Collect(ctx, m.s.db, siteKeySQL, store.ScanInt)
		if err != nil {
			return err
		}
		if len(sites) == 0 {
			return fault.Mistake(fault.Missing, "", "Set the name of the site first, with updateSite.")
		}
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if _, err := m.s.db.Exec(ctx, setSettingsSQL, sites[0], string(text)); err != nil {
			return err
		}
		set = &next
		if err := m.s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Site, EntityID: sites[0]}); err != nil {
			return err
		}
		return m.audit.Record(ctx, audit.Entry{Action: "updateCommentSettings", Entity: event.Site, EntityID: sites[0], Before: before, After: next})
	})
	if err != nil {
		return nil, fmt.Errorf("set the rules for comments: %w", err)
	}
	return set, nil
}

func checkSettings(s *schema.CommentSettings) error {
	for field, bounds := range map[string]struct{ value, most int }{
		"closeAfterDays": {s.CloseAfterDays, 3650}, "maxDepth": {s.MaxDepth, 20}, "maxLength": {s.MaxLength, 20_000},
		"maxLinks": {valueOf(s.MaxLinks), 100}, "editMinutes": {valueOf(s.EditMinutes), 7 * 24 * 60}, "minSeconds": {valueOf(s.MinSeconds), 3600},
		"heldWords": {len(s.HeldWords), maxListed}, "refusedWords": {len(s.RefusedWords), maxListed}, "blockedNetworks": {len(s.BlockedNetworks), maxListed},
	} {
		if bounds.value < 0 || bounds.value > bounds.most {
			return fault.Mistake(fault.Invalid, field, "%s goes from 0 to %d.", field, bounds.most)
		}
	}
	for i, text := range s.BlockedNetworks {
		p, err := netip.ParsePrefix(text)
		if ip, bad := netip.ParseAddr(text); err != nil && bad == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return fault.Mistake(fault.Invalid, fmt.Sprintf("blockedNetworks[%d]", i), "Give an address or a network, such as 192.0.2.7 or 192.0.2.0/24.")
		}
		s.BlockedNetworks[i] = p.Masked().String()
	}
	return nil
}

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
