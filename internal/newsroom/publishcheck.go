package newsroom

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// PublishCheck names a check that is made before an article is published.
type PublishCheck string

// The checks.
const (
	EmptyBody            PublishCheck = "EMPTY_BODY"
	MissingCategory      PublishCheck = "MISSING_CATEGORY"
	MissingAuthor        PublishCheck = "MISSING_AUTHOR"
	MissingFeaturedMedia PublishCheck = "MISSING_FEATURED_MEDIA"
	MissingAltText       PublishCheck = "MISSING_ALT_TEXT"
)

// Severity is what follows when a check fails.
type Severity string

// The severities.
const (
	Blocking Severity = "BLOCKING" // the article is not published, scheduled or embargoed
	Warning  Severity = "WARNING"
	Off      Severity = "OFF" // the check is not made
)

// publishChecks are all checks in the order in which they are answered, with
// their severity unless the site sets another, and the column of checksSQL.
var publishChecks = []struct {
	code     PublishCheck
	severity Severity
	message  string
}{
	{EmptyBody, Blocking, "The body is empty. Write it, or add live entries."},
	{MissingCategory, Warning, "The article has no category, so it stands in no section. Set primaryCategoryId."},
	{MissingAuthor, Warning, "The article has neither authors nor a by-line. Set authorIds or byline."},
	{MissingFeaturedMedia, Warning, "The article has no featured picture. Set featuredMediaId."},
	{MissingAltText, Warning, "The featured picture has no alternative text, which screen readers read. Set it with updateMedia."},
}

// CheckSetting is the severity of a check on this site.
type CheckSetting struct {
	Code     PublishCheck
	Severity Severity
}

// FailedCheck is a check that an article does not pass.
type FailedCheck struct {
	Code     PublishCheck
	Severity Severity
	Message  string
}

const checkSettingsText = `SELECT id, publish_checks FROM sites ORDER BY id LIMIT 1`

// checksSQL answers, for each article, which of publishChecks fail, in their order.
var (
	checksSQL = store.MaintainBoth(`SELECT a.id,
		COALESCE(d.html, '') = '' AND NOT EXISTS (SELECT 1 FROM live_entries e WHERE e.article_id = a.id),
		a.primary_category_id IS NULL,
		COALESCE(d.byline, '') = '' AND NOT EXISTS (SELECT 1 FROM bylines b WHERE b.article_id = a.id),
		a.featured_media_id IS NULL,
		EXISTS (SELECT 1 FROM media m WHERE m.id = a.featured_media_id AND m.kind = 'IMAGE' AND m.alt = '')
		FROM each_id($1) JOIN articles a ON a.id = each_id.id LEFT JOIN article_details d ON d.article_id = a.id`)
	checkSettingsSQL    = store.MaintainBoth(checkSettingsText)
	holdCheckSettings   = store.Maintain(checkSettingsText+` FOR UPDATE`, checkSettingsText)
	setCheckSettingsSQL = store.MaintainBoth(`UPDATE sites SET publish_checks = $2 WHERE id = $1`)
)

// checksOf are the checks that each of the articles fails.
func (s *Service) checksOf(ctx context.Context, ids []int) (map[int][]FailedCheck, error) {
	_, severities, err := s.storedChecks(ctx, checkSettingsSQL)
	if err != nil {
		return nil, err
	}
	found := make(map[int][]FailedCheck, len(ids))
	_, err = store.Collect(ctx, s.db, checksSQL, func(rows *sql.Rows) (none struct{}, err error) {
		var articleID int
		failed := make([]bool, len(publishChecks))
		columns := []any{&articleID}
		for i := range failed {
			columns = append(columns, &failed[i])
		}
		if err := rows.Scan(columns...); err != nil {
			return none, err
		}
		found[articleID] = []FailedCheck{}
		for i, c := range publishChecks {
			if severity := severities[c.code]; failed[i] && severity != Off {
				found[articleID] = append(found[articleID], FailedCheck{c.code, severity, c.message})
			}
		}
		return none, nil
	}, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("check articles before they are published: %w", err)
	}
	return found, nil
}

