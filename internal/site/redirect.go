package site

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Redirect sends an old path to where its content is now.
type Redirect struct {
	Path       string // the old path, in any spelling that permalink.Clean understands
	Target     Target // nothing with status 410
	StatusCode int    // 301, 302, 307, 308, or 410: gone for good; 0: 301
}

var redirectSQL = store.ReadBoth(`SELECT r.id, r.path, r.target_type, r.target_id, r.address, r.status_code
	FROM redirects r WHERE r.path = $1 AND visible_redirect(r)`)

// Redirect gives where a clean path (see permalink.Clean) leads now, nil when it
// is not redirected to anything that the viewer may see.
func (s *Service) Redirect(ctx context.Context, path string) (*ent.Redirect, error) {
	found, err := store.Collect(ctx, s.db, redirectSQL, scanRedirect, path)
	if err != nil {
		return nil, fmt.Errorf("find a redirect: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return found[0], nil
}

func scanRedirect(rows *sql.Rows) (*ent.Redirect, error) {
	r := new(ent.Redirect)
	err := rows.Scan(&r.ID, &r.Path, &r.TargetType, &r.TargetID, &r.Address, &r.StatusCode)
	return r, err
}

// chunkSize is how many rows go into the database by one statement.
const chunkSize = 500

// SaveRedirects stores redirects. One whose path is redirected already changes
// where it leads. The answer is in the order of the paths given; of two with
// the same path the later counts.
func (s *Service) SaveRedirects(ctx context.Context, redirects ...Redirect) ([]*ent.Redirect, error) {
	redirects = slices.Clone(redirects) // the caller's stay as they are
	byPath := make(map[string]Redirect, len(redirects))
	for i := range redirects {
		if err := checkRedirect(fmt.Sprintf("redirects[%d].", i), &redirects[i]); err != nil {
			return nil, err
		}
		byPath[redirects[i].Path] = redirects[i]
	}
	saved := make([]*ent.Redirect, len(redirects))
	err := s.save(ctx, "redirects", func(ctx context.Context) error {
		if err := s.refuseCircles(ctx, redirects, byPath); err != nil {
			return err
		}
		rows, err := s.storeRedirects(ctx, byPath)
		if err != nil {
			return err
		}
		for i, r := range redirects {
			saved[i] = rows[r.Path]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

func checkRedirect(field string, r *Redirect) error {
	path, ok := permalink.Clean(r.Path)
	if !ok {
		return fault.BadInput(field+"path", "This is not a path.")
	}
	if path == "/" {
		return fault.BadInput(field+"path", "The front page cannot be redirected.")
	}
	r.Path = path
	switch r.StatusCode {
	case 0:
		r.StatusCode = http.StatusMovedPermanently
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	case http.StatusGone:
		r.Target = Target{Type: menuitem.TargetTypeAddress}
		return nil
	default:
		return fault.BadInput(field+"statusCode", "A redirect answers 301, 302, 307, 308 or 410.")
	}
	if err := r.Target.check(field); err != nil {
		return err
	}
	if r.Target.Type == menuitem.TargetTypeNone {
		return fault.BadInput(field+"address", "A redirect leads somewhere, or answers 410.")
	}
	return nil
}

// storeRedirects makes or changes the redirects of distinct paths.
func (s *Service) storeRedirects(ctx context.Context, byPath map[string]Redirect) (map[string]*ent.Redirect, error) {
	client := s.db.Ent(ctx)
	paths := make([]string, 0, len(byPath))
	for path := range byPath {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	stored, err := s.redirectsOf(ctx, paths)
	if err != nil {
		return nil, err
	}
	set := func(m *ent.RedirectMutation, r Redirect) {
		m.SetPath(r.Path)
		m.SetTargetType(redirect.TargetType(r.Target.Type))
		store.SetOrClear(r.Target.key(), m.SetTargetID, m.ClearTargetID)
		m.SetAddress(r.Target.Address)
		m.SetStatusCode(r.StatusCode)
	}
	rows := make(map[string]*ent.Redirect, len(paths))
	var events []event.Event
	var missing []*ent.RedirectCreate
	for _, path := range paths {
		r := byPath[path]
		have := stored[path]
		switch {
		case have == nil:
			b := client.Redirect.Create()
			set(b.Mutation(), r)
			missing = append(missing, b)
		case leadsTo(have, r):
			rows[path] = have
		default:
			b := client.Redirect.UpdateOneID(have.ID)
			set(b.Mutation(), r)
			if rows[path], err = b.Save(ctx); err != nil {
				return nil, err
			}
			events = append(events, event.Event{Action: event.Updated, Entity: id.Redirect, EntityID: have.ID})
		}
	}
	for chunk := range slices.Chunk(missing, chunkSize) {
		made, err := client.Redirect.CreateBulk(chunk...).Save(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range made {
			rows[r.Path] = r
			events = append(events, event.Event{Action: event.Created, Entity: id.Redirect, EntityID: r.ID})
		}
	}
	for chunk := range slices.Chunk(events, chunkSize) {
		if err := s.log.Append(ctx, chunk...); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// leadsTo reports whether a stored redirect is what r says.
func leadsTo(have *ent.Redirect, r Redirect) bool {
	var key int
	if have.TargetID != nil {
		key = *have.TargetID
	}
	return string(have.TargetType) == string(r.Target.Type) && key == r.Target.ID && have.Address == r.Target.Address && have.StatusCode == r.StatusCode
}

var redirectsSQL = store.Maintain(
	`SELECT id, path, target_type, target_id, address, status_code FROM redirects WHERE path IN (SELECT jsonb_array_elements_text($1::jsonb))`,
	`SELECT id, path, target_type, target_id, address, status_code FROM redirects WHERE path IN (SELECT value FROM json_each($1))`)

func (s *Service) redirectsOf(ctx context.Context, paths []string) (map[string]*ent.Redirect, error) {
	list, err := json.Marshal(paths)
	if err != nil {
		return nil, err
	}
	rows, err := store.Collect(ctx, s.db, redirectsSQL, scanRedirect, string(list))
	if err != nil {
		return nil, fmt.Errorf("read redirects: %w", err)
	}
	found := make(map[string]*ent.Redirect, len(rows))
	for _, r := range rows {
		found[r.Path] = r
	}
	return found, nil
}

// maxHops bounds how many redirects may follow one another. Browsers give up
// after twenty.
const maxHops = 10

// refuseCircles follows redirects from path to path and refuses those that
// come back to themselves or never end. Every step is one statement for all.
func (s *Service) refuseCircles(ctx context.Context, redirects []Redirect, byPath map[string]Redirect) error {
	host, err := s.host(ctx)
	if err != nil {
		return err
	}
	next := make(map[int]string) // by the place of the redirect: where its way stands now
	for i, r := range redirects {
		if path, ok := pathHere(string(r.Target.Type), r.Target.Address, host); ok {
			next[i] = path
		}
	}
	for range maxHops {
		for i, path := range next {
			if path == redirects[i].Path {
				return fault.Mistake(fault.Loop, fmt.Sprintf("redirects[%d].address", i), "%.200q leads back to itself.", path)
			}
		}
		var ask []string
		for _, path := range next {
			if _, here := byPath[path]; !here {
				ask = append(ask, path)
			}
		}
		if len(next) == 0 {
			return nil
		}
		stored := map[string]*ent.Redirect{}
		if len(ask) > 0 {
			if stored, err = s.redirectsOf(ctx, ask); err != nil {
				return err
			}
		}
		for i, path := range next {
			var on string
			var ok bool
			if r, here := byPath[path]; here {
				on, ok = pathHere(string(r.Target.Type), r.Target.Address, host)
			} else if r := stored[path]; r != nil {
				on, ok = pathHere(string(r.TargetType), r.Address, host)
			}
			if !ok {
				delete(next, i)
				continue
			}
			next[i] = on
		}
	}
	for i := range next {
		return fault.Mistake(fault.Loop, fmt.Sprintf("redirects[%d].address", i), "More than %d redirects follow one another.", maxHops)
	}
	return nil
}

// host gives the host of the site's own addresses, empty when it is not set.
func (s *Service) host(ctx context.Context) (string, error) {
	rows, err := s.db.Ent(ctx).Site.Query().Limit(1).All(ctx)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	u, err := url.Parse(rows[0].URL)
	if err != nil {
		return "", nil // a site without an address has no URLs of its own
	}
	return u.Host, nil
}

// pathHere gives the path of an address on this site.
func pathHere(targetType, address, host string) (string, bool) {
	if targetType != string(redirect.TargetTypeAddress) || address == "" {
		return "", false
	}
	if !strings.HasPrefix(address, "/") {
		u, err := url.Parse(address)
		if err != nil || host == "" || !strings.EqualFold(u.Host, host) {
			return "", false
		}
	}
	return permalink.Clean(address)
}
