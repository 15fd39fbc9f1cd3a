package site

import (
	"context"
	"errors"
	"fmt"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/adslot"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
)

// AdSlot is a space for advertising as it shall be.
type AdSlot struct {
	ID            int    // 0: the one of this placement and name, else a new one
	Placement     string // a value of the API's AdPlacement
	Name          string
	Width, Height int    // pixels; 0: any
	Provider      string // name of the ad server
	Unit          string // unit path at the ad server
	Position      int    // among the slots of the placement
	Inactive      bool   // readers do not see it
}

// maxPixels bounds the size of a slot.
const maxPixels = 10_000

// SaveAdSlots stores slots whole. The answer is in their order.
func (s *Service) SaveAdSlots(ctx context.Context, slots ...AdSlot) ([]*ent.AdSlot, error) {
	for i := range slots {
		if err := checkSlot(fmt.Sprintf("adSlots[%d].", i), &slots[i]); err != nil {
			return nil, err
		}
	}
	saved := make([]*ent.AdSlot, len(slots))
	err := s.save(ctx, "ad slot", func(ctx context.Context) error {
		for i, slot := range slots {
			var err error
			if saved[i], err = s.saveSlot(ctx, slot); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

func (s *Service) saveSlot(ctx context.Context, slot AdSlot) (*ent.AdSlot, error) {
	client := s.db.Ent(ctx)
	var err error
	if slot.ID == 0 {
		if slot.ID, err = s.sameSlot(ctx, slot); err != nil {
			return nil, err
		}
	}
	set := func(m *ent.AdSlotMutation) {
		m.SetPlacement(slot.Placement)
		m.SetName(slot.Name)
		m.SetWidth(slot.Width)
		m.SetHeight(slot.Height)
		m.SetProvider(slot.Provider)
		m.SetUnit(slot.Unit)
		m.SetPosition(slot.Position)
		m.SetIsActive(!slot.Inactive)
	}
	var saved *ent.AdSlot
	if slot.ID == 0 {
		b := client.AdSlot.Create()
		set(b.Mutation())
		saved, err = b.Save(ctx)
	} else {
		b := client.AdSlot.UpdateOneID(slot.ID)
		set(b.Mutation())
		saved, err = b.Save(ctx)
	}
	if err != nil {
		return nil, err
	}
	return saved, s.log.Append(ctx, event.Event{Action: action(slot.ID == 0), Entity: id.AdSlot, EntityID: saved.ID})
}

// sameSlot gives the key of the slot with the placement and name of one, 0 when
// there is none.
func (s *Service) sameSlot(ctx context.Context, slot AdSlot) (int, error) {
	keys, err := s.db.Ent(ctx).AdSlot.Query().Where(adslot.Placement(slot.Placement), adslot.Name(slot.Name)).Order(adslot.ByID()).Limit(1).IDs(ctx)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	return keys[0], nil
}

func checkSlot(field string, slot *AdSlot) error {
	if err := errors.Join(cleanText(field+"name", &slot.Name), cleanText(field+"provider", &slot.Provider), cleanText(field+"unit", &slot.Unit)); err != nil {
		return err
	}
	switch {
	case slot.Placement == "":
		return fault.BadInput(field+"placement", "The placement is needed.")
	case slot.Name == "":
		return fault.Mistake(fault.Blank, field+"name", "A name is needed.")
	case slot.Width < 0 || slot.Width > maxPixels:
		return fault.BadInput(field+"width", "A width is between 0 and %d pixels.", maxPixels)
	case slot.Height < 0 || slot.Height > maxPixels:
		return fault.BadInput(field+"height", "A height is between 0 and %d pixels.", maxPixels)
	}
	return nil
}
