package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/author"
	"github.com/broadsheet-cms/broadsheet/ent/category"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/place"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/ent/series"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// WXRReport says what an export in WordPress' format holds, and what of the newsroom the
// format cannot say.
type WXRReport struct {
	Written map[string]int // by type
	// Limits counts, by what it is, what was left out or written as something else.
	Limits map[string]int
}

// ErrNoAddress says that the site has no address, which links and files need.
var ErrNoAddress = errors.New("the site has no address: set it with updateSite, or name it with --site-url")

// WXR writes the newsroom, with what readers do not see, as an export of WordPress 1.2:
// authors, sections, tags, media as addresses of files, pages, articles with comments,
// and menus. An address other than the empty one stands in for that of the site.
func WXR(ctx context.Context, s Services, out io.Writer, address string, at time.Time) (*WXRReport, error) {
	e := &wxrExport{Services: s, report: &WXRReport{Written: map[string]int{}, Limits: map[string]int{}}}
	err := s.Articles.Snapshot(access.AsSystem(ctx), func(ctx context.Context) error {
		settings, err := s.DB.Ent(ctx).Site.Query().First(ctx)
		if ent.IsNotFound(err) {
			settings, err = &ent.Site{Name: "Broadsheet", Language: "en"}, nil
		}
		if err != nil {
			return fmt.Errorf("read the settings: %w", err)
		}
		if e.base = strings.TrimSuffix(cmp.Or(address, settings.URL), "/"); e.base == "" {
			return ErrNoAddress
		}
		zone, err := time.LoadLocation(settings.TimeZone)
		if err != nil {
			zone = time.UTC
		}
		e.site = settings
		e.out = wxr.NewWriter(out, wxr.Site{Title: settings.Name, Description: settings.Tagline, Link: e.base, Language: cmp.Or(settings.Language, "en")}, zone, at)
		for _, step := range []func(context.Context) error{e.authors, e.terms, e.picks, e.media, e.pages, e.articles, e.menus, e.redirects} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return e.out.Close()
	})
	return e.report, err
}

type wxrExport struct {
	Services

	out    *wxr.Writer
	report *WXRReport
	site   *ent.Site
	base   string
	sticky map[int]bool // articles that editors picked for the front page
	lists  []*ent.Menu
	// oldPaths are those of the articles in memory, by their keys.
	oldPaths map[int][]string
}

func (e *wxrExport) wrote(what string) {
	e.report.Written[what]++
	if n := e.report.Written[what]; n%batch == 0 {
		e.tell(what, n)
	}
}

func (e *wxrExport) limit(what string, n int) {
	if n > 0 {
		e.report.Limits[what] += n
	}
}

// Items of all kinds share one space of numbers, and so do terms.
type kind int

const (
	articles kind = iota + 1
	pages
	files
	menuItems
	sections
	tags
	places
	allSeries
	menus
)

func number(k kind, key int) int { return key*16 + int(k) }

var asHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// text writes plain text where WordPress reads HTML.
func text(plain string) string { return asHTML.Replace(plain) }

// name writes a slug as WordPress keeps it.
func name(slug string) string { return strings.ToLower(url.PathEscape(slug)) }

func (e *wxrExport) absolute(p string) string { return permalink.Absolute(e.base, p) }

func (e *wxrExport) link(of permalink.Kind, slug string) string {
	return e.absolute(permalink.Escaped(permalink.Path(of, slug)))
}

func (e *wxrExport) authors(ctx context.Context) error {
	return each(func(after int) ([]*ent.Author, error) {
		return e.DB.Ent(ctx).Author.Query().Where(author.IDGT(after)).Order(ent.Asc(author.FieldID)).Limit(batch).All(ctx)
	}, func(a *ent.Author) int { return a.ID }, func(a *ent.Author) error {
		e.wrote("authors")
		if a.Bio != "" {
			e.limit("biographies of authors: left out", 1)
		}
		if a.AvatarID != nil {
			e.limit("portraits of authors: left out", 1)
		}
		return e.out.Author(wxr.Author{ID: a.ID, Login: a.Slug, DisplayName: a.Name})
	})
}

// schemes are the taxonomies of what WordPress has no place for.
const (
	placeTaxonomy  = "place"
	seriesTaxonomy = "series"
)

func taxonomyOf(t *ent.Tag) string { return cmp.Or(t.Scheme, "post_tag") }

