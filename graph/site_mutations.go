package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/graph/loader"
	"github.com/broadsheet-cms/broadsheet/graph/model"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/site"
)

// ── Settings ──

// UpdateSite is the field of the same name of Mutation.
func (r *mutationResolver) UpdateSite(ctx context.Context, in model.UpdateSiteInput) (*model.UpdateSitePayload, error) {
	e := &edits[site.Settings]{}
	given(e, in.Name, func(s *site.Settings) *string { return &s.Name })
	given(e, in.Tagline, func(s *site.Settings) *string { return &s.Tagline })
	given(e, in.Description, func(s *site.Settings) *string { return &s.Description })
	given(e, in.URL, func(s *site.Settings) *string { return &s.URL })
	given(e, in.Language, func(s *site.Settings) *string { return &s.Language })
	given(e, in.TimeZone, func(s *site.Settings) *string { return &s.TimeZone })
	given(e, in.CopyrightHolder, func(s *site.Settings) *string { return &s.CopyrightHolder })
	givenInt(e, in.FoundedYear, func(s *site.Settings) *int { return &s.FoundedYear })
	givenID(e, "logoId", id.Media, in.LogoID, func(s *site.Settings) **int { return &s.Logo })
	givenID(e, "logoDarkId", id.Media, in.LogoDarkID, func(s *site.Settings) **int { return &s.LogoDark })
	if in.SocialProfiles.IsSet() {
		profiles := make([]schema.SocialProfile, len(in.SocialProfiles.Value()))
		for i, p := range in.SocialProfiles.Value() {
			profiles[i] = schema.SocialProfile{Network: p.Network, URL: p.URL, AudienceCount: orZero(p.AudienceCount), Action: orEmpty(p.Action.Value()),
				CountedAt: p.CountedAt.Value()}
		}
		e.steps = append(e.steps, func(s *site.Settings) { s.SocialProfiles = profiles })
	}
	if in.LegalDocuments.IsSet() {
		documents := make([]schema.LegalDocument, len(in.LegalDocuments.Value()))
		for i, d := range in.LegalDocuments.Value() {
			documents[i] = schema.LegalDocument{Kind: d.Kind, Version: d.Version, PublishedAt: d.PublishedAt, PageSlug: d.PageSlug}
		}
		e.steps = append(e.steps, func(s *site.Settings) { s.LegalDocuments = documents })
	}
	if in.Consents.IsSet() {
		consents := make(map[string]schema.Consent, len(in.Consents.Value()))
		for i, c := range in.Consents.Value() {
			if _, twice := consents[string(c.Kind)]; twice {
				e.wrong = append(e.wrong, fault.Mistake(fault.Taken, fmt.Sprintf("consents[%d].kind", i), "There are other words for this form."))
			}
			consents[string(c.Kind)] = schema.Consent{Version: c.Version, HTML: c.HTML}
		}
		e.steps = append(e.steps, func(s *site.Settings) { s.Consents = consents })
	}
	if in.FeedContent.IsSet() {
		full := in.FeedContent.Value() != nil && *in.FeedContent.Value() == model.FeedContentFull
		e.steps = append(e.steps, func(s *site.Settings) { s.Outputs.FullText = full })
	}
	given(e, in.RobotsTxt, func(s *site.Settings) *string { return &s.Outputs.RobotsTxt })
	given(e, in.AdsTxt, func(s *site.Settings) *string { return &s.Outputs.AdsTxt })
	given(e, in.HumansTxt, func(s *site.Settings) *string { return &s.Outputs.HumansTxt })
	var saved *ent.Site
	err := errors.Join(e.wrong...)
	if err == nil {
		saved, err = r.SiteEditor.UpdateSite(ctx, e.apply)
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.UpdateSitePayload{Site: loader.Sites.One(ctx, saved), UserErrors: wrong}, err)
}

func orZero(v graphql.Omittable[*int32]) int {
	if p := v.Value(); p != nil {
		return int(*p)
	}
	return 0
}

// ── Ad slots ──

// CreateAdSlot is the field of the same name of Mutation.
func (r *mutationResolver) CreateAdSlot(ctx context.Context, in model.CreateAdSlotInput) (*model.CreateAdSlotPayload, error) {
	e := slotEdits(graphql.OmittableOf(&in.Name), graphql.OmittableOf(&in.Placement), in.Width, in.Height, in.Position, in.Provider, in.Unit, in.IsActive)
	var slot site.AdSlot
	e.apply(&slot)
	saved, wrong, err := once(ctx, r.Repeats, creation{"createAdSlot", in.IdempotencyKey}, func(ctx context.Context) (*ent.AdSlot, error) {
		return r.SiteEditor.CreateAdSlot(ctx, slot)
	}, r.SiteEditor.AdSlot)
	return payload(&model.CreateAdSlotPayload{AdSlot: loader.AdSlots.One(ctx, saved), UserErrors: wrong}, err)
}

