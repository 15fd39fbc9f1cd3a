package ingest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/user"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/account"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// UsersReport tells what came of the accounts of a WordPress site.
type UsersReport struct {
	Read      int      `json:"read"`
	Created   int      `json:"created"`
	Unchanged int      `json:"unchanged"`
	Passwords int      `json:"passwords"` // hashes that were taken over
	Authors   int      `json:"authors"`   // of stories, now joined with their accounts
	Rejected  int      `json:"rejected"`
	Lines     []string `json:"lines"`
}

// WriteText writes the report for people.
func (r *UsersReport) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "Read %d accounts: %d created, %d there already, %d rejected. %d passwords taken over, %d authors joined with their accounts.\n",
		r.Read, r.Created, r.Unchanged, r.Rejected, r.Passwords, r.Authors)
	for _, l := range r.Lines {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %s\n", l)
		}
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// roles are what the roles of WordPress are here.
var roles = map[string]user.Role{
	"administrator": user.RoleAdmin, "editor": user.RoleEditor, "author": user.RoleAuthor, "contributor": user.RoleContributor, "subscriber": user.RoleReader,
}

// WordPressUsers takes over the accounts of a WordPress site from a dump of its
// table of users; see wxr.ReadUsers. An account that is there keeps its
// password and its role; one that has none gets that of the dump. Whoever is
// an author of stories under the same name is joined with the account.
func WordPressUsers(ctx context.Context, s Services, accounts *account.Service, dump io.Reader) (*UsersReport, error) {
	r := &UsersReport{}
	users, bad, err := wxr.ReadUsers(dump)
	if err != nil {
		return r, err
	}
	for _, b := range bad {
		r.Rejected++
		r.list(b)
	}
	r.Read = len(users) + len(bad)
	ctx = access.AsSystem(ctx)
	for chunk := range slices.Chunk(users, 200) {
		next := *r
		err := s.DB.Tx(ctx, func(ctx context.Context) error {
			for _, u := range chunk {
				if err := takeUser(ctx, s, accounts, u, &next); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return r, err
		}
		*r = next
	}
	return r, nil
}

func (r *UsersReport) list(line string) {
	if len(r.Lines) < maxLines {
		r.Lines = append(r.Lines, shorten(line, 300))
	}
}

func takeUser(ctx context.Context, s Services, accounts *account.Service, u wxr.User, r *UsersReport) error {
	email, err := account.Email(u.Email)
	if err != nil {
		r.Rejected++
		r.list(fmt.Sprintf("%s: no e-mail address", shorten(u.Login, 60)))
		return nil
	}
	client := s.DB.Ent(ctx)
	there, err := client.User.Query().Where(user.Email(email)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for an account: %w", err)
	}
	name := shorten(tidy(cmp.Or(u.DisplayName, u.Login)), 190)
	ids, err := accounts.EnsureUsers(ctx, account.User{Email: email, DisplayName: name, Role: roles[u.Role]})
	if err != nil {
		r.Rejected++
		r.list(fmt.Sprintf("%s: %v", shorten(u.Login, 60), err))
		return nil //nolint:nilerr // told in the report
	}
	if there {
		r.Unchanged++
	} else {
		r.Created++
	}
	if wxr.KnownHash(u.Hash) {
		n, err := client.User.Update().Where(user.ID(ids[0]), user.PasswordHash("")).SetPasswordHash(u.Hash).Save(ctx)
		if err != nil {
			return fmt.Errorf("keep a password: %w", err)
		}
		r.Passwords += n
	} else if u.Hash != "" {
		r.list(fmt.Sprintf("%s: the password is hashed in a way that is not known: a new one is needed", shorten(u.Login, 60)))
	}
	return join(ctx, s, u, ids[0], r)
}

// join joins an account with the author of the same login, unless either is
// joined already.
func join(ctx context.Context, s Services, u wxr.User, account int, r *UsersReport) error {
	client := s.DB.Ent(ctx)
	taken, err := client.Author.Query().Where(author.UserID(account)).Exist(ctx)
	if err != nil || taken {
		return err
	}
	for _, login := range []string{u.Login, u.Nicename} {
		slug := decoded(login)
		if slug == "" {
			continue
		}
		a, err := client.Author.Query().Where(author.Slug(slug), author.UserIDIsNil()).First(ctx)
		if err != nil {
			continue //nolint:nilerr // no such author
		}
		if err := client.Author.UpdateOneID(a.ID).SetUserID(account).Exec(ctx); err != nil {
			return fmt.Errorf("join an author with an account: %w", err)
		}
		r.Authors++
		return s.Log.Append(ctx, event.Event{Action: event.Updated, Entity: id.Author, EntityID: a.ID})
	}
	return nil
}
