package loader

import (
	"context"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/graph/relay"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/id"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/newsroom"
)

type (
	recordRow     = newsroom.Record
	memberRow     = newsroom.Member
	lockRow       = ent.ArticleLock
	noteRow       = ent.ArticleNote
	withdrawalRow = ent.Withdrawal
	tokenRow      = ent.PreviewToken
	autosaveRow   = newsroom.Autosave
	draftRow      = content.Draft
	pickRow       = ent.Pick
	revisionRow   = ent.Revision
)

// Member is a member of the newsroom in a response.
type Member struct {
	*memberRow
	place[newsroom.Member]
}

// Members are the door for members of the newsroom.
var Members = &Kind[newsroom.Member, Member]{id.User, func(m *newsroom.Member) int { return m.ID },
	func(m *newsroom.Member, p place[newsroom.Member]) Member { return Member{m, p} }, membersByIDs}

// PublicID is the member's id in the API.
func (m *Member) PublicID() string { return m.memberRow.PublicID() }

func membersByIDs(ctx context.Context, r *Response, keys []int) (map[int]*newsroom.Member, error) {
	return r.Newsroom.Members(ctx, keys)
}

func notesByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.ArticleNote, error) {
	return r.Newsroom.NotesByIDs(ctx, keys)
}

func tokensByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.PreviewToken, error) {
	return r.Newsroom.PreviewsByIDs(ctx, keys)
}

func revisionsByIDs(ctx context.Context, r *Response, keys []int) (map[int]*ent.Revision, error) {
	return r.Newsroom.RevisionsByIDs(ctx, keys)
}

// people is a field with all members whom a row names, by one statement for all
// of its cohort.
func people[T any](named func(*T) []*int) *field[T, none, []*Member] {
	return &field[T, none, []*Member]{func(ctx context.Context, c *cohort[T], _ none) ([][]*Member, error) {
		var wanted []*int
		for _, row := range c.rows {
			wanted = append(wanted, named(row)...)
		}
		members, err := Members.follow(ctx, c.response, wanted)
		if err != nil {
			return nil, err
		}
		lists := make([][]*Member, len(c.rows))
		for i, row := range c.rows {
			n := len(named(row))
			lists[i], members = members[:n], members[n:]
		}
		return lists, nil
	}}
}

// person gives the member whom a row names at a place of its list of people.
func person[T any](ctx context.Context, p place[T], f *field[T, none, []*Member], n int) (*Member, error) {
	named, err := get(ctx, p, f, none{})
	if err != nil {
		return nil, err
	}
	return named[n], nil
}

// Record is what the newsroom keeps about an article, in a response.
type Record struct {
	*recordRow
	place[newsroom.Record]
}

// records are the door for records, which are part of their articles.
var records = &Kind[newsroom.Record, Record]{"", func(r *newsroom.Record) int { return r.Article.ID },
	func(r *newsroom.Record, p place[newsroom.Record]) Record { return Record{r, p} }, nil}

var articleRecord = &field[ent.Article, none, *Record]{func(ctx context.Context, c *cohort[ent.Article], _ none) ([]*Record, error) {
	found, err := c.response.Newsroom.Records(ctx, c.keys)
	if err != nil {
		return nil, err
	}
	return records.enter(c.response, align(c.keys, found)), nil
}}

// Stored is the row as services know it.
func (r *Record) Stored() *newsroom.Record { return r.recordRow }

