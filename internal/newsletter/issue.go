package newsletter

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/newsletterissue"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/language"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Issue is an issue as it shall be made.
type Issue struct {
	Newsletter     int
	Subject, Intro string
	Source         newsletterissue.Source
	Category       int   // of the source CATEGORY
	Articles       []int // of the source CHOSEN
	Count          int   // of all others
}

const (
	maxSubject  = 200
	maxIntro    = 5000
	maxArticles = 50
)

// CreateIssue composes an issue. Mistakes: NOT_FOUND, BLANK, TOO_LONG, INVALID.
func (s *Service) CreateIssue(ctx context.Context, in Issue) (made *ent.NewsletterIssue, err error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	if in.Subject, err = line("subject", in.Subject, maxSubject, true); err != nil {
		return nil, err
	}
	if in.Intro, err = paragraphs("intro", in.Intro, maxIntro, false); err != nil {
		return nil, err
	}
	if err := s.checkSource(ctx, in); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.ByID(ctx, in.Newsletter); err != nil {
			return fieldOf(err, "newsletterId")
		}
		create := s.db.Ent(ctx).NewsletterIssue.Create().SetNewsletterID(in.Newsletter).SetSubject(in.Subject).SetIntro(in.Intro).SetSource(in.Source).
			SetArticleIds(in.Articles).SetArticleCount(in.Count)
		if in.Category != 0 {
			create.SetCategoryID(in.Category)
		}
		if by := access.Of(ctx).UserID; by != 0 {
			create.SetCreatedBy(by)
		}
		if made, err = create.Save(ctx); err != nil {
			return fmt.Errorf("compose an issue: %w", err)
		}
		return s.audit.Record(ctx, audit.Entry{Action: "createNewsletterIssue", Entity: id.NewsletterIssue, EntityID: made.ID, After: map[string]any{"subject": made.Subject}})
	})
	return made, err
}

// fieldOf names another field of a mistake.
func fieldOf(err error, field string) error {
	if f, ok := err.(*fault.Error); ok { //nolint:errorlint // of this package, not wrapped
		named := *f
		named.Field = field
		return &named
	}
	return err
}

func (s *Service) checkSource(ctx context.Context, in Issue) error {
	dir, err := s.dir.Current(ctx)
	if err != nil {
		return err
	}
	switch {
	case in.Count < 1 || in.Count > maxArticles:
		return fault.Mistake(fault.Invalid, "articleCount", "An issue has 1 to %d articles.", maxArticles)
	case len(in.Articles) > maxArticles:
		return fault.Mistake(fault.TooLong, "articleIds", "An issue has at most %d articles.", maxArticles)
	case in.Source == newsletterissue.SourceChosen && len(in.Articles) == 0:
		return fault.Mistake(fault.Blank, "articleIds", "The articles are needed.")
	case in.Source == newsletterissue.SourceCategory && in.Category == 0:
		return fault.Mistake(fault.Blank, "categoryId", "The section is needed.")
	case in.Category != 0 && dir.Categories.ByID(in.Category) == nil:
		return fault.Mistake(fault.Missing, "categoryId", "There is no such section.")
	}
	if in.Source != newsletterissue.SourceChosen {
		return nil
	}
	found, err := s.articles.ByIDs(asReader(ctx), in.Articles)
	if err != nil {
		return err
	}
	for i, key := range in.Articles {
		if found[key] == nil {
			return fault.Mistake(fault.Missing, fmt.Sprintf("articleIds[%d]", i), "There is no such published article.")
		}
	}
	return nil
}

// asReader gives a context that sees what everybody sees: nothing else is mailed.
func asReader(ctx context.Context) context.Context { return access.With(ctx, access.Viewer{}) }

