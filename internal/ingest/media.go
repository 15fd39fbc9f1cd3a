package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// medium is a picture, film or sound of a story, which stays where it is: only
// its address and words are taken.
type medium struct {
	URI                  string // its identity; that of the address when it has no other
	Kind                 media.Kind
	URL, ContentType     string
	Width, Height        int
	Size                 int64
	Alt, Caption, Credit string // plain text
	FocalX, FocalY       *float64
	Rights               *schema.Rights
	Poster               string // address of the still of a film

	EmbargoUntil, ExpiresAt time.Time
	Featured                bool // the source names it as the picture of the story
	Apart                   bool // stands in the body already: not put there again
}

// ensureMedia gives the keys of media by URI, making those that are missing
// and bringing the others up to date. It takes part in the transaction of ctx.
func (w *writer) ensureMedia(ctx context.Context, items []*item) (map[string]int, error) {
	var all []medium
	var uris []string
	for _, it := range items {
		for _, m := range it.story.Media {
			if !slices.Contains(uris, m.URI) {
				all, uris = append(all, m), append(uris, m.URI)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	client := w.DB.Ent(ctx)
	stored, err := client.Media.Query().Where(media.SourceURIIn(uris...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for media: %w", err)
	}
	ids := make(map[string]int, len(all))
	have := make(map[string]*ent.Media, len(stored))
	for _, m := range stored {
		ids[*m.SourceURI], have[*m.SourceURI] = m.ID, m
	}
	var events []event.Event
	var missing []*ent.MediaCreate
	for _, m := range all {
		old := have[m.URI]
		switch {
		case old == nil:
			b := client.Media.Create()
			m.set(b.Mutation())
			missing = append(missing, b)
		case m.differs(old):
			b := client.Media.UpdateOneID(old.ID)
			m.set(b.Mutation())
			if err := b.Exec(ctx); err != nil {
				return nil, fmt.Errorf("update media: %w", err)
			}
			events = append(events, event.Event{Action: event.Updated, Entity: id.Media, EntityID: old.ID})
		}
	}
	for chunk := range slices.Chunk(missing, 200) {
		rows, err := client.Media.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("create media: %w", err)
		}
		for _, row := range rows {
			ids[*row.SourceURI] = row.ID
			events = append(events, event.Event{Action: event.Created, Entity: id.Media, EntityID: row.ID})
		}
	}
	return ids, w.Log.Append(ctx, events...)
}

// differs reports whether the source says something else than what is stored.
// An alt text is not taken away: the source may have none where a person here
// wrote one.
func (m *medium) differs(old *ent.Media) bool {
	return m.Kind != old.Kind || m.URL != old.SourceURL || m.ContentType != old.ContentType || m.Width != old.Width || m.Height != old.Height ||
		m.Size != old.Size || m.Alt != "" && m.Alt != old.Alt || m.Caption != old.Caption || m.Credit != old.Credit ||
		!equal(m.FocalX, old.FocalX) || !equal(m.FocalY, old.FocalY) || !equal(m.Rights, old.Rights) ||
		m.ExpiresAt.IsZero() != (old.ExpiresAt == nil) || old.ExpiresAt != nil && !m.ExpiresAt.Equal(*old.ExpiresAt)
}

func (m *medium) set(to *ent.MediaMutation) {
	to.SetSourceURI(m.URI)
	to.SetKind(m.Kind)
	to.SetSourceURL(m.URL)
	to.SetContentType(m.ContentType)
	to.SetWidth(m.Width)
	to.SetHeight(m.Height)
	to.SetSize(m.Size)
	if m.Alt != "" {
		to.SetAlt(m.Alt)
	}
	to.SetCaption(m.Caption)
	to.SetCredit(m.Credit)
	store.SetOrClear(m.FocalX, to.SetFocalX, to.ClearFocalX)
	store.SetOrClear(m.FocalY, to.SetFocalY, to.ClearFocalY)
	if m.Rights != nil {
		to.SetRights(m.Rights)
	} else {
		to.ClearRights()
	}
	if m.ExpiresAt.IsZero() {
		to.ClearExpiresAt()
	} else {
		to.SetExpiresAt(m.ExpiresAt.UTC().Truncate(time.Microsecond)) // a job hides it then
	}
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