// UpdateAdSlot is the field of the same name of Mutation.
func (r *mutationResolver) UpdateAdSlot(ctx context.Context, in model.UpdateAdSlotInput) (*model.UpdateAdSlotPayload, error) {
	e := slotEdits(in.Name, in.Placement, in.Width, in.Height, in.Position, in.Provider, in.Unit, in.IsActive)
	key, err := decodeID("id", id.AdSlot, in.ID)
	var saved *ent.AdSlot
	if err == nil {
		saved, err = r.SiteEditor.UpdateAdSlot(ctx, key, e.apply)
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.UpdateAdSlotPayload{AdSlot: loader.AdSlots.One(ctx, saved), UserErrors: wrong}, err)
}

func slotEdits(name graphql.Omittable[*string], placement graphql.Omittable[*model.AdPlacement], width, height, position graphql.Omittable[*int32],
	provider, unit graphql.Omittable[*string], active graphql.Omittable[*bool],
) *edits[site.AdSlot] {
	e := &edits[site.AdSlot]{}
	given(e, name, func(s *site.AdSlot) *string { return &s.Name })
	if p := placement.Value(); p != nil {
		e.steps = append(e.steps, func(s *site.AdSlot) { s.Placement = string(*p) })
	}
	givenInt(e, width, func(s *site.AdSlot) *int { return &s.Width })
	givenInt(e, height, func(s *site.AdSlot) *int { return &s.Height })
	givenInt(e, position, func(s *site.AdSlot) *int { return &s.Position })
	given(e, provider, func(s *site.AdSlot) *string { return &s.Provider })
	given(e, unit, func(s *site.AdSlot) *string { return &s.Unit })
	if a := active.Value(); a != nil {
		e.steps = append(e.steps, func(s *site.AdSlot) { s.Inactive = !*a })
	}
	return e
}

