package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/ent/comment"
	"github.com/broadsheet-cms/broadsheet/ent/media"
	"github.com/broadsheet-cms/broadsheet/ent/page"
	"github.com/broadsheet-cms/broadsheet/ent/schema"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/richtext"
	"github.com/broadsheet-cms/broadsheet/internal/wxr"
)

// Verification tells how the database and an export differ.
type Verification struct {
	Files   []string     `json:"files"`
	Items   []Comparison `json:"items"` // by type and status
	Remarks []Comparison `json:"comments"`
	Lines   []Difference `json:"differences"`
	Omitted int          `json:"omitted,omitempty"` // differences beyond the bound
	Fatal   *Line        `json:"fatal,omitempty"`
	Seconds float64      `json:"seconds"`
}

// Comparison counts the things of one type and status.
type Comparison struct {
	Type      string `json:"type"`
	Status    string `json:"status"`
	Read      int    `json:"read"`
	Same      int    `json:"same"`
	Different int    `json:"different"`
	Missing   int    `json:"missing"`
	Edited    int    `json:"edited"` // changed here since they were imported: not compared
	LeftOut   int    `json:"leftOut"`
}

// Difference is one field of one thing that is not as in the export.
type Difference struct {
	Index int    `json:"index"`
	Line  int    `json:"line"`
	URI   string `json:"uri"`
	Field string `json:"field"`
	There string `json:"there"` // in the export
	Here  string `json:"here"`
}

// Equal reports whether nothing differs and nothing is missing.
func (v *Verification) Equal() bool {
	for _, c := range slices.Concat(v.Items, v.Remarks) {
		if c.Different+c.Missing > 0 {
			return false
		}
	}
	return v.Fatal == nil
}

// VerifyWXR compares the database with the export of a WordPress site, item by
// item and field by field. It changes nothing.
func VerifyWXR(ctx context.Context, s WXRServices, files []WXRFile, opts WXROptions) (*Verification, error) {
	start := time.Now()
	v := &verifier{wxrImport: newWXRImport(s, files, WXROptions{DryRun: true, Limits: opts.Limits, Shortcodes: opts.Shortcodes, Types: opts.Types}), out: &Verification{}}
	v.out.Files = v.report.Files
	v.onFiles = v.files
	// Authors and terms that are missing are made and taken back: what refers
	// to them then differs.
	err := s.DB.Tx(access.AsSystem(ctx), func(ctx context.Context) error {
		snapshot, err := v.Directory.Current(ctx)
		if err != nil {
			return fmt.Errorf("read the settings: %w", err)
		}
		v.language = snapshot.Site.Language
		if err := v.survey(ctx); err != nil {
			return err
		}
		v.mute = true
		if err := v.posts(ctx); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	v.out.Fatal = v.report.Fatal
	order := func(a, b Comparison) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Status, b.Status)) }
	slices.SortFunc(v.out.Items, order)
	slices.SortFunc(v.out.Remarks, order)
	v.out.Seconds = time.Since(start).Round(time.Millisecond).Seconds()
	return v.out, err
}

type verifier struct {
	*wxrImport
	out *Verification
}

func comparison(list *[]Comparison, kind, status string) *Comparison {
	kind, status = shorten(kind, 60), shorten(status, 60)
	for i := range *list {
		if (*list)[i].Type == kind && (*list)[i].Status == status || i >= maxNames {
			return &(*list)[i]
		}
	}
	*list = append(*list, Comparison{Type: kind, Status: status})
	return &(*list)[len(*list)-1]
}

// differences collects the fields of one thing.
type differences struct {
	v   *verifier
	at  position
	uri string
	n   int
}

func (d *differences) check(field string, there, here any) {
	a, b := fmt.Sprint(there), fmt.Sprint(here)
	if a == b {
		return
	}
	d.n++
	if len(d.v.out.Lines) >= maxLines {
		d.v.out.Omitted++
		return
	}
	d.v.out.Lines = append(d.v.out.Lines, Difference{d.at.index, d.at.line, d.uri, field, shorten(a, 200), shorten(b, 200)})
}

// at writes a moment, "none" for none.
func at(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.RFC3339)
}

// files compares attachments.
func (v *verifier) files(ctx context.Context, files []*oldFile) error {
	var uris []string
	for _, f := range files {
		uris = append(uris, f.uri)
	}
	rows, err := v.DB.Ent(ctx).Media.Query().Where(media.SourceURIIn(uris...)).All(ctx)
	if err != nil {
		return fmt.Errorf("look for media: %w", err)
	}
	have := make(map[string]*ent.Media, len(rows))
	for _, m := range rows {
		have[*m.SourceURI] = m
	}
	for _, f := range files {
		if f.Kind != media.KindImage {
			f.site.kinds[f.number], f.site.titles[f.number] = f.Kind, f.title
		}
		row := comparison(&v.out.Items, "attachment", f.status)
		row.Read++
		m := have[f.uri]
		d := &differences{v: v, at: f.at, uri: f.uri}
		switch {
		case f.refusal != nil:
			row.LeftOut++
			continue
		case m == nil:
			row.Missing++
			d.check("item", "there", "missing")
			continue
		}
		if f.link != "" {
			f.site.addresses[f.site.fileKey(f.link)] = m.ID
		}
		d.check("address", f.URL, m.SourceURL)
		d.check("caption", f.Caption, m.Caption)
		if f.Credit != "" {
			d.check("credit", f.Credit, m.Credit)
		}
		if f.Alt != "" {
			d.check("alt", f.Alt, m.Alt)
		}
		row.take(d)
	}
	return nil
}

