package export

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	entcomment "github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/correction"
	"github.com/broadsheet-cms/broadsheet/ent/liveentry"
	"github.com/broadsheet-cms/broadsheet/ent/menuitem"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/redirect"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/ent/tag"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/comment"
	"github.com/broadsheet-cms/broadsheet/internal/directory"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/permalink"
	"github.com/broadsheet-cms/broadsheet/internal/readername"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Manifest lists what an archive of the site holds. It is written last.
type Manifest struct {
	Format  string         `json:"format"`
	Version int            `json:"version"`
	Program string         `json:"program"`
	MadeAt  time.Time      `json:"madeAt"`
	Site    string         `json:"site"` // its address
	Counts  map[string]int `json:"counts"`
	// Files are all files but this one, by their paths.
	Files map[string]File `json:"files"`
	// Missing are media whose files were not there.
	Missing []string `json:"missing,omitempty"`
}

// File is a file of an archive.
type File struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const (
	siteFormat   = "broadsheet-site"
	siteVersion  = 1
	manifestName = "manifest.json"
	mediaFolder  = "media"
)

// Site writes what readers see at one moment into a new folder: articles in ninjs, and
// everything else that makes up the site in JSON, with the files of the media. Without a
// bucket the files are left out. Until it is complete the folder has another name beside
// it; what fails leaves neither.
func Site(ctx context.Context, s Services, bucket *blob.Bucket, folder, program string, at time.Time) (*Manifest, error) {
	if _, err := os.Lstat(folder); err == nil {
		return nil, fmt.Errorf("there is %s already: remove it, or name another folder", folder)
	}
	folder = filepath.Clean(folder)
	partial, err := os.MkdirTemp(filepath.Dir(folder), filepath.Base(folder)+".partial-*")
	if err != nil {
		return nil, fmt.Errorf("make the archive: %w", err)
	}
	w := &siteExport{Services: s, root: partial, bucket: bucket, m: &Manifest{Format: siteFormat, Version: siteVersion, Program: program, MadeAt: at.UTC().Truncate(time.Second), Counts: map[string]int{}, Files: map[string]File{}}}
	err = s.Articles.Snapshot(access.With(ctx, access.Viewer{}), w.write)
	if err == nil {
		err = w.manifest()
	}
	if err == nil {
		err = os.Chmod(partial, 0o750) //nolint:gosec // G302: a folder
	}
	if err == nil {
		err = os.Rename(partial, folder)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(partial))
	}
	return w.m, nil
}

type siteExport struct {
	Services

	root   string
	bucket *blob.Bucket
	m      *Manifest
	dir    *directory.Snapshot
	slugs  map[int]string // of the articles that the links which are written lead to, where readers see them
}