var (
	recordPeople = people(func(r *newsroom.Record) []*int { return []*int{r.CreatedBy, r.Assignee} })
	recordLock   = part(Locks, func(ctx context.Context, c *cohort[newsroom.Record]) (map[int]*ent.ArticleLock, error) {
		return c.response.Newsroom.Locks(ctx, c.keys)
	})
	recordAutosave = part(Autosaves, func(ctx context.Context, c *cohort[newsroom.Record]) (map[int]*newsroom.Autosave, error) {
		return c.response.Newsroom.Autosaves(ctx, c.rows)
	})
	recordWithdrawal = part(withdrawals, func(ctx context.Context, c *cohort[newsroom.Record]) (map[int]*ent.Withdrawal, error) {
		return c.response.Newsroom.Withdrawals(ctx, c.keys)
	})
	recordNotes = listed(records, "notes", Notes, func(ctx context.Context, c *cohort[newsroom.Record]) (map[int][]*ent.ArticleNote, error) {
		return c.response.Newsroom.Notes(ctx, c.keys)
	})
	recordTokens = listed(records, "previewTokens", PreviewTokens, func(ctx context.Context, c *cohort[newsroom.Record]) (map[int][]*ent.PreviewToken, error) {
		return c.response.Newsroom.Previews(ctx, c.keys)
	})
	recordRevisions = &field[newsroom.Record, window, relay.Rows[*Revision]]{func(ctx context.Context, c *cohort[newsroom.Record], args window) ([]relay.Rows[*Revision], error) {
		w := args.keyset()
		found, err := c.response.Newsroom.Revisions(ctx, c.keys, relay.Probe(w))
		return pages(c, records, "revisions", "", Revisions, w, found, err)
	}}
	recordRevisionCount = &field[newsroom.Record, int, int]{func(ctx context.Context, c *cohort[newsroom.Record], limit int) ([]int, error) {
		found, err := c.response.Newsroom.CountRevisions(ctx, c.keys, limit)
		return align(c.keys, found), err
	}}
	recordChecks = &field[newsroom.Record, none, []newsroom.FailedCheck]{func(ctx context.Context, c *cohort[newsroom.Record], _ none) ([][]newsroom.FailedCheck, error) {
		found, err := c.response.Newsroom.PublishChecks(ctx, c.rows)
		return align(c.keys, found), err
	}}
	recordRevision = &field[newsroom.Record, int, *Revision]{func(ctx context.Context, c *cohort[newsroom.Record], number int) ([]*Revision, error) {
		found, err := c.response.Newsroom.RevisionsNumbered(ctx, c.keys, number)
		if err != nil {
			return nil, err
		}
		return Revisions.enter(c.response, align(c.keys, found[number])), nil
	}}
	recordDiff = &field[newsroom.Record, [2]int, newsroom.Compared]{func(ctx context.Context, c *cohort[newsroom.Record], sides [2]int) ([]newsroom.Compared, error) {
		found, err := c.response.Newsroom.Diffs(ctx, c.keys, sides[0], sides[1])
		return align(c.keys, found), err
	}}
)

// part is a field that is at most one row, found by the key of its owner.
func part[T, E, R any](k *Kind[E, R], load func(ctx context.Context, c *cohort[T]) (map[int]*E, error)) *field[T, none, *R] {
	return &field[T, none, *R]{func(ctx context.Context, c *cohort[T], _ none) ([]*R, error) {
		found, err := load(ctx, c)
		if err != nil {
			return nil, err
		}
		return k.enter(c.response, align(c.keys, found)), nil
	}}
}

// CreatedBy is the field of the same name.
func (r *Record) CreatedBy(ctx context.Context) (*Member, error) {
	return person(ctx, r.place, recordPeople, 0)
}

// Assignee is the field of the same name.
func (r *Record) Assignee(ctx context.Context) (*Member, error) {
	return person(ctx, r.place, recordPeople, 1)
}

// Lock is the field of the same name.
func (r *Record) Lock(ctx context.Context) (*Lock, error) {
	return get(ctx, r.place, recordLock, none{})
}

// Autosave is the field of the same name.
func (r *Record) Autosave(ctx context.Context) (*Autosave, error) {
	return get(ctx, r.place, recordAutosave, none{})
}

// Withdrawal is the field of the same name.
func (r *Record) Withdrawal(ctx context.Context) (*Withdrawal, error) {
	return get(ctx, r.place, recordWithdrawal, none{})
}

// Notes is the field of the same name.
func (r *Record) Notes(ctx context.Context, first *int32, after *string) ([]*Note, error) {
	return relay.Paged[*Note](first, after)(get(ctx, r.place, recordNotes, none{}))
}