func (c *Comparison) take(d *differences) {
	if d.n > 0 {
		c.Different++
	} else {
		c.Same++
	}
}

// posts compares posts, pages and comments.
func (v *verifier) posts(ctx context.Context) error {
	return v.read(ctx, func(s *oldSite, rec wxr.Record) error {
		if rec.Item == nil {
			return nil
		}
		p := v.newPost(s, rec.Item)
		if p == nil {
			return nil
		}
		return v.post(ctx, p)
	}, func(*wxr.ItemError) error {
		row := comparison(&v.out.Items, "damaged", "")
		row.Read++
		row.LeftOut++
		return nil
	})
}

func (v *verifier) post(ctx context.Context, p *post) error {
	row := comparison(&v.out.Items, p.kind, p.status)
	if p.part == 0 {
		row.Read++
	}
	d := &differences{v: v, at: p.at, uri: p.uri}
	switch {
	case p.refusal != nil || p.leave:
		if p.part == 0 {
			row.LeftOut++
		}
		return nil
	case p.isEntry:
		row.LeftOut++ // entries of live blogs are not compared
		return nil
	case p.page != nil:
		return v.page(ctx, p, row, d)
	}
	a, err := v.DB.Ent(ctx).Article.Query().Where(article.SourceURI(p.uri)).WithDetail().WithTags().WithCategories().
		WithBylines(func(q *ent.BylineQuery) { q.Order(ent.Asc("position")) }).Only(ctx)
	if ent.IsNotFound(err) {
		if p.part == 0 {
			row.Missing++
			d.check("item", "there", "missing")
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", p.uri, err)
	}
	if err := v.comments(ctx, p); err != nil || p.part > 0 {
		return err
	}
	if a.EditedAt != nil {
		row.Edited++
		return nil
	}
	if err := v.ensureRefs(ctx, p.site, p.terms); err != nil {
		return err
	}
	if err := v.connect(ctx, p, p.draft); err != nil {
		return err
	}
	compareArticle(d, p.draft, a)
	row.take(d)
	return nil
}

func compareArticle(d *differences, want *content.Draft, a *ent.Article) {
	d.check("title", want.Title, a.Title)
	d.check("subtitle", want.Subtitle, a.Subtitle)
	d.check("kind", cmp.Or(want.Kind, article.DefaultKind), a.Kind)
	d.check("status", want.Status, a.Status)
	d.check("visibility", cmp.Or(want.Visibility, article.DefaultVisibility), a.Visibility)
	d.check("in the trash", want.TrashedAt != nil, a.TrashedAt != nil)
	d.check("language", want.Language, a.Language)
	d.check("comments", cmp.Or(want.CommentPolicy, article.DefaultCommentPolicy), a.CommentPolicy)
	d.check("scheduled", at(want.ScheduledAt), at(a.ScheduledAt))
	if want.PublishedAt != nil {
		d.check("published", at(want.PublishedAt), at(a.PublishedAt))
	}
	if want.Slug != "" && !strings.HasPrefix(a.Slug, want.Slug+"-") { // numbered where it was taken
		d.check("slug", want.Slug, a.Slug)
	}
	if want.Excerpt != "" {
		d.check("excerpt", want.Excerpt, a.Excerpt)
	}
	d.check("picture", keyOf(want.FeaturedMedia), keyOf(a.FeaturedMediaID))
	d.check("section", keyOf(want.PrimaryCategory), keyOf(a.PrimaryCategoryID))
	var sections, tags, authors []int
	for _, c := range a.Edges.Categories {
		sections = append(sections, c.ID)
	}
	for _, g := range a.Edges.Tags {
		tags = append(tags, g.ID)
	}
	for _, b := range a.Edges.Bylines {
		authors = append(authors, b.AuthorID)
	}
	d.check("sections", sorted(want.Categories), sorted(sections))
	d.check("tags", sorted(want.Tags), sorted(tags))
	d.check("authors", once(want.Authors), once(authors))
	detail := a.Edges.Detail
	if detail == nil {
		d.check("body", "there", "missing")
		return
	}
	d.check("body", ownWords(want.Body), ownWords(detail.Blocks))
	d.check("seo", seoText(want.SEO), seoText(detail.Seo))
}

func keyOf(key *int) int {
	if key == nil {
		return 0
	}
	return *key
}

func sorted(keys []int) []int {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func once(keys []int) []int {
	var all []int
	for _, k := range keys {
		if !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return all
}

func seoText(s *schema.SEO) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%+v", *s)
}

// ownWords is the text of a body without what the files in it lend.
func ownWords(body []richtext.Block) string {
	body = slices.Clone(body)
	for i := range body {
		b := &body[i]
		if b.MediaID != "" {
			b.Caption, b.Credit = "", ""
		}
		b.Images = nil
	}
	return richtext.Text(body)
}

func (v *verifier) page(ctx context.Context, p *post, row *Comparison, d *differences) error {
	if p.part > 0 {
		return nil
	}
	g, err := v.DB.Ent(ctx).Page.Query().Where(page.SourceURI(p.uri)).WithParent().Only(ctx)
	if ent.IsNotFound(err) {
		row.Missing++
		d.check("item", "there", "missing")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", p.uri, err)
	}
	seen, err := sources(ctx, v.DB, []string{p.uri})
	if err != nil {
		return err
	}
	if seen[p.uri].version != g.Version {
		row.Edited++
		return nil
	}
	want := p.page
	d.check("title", want.Title, g.Title)
	d.check("status", want.Status, g.Status)
	d.check("visibility", want.Visibility, g.Visibility)
	d.check("in the trash", want.TrashedAt != nil, g.TrashedAt != nil)
	d.check("body", ownWords(want.Body), ownWords(g.Blocks))
	d.check("seo", seoText(want.SEO), seoText(g.Seo))
	if want.PublishedAt != nil {
		d.check("published", at(want.PublishedAt), at(g.PublishedAt))
	}
	if parent := p.parent; parent != 0 && p.site.depth(parent) >= 0 {
		here := ""
		if g.Edges.Parent != nil && g.Edges.Parent.SourceURI != nil {
			here = *g.Edges.Parent.SourceURI
		}
		if above, known := p.site.pageURIs[parent]; known && above != p.uri {
			d.check("page above", above, here)
		}
	}
	row.take(d)
	for i := range p.comments {
		c := comparison(&v.out.Remarks, kindName(&p.comments[i])+" on a page", p.comments[i].Approved)
		c.Read++
		c.LeftOut++
	}
	return nil
}

// comments compares the comments of an article, in parts.
func (v *verifier) comments(ctx context.Context, p *post) error {
	for chunk := range slices.Chunk(p.comments, 500) {
		var uris []string
		var all []*remark
		for i := range chunk {
			r, bad := newRemark(p, &chunk[i])
			row := comparison(&v.out.Remarks, kindName(r.Comment), r.status)
			row.Read++
			if bad != nil {
				row.LeftOut++
				continue
			}
			all, uris = append(all, r), append(uris, r.uri)
		}
		rows, err := v.DB.Ent(ctx).Comment.Query().Where(comment.SourceURIIn(uris...)).WithParent().All(ctx)
		if err != nil {
			return fmt.Errorf("read comments: %w", err)
		}
		have := make(map[string]*ent.Comment, len(rows))
		for _, c := range rows {
			have[*c.SourceURI] = c
		}
		for _, r := range all {
			row := comparison(&v.out.Remarks, kindName(r.Comment), r.status)
			d := &differences{v: v, at: position{p.at.index, r.Position.Line, r.Position.Offset}, uri: r.uri}
			c := have[r.uri]
			if c == nil {
				row.Missing++
				d.check("comment", "there", "missing")
				continue
			}
			d.check("status", r.draft.Status, c.Status)
			d.check("kind", r.draft.Kind, c.Kind)
			d.check("name", r.draft.GuestName, c.GuestName)
			d.check("text", r.draft.Body, c.Body)
			if above := c.Edges.Parent; above != nil && above.SourceURI != nil {
				d.check("reply to", p.commentURI(r.wanted), *above.SourceURI)
			}
			row.take(d)
		}
	}
	return nil
}

// WriteJSON writes the verification as one JSON object.
func (v *Verification) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the verification: %w", err)
	}
	return nil
}