// compose gives the articles of an issue: those of the moment, or those that
// were sent.
func (s *Service) compose(ctx context.Context, list *ent.Newsletter, issue *ent.NewsletterIssue) ([]schema.MailedArticle, error) {
	if issue.Status != newsletterissue.StatusDraft {
		return issue.Articles, nil
	}
	ctx = asReader(ctx)
	var found []*ent.Article
	var err error
	switch issue.Source {
	case newsletterissue.SourcePicks:
		var picks map[int][]*ent.Article
		picks, err = s.articles.Picks(ctx, []int{0})
		found = spoken(picks[0], list.Language)
	case newsletterissue.SourceChosen:
		var chosen map[int]*ent.Article
		chosen, err = s.articles.ByIDs(ctx, issue.ArticleIds)
		for _, key := range issue.ArticleIds {
			if a := chosen[key]; a != nil { // it may be taken back meanwhile
				found = append(found, a)
			}
		}
	case newsletterissue.SourceCategory:
		found, err = s.articles.LatestInForms(ctx, content.List{Kind: content.ByCategory, Language: list.Language}, *issue.CategoryID, issue.ArticleCount)
	default:
		found, err = s.articles.LatestInForms(ctx, content.List{Kind: content.BySite, Language: list.Language}, 0, issue.ArticleCount)
	}
	if err != nil {
		return nil, err
	}
	if issue.Source != newsletterissue.SourceChosen {
		found = found[:min(len(found), issue.ArticleCount)]
	}
	mailed := make([]schema.MailedArticle, len(found))
	for i, a := range found {
		mailed[i] = schema.MailedArticle{ID: a.ID, Title: a.Title, Summary: a.Excerpt, Path: permalink.Path(permalink.Article, a.Slug)}
	}
	return mailed, nil
}

// spoken gives the articles that are in a language or, where there is none, in other
// forms of it. All are where the language is empty.
func spoken(all []*ent.Article, tag string) []*ent.Article {
	if tag == "" {
		return all
	}
	in := func(same func(*ent.Article) bool) (found []*ent.Article) {
		for _, a := range all {
			if same(a) {
				found = append(found, a)
			}
		}
		return found
	}
	if found := in(func(a *ent.Article) bool { return a.Language == tag }); len(found) > 0 {
		return found
	}
	form := language.Base(tag)
	return in(func(a *ent.Article) bool { return language.Base(a.Language) == form })
}

// mailOf makes the mail of an issue, for one address.
func mailOf(brand mail.Brand, list *ent.Newsletter, issue *ent.NewsletterIssue, articles []schema.MailedArticle, preferences, unsubscribe string) (mail.Content, error) {
	m := mail.Issue{Newsletter: list.Name, Subject: issue.Subject, Language: list.Language, PreferencesURL: brand.Link(mail.PagePreferences, preferences),
		UnsubscribeURL: brand.Link(mail.PageUnsubscribe, unsubscribe)}
	for part := range strings.SplitSeq(issue.Intro, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			m.Intro = append(m.Intro, part)
		}
	}
	for _, a := range articles {
		m.Articles = append(m.Articles, mail.Article{Title: a.Title, Summary: a.Summary, URL: brand.URL + a.Path})
	}
	return mail.RenderIssue(brand, m)
}

// Previews gives the mails of issues as they would be sent now, or were sent, in
// the order of the issues. Their links to preferences are good for nothing.
func (s *Service) Previews(ctx context.Context, issues []*ent.NewsletterIssue) ([]mail.Content, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	brand, err := s.mail.Brand(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]int, len(issues))
	for i, issue := range issues {
		keys[i] = issue.NewsletterID
	}
	lists, err := s.ByIDs(ctx, keys)
	if err != nil {
		return nil, err
	}
	previews := make([]mail.Content, len(issues))
	for i, issue := range issues {
		list := lists[issue.NewsletterID]
		if list == nil {
			return nil, fault.Mistake(fault.Missing, "id", "There is no such newsletter.")
		}
		articles, err := s.compose(ctx, list, issue)
		if err != nil {
			return nil, err
		}
		if previews[i], err = mailOf(brand, list, issue, articles, "preview", "preview"); err != nil {
			return nil, err
		}
	}
	return previews, nil
}