func (w *siteExport) write(ctx context.Context) (err error) {
	if w.dir, err = w.Directory.Current(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{w.settings, w.articles, w.entries, w.corrections, w.pages, w.sections, w.authors, w.places, w.series, w.tags, w.comments, w.menus, w.redirects, w.media} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// file writes a file, and notes it in the manifest.
func (w *siteExport) file(name string, fill func(io.Writer) error) (err error) {
	at := filepath.Join(w.root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
	err = fill(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil && name == manifestName {
		err = f.Sync()
	}
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.m.Files[name] = File{info.Size(), hex.EncodeToString(sum.Sum(nil))}
	return nil
}

func (w *siteExport) manifest() error {
	text, err := json.MarshalIndent(w.m, "", "  ")
	if err != nil {
		return err
	}
	return w.file(manifestName, func(out io.Writer) error { _, err := out.Write(append(text, '\n')); return err })
}

// lines writes a file of one object a line, which is named for what it has.
func (w *siteExport) lines(what string, fill func(put func(any) error) error) error {
	return w.file(strings.ReplaceAll(what, " ", "-")+".ndjson", func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return fill(func(v any) error {
			if w.m.Counts[what]++; w.m.Counts[what]%batch == 0 {
				w.tell(what, w.m.Counts[what])
			}
			return encoder.Encode(v)
		})
	})
}

// siteJSON are the settings of the site that readers see.
type siteJSON struct {
	Name            string                 `json:"name"`
	Tagline         string                 `json:"tagline,omitempty"`
	Description     string                 `json:"description,omitempty"`
	URL             string                 `json:"url,omitempty"`
	Language        string                 `json:"language"`
	TimeZone        string                 `json:"timeZone,omitempty"`
	CopyrightHolder string                 `json:"copyrightHolder,omitempty"`
	FoundedYear     int                    `json:"foundedYear,omitempty"`
	Logo            string                 `json:"logo,omitempty"`
	LogoDark        string                 `json:"logoDark,omitempty"`
	SocialProfiles  []schema.SocialProfile `json:"socialProfiles,omitempty"`
	LegalDocuments  []schema.LegalDocument `json:"legalDocuments,omitempty"`
}

func (w *siteExport) settings(context.Context) error {
	s := w.dir.Site
	w.m.Site = s.URL
	return w.file("site.json", func(out io.Writer) error {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(siteJSON{s.Name, s.Tagline, s.Description, s.URL, s.Language, s.TimeZone, s.CopyrightHolder, s.FoundedYear, id.EncodeSet(id.Media, s.LogoID), id.EncodeSet(id.Media, s.LogoDarkID), s.SocialProfiles, s.LegalDocuments})
	})
}

func (w *siteExport) articles(ctx context.Context) error {
	return w.file("articles.ndjson", func(out io.Writer) (err error) {
		w.m.Counts["articles"], err = w.ninjs(ctx, out)
		return err
	})
}

// entryJSON is an entry of a live blog, which its article in ninjs has not.
type entryJSON struct {
	ID          string    `json:"id"`
	ArticleID   string    `json:"articleId"`
	Title       string    `json:"title,omitempty"`
	HTML        string    `json:"html"`
	PublishedAt time.Time `json:"publishedAt"`
	Key         bool      `json:"key,omitempty"`
	Pinned      bool      `json:"pinned,omitempty"`
}

func (w *siteExport) entries(ctx context.Context) error {
	return w.lines("live entries", func(put func(any) error) error {
		return each(func(after int) ([]*ent.LiveEntry, error) {
			return w.DB.Ent(ctx).LiveEntry.Query().Where(liveentry.IDGT(after)).Order(ent.Asc(liveentry.FieldID)).Limit(batch).All(ctx)
		}, func(e *ent.LiveEntry) int { return e.ID }, func(e *ent.LiveEntry) error {
			return put(entryJSON{id.Encode(id.LiveEntry, e.ID), id.Encode(id.Article, e.ArticleID), e.Title, e.HTML, e.PublishedAt, e.IsKey, e.IsPinned})
		})
	})
}

// correctionJSON says what was wrong with an article.
type correctionJSON struct {
	ArticleID string    `json:"articleId"`
	Note      string    `json:"note"`
	IssuedAt  time.Time `json:"issuedAt"`
}

func (w *siteExport) corrections(ctx context.Context) error {
	return w.lines("corrections", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Correction, error) {
			return w.DB.Ent(ctx).Correction.Query().Where(correction.IDGT(after)).Order(ent.Asc(correction.FieldID)).Limit(batch).All(ctx)
		}, func(c *ent.Correction) int { return c.ID }, func(c *ent.Correction) error {
			return put(correctionJSON{id.Encode(id.Article, c.ArticleID), c.Note, c.IssuedAt})
		})
	})
}

// pageJSON is a static page.
type pageJSON struct {
	ID          string      `json:"id"`
	Title       string      `json:"title"`
	Path        string      `json:"path"`
	ParentID    string      `json:"parentId,omitempty"`
	Position    int         `json:"position"`
	Language    string      `json:"language"`
	PublishedAt *time.Time  `json:"publishedAt,omitempty"`
	UpdatedAt   *time.Time  `json:"updatedAt,omitempty"`
	HTML        string      `json:"html"`
	SEO         *schema.SEO `json:"seo,omitempty"`
}

func (w *siteExport) pages(ctx context.Context) error {
	return w.lines("pages", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Page, error) {
			return w.DB.Ent(ctx).Page.Query().Where(page.IDGT(after)).Order(ent.Asc(page.FieldID)).Limit(batch).All(ctx)
		}, func(p *ent.Page) int { return p.ID }, func(p *ent.Page) error {
			return put(pageJSON{id.Encode(id.Page, p.ID), p.Title, permalink.Path(permalink.Page, p.Path), id.EncodeSet(id.Page, p.ParentID), p.Position, p.Language, p.PublishedAt, p.UpdatedAt, p.HTML, p.Seo})
		})
	})
}

// termJSON is a section, tag, place, author or series. Articles name them by their paths.
type termJSON struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Path        string        `json:"path"`
	ParentID    string        `json:"parentId,omitempty"`
	Scheme      string        `json:"scheme,omitempty"`
	Kind        string        `json:"kind,omitempty"`
	CountryCode string        `json:"countryCode,omitempty"`
	Latitude    *float64      `json:"latitude,omitempty"`
	Longitude   *float64      `json:"longitude,omitempty"`
	Description string        `json:"description,omitempty"`
	Picture     string        `json:"picture,omitempty"`
	Labels      schema.Labels `json:"labels,omitempty"` // in other languages
}