// WriteText writes the verification for people.
func (v *Verification) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Compared %s with the database in %.1f s.\n\n", strings.Join(v.Files, ", "), v.Seconds)
	for _, table := range []struct {
		name string
		rows []Comparison
	}{{"Items", v.Items}, {"Comments", v.Remarks}} {
		if len(table.rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%-36s %7s %7s %9s %7s %7s %8s\n", table.name, "read", "same", "different", "missing", "edited", "left out")
		for _, c := range table.rows {
			fmt.Fprintf(&b, "  %-34s %7d %7d %9d %7d %7d %8d\n", strings.TrimSpace(c.Type+" "+c.Status), c.Read, c.Same, c.Different, c.Missing, c.Edited, c.LeftOut)
		}
		b.WriteByte('\n')
	}
	for _, l := range v.Lines {
		fmt.Fprintf(&b, "item %d, line %d, %s: %s is %q in the export, %q here\n", l.Index, l.Line, l.URI, l.Field, l.There, l.Here)
	}
	if v.Omitted > 0 {
		fmt.Fprintf(&b, "and %d more differences\n", v.Omitted)
	}
	if v.Fatal != nil {
		fmt.Fprintf(&b, "A file could not be read to its end:\n  %s\n", v.Fatal)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the verification: %w", err)
	}
	return nil
}
