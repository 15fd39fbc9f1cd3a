package site

import (
	"context"
	"errors"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/audit"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// Editor is the way in for people: it asks what they may do, refuses what
// another thing has already, leaves redirects and records who did what. Imports
// use the Service itself.
type Editor struct {
	s     *Service
	audit *audit.Log
}

// NewEditor gives the editor of what s keeps.
func NewEditor(s *Service, log *audit.Log) *Editor { return &Editor{s: s, audit: log} }

// edit runs one change: for a viewer who may, alone, in a transaction.
func (e *Editor) edit(ctx context.Context, can access.Capability, what string, do func(ctx context.Context) error) error {
	if err := access.Require(ctx, can); err != nil {
		return err
	}
	return e.s.save(ctx, what, do)
}

// stored gives a thing as it is stored, for a viewer who may change it.
func stored[R any](ctx context.Context, can access.Capability, what string, get func(ctx context.Context, key int) (R, error), key int) (thing R, err error) {
	if err := access.Require(ctx, can); err != nil {
		return thing, err
	}
	thing, err = get(access.AsSystem(ctx), key)
	return thing, missing(err, "id", what)
}

// missing tells of a thing that is not there, or gives another error as it is.
// The mistake does not keep err, in which save would find no field.
func missing(err error, field, what string) error {
	if ent.IsNotFound(err) {
		return fault.Mistake(fault.Missing, field, "There is no such %s.", what)
	}
	return err
}

// one gives a fault about a list of one as one about the thing itself:
// redirects[0].path is path.
func one(list string, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	c := *f
	c.Field = strings.TrimPrefix(f.Field, list+"[0].")
	return &c
}

// ── Settings ──

// settingsState is what the record of who did what keeps of the settings.
type settingsState struct {
	Name            string                    `json:"name"`
	Tagline         string                    `json:"tagline,omitempty"`
	Description     string                    `json:"description,omitempty"`
	URL             string                    `json:"url,omitempty"`
	Language        string                    `json:"language"`
	TimeZone        string                    `json:"timeZone"`
	CopyrightHolder string                    `json:"copyrightHolder,omitempty"`
	FoundedYear     int                       `json:"foundedYear,omitempty"`
	Logo            string                    `json:"logoId,omitempty"`
	LogoDark        string                    `json:"logoDarkId,omitempty"`
	SocialProfiles  []schema.SocialProfile    `json:"socialProfiles,omitempty"`
	LegalDocuments  []schema.LegalDocument    `json:"legalDocuments,omitempty"`
	Consents        map[string]schema.Consent `json:"consents,omitempty"`
	Outputs         *schema.Outputs           `json:"outputs,omitempty"`
}

func stateOfSettings(s *ent.Site) settingsState {
	return settingsState{s.Name, s.Tagline, s.Description, s.URL, s.Language, s.TimeZone, s.CopyrightHolder, s.FoundedYear,
		id.EncodeSet(id.Media, s.LogoID), id.EncodeSet(id.Media, s.LogoDarkID), s.SocialProfiles, s.LegalDocuments, s.Consents, s.Outputs}
}

// UpdateSite changes the settings by change, which is given them as they are.
func (e *Editor) UpdateSite(ctx context.Context, change func(*Settings)) (saved *ent.Site, err error) {
	err = e.edit(ctx, access.ManageSite, "settings", func(ctx context.Context) error {
		rows, err := e.s.db.Ent(ctx).Site.Query().Limit(1).All(ctx)
		if err != nil {
			return err
		}
		old := &ent.Site{Name: defaultName}
		if len(rows) > 0 {
			old = rows[0]
		}
		set := Settings{old.Name, old.Tagline, old.Description, old.URL, old.Language, old.TimeZone, old.CopyrightHolder, old.FoundedYear, old.LogoID,
			old.LogoDarkID, old.SocialProfiles, old.LegalDocuments, old.Consents, schema.Outputs{}}
		if old.Outputs != nil {
			set.Outputs = *old.Outputs
		}
		change(&set)
		for field, key := range map[string]*int{"logoId": set.Logo, "logoDarkId": set.LogoDark} {
			if key == nil {
				continue
			}
			if _, err := e.s.db.Ent(ctx).Media.Get(ctx, *key); err != nil {
				return missing(err, field, "media item")
			}
		}
		if saved, err = e.s.SaveSettings(ctx, set); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "updateSite", Entity: event.Site, EntityID: saved.ID, Before: stateOfSettings(old), After: stateOfSettings(saved)})
	})
	return saved, err
}