// list writes a file of what the directory has.
func list[T any](w *siteExport, what string, all []T, term func(T) termJSON) error {
	return w.lines(what, func(put func(any) error) error {
		for _, x := range all {
			if err := put(term(x)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *siteExport) sections(context.Context) error {
	return list(w, "sections", w.dir.Categories.All, func(c *ent.Category) termJSON {
		return termJSON{ID: id.Encode(id.Category, c.ID), Name: c.Name, Path: permalink.Path(permalink.Category, c.Slug), ParentID: id.EncodeSet(id.Category, c.ParentID), Description: c.Description, Labels: c.Labels}
	})
}

func (w *siteExport) authors(context.Context) error {
	return list(w, "authors", w.dir.Authors.All, func(a *ent.Author) termJSON {
		return termJSON{ID: id.Encode(id.Author, a.ID), Name: a.Name, Path: permalink.Path(permalink.Author, a.Slug), Kind: string(a.Kind), Description: a.Bio, Picture: id.EncodeSet(id.Media, a.AvatarID), Labels: a.Labels}
	})
}

func (w *siteExport) places(context.Context) error {
	return list(w, "places", w.dir.Places.All, func(p *ent.Place) termJSON {
		return termJSON{ID: id.Encode(id.Place, p.ID), Name: p.Name, Path: permalink.Path(permalink.Place, p.Slug), Kind: string(p.Kind), CountryCode: p.CountryCode, Latitude: p.Latitude, Longitude: p.Longitude, Labels: p.Labels}
	})
}

func (w *siteExport) series(context.Context) error {
	return list(w, "series", w.dir.Series.All, func(x *ent.Series) termJSON {
		return termJSON{ID: id.Encode(id.Series, x.ID), Name: x.Name, Path: permalink.Path(permalink.Series, x.Slug), Description: x.Description, Labels: x.Labels}
	})
}

// tagsSQL gives the tags that readers see: others tell what hidden articles are about.
var tagsSQL = store.ReadBoth(`SELECT t.id FROM tags t WHERE t.id > $1 AND visible_tag(t) ORDER BY t.id LIMIT $2`)

func (w *siteExport) tags(ctx context.Context) error {
	return w.lines("tags", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Tag, error) {
			keys, err := store.Collect(ctx, w.DB, tagsSQL, store.ScanInt, after, batch)
			if err != nil || len(keys) == 0 {
				return nil, err
			}
			return w.DB.Ent(ctx).Tag.Query().Where(tag.IDIn(keys...)).Order(ent.Asc(tag.FieldID)).All(ctx)
		}, func(t *ent.Tag) int { return t.ID }, func(t *ent.Tag) error {
			return put(termJSON{ID: id.Encode(id.Tag, t.ID), Name: t.Name, Path: permalink.Path(permalink.Tag, t.Slug), Scheme: t.Scheme, Description: t.Description, Labels: t.Labels})
		})
	})
}

// commentJSON is a comment as readers see it: nothing about who wrote it but a name.
type commentJSON struct {
	ID        string     `json:"id"`
	ArticleID string     `json:"articleId"`
	ParentID  string     `json:"parentId,omitempty"`
	Author    string     `json:"author"`
	Body      string     `json:"body"`
	CreatedAt time.Time  `json:"createdAt"`
	EditedAt  *time.Time `json:"editedAt,omitempty"`
}

// remarker is the name below a comment, that of a removed account in the language of the
// site.
func (w *siteExport) remarker(c *ent.Comment) string {
	name := comment.AuthorName(c)
	if c.UserID == nil && readername.IsDeleted(name) {
		return readername.Deleted(w.dir.Site.Language)
	}
	return name
}

func (w *siteExport) comments(ctx context.Context) error {
	return w.lines("comments", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Comment, error) {
			return w.DB.Ent(ctx).Comment.Query().Where(entcomment.IDGT(after), entcomment.StatusEQ(entcomment.StatusApproved), entcomment.RemovedAtIsNil(), entcomment.KindEQ(entcomment.KindComment)).WithUser().Order(ent.Asc(entcomment.FieldID)).Limit(batch).All(ctx)
		}, func(c *ent.Comment) int { return c.ID }, func(c *ent.Comment) error {
			return put(commentJSON{id.Encode(id.Comment, c.ID), id.Encode(id.Article, c.ArticleID), id.EncodeSet(id.Comment, c.ParentID), w.remarker(c), c.Body, c.PostedAt, c.EditedAt})
		})
	})
}

