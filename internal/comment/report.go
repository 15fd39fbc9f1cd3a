package comment

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/commentreport"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
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
	countReportSQL   = store.MaintainBoth(`UPDATE comments SET report_count = report_count + 1 WHERE id = $1`)
	countAnewSQL     = store.MaintainBoth(`UPDATE comments SET report_count = 1 WHERE id = $1 AND report_count = 0`)
	earlierReportSQL = store.MaintainBoth(`SELECT reason, email FROM comment_reports WHERE comment_id = $1 AND reporter = $2`)
	closeReportsSQL  = store.MaintainBoth(`UPDATE comment_reports SET decision = $2, decided_at = $3, decided_by = $4 WHERE comment_id = $1 AND decided_at IS NULL` + reportedSQL)
	reportsSQL       = store.MaintainBoth(`SELECT r.id, r.comment_id, r.reason, r.explanation, r.law, r.name, r.email, r.good_faith, r.created_at, r.decided_at, r.decision
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

// Report records a complaint: one for each reporter, comment and reason. A reporter
// counts once for a comment, and guests count once for each network. Who gave an e-mail
// address is told that the report arrived and, later, what was decided, as Article 16 (4)
// and (5) want it.
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
		added, err := s.addReport(ctx, r, user, by)
		if err != nil {
			return err
		}
		return s.answer(ctx, letterOfArrival, r.CommentID, added)
	})
	if err != nil {
		return fmt.Errorf("report a comment: %w", err)
	}
	return nil
}

// addReport stores a report, unless it repeats one. The first of a reporter counts; those
// with another reason are kept and do not count again, and so are notices of illegal
// content by others of the same network, which the law wants to be answered. After a
// moderator has decided about the reports before, one of these counts, so that the
// comment is among the reported ones again.
func (s *Service) addReport(ctx context.Context, r Report, user *int, by string) ([]reported, error) {
	add := func(by string) ([]reported, error) {
		return store.Collect(ctx, s.db, addReportSQL, scanReported, r.CommentID, user, hashOf(by), string(r.Reason), r.Explanation, r.Law, r.Name, r.Email, r.GoodFaith, s.Now())
	}
	added, err := add(by)
	if err != nil {
		return nil, err
	}
	if len(added) > 0 {
		_, err := s.db.Exec(ctx, countReportSQL, r.CommentID)
		return added, err
	}
	noticeOfGuest := user == nil && r.Reason == commentreport.ReasonIllegal
	repeats, err := store.Collect(ctx, s.db, earlierReportSQL, func(rows *sql.Rows) (repeats bool, err error) {
		var reason commentreport.Reason
		var email string
		err = rows.Scan(&reason, &email)
		return reason == r.Reason && (!noticeOfGuest || email == r.Email), err
	}, r.CommentID, hashOf(by))
	if err != nil {
		return nil, fmt.Errorf("read the report before: %w", err)
	}
	if slices.Contains(repeats, true) {
		return nil, nil
	}
	if noticeOfGuest {
		by += ":" + r.Email
	} else {
		by += ":" + string(r.Reason)
	}
	if added, err = add(by); err != nil || len(added) == 0 {
		return nil, err
	}
	_, err = s.db.Exec(ctx, countAnewSQL, r.CommentID)
	return added, err
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

// decided are the letters to reporters, by what a moderator decided.
var decided = map[string]string{"UPHELD": "report-upheld", "DISMISSED": "report-dismissed"}

func (m *Moderator) closeReports(ctx context.Context, key int, decision string) error {
	return m.s.closeReports(ctx, key, decision, access.Of(ctx).UserID, decided[decision])
}

// closeReports decides about the open reports of a comment and writes to who sent them.
// by is the moderator's account, 0 for none.
func (s *Service) closeReports(ctx context.Context, key int, decision string, by int, template string) error {
	var moderator *int
	if by != 0 {
		moderator = &by
	}
	reports, err := store.Collect(ctx, s.db, closeReportsSQL, scanReported, key, decision, s.Now(), moderator)
	if err != nil {
		return fmt.Errorf("decide about reports: %w", err)
	}
	return s.answer(ctx, template, key, reports)
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
