package demo

import (
	"context"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/demo/newsroom"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// loadPages writes the standing pages. A translation joins the group of the
// page that came first.
func (l *loader) loadPages(ctx context.Context) error {
	l.pages, l.pageSlugs = map[string]int{}, map[string]string{}
	first := map[string]site.Page{}
	count := map[string]int{}
	for _, p := range l.news.Pages {
		count[p.Key]++
	}
	// The main language first, as menus lead to it.
	for _, language := range newsroom.Languages {
		for i, p := range l.news.Pages {
			if p.Language != language {
				continue
			}
			spec := site.Page{
				Title: p.Title, Slug: p.Slug, Language: p.Language, Position: i, Status: page.StatusPublished,
				PublishedAt: l.at(p.Updated), Body: l.blocks(p.Body, p.Language), SEO: &schema.SEO{Description: p.Excerpt},
			}
			original, isTranslation := first[p.Key]
			if isTranslation {
				spec.TranslationGroup = &original.ID
			}
			saved, err := l.Site.SavePage(ctx, spec)
			if err != nil {
				return fmt.Errorf("%s: %w", p.File, err)
			}
			if isTranslation {
				continue
			}
			spec.ID = saved.ID
			first[p.Key], l.pages[p.Key], l.pageSlugs[p.Key] = spec, saved.ID, saved.Slug
			if count[p.Key] > 1 {
				spec.TranslationGroup = &spec.ID
				if _, err := l.Site.SavePage(ctx, spec); err != nil {
					return fmt.Errorf("%s: %w", p.File, err)
				}
			}
		}
	}
	return nil
}

func (l *loader) loadSettings(ctx context.Context) error {
	s := &l.news.Site
	set := site.Settings{
		Name: s.Name[mainLanguage], Tagline: s.Tagline[mainLanguage], Description: s.Description[mainLanguage],
		Language: mainLanguage, TimeZone: s.Timezone, CopyrightHolder: s.Copyright[mainLanguage],
		Consents: map[string]schema.Consent{},
	}
	var err error
	if set.Logo, err = l.storeOwn(ctx, "logo", set.Name, s.Logo.Light); err != nil {
		return err
	}
	if set.LogoDark, err = l.storeOwn(ctx, "logo-dark", set.Name, s.Logo.Dark); err != nil {
		return err
	}
	for _, p := range s.Social {
		set.SocialProfiles = append(set.SocialProfiles, schema.SocialProfile{
			Network: p.Network, URL: p.URL, AudienceCount: p.Audience, Action: p.Action, CountedAt: l.at(p.CountedAt),
		})
	}
	for _, d := range s.Documents {
		for _, p := range l.news.Pages {
			if p.Key == d.Page && p.Language == mainLanguage {
				set.LegalDocuments = append(set.LegalDocuments, schema.LegalDocument{
					Kind: d.Kind, Version: d.Version, PublishedAt: *l.at(p.Updated), PageSlug: l.pageSlugs[p.Key],
				})
			}
		}
	}
	for _, c := range s.Consents {
		set.Consents[c.Kind] = schema.Consent{Version: c.Version, HTML: c.HTML}
	}
	_, err = l.Site.SaveSettings(ctx, set)
	return err
}

func (l *loader) loadMenus(ctx context.Context) error {
	for _, m := range l.news.Menus {
		items, err := l.menuItems(m.Items)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Location, err)
		}
		if _, err := l.Site.SaveMenu(ctx, site.Menu{Location: m.Location, Name: m.Name[mainLanguage], Items: items}); err != nil {
			return fmt.Errorf("%s: %w", m.Location, err)
		}
	}
	return nil
}

func (l *loader) menuItems(from []newsroom.MenuItem) ([]site.MenuItem, error) {
	items := make([]site.MenuItem, len(from))
	for i, it := range from {
		target, err := l.target(it.To)
		if err != nil {
			return nil, err
		}
		items[i] = site.MenuItem{Label: it.Label[mainLanguage], Target: target}
		if it.Label != nil {
			items[i].Labels = schema.Labels{}
			for language, text := range it.Label {
				items[i].Labels[language] = schema.Label{Name: text}
			}
		}
		if items[i].Children, err = l.menuItems(it.Items); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// target finds what a menu item or redirect of the newsroom leads to.
func (l *loader) target(t newsroom.Target) (site.Target, error) {
	switch t.Kind {
	case "":
		return site.Target{}, nil
	case newsroom.TargetURL:
		return site.Target{Type: menuitem.TargetTypeAddress, Address: t.Ref}, nil
	}
	found, ok := map[newsroom.TargetKind]struct {
		is  menuitem.TargetType
		ids map[string]int
	}{
		newsroom.TargetCategory: {menuitem.TargetTypeCategory, l.categories},
		newsroom.TargetTag:      {menuitem.TargetTypeTag, l.tags},
		newsroom.TargetPlace:    {menuitem.TargetTypePlace, l.places},
		newsroom.TargetSeries:   {menuitem.TargetTypeSeries, l.series},
		newsroom.TargetAuthor:   {menuitem.TargetTypeAuthor, l.authors},
		newsroom.TargetPage:     {menuitem.TargetTypePage, l.pages},
		newsroom.TargetArticle:  {menuitem.TargetTypeArticle, l.articles},
	}[t.Kind]
	if id := found.ids[t.Ref]; ok && id != 0 {
		return site.Target{Type: found.is, ID: id}, nil
	}
	return site.Target{}, fmt.Errorf("no %s %q", t.Kind, t.Ref)
}

func (l *loader) loadAdSlots(ctx context.Context) error {
	slots := make([]site.AdSlot, len(l.news.Site.AdSlots))
	for i, a := range l.news.Site.AdSlots {
		slots[i] = site.AdSlot{
			Placement: a.Placement, Name: a.Name[mainLanguage], Width: a.Width, Height: a.Height, Unit: "/demo/" + a.Key, Position: i, Inactive: !a.Enabled,
		}
	}
	_, err := l.Site.SaveAdSlots(ctx, slots...)
	return err
}

func (l *loader) loadRedirects(ctx context.Context) error {
	redirects := make([]site.Redirect, len(l.news.Redirects))
	for i, r := range l.news.Redirects {
		target, err := l.target(r.To)
		if err != nil {
			return err
		}
		redirects[i] = site.Redirect{Path: r.From, Target: target, StatusCode: r.Status}
	}
	_, err := l.Site.SaveRedirects(ctx, redirects...)
	return err
}
