// Package site keeps what belongs to the site as a whole: its settings, static
// pages, menus, spaces for advertising and redirects.
package site

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // zones are known wherever the program runs
	"unicode"

	"golang.org/x/text/language"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Service keeps the site's settings, pages, menus, ad slots and redirects.
type Service struct {
	db  *store.DB
	log *event.Log
	// Now is the clock, for tests.
	Now func() time.Time
}

// New gives the service.
func New(db *store.DB, log *event.Log) *Service {
	return &Service{db: db, log: log, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }}
}

// lockSQL lets one transaction at a time change these things: they are few,
// and what must not happen (two rows of settings, a circle of redirects) is
// seen by looking at the others. SQLite has one writer anyway. The key is
// "site" in ASCII.
var lockSQL = store.Maintain(`SELECT pg_advisory_xact_lock(x'73697465'::bigint)`, `SELECT 1`)

// save runs a change: as the program, in a transaction, alone.
func (s *Service) save(ctx context.Context, what string, do func(ctx context.Context) error) error {
	err := s.db.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		if _, err := s.db.Exec(ctx, lockSQL); err != nil {
			return fmt.Errorf("lock the site: %w", err)
		}
		return do(ctx)
	})
	if ent.IsNotFound(err) {
		err = fault.New(fault.NotFound, "There is no such %s.", what).WithCause(err)
	}
	if err != nil {
		return fmt.Errorf("save the %s: %w", what, err)
	}
	return nil
}

// action names what happened to a thing that was saved.
func action(isNew bool) string {
	if isNew {
		return event.Created
	}
	return event.Updated
}

// Settings are those of the site, whole.
type Settings struct {
	Name, Tagline, Description string
	URL                        string // address of the front end
	Language                   string // BCP 47; empty: en
	TimeZone                   string // of the IANA database; empty: UTC
	CopyrightHolder            string
	FoundedYear                int  // 0: not told
	Logo, LogoDark             *int // keys of media items
	SocialProfiles             []schema.SocialProfile
	LegalDocuments             []schema.LegalDocument
	Consents                   map[string]schema.Consent // by the name of the form
	Outputs                    schema.Outputs
}

// SaveSettings stores the settings as a whole.
func (s *Service) SaveSettings(ctx context.Context, set Settings) (*ent.Site, error) {
	if err := checkSettings(&set); err != nil {
		return nil, err
	}
	return s.change(ctx, func(m *ent.SiteMutation) {
		m.SetName(set.Name)
		m.SetTagline(set.Tagline)
		m.SetDescription(set.Description)
		m.SetURL(set.URL)
		m.SetLanguage(set.Language)
		m.SetTimeZone(set.TimeZone)
		m.SetCopyrightHolder(set.CopyrightHolder)
		m.SetFoundedYear(set.FoundedYear)
		store.SetOrClear(set.Logo, m.SetLogoID, m.ClearLogoID)
		store.SetOrClear(set.LogoDark, m.SetLogoDarkID, m.ClearLogoDarkID)
		m.SetSocialProfiles(set.SocialProfiles)
		m.SetLegalDocuments(set.LegalDocuments)
		m.SetConsents(set.Consents)
		m.SetOutputs(&set.Outputs)
	})
}

// SaveSocialProfiles stores the site's accounts elsewhere, in their order.
func (s *Service) SaveSocialProfiles(ctx context.Context, profiles []schema.SocialProfile) (*ent.Site, error) {
	if err := checkProfiles(profiles); err != nil {
		return nil, err
	}
	return s.change(ctx, func(m *ent.SiteMutation) { m.SetSocialProfiles(profiles) })
}

// SaveLegalDocuments stores which pages hold the terms and the like.
func (s *Service) SaveLegalDocuments(ctx context.Context, documents []schema.LegalDocument) (*ent.Site, error) {
	if err := checkDocuments(documents); err != nil {
		return nil, err
	}
	return s.change(ctx, func(m *ent.SiteMutation) { m.SetLegalDocuments(documents) })
}

// SaveConsents stores the wordings that readers agree to.
func (s *Service) SaveConsents(ctx context.Context, consents map[string]schema.Consent) (*ent.Site, error) {
	consents, err := checkConsents(consents)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, func(m *ent.SiteMutation) { m.SetConsents(consents) })
}

// change changes the one row of settings, which it makes when there is none.
func (s *Service) change(ctx context.Context, set func(*ent.SiteMutation)) (saved *ent.Site, err error) {
	err = s.save(ctx, "settings", func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		rows, err := client.Site.Query().Limit(1).All(ctx)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			b := client.Site.Create().SetName(defaultName)
			set(b.Mutation())
			saved, err = b.Save(ctx)
		} else {
			b := client.Site.UpdateOne(rows[0])
			set(b.Mutation())
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		return s.log.Append(ctx, event.Event{Action: action(len(rows) == 0), Entity: event.Site, EntityID: saved.ID})
	})
	return saved, err
}

// defaultName is that of a site nobody has named yet.
const defaultName = "Broadsheet"