// PublishChecks gives the checks that each of the records' articles fails.
func (s *Service) PublishChecks(ctx context.Context, records []*Record) (map[int][]FailedCheck, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	ids := make([]int, len(records))
	for i, r := range records {
		ids[i] = r.Article.ID
	}
	return s.checksOf(ctx, ids)
}

// blocking gives the blocking checks that an article fails.
func (s *Service) blocking(ctx context.Context, articleID int) ([]FailedCheck, error) {
	failed, err := s.checksOf(ctx, []int{articleID})
	return slices.DeleteFunc(failed[articleID], func(c FailedCheck) bool { return c.Severity != Blocking }), err
}

// passes refuses to publish an article that fails a blocking check, except those that
// it may fail.
func (s *Service) passes(ctx context.Context, articleID int, except ...FailedCheck) error {
	failed, err := s.blocking(ctx, articleID)
	if err != nil {
		return err
	}
	var wrong []error
	for _, c := range failed {
		if !slices.Contains(except, c) {
			wrong = append(wrong, fault.Mistake(fault.CheckFailed, "", "%s This check (%s) blocks publication on this site.", c.Message, c.Code))
		}
	}
	return errors.Join(wrong...)
}

// storedChecks gives the key of the site, 0 if there is none, and the severity of
// every check.
func (s *Service) storedChecks(ctx context.Context, read *store.Statement) (siteID int, severities map[PublishCheck]Severity, err error) {
	severities = make(map[PublishCheck]Severity, len(publishChecks))
	for _, c := range publishChecks {
		severities[c.code] = c.severity
	}
	_, err = store.Collect(ctx, s.db, read, func(rows *sql.Rows) (none struct{}, err error) {
		var text []byte
		if err := rows.Scan(&siteID, &text); err != nil || len(text) == 0 {
			return none, err
		}
		return none, json.Unmarshal(text, &severities)
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read the settings of publish checks: %w", err)
	}
	return siteID, severities, nil
}

// CheckSettings gives the severity of every check.
func (s *Service) CheckSettings(ctx context.Context) ([]*CheckSetting, error) {
	if err := access.Require(ctx, access.ReadNewsroom); err != nil {
		return nil, err
	}
	_, severities, err := s.storedChecks(ctx, checkSettingsSQL)
	if err != nil {
		return nil, err
	}
	return settingsOf(severities), nil
}

func settingsOf(severities map[PublishCheck]Severity) []*CheckSetting {
	settings := make([]*CheckSetting, len(publishChecks))
	for i, c := range publishChecks {
		settings[i] = &CheckSetting{c.code, severities[c.code]}
	}
	return settings
}

// UpdateCheckSettings sets the severity of some checks; the others stay as they are.
func (s *Service) UpdateCheckSettings(ctx context.Context, changes []CheckSetting) (set []*CheckSetting, err error) {
	if err := access.Require(ctx, access.ManageSite); err != nil {
		return nil, err
	}
	if len(changes) > len(publishChecks) {
		return nil, fault.Mistake(fault.LimitReached, "settings", "There are %d checks. Set each at most once.", len(publishChecks))
	}
	for i, c := range changes {
		if slices.ContainsFunc(changes[:i], func(earlier CheckSetting) bool { return earlier.Code == c.Code }) {
			return nil, fault.Mistake(fault.Invalid, fmt.Sprintf("settings.%d.code", i), "%s is set twice. Set each check once.", c.Code)
		}
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		siteID, severities, err := s.storedChecks(ctx, holdCheckSettings)
		if err != nil {
			return err
		}
		if siteID == 0 {
			return fault.Mistake(fault.Missing, "", "Set the name of the site first, with updateSite.")
		}
		before := settingsOf(severities)
		for _, c := range changes {
			severities[c.Code] = c.Severity
		}
		set = settingsOf(severities)
		text, err := json.Marshal(severities)
		if err != nil {
			return err
		}
		if _, err := s.db.Exec(ctx, setCheckSettingsSQL, siteID, string(text)); err != nil {
			return err
		}
		if err := s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Site, EntityID: siteID}); err != nil {
			return err
		}
		return s.audit.Record(ctx, audit.Entry{Action: "updatePublishCheckSettings", Entity: event.Site, EntityID: siteID, Before: before, After: set})
	})
	if err != nil {
		return nil, fmt.Errorf("set publish checks: %w", err)
	}
	return set, nil
}