// PreviewTokens is the field of the same name.
func (r *Record) PreviewTokens(ctx context.Context, first *int32, after *string) ([]*PreviewToken, error) {
	return relay.Paged[*PreviewToken](first, after)(get(ctx, r.place, recordTokens, none{}))
}

// RevisionPage is a page of the revisions, newest first.
func (r *Record) RevisionPage(ctx context.Context, w keyset.Window) (relay.Rows[*Revision], error) {
	return get(ctx, r.place, recordRevisions, windowOf(w))
}

// CountRevisions counts the revisions up to a limit.
func (r *Record) CountRevisions(ctx context.Context, limit int) (int, error) {
	return get(ctx, r.place, recordRevisionCount, limit)
}

// PublishChecks is the field of the same name.
func (r *Record) PublishChecks(ctx context.Context) ([]newsroom.FailedCheck, error) {
	return get(ctx, r.place, recordChecks, none{})
}

// Revision is the field of the same name.
func (r *Record) Revision(ctx context.Context, number int32) (*Revision, error) {
	return get(ctx, r.place, recordRevision, int(number))
}

// Diff is the field of the same name.
func (r *Record) Diff(ctx context.Context, from, to int32) (*newsroom.Diff, error) {
	compared, err := get(ctx, r.place, recordDiff, [2]int{int(from), int(to)})
	if err != nil {
		return nil, err
	}
	return compared.Diff, compared.Err
}

// Lock is a lock of an article in a response.
type Lock struct {
	*lockRow
	place[ent.ArticleLock]
}

// Locks are the door for locks.
var Locks = &Kind[ent.ArticleLock, Lock]{"", func(l *ent.ArticleLock) int { return l.ID },
	func(l *ent.ArticleLock, p place[ent.ArticleLock]) Lock { return Lock{l, p} }, nil}

var lockPeople = people(func(l *ent.ArticleLock) []*int { return []*int{&l.UserID} })

// Holder is the field of the same name.
func (l *Lock) Holder(ctx context.Context) (*Member, error) {
	return person(ctx, l.place, lockPeople, 0)
}

// Note is a remark about an article in a response.
type Note struct {
	*noteRow
	place[ent.ArticleNote]
}

// Notes are the door for remarks.
var Notes = &Kind[ent.ArticleNote, Note]{id.ArticleNote, func(n *ent.ArticleNote) int { return n.ID },
	func(n *ent.ArticleNote, p place[ent.ArticleNote]) Note { return Note{n, p} }, notesByIDs}

var notePeople = people(func(n *ent.ArticleNote) []*int { return []*int{n.UserID, n.ResolvedBy} })

// Author is the field of the same name.
func (n *Note) Author(ctx context.Context) (*Member, error) {
	return person(ctx, n.place, notePeople, 0)
}

// ResolvedBy is the field of the same name.
func (n *Note) ResolvedBy(ctx context.Context) (*Member, error) {
	return person(ctx, n.place, notePeople, 1)
}

// Withdrawal is why an article was withdrawn, in a response.
type Withdrawal struct {
	*withdrawalRow
	place[ent.Withdrawal]
}

var withdrawals = &Kind[ent.Withdrawal, Withdrawal]{"", func(w *ent.Withdrawal) int { return w.ID },
	func(w *ent.Withdrawal, p place[ent.Withdrawal]) Withdrawal { return Withdrawal{w, p} }, nil}

var withdrawalPeople = people(func(w *ent.Withdrawal) []*int { return []*int{w.UserID} })

// By is the field of the same name.
func (w *Withdrawal) By(ctx context.Context) (*Member, error) {
	return person(ctx, w.place, withdrawalPeople, 0)
}

// PreviewToken is a preview token in a response.
type PreviewToken struct {
	*tokenRow
	place[ent.PreviewToken]
}

// PreviewTokens are the door for preview tokens.
var PreviewTokens = &Kind[ent.PreviewToken, PreviewToken]{id.PreviewToken, func(t *ent.PreviewToken) int { return t.ID },
	func(t *ent.PreviewToken, p place[ent.PreviewToken]) PreviewToken { return PreviewToken{t, p} }, tokensByIDs}