// Bounds of what is stored, in bytes and in number.
const (
	maxText  = 10_000
	maxItems = 200
)

func checkSettings(set *Settings) error {
	for _, text := range []struct {
		field string
		value *string
	}{{"name", &set.Name}, {"tagline", &set.Tagline}, {"description", &set.Description}, {"copyrightHolder", &set.CopyrightHolder}} {
		if err := cleanText(text.field, text.value); err != nil {
			return err
		}
	}
	if set.Language == "" {
		set.Language = "en"
	}
	if set.TimeZone == "" {
		set.TimeZone = "UTC"
	}
	set.URL = strings.TrimRight(set.URL, "/")
	if set.Name == "" {
		return fault.Mistake(fault.Blank, "name", "A name is needed.")
	}
	if set.URL != "" && !isWebAddress(set.URL) {
		return fault.BadInput("url", "The address of the site begins with https:// or http://.")
	}
	if _, err := language.Parse(set.Language); err != nil {
		return fault.BadInput("language", "%.40q is not a language tag such as en or ar.", set.Language)
	}
	// "Local" is where the server stands, which is no setting.
	if _, err := time.LoadLocation(set.TimeZone); err != nil || set.TimeZone == "Local" {
		return fault.BadInput("timeZone", "There is no time zone called %.60q.", set.TimeZone)
	}
	if set.FoundedYear < 0 || set.FoundedYear > 9999 {
		return fault.BadInput("foundedYear", "This is not a year.")
	}
	if err := checkOutputs(&set.Outputs); err != nil {
		return err
	}
	if err := checkProfiles(set.SocialProfiles); err != nil {
		return err
	}
	if err := checkDocuments(set.LegalDocuments); err != nil {
		return err
	}
	consents, err := checkConsents(set.Consents)
	set.Consents = consents
	return err
}

func checkProfiles(profiles []schema.SocialProfile) error {
	if len(profiles) > maxItems {
		return fault.BadInput("socialProfiles", "There can be %d profiles at most.", maxItems)
	}
	for i, p := range profiles {
		field := fmt.Sprintf("socialProfiles[%d].", i)
		switch {
		case p.Network == "":
			return fault.BadInput(field+"network", "The name of the network is needed.")
		case !isWebAddress(p.URL):
			return fault.BadInput(field+"url", "The address of a profile begins with https:// or http://.")
		case p.AudienceCount < 0:
			return fault.BadInput(field+"audienceCount", "An audience is not below zero.")
		}
	}
	return nil
}

func checkDocuments(documents []schema.LegalDocument) error {
	if len(documents) > maxItems {
		return fault.BadInput("legalDocuments", "There can be %d documents at most.", maxItems)
	}
	for i, d := range documents {
		field := fmt.Sprintf("legalDocuments[%d].", i)
		switch {
		case d.Kind == "":
			return fault.BadInput(field+"kind", "The kind of the document is needed.")
		case d.PageSlug == "":
			return fault.BadInput(field+"pageSlug", "The page that holds the document is needed.")
		}
	}
	return nil
}

// checkConsents gives the consents with markup that is safe to show.
func checkConsents(consents map[string]schema.Consent) (map[string]schema.Consent, error) {
	if len(consents) > maxItems {
		return nil, fault.BadInput("consents", "There can be %d consents at most.", maxItems)
	}
	safe := make(map[string]schema.Consent, len(consents))
	for name, c := range consents {
		switch {
		case name == "" || c.Version == "":
			return nil, fault.BadInput("consents", "A consent has a name and a version.")
		case len(c.HTML) > maxText:
			return nil, fault.BadInput("consents", "The consent %.40q is longer than %d bytes.", name, maxText)
		}
		safe[name] = schema.Consent{Version: c.Version, HTML: richtext.SanitiseHTML(c.HTML)}
	}
	return safe, nil
}

// cleanText removes what no text of one line may hold.
func cleanText(field string, text *string) error {
	*text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(*text, "\uFFFD")))
	if len(*text) > maxText {
		return fault.Mistake(fault.TooLong, field, "The text is longer than %d bytes.", maxText)
	}
	return nil
}

// isWebAddress reports whether text is a whole http or https URL.
func isWebAddress(text string) bool {
	if len(text) > maxAddress || strings.ContainsFunc(text, unicode.IsControl) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// maxOutput bounds a text that is served as a file, in bytes.
const maxOutput = 100_000

// checkOutputs checks the texts of files such as robots.txt.
func checkOutputs(out *schema.Outputs) error {
	for field, text := range map[string]*string{"robotsTxt": &out.RobotsTxt, "adsTxt": &out.AdsTxt, "humansTxt": &out.HumansTxt} {
		*text = strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n"))
		if len(*text) > maxOutput {
			return fault.Mistake(fault.TooLong, field, "At most %d bytes.", maxOutput)
		}
		if strings.ContainsFunc(*text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			return fault.BadInput(field, "This is not plain text.")
		}
	}
	return nil
}