// DeleteIssue removes an issue that was not sent. Mistakes: NOT_FOUND, IN_USE.
func (s *Service) DeleteIssue(ctx context.Context, key int) error {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		issue, err := s.IssueByID(ctx, key)
		if err != nil {
			return err
		}
		n, err := s.db.Ent(ctx).NewsletterIssue.Delete().Where(newsletterissue.ID(key), newsletterissue.StatusEQ(newsletterissue.StatusDraft)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove an issue: %w", err)
		}
		if n == 0 {
			return fault.Mistake(fault.InUse, "id", "The issue was sent, or is being sent.")
		}
		return s.audit.Record(ctx, audit.Entry{Action: "deleteNewsletterIssue", Entity: id.NewsletterIssue, EntityID: key, Before: map[string]any{"subject": issue.Subject}})
	})
}

// IssueByID gives one issue, NOT_FOUND when there is none.
func (s *Service) IssueByID(ctx context.Context, key int) (*ent.NewsletterIssue, error) {
	found, err := s.IssuesByIDs(ctx, []int{key})
	if err == nil && found[key] == nil {
		err = fault.Mistake(fault.Missing, "id", "There is no such issue.")
	}
	return found[key], err
}

// IssuesByIDs gives issues by key.
func (s *Service) IssuesByIDs(ctx context.Context, keys []int) (map[int]*ent.NewsletterIssue, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	rows, err := s.db.Ent(ctx).NewsletterIssue.Query().Where(newsletterissue.IDIn(keys...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read issues: %w", err)
	}
	found := make(map[int]*ent.NewsletterIssue, len(rows))
	for _, i := range rows {
		found[i.ID] = i
	}
	return found, nil
}

// IssueKey is the place of an issue in the list, the newest first.
func IssueKey(i *ent.NewsletterIssue) keyset.Key { return keyset.Key{ID: i.ID} }

// Issues gives a stretch of the issues of a newsletter, of all for 0.
func (s *Service) Issues(ctx context.Context, list int, w keyset.Window) ([]*ent.NewsletterIssue, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	q := s.db.Ent(ctx).NewsletterIssue.Query().Limit(w.Limit)
	if list != 0 {
		q.Where(newsletterissue.NewsletterID(list))
	}
	if w.After != nil {
		q.Where(newsletterissue.IDLT(w.After.ID))
	}
	if w.Before != nil {
		q.Where(newsletterissue.IDGT(w.Before.ID))
	}
	if w.Backward {
		q.Order(ent.Asc(newsletterissue.FieldID))
	} else {
		q.Order(ent.Desc(newsletterissue.FieldID))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	return rows, nil
}

// CountIssues counts issues up to a limit.
func (s *Service) CountIssues(ctx context.Context, list, limit int) (int, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return 0, err
	}
	q := s.db.Ent(ctx).NewsletterIssue.Query().Limit(limit)
	if list != 0 {
		q.Where(newsletterissue.NewsletterID(list))
	}
	ids, err := q.IDs(ctx)
	if err != nil {
		return 0, fmt.Errorf("count issues: %w", err)
	}
	return len(ids), nil
}

// Progress is how far the sending of an issue has come.
type Progress struct{ Recipients, Sent, Refused int }

var progressSQL = store.ReadBoth(`SELECT d.issue_id, count(*), coalesce(sum(CASE WHEN d.status IN ('SENT', 'HANDED_OVER') THEN 1 ELSE 0 END), 0),
	coalesce(sum(CASE WHEN d.status = 'REFUSED' THEN 1 ELSE 0 END), 0) FROM each_id($1) JOIN deliveries d ON d.issue_id = each_id.id GROUP BY d.issue_id`)

// Progress counts the deliveries of issues.
func (s *Service) Progress(ctx context.Context, issues []int) (map[int]Progress, error) {
	if err := access.Require(ctx, access.ManageNewsletters); err != nil {
		return nil, err
	}
	found := map[int]Progress{}
	_, err := store.Collect(ctx, s.db, progressSQL, func(rows *sql.Rows) (struct{}, error) {
		var issue int
		var p Progress
		err := rows.Scan(&issue, &p.Recipients, &p.Sent, &p.Refused)
		found[issue] = p
		return struct{}{}, err
	}, s.db.IDs(issues))
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	return found, nil
}