// ── Ad slots ──

type slotState struct {
	Placement string `json:"placement"`
	Name      string `json:"name"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Provider  string `json:"provider,omitempty"`
	Unit      string `json:"unit,omitempty"`
	Position  int    `json:"position"`
	Active    bool   `json:"isActive"`
}

func stateOfSlot(s *ent.AdSlot) slotState {
	return slotState{s.Placement, s.Name, s.Width, s.Height, s.Provider, s.Unit, s.Position, s.IsActive}
}

// AdSlot gives a slot, active or not.
func (e *Editor) AdSlot(ctx context.Context, key int) (*ent.AdSlot, error) {
	return stored(ctx, access.ManageSite, "ad slot", e.s.db.Ent(ctx).AdSlot.Get, key)
}

// CreateAdSlot makes a slot. Its name must be free in its placement.
func (e *Editor) CreateAdSlot(ctx context.Context, slot AdSlot) (saved *ent.AdSlot, err error) {
	err = e.edit(ctx, access.ManageSite, "ad slot", func(ctx context.Context) error {
		slot.ID = 0
		if saved, err = e.saveSlot(ctx, slot); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "createAdSlot", Entity: id.AdSlot, EntityID: saved.ID, After: stateOfSlot(saved)})
	})
	return saved, err
}

// UpdateAdSlot changes a slot by change, which is given it as it is.
func (e *Editor) UpdateAdSlot(ctx context.Context, key int, change func(*AdSlot)) (saved *ent.AdSlot, err error) {
	err = e.edit(ctx, access.ManageSite, "ad slot", func(ctx context.Context) error {
		old, err := e.s.db.Ent(ctx).AdSlot.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "ad slot")
		}
		slot := AdSlot{ID: old.ID, Placement: old.Placement, Name: old.Name, Width: old.Width, Height: old.Height, Provider: old.Provider, Unit: old.Unit,
			Position: old.Position, Inactive: !old.IsActive}
		change(&slot)
		if saved, err = e.saveSlot(ctx, slot); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "updateAdSlot", Entity: id.AdSlot, EntityID: key, Before: stateOfSlot(old), After: stateOfSlot(saved)})
	})
	return saved, err
}

func (e *Editor) saveSlot(ctx context.Context, slot AdSlot) (*ent.AdSlot, error) {
	if err := checkSlot("", &slot); err != nil {
		return nil, err
	}
	same, err := e.s.sameSlot(ctx, slot)
	if err != nil {
		return nil, err
	}
	if same != 0 && same != slot.ID {
		return nil, fault.Mistake(fault.Taken, "name", "Another slot of this placement has the name.")
	}
	saved, err := e.s.SaveAdSlots(ctx, slot)
	if err != nil {
		return nil, one("adSlots", err)
	}
	return saved[0], nil
}

// DeleteAdSlot takes a slot away.
func (e *Editor) DeleteAdSlot(ctx context.Context, key int) error {
	return e.edit(ctx, access.ManageSite, "ad slot", func(ctx context.Context) error {
		client := e.s.db.Ent(ctx)
		old, err := client.AdSlot.Get(ctx, key)
		if err != nil {
			return missing(err, "id", "ad slot")
		}
		if err := client.AdSlot.DeleteOne(old).Exec(ctx); err != nil {
			return err
		}
		if err := e.s.log.Append(ctx, event.Event{Action: event.Deleted, Entity: id.AdSlot, EntityID: key}); err != nil {
			return err
		}
		return e.audit.Record(ctx, audit.Entry{Action: "deleteAdSlot", Entity: id.AdSlot, EntityID: key, Before: stateOfSlot(old)})
	})
}
