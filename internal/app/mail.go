package app

import (
	"context"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/mail"
	"github.com/broadsheet-cms/broadsheet/internal/retention"
	"github.com/broadsheet-cms/broadsheet/internal/secret"
)

// settings are those of the site, as they are stored.
func (s *Services) settings(ctx context.Context) (*ent.Site, error) {
	dir, err := s.Directory.Current(ctx)
	if err != nil {
		return nil, err
	}
	return dir.Site, nil
}

// zone is where the site's day begins.
func (s *Services) zone(ctx context.Context) (*time.Location, error) {
	site, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(site.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("the site's time zone: %w", err)
	}
	return zone, nil
}

// brand is what mails say about the site.
func (s *Services) brand(ctx context.Context) (mail.Brand, error) {
	site, err := s.settings(ctx)
	if err != nil {
		return mail.Brand{}, err
	}
	b := mail.Brand{Name: site.Name, URL: strings.TrimSuffix(site.URL, "/"), Language: site.Language}
	if b.URL == "" {
		b.URL = s.Accounts.ServerURL
	}
	if site.LogoID == nil {
		return b, nil
	}
	logos, err := s.Articles.Media(access.With(ctx, access.Viewer{}), []int{*site.LogoID})
	if err != nil {
		return mail.Brand{}, fmt.Errorf("read the logo: %w", err)
	}
	if logo := logos[*site.LogoID]; logo != nil {
		if b.LogoURL = content.MediaURL(logo); strings.HasPrefix(b.LogoURL, "/") {
			b.LogoURL = s.Accounts.ServerURL + b.LogoURL
		}
	}
	return b, nil
}

// Seal sets what seals the secrets that are stored.
func (s *Services) Seal(sealer secret.Sealer) {
	s.Accounts.Sealer, s.Links.Sealer, s.Partners.Sealer, s.Webhooks.Sealer = sealer, sealer, sealer, sealer
}

// SendMail sets how mails are sent.
func (s *Services) SendMail(cfg config.Mail) error {
	s.Directory.SiteURL = strings.TrimSuffix(cfg.SiteURL, "/")
	settings := mail.Settings{Host: cfg.SMTPHost, Port: cfg.SMTPPort, Username: cfg.SMTPUsername, Password: cfg.SMTPPassword, Security: mail.Security(cfg.SMTPSecurity)}
	if cfg.MailFrom != "" {
		from, err := netmail.ParseAddress(cfg.MailFrom)
		if err != nil {
			return fmt.Errorf("--mail-from: %w", err)
		}
		settings.From = mail.Address{Name: from.Name, Email: from.Address}
	}
	s.Mail.Configure(settings)
	return nil
}

// setUpReaders sets what readers can do beside reading.
func (a *App) setUpReaders() error {
	if err := a.SendMail(a.cfg.Mail); err != nil {
		return err
	}
	address := "http://" + a.cfg.Addr
	for _, given := range []string{a.cfg.SiteURL, a.cfg.PublicURL} {
		if given != "" {
			address = strings.TrimSuffix(given, "/")
		}
	}
	a.Accounts.ServerURL, a.Newsletters.ServerURL, a.Feeds.ServerURL, a.Digests.ServerURL, a.WordPress.ServerURL, a.Partners.ServerURL = address, address, address, address, address, address
	a.Accounts.Registration = account.Registration(strings.ToUpper(a.cfg.Registration))
	a.Accounts.DeletionGrace = a.cfg.DeletionGrace
	a.WebSub = a.Feeds.PublishTo(a.cfg.WebSubHub, a.Log, a.Jobs)
	a.Links.Key = a.cfg.LinkKey
	a.Seal(a.cfg.Sealer())
	a.Newsletters.BounceSecret = a.cfg.BounceSecret
	if a.cfg.ContactAddress != "" {
		to, err := netmail.ParseAddress(a.cfg.ContactAddress)
		if err != nil {
			return fmt.Errorf("--contact-address: %w", err)
		}
		a.Newsletters.ContactAddress = to.Address
	}
	if a.cfg.ModerationURL != "" {
		a.Comments.Service = comment.NewModerationService(a.cfg.ModerationURL, a.cfg.ModerationToken, a.cfg.ModerationDeadline, a.logger)
	}
	r := a.cfg.Retention
	a.Retention.Ages = retention.Ages{AuditLog: r.RetainAuditLog, GuestEmails: r.RetainGuestEmails, RemovedComments: r.RetainRemovedComments, Addresses: r.RetainAddresses, Unsubscribed: r.RetainUnsubscribed,
		Deliveries: r.RetainDeliveries, Views: r.RetainViews, AnonymousConsents: r.RetainAnonymousConsents}
	return nil
}