// DeleteAdSlot is the field of the same name of Mutation.
func (r *mutationResolver) DeleteAdSlot(ctx context.Context, in model.DeleteAdSlotInput) (*model.DeleteAdSlotPayload, error) {
	gone, wrong, err := deleted(ctx, id.AdSlot, in.ID, r.SiteEditor.DeleteAdSlot)
	return payload(&model.DeleteAdSlotPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// deleted takes a thing away and gives its id.
func deleted(ctx context.Context, prefix, publicID string, remove func(ctx context.Context, key int) error) (*string, []model.UserError, error) {
	key, err := decodeID("id", prefix, publicID)
	if err == nil {
		err = remove(ctx, key)
	}
	return result(&publicID, err)
}

// ── Pages ──

// CreatePage is the field of the same name of Mutation.
func (r *mutationResolver) CreatePage(ctx context.Context, in model.CreatePageInput) (*model.CreatePagePayload, error) {
	dir, err := loader.For(ctx).Dir(ctx)
	if err != nil {
		return nil, err
	}
	saved, wrong, err := once(ctx, r.Repeats, creation{"createPage", in.IdempotencyKey}, func(ctx context.Context) (*ent.Page, error) {
		e, err := r.pageEdits(ctx, graphql.OmittableOf(&in.Title), in.Slug, in.Path, in.Language, in.ParentID, in.Position, in.Body, in.Seo)
		if err != nil {
			return nil, err
		}
		p := site.Page{Language: dir.Site.Language}
		e.apply(&p)
		return r.SiteEditor.CreatePage(ctx, p)
	}, r.SiteEditor.Page)
	return payload(&model.CreatePagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

// UpdatePage is the field of the same name of Mutation.
func (r *mutationResolver) UpdatePage(ctx context.Context, in model.UpdatePageInput) (*model.UpdatePagePayload, error) {
	key, err := decodeID("id", id.Page, in.ID)
	e, editErr := r.pageEdits(ctx, in.Title, in.Slug, in.Path, in.Language, in.ParentID, in.Position, in.Body, in.Seo)
	var saved *ent.Page
	if err = errors.Join(err, editErr); err == nil {
		saved, err = r.SiteEditor.UpdatePage(ctx, key, number(in.ExpectedVersion), e.apply)
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.UpdatePagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

func (r *Resolver) pageEdits(ctx context.Context, title, slug, path, language, parent graphql.Omittable[*string], position graphql.Omittable[*int32],
	body graphql.Omittable[*model.BodyInput], seo graphql.Omittable[*model.SEOInput],
) (*edits[site.Page], error) {
	e := &edits[site.Page]{}
	given(e, title, func(p *site.Page) *string { return &p.Title })
	given(e, slug, func(p *site.Page) *string { return &p.Slug })
	given(e, path, func(p *site.Page) *string { return &p.Path })
	if language.Value() != nil {
		given(e, language, func(p *site.Page) *string { return &p.Language })
	}
	givenID(e, "parentId", id.Page, parent, func(p *site.Page) **int { return &p.Parent })
	givenInt(e, position, func(p *site.Page) *int { return &p.Position })
	if in := body.Value(); in != nil {
		blocks, err := decodeBody("body", in)
		if err != nil {
			e.wrong = append(e.wrong, err)
		} else if err := r.Articles.PlaceMedia(ctx, blocks, orEmpty(language.Value())); err != nil {
			return nil, err
		}
		e.steps = append(e.steps, func(p *site.Page) { p.Body = blocks })
	} else if body.IsSet() {
		e.steps = append(e.steps, func(p *site.Page) { p.Body = nil })
	}
	if seo.IsSet() {
		e.steps = append(e.steps, func(p *site.Page) { p.SEO = decodeSEO(seo.Value()) })
	}
	return e, errors.Join(e.wrong...)
}

// pageStep takes a page one step on.
func pageStep(ctx context.Context, publicID string, step func(ctx context.Context, key int) (*ent.Page, error)) (*ent.Page, []model.UserError, error) {
	key, err := decodeID("id", id.Page, publicID)
	var saved *ent.Page
	if err == nil {
		saved, err = step(ctx, key)
	}
	return result(saved, err)
}

// PublishPage is the field of the same name of Mutation.
func (r *mutationResolver) PublishPage(ctx context.Context, in model.PublishPageInput) (*model.PublishPagePayload, error) {
	saved, wrong, err := pageStep(ctx, in.ID, r.SiteEditor.PublishPage)
	return payload(&model.PublishPagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

// UnpublishPage is the field of the same name of Mutation.
func (r *mutationResolver) UnpublishPage(ctx context.Context, in model.UnpublishPageInput) (*model.UnpublishPagePayload, error) {
	saved, wrong, err := pageStep(ctx, in.ID, r.SiteEditor.UnpublishPage)
	return payload(&model.UnpublishPagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

// TrashPage is the field of the same name of Mutation.
func (r *mutationResolver) TrashPage(ctx context.Context, in model.TrashPageInput) (*model.TrashPagePayload, error) {
	saved, wrong, err := pageStep(ctx, in.ID, r.SiteEditor.TrashPage)
	return payload(&model.TrashPagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

// RestorePage is the field of the same name of Mutation.
func (r *mutationResolver) RestorePage(ctx context.Context, in model.RestorePageInput) (*model.RestorePagePayload, error) {
	saved, wrong, err := pageStep(ctx, in.ID, r.SiteEditor.RestorePage)
	return payload(&model.RestorePagePayload{Page: loader.Pages.One(ctx, saved), UserErrors: wrong}, err)
}

// ── Menus ──

// SaveMenu is the field of the same name of Mutation.
func (r *mutationResolver) SaveMenu(ctx context.Context, in model.SaveMenuInput) (*model.SaveMenuPayload, error) {
	items, err := decodeItems("items", in.Items, 0)
	var saved *ent.Menu
	if err == nil {
		saved, err = r.SiteEditor.SaveMenu(ctx, site.Menu{Location: string(in.Location), Language: orEmpty(in.Language.Value()), Name: orEmpty(in.Name.Value()), Items: items})
	}
	saved, wrong, err := result(saved, err)
	if err != nil {
		return nil, err
	}
	answer := &model.SaveMenuPayload{UserErrors: wrong}
	if saved != nil {
		answer.Menu, err = loader.Menus.ByID(ctx, saved.ID)
	}
	return payload(answer, err)
}

// maxNesting bounds how deep a menu is read; the service allows less, and says
// so.
const maxNesting = 10

func decodeItems(field string, in []*model.MenuItemInput, depth int) ([]site.MenuItem, error) {
	if depth > maxNesting {
		return nil, fault.Mistake(fault.LimitReached, field, "The menu is too deep.")
	}
	items := make([]site.MenuItem, len(in))
	for i, it := range in {
		here := fmt.Sprintf("%s[%d]", field, i)
		labels, err := decodeLabels(here+".labels", it.Labels.Value())
		if err != nil {
			return nil, err
		}
		target, err := decodeTarget(here+".", it.TargetID, it.Address)
		if err != nil {
			return nil, err
		}
		children, err := decodeItems(here+".items", it.Items.Value(), depth+1)
		if err != nil {
			return nil, err
		}
		items[i] = site.MenuItem{Label: orEmpty(it.Label.Value()), Labels: labels, Target: target, Children: children}
	}
	return items, nil
}

// decodeTarget gives where a link leads: to a thing, to an address, or nowhere.
func decodeTarget(field string, targetID, address graphql.Omittable[*string]) (site.Target, error) {
	thing, path := targetID.Value(), address.Value()
	switch {
	case thing != nil && path != nil:
		return site.Target{}, fault.Mistake(fault.Invalid, field+"address", "A link leads to a thing or to an address, not to both.")
	case path != nil:
		return site.Target{Address: *path}, nil
	case thing == nil:
		return site.Target{}, nil
	}
	prefix, key, err := id.Decode(*thing)
	if err != nil {
		return site.Target{}, fault.Mistake(fault.Invalid, field+"targetId", "%.40q is no id of this API", *thing).WithCause(err)
	}
	target, ok := site.TargetOf(prefix, key)
	if !ok {
		return site.Target{}, fault.Mistake(fault.Invalid, field+"targetId", "No link can lead to a thing of this type.")
	}
	return target, nil
}

// DeleteMenu is the field of the same name of Mutation.
func (r *mutationResolver) DeleteMenu(ctx context.Context, in model.DeleteMenuInput) (*model.DeleteMenuPayload, error) {
	gone, wrong, err := deleted(ctx, id.Menu, in.ID, r.SiteEditor.DeleteMenu)
	return payload(&model.DeleteMenuPayload{DeletedID: gone, UserErrors: wrong}, err)
}

// ── Redirects ──

// CreateRedirect is the field of the same name of Mutation.
func (r *mutationResolver) CreateRedirect(ctx context.Context, in model.CreateRedirectInput) (*model.CreateRedirectPayload, error) {
	saved, wrong, err := once(ctx, r.Repeats, creation{"createRedirect", in.IdempotencyKey}, func(ctx context.Context) (*ent.Redirect, error) {
		target, err := decodeTarget("", in.TargetID, in.Address)
		if err != nil {
			return nil, err
		}
		return r.SiteEditor.CreateRedirect(ctx, site.Redirect{Path: in.Path, Target: target, StatusCode: orZero(in.StatusCode)})
	}, r.SiteEditor.Redirect)
	return payload(&model.CreateRedirectPayload{Redirect: loader.Redirects.One(ctx, saved), UserErrors: wrong}, err)
}

// UpdateRedirect is the field of the same name of Mutation.
func (r *mutationResolver) UpdateRedirect(ctx context.Context, in model.UpdateRedirectInput) (*model.UpdateRedirectPayload, error) {
	key, err := decodeID("id", id.Redirect, in.ID)
	target, targetErr := decodeTarget("", in.TargetID, in.Address)
	var saved *ent.Redirect
	if err = errors.Join(err, targetErr); err == nil {
		saved, err = r.SiteEditor.UpdateRedirect(ctx, key, func(d *site.Redirect) {
			if path := in.Path.Value(); path != nil {
				d.Path = *path
			}
			if in.TargetID.Value() != nil || in.Address.Value() != nil {
				d.Target = target
				if d.StatusCode == http.StatusGone {
					d.StatusCode = http.StatusMovedPermanently
				}
			}
			if code := in.StatusCode.Value(); code != nil {
				d.StatusCode = int(*code)
			}
		})
	}
	saved, wrong, err := result(saved, err)
	return payload(&model.UpdateRedirectPayload{Redirect: loader.Redirects.One(ctx, saved), UserErrors: wrong}, err)
}

// DeleteRedirect is the field of the same name of Mutation.
func (r *mutationResolver) DeleteRedirect(ctx context.Context, in model.DeleteRedirectInput) (*model.DeleteRedirectPayload, error) {
	gone, wrong, err := deleted(ctx, id.Redirect, in.ID, r.SiteEditor.DeleteRedirect)
	return payload(&model.DeleteRedirectPayload{DeletedID: gone, UserErrors: wrong}, err)
}