var tokenPeople = people(func(t *ent.PreviewToken) []*int { return []*int{t.UserID} })

// CreatedBy is the field of the same name.
func (t *PreviewToken) CreatedBy(ctx context.Context) (*Member, error) {
	return person(ctx, t.place, tokenPeople, 0)
}

// Autosave is what somebody has typed, in a response.
type Autosave struct {
	*autosaveRow
	place[newsroom.Autosave]
}

// Autosaves are the door for autosaves.
var Autosaves = &Kind[newsroom.Autosave, Autosave]{"", nil,
	func(a *newsroom.Autosave, p place[newsroom.Autosave]) Autosave { return Autosave{a, p} }, nil}

var autosaveContent = part(contents, func(_ context.Context, c *cohort[newsroom.Autosave]) (map[int]*content.Draft, error) {
	found := make(map[int]*content.Draft, len(c.rows))
	for i, row := range c.rows {
		found[c.keys[i]] = row.Draft
	}
	return found, nil
})

// Content is the field of the same name.
func (a *Autosave) Content(ctx context.Context) (*Content, error) {
	return get(ctx, a.place, autosaveContent, none{})
}

// Content is an article as it was or as it is being typed, in a response.
type Content struct {
	*draftRow
	place[content.Draft]
}

// contents have no keys: an article has many.
var contents = &Kind[content.Draft, Content]{"", nil, func(d *content.Draft, p place[content.Draft]) Content { return Content{d, p} }, nil}

// Stored is the article as services know it.
func (c *Content) Stored() *content.Draft { return c.draftRow }

var (
	contentCategory = reference(Categories, func(d *content.Draft) *int { return d.PrimaryCategory })
	contentAuthors  = &field[content.Draft, none, []*Author]{func(ctx context.Context, c *cohort[content.Draft], _ none) ([][]*Author, error) {
		lists := make([][]int, len(c.rows))
		for i, d := range c.rows {
			lists[i] = d.Authors
		}
		return Authors.pick(ctx, c.response, lists)
	}}
)

// PrimaryCategory is the field of the same name.
func (c *Content) PrimaryCategory(ctx context.Context) (*Category, error) {
	return get(ctx, c.place, contentCategory, none{})
}

// Authors is the field of the same name.
func (c *Content) Authors(ctx context.Context) ([]*Author, error) {
	return get(ctx, c.place, contentAuthors, none{})
}

// Pick is an editor's pick in a response.
type Pick struct {
	*pickRow
	place[ent.Pick]
}

// Picks are the door for editors' picks.
var Picks = &Kind[ent.Pick, Pick]{"", func(p *ent.Pick) int { return p.ID }, func(p *ent.Pick, at place[ent.Pick]) Pick { return Pick{p, at} }, nil}

var pickArticle = reference(Articles, func(p *ent.Pick) *int { return &p.ArticleID })

// Article is the field of the same name.
func (p *Pick) Article(ctx context.Context) (*Article, error) {
	return get(ctx, p.place, pickArticle, none{})
}

// Revision is a revision in a response.
type Revision struct {
	*revisionRow
	place[ent.Revision]
}

// Revisions are the door for revisions.
var Revisions = &Kind[ent.Revision, Revision]{id.Revision, func(r *ent.Revision) int { return r.ID },
	func(r *ent.Revision, p place[ent.Revision]) Revision { return Revision{r, p} }, revisionsByIDs}

// Stored is the row as services know it.
func (r *Revision) Stored() *ent.Revision { return r.revisionRow }

var (
	revisionPeople  = people(func(r *ent.Revision) []*int { return []*int{r.UserID} })
	revisionContent = part(contents, func(ctx context.Context, c *cohort[ent.Revision]) (map[int]*content.Draft, error) {
		return c.response.Newsroom.Snapshots(ctx, c.keys)
	})
)

// Author is the field of the same name.
func (r *Revision) Author(ctx context.Context) (*Member, error) {
	return person(ctx, r.place, revisionPeople, 0)
}

// Content is the field of the same name.
func (r *Revision) Content(ctx context.Context) (*Content, error) {
	return get(ctx, r.place, revisionContent, none{})
}