func (e *wxrExport) terms(ctx context.Context) error {
	// Sections from the top down.
	all, err := e.DB.Ent(ctx).Category.Query().Order(ent.Asc(category.FieldID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read sections: %w", err)
	}
	slugs := map[int]string{}
	for _, c := range all {
		slugs[c.ID] = c.Slug
	}
	for _, c := range topDown(all, func(c *ent.Category) int { return c.ID }, func(c *ent.Category) *int { return c.ParentID }) {
		e.wrote("sections")
		parent := ""
		if c.ParentID != nil {
			parent = slugs[*c.ParentID]
		}
		if err := e.out.Term(wxr.Term{ID: number(sections, c.ID), Taxonomy: "category", Slug: name(c.Slug), Parent: name(parent), Name: text(c.Name), Description: text(c.Description)}); err != nil {
			return err
		}
	}
	err = each(func(after int) ([]*ent.Tag, error) {
		return e.DB.Ent(ctx).Tag.Query().Where(tag.IDGT(after)).Order(ent.Asc(tag.FieldID)).Limit(batch).All(ctx)
	}, func(t *ent.Tag) int { return t.ID }, func(t *ent.Tag) error {
		e.wrote("tags")
		return e.out.Term(wxr.Term{ID: number(tags, t.ID), Taxonomy: taxonomyOf(t), Slug: name(t.Slug), Name: text(t.Name), Description: text(t.Description)})
	})
	if err != nil {
		return err
	}
	err = each(func(after int) ([]*ent.Place, error) {
		return e.DB.Ent(ctx).Place.Query().Where(place.IDGT(after)).Order(ent.Asc(place.FieldID)).Limit(batch).All(ctx)
	}, func(p *ent.Place) int { return p.ID }, func(p *ent.Place) error {
		e.limit(`places: as words of the taxonomy "place"`, 1)
		return e.out.Term(wxr.Term{ID: number(places, p.ID), Taxonomy: placeTaxonomy, Slug: name(p.Slug), Name: text(p.Name)})
	})
	if err != nil {
		return err
	}
	err = each(func(after int) ([]*ent.Series, error) {
		return e.DB.Ent(ctx).Series.Query().Where(series.IDGT(after)).Order(ent.Asc(series.FieldID)).Limit(batch).All(ctx)
	}, func(x *ent.Series) int { return x.ID }, func(x *ent.Series) error {
		e.limit(`series: as words of the taxonomy "series"`, 1)
		return e.out.Term(wxr.Term{ID: number(allSeries, x.ID), Taxonomy: seriesTaxonomy, Slug: name(x.Slug), Name: text(x.Name), Description: text(x.Description)})
	})
	if err != nil {
		return err
	}
	if err := e.readMenus(ctx); err != nil {
		return err
	}
	for _, m := range e.lists {
		if err := e.out.Term(wxr.Term{ID: number(menus, m.ID), Taxonomy: "nav_menu", Slug: menuSlug(m), Name: text(m.Name)}); err != nil {
			return err
		}
	}
	return nil
}

func (e *wxrExport) picks(ctx context.Context) error {
	rows, err := e.DB.Ent(ctx).Pick.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("read the editors' picks: %w", err)
	}
	e.sticky = map[int]bool{}
	for _, p := range rows {
		if p.CategoryID == nil {
			e.sticky[p.ArticleID] = true
		} else {
			e.limit("editors' picks of sections: left out", 1)
		}
	}
	return nil
}

func (e *wxrExport) media(ctx context.Context) error {
	return each(func(after int) ([]*ent.Media, error) {
		return e.DB.Ent(ctx).Media.Query().Where(media.IDGT(after)).Order(ent.Asc(media.FieldID)).Limit(batch).All(ctx)
	}, func(m *ent.Media) int { return m.ID }, func(m *ent.Media) error {
		at := e.absolute(content.MediaURL(m))
		if at == "" {
			e.limit("media without a file: left out", 1)
			return nil
		}
		e.wrote("media")
		if m.Credit != "" {
			e.limit("credits of media: left out", 1)
		}
		if m.Rights != nil {
			e.limit("rights of media: left out", 1)
		}
		file := path.Base(at)
		it := &wxr.Item{Title: strings.TrimSuffix(file, path.Ext(file)), GUID: at, Excerpt: text(m.Caption), ID: number(files, m.ID), DateGMT: m.CreatedAt, Modified: m.ModifiedAt,
			CommentStatus: "closed", Status: "inherit", Type: "attachment", AttachmentURL: at}
		if m.Alt != "" {
			it.Meta = append(it.Meta, wxr.Meta{Key: "_wp_attachment_image_alt", Value: text(m.Alt)})
		}
		return e.out.Item(it, nil)
	})
}

// redirects counts what was not said with the articles.
func (e *wxrExport) redirects(ctx context.Context) error {
	all, err := e.DB.Ent(ctx).Redirect.Query().Count(ctx)
	if err != nil {
		return fmt.Errorf("count redirects: %w", err)
	}
	said, err := e.DB.Ent(ctx).Redirect.Query().Where(redirect.TargetTypeEQ("ARTICLE"), redirect.PathHasPrefix("/articles/")).Count(ctx)
	if err != nil {
		return fmt.Errorf("count redirects: %w", err)
	}
	e.limit("redirects: left out", all-said)
	return nil
}
