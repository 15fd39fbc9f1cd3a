package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
	"github.com/broadsheet-cms/broadsheet/internal/partner"
)

type keyCommand struct {
	Create createKeyCommand `cmd:"" help:"Make an API key for a partner and print it, this once."`
}

type createKeyCommand struct {
	config.Database
	config.Seal

	Name        string         `arg:"" help:"Name of the partner."`
	Scope       []string       `default:"PUBLISHED,CHANGES" help:"What it may be used for: PUBLISHED, EMBARGOED, CHANGES, WEBHOOKS, COMMENTS."`
	Category    []string       `help:"Slugs of sections: only articles of these, of the sections below them, or of the tags."`
	Tag         []string       `help:"Slugs of tags."`
	Kind        []string       `help:"Only articles of these kinds, such as ARTICLE."`
	Language    []string       `help:"Only articles of these languages, such as en."`
	OwnRights   bool           `help:"Only articles whose rights are the newsroom's own."`
	Address     []netip.Prefix `help:"Networks that may use the key, such as 192.0.2.0/24."`
	QuotaMinute int            `help:"Requests a minute; 0: 600."`
	QuotaDay    int            `help:"Requests a day; 0: 100000."`
	Contact     string         `help:"Address that the partner is written to when it has not acknowledged that an article was killed."`
	TrustedOnly bool           `name:"trusted-documents-only" help:"It executes only documents that were registered by broadsheet documents push."`
	Expires     time.Duration  `help:"For how long it is valid; 0: until it is revoked."`
}

// Run makes the key.
func (c *createKeyCommand) Run(ctx context.Context, s *streams) (err error) {
	db, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx = access.AsSystem(access.With(ctx, access.Viewer{Name: "command line"}))
	services := app.NewServices(db, nil)
	services.Seal(c.Sealer())
	k := partner.Key{Name: c.Name, ContactEmail: c.Contact, Addresses: c.Address, QuotaMinute: c.QuotaMinute, QuotaDay: c.QuotaDay, TrustedDocumentsOnly: c.TrustedOnly,
		Entitlement: partner.Entitlement{Languages: c.Language, OwnRights: c.OwnRights}}
	for _, scope := range c.Scope {
		k.Scopes = append(k.Scopes, partner.Scope(scope))
	}
	for _, kind := range c.Kind {
		k.Entitlement.Kinds = append(k.Entitlement.Kinds, article.Kind(kind))
	}
	dir, err := services.Directory.Current(ctx)
	if err != nil {
		return err
	}
	for _, slug := range c.Category {
		category := dir.Categories.BySlug(slug)
		if category == nil {
			return fmt.Errorf("there is no section with the slug %q", slug)
		}
		k.Entitlement.Categories = append(k.Entitlement.Categories, category.ID)
	}
	for _, slug := range c.Tag {
		tag, err := services.Taxonomy.TagBySlug(ctx, slug)
		if err != nil {
			return err
		}
		if tag == nil {
			return fmt.Errorf("there is no tag with the slug %q", slug)
		}
		k.Entitlement.Tags = append(k.Entitlement.Tags, tag.ID)
	}
	if c.Expires > 0 {
		at := time.Now().UTC().Add(c.Expires)
		k.ExpiresAt = &at
	}
	_, token, err := services.Partners.Create(ctx, k)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, token)
	return err
}