// menuJSON is a menu; its items are in their order, each with the place of the one above.
type menuJSON struct {
	Location string         `json:"location"`
	Language string         `json:"language,omitempty"`
	Name     string         `json:"name,omitempty"`
	Items    []menuItemJSON `json:"items"`
}

type menuItemJSON struct {
	Label  string        `json:"label,omitempty"` // empty: the name of what it leads to
	Labels schema.Labels `json:"labels,omitempty"`
	To     string        `json:"to,omitempty"` // path on the site or address
	Below  *int          `json:"below,omitempty"`
}

func (w *siteExport) menus(ctx context.Context) error {
	return w.lines("menus", func(put func(any) error) error {
		rows, err := w.DB.Ent(ctx).Menu.Query().WithItems().Order(ent.Asc("id")).All(ctx)
		if err != nil {
			return fmt.Errorf("read menus: %w", err)
		}
		for _, m := range rows {
			out := menuJSON{Location: m.Location, Language: m.Language, Name: m.Name, Items: []menuItemJSON{}}
			var articles []int
			for _, it := range m.Edges.Items {
				if it.TargetType == menuitem.TargetTypeArticle && it.TargetID != nil {
					articles = append(articles, *it.TargetID)
				}
			}
			if err := w.findSlugs(ctx, articles); err != nil {
				return err
			}
			at := map[int]int{}
			for _, it := range inOrder(m.Edges.Items) {
				to, shown, err := w.target(ctx, string(it.TargetType), it.TargetID, it.Address)
				if err != nil {
					return err
				}
				if !shown {
					continue
				}
				item := menuItemJSON{Label: it.Label, Labels: it.Labels, To: to}
				if it.ParentID != nil {
					if i, ok := at[*it.ParentID]; ok {
						item.Below = &i
					}
				}
				at[it.ID] = len(out.Items)
				out.Items = append(out.Items, item)
			}
			if err := put(out); err != nil {
				return err
			}
		}
		return nil
	})
}

// findSlugs reads the slugs of articles that links lead to.
func (w *siteExport) findSlugs(ctx context.Context, articles []int) error {
	rows, err := w.DB.Ent(ctx).Article.Query().Where(article.IDIn(articles...)).Select(article.FieldSlug).All(ctx)
	if err != nil {
		return fmt.Errorf("read where links lead: %w", err)
	}
	w.slugs = make(map[int]string, len(rows))
	for _, a := range rows {
		w.slugs[a.ID] = a.Slug
	}
	return nil
}

// target is where a menu item or redirect leads, to an article where findSlugs has found
// it; not shown when readers do not see what is there.
func (w *siteExport) target(ctx context.Context, kind string, key *int, address string) (to string, shown bool, err error) {
	if key == nil {
		return address, true, nil
	}
	switch of := menuitem.TargetType(kind); of {
	case menuitem.TargetTypeArticle:
		if slug, found := w.slugs[*key]; found {
			to = permalink.Path(permalink.Article, slug)
		}
	case menuitem.TargetTypeTag:
		found, err := w.Terms.TagsByIDs(ctx, []int{*key})
		if err != nil || found[*key] == nil {
			return "", false, err
		}
		to = permalink.Path(permalink.Tag, found[*key].Slug)
	default:
		to = w.dir.PathOf(of, *key)
	}
	return to, to != "", nil
}

// redirectJSON is an old path.
type redirectJSON struct {
	Path   string `json:"path"`
	To     string `json:"to,omitempty"` // empty: gone for good
	Status int    `json:"status"`
}

func (w *siteExport) redirects(ctx context.Context) error {
	return w.lines("redirects", func(put func(any) error) error {
		return each(func(after int) ([]*ent.Redirect, error) {
			rows, err := w.DB.Ent(ctx).Redirect.Query().Where(redirect.IDGT(after)).Order(ent.Asc(redirect.FieldID)).Limit(batch).All(ctx)
			if err != nil {
				return nil, err
			}
			var articles []int
			for _, r := range rows {
				if r.TargetType == redirect.TargetTypeArticle && r.TargetID != nil {
					articles = append(articles, *r.TargetID)
				}
			}
			return rows, w.findSlugs(ctx, articles)
		}, func(r *ent.Redirect) int { return r.ID }, func(r *ent.Redirect) error {
			to, shown, err := w.target(ctx, string(r.TargetType), r.TargetID, r.Address)
			if err != nil || !shown {
				return err
			}
			return put(redirectJSON{r.Path, to, r.StatusCode})
		})
	})
}
