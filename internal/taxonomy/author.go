package taxonomy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Author is an author as they shall be.
type Author struct {
	ID     int         // 0: a new one; EnsureAuthors does not look at it
	Kind   author.Kind // empty: a person
	Name   string
	Slug   string // empty: made from the name, or kept
	Bio    string
	Labels schema.Labels
	Avatar *int // key of a media item
	User   *int // key of the account that writes under this name
}

var authors = newVocabulary(id.Author, "author", "authors", "'', ''", alike)

// EnsureAuthors gives the keys of authors in order, making those that are
// missing.
func (s *Service) EnsureAuthors(ctx context.Context, specs ...Author) ([]int, error) {
	specs = slices.Clone(specs) // the caller's stay as they are
	wanted := make([]*thing, len(specs))
	for i := range specs {
		a := &specs[i]
		if err := checkAuthor(fmt.Sprintf("authors[%d].", i), a); err != nil {
			return nil, err
		}
		wanted[i] = &thing{name: a.Name, given: a.Slug}
	}
	ids, err := s.ensure(ctx, authors, wanted, func(ctx context.Context, missing []int) ([]int, error) {
		client := s.db.Ent(ctx)
		builders := make([]*ent.AuthorCreate, len(missing))
		for i, n := range missing {
			builders[i] = client.Author.Create()
			setAuthor(builders[i].Mutation(), specs[n], wanted[n].slug)
		}
		rows, err := client.Author.CreateBulk(builders...).Save(ctx)
		return keys(rows, func(a *ent.Author) int { return a.ID }), err
	})
	if err != nil {
		return nil, fmt.Errorf("ensure authors: %w", err)
	}
	return ids, nil
}

// SaveAuthor makes an author or changes one as a whole.
func (s *Service) SaveAuthor(ctx context.Context, a Author) (saved *ent.Author, err error) {
	if err := checkAuthor("", &a); err != nil {
		return nil, err
	}
	err = s.save(ctx, "author", false, func(ctx context.Context) error {
		client := s.db.Ent(ctx)
		var before State
		if a.ID != 0 {
			old, err := client.Author.Get(ctx, a.ID)
			if err != nil {
				return err
			}
			before = authorSpec(old).state()
		}
		if err := s.checkLinks(ctx, a); err != nil {
			return err
		}
		free, err := s.chooseSlug(ctx, authors, a.ID, a.Slug, before.Slug, a.Name)
		if err != nil {
			return err
		}
		if a.ID == 0 {
			b := client.Author.Create()
			setAuthor(b.Mutation(), a, free)
			saved, err = b.Save(ctx)
		} else {
			b := client.Author.UpdateOneID(a.ID)
			setAuthor(b.Mutation(), a, free)
			saved, err = b.Save(ctx)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, id.Author, saved.ID, before, authorSpec(saved).state(), event.Detail{})
	})
	return saved, err
}

// checkLinks refuses an avatar or an account that is not there, and an account
// that writes under another name already.
func (s *Service) checkLinks(ctx context.Context, a Author) error {
	client := s.db.Ent(ctx)
	if a.Avatar != nil {
		if ok, err := client.Media.Query().Where(media.ID(*a.Avatar)).Exist(ctx); err != nil || !ok {
			return cmp.Or(err, error(fault.Mistake(fault.Missing, "avatarId", "There is no such media item.")))
		}
	}
	if a.User == nil {
		return nil
	}
	if ok, err := client.User.Query().Where(user.ID(*a.User)).Exist(ctx); err != nil || !ok {
		return cmp.Or(err, error(fault.Mistake(fault.Missing, "userId", "There is no such account.")))
	}
	taken, err := client.Author.Query().Where(author.UserID(*a.User), author.IDNEQ(a.ID)).Exist(ctx)
	if err == nil && taken {
		err = fault.Mistake(fault.Taken, "userId", "The account writes under another name already.")
	}
	return err
}

func checkAuthor(field string, a *Author) error {
	a.Kind = orDefault(a.Kind, author.DefaultKind)
	if author.KindValidator(a.Kind) != nil {
		return fault.BadInput(field+"kind", "There is no kind of author called %.40q.", a.Kind)
	}
	if err := checkLabels(field, a.Labels); err != nil {
		return err
	}
	return checkWords(field, &a.Name, &a.Slug, &a.Bio)
}

func setAuthor(m *ent.AuthorMutation, a Author, slug string) {
	m.SetKind(a.Kind)
	m.SetName(a.Name)
	m.SetSlug(slug)
	m.SetBio(a.Bio)
	setLabels(a.Labels, m.SetLabels, m.ClearLabels)
	store.SetOrClear(a.Avatar, m.SetAvatarID, m.ClearAvatarID)
	store.SetOrClear(a.User, m.SetUserID, m.ClearUserID)
}
