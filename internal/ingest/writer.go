package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/ent/article"
	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/content"
	"github.com/broadsheet-cms/broadsheet/internal/fault"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// writer stores items in batches and keeps the report.
type writer struct {
	Services
	opts   Options
	run    *run
	report *Report
	batch  []*item
	bytes  int
	inHand map[string]bool // URIs of the batch
	seen   map[uint64]state
	slugs  map[uint64]bool // given in a dry run, which leaves none behind
	seed   maphash.Seed

	refusals int // of the database, one after another
}

// state is what is known of a stored article, to compare a story with.
type state struct {
	version int64 // microseconds since 1970; 0: none
	hash    uint64
}

// errRehearsed ends the transaction of a dry run.
var errRehearsed = errors.New("dry run")

func newWriter(s Services, opts Options, r *run, report *Report) *writer {
	return &writer{Services: s, opts: opts, run: r, report: report, inHand: map[string]bool{}, seen: map[uint64]state{}, slugs: map[uint64]bool{}, seed: maphash.MakeSeed()}
}

func (w *writer) key(s string) uint64 { return maphash.String(w.seed, s) }

// put adds an item and stores the batch when it is full. An item whose URI is
// in the batch waits for the next one, which then finds the first stored.
func (w *writer) put(ctx context.Context, it *item) error {
	if it.story != nil && w.inHand[it.uri] {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.batch = append(w.batch, it)
	w.bytes += it.size
	if it.story != nil {
		w.inHand[it.uri] = true
	}
	limit := w.opts.batchItems
	if limit == 0 {
		limit = maxBatchItems
	}
	if len(w.batch) >= limit || w.bytes >= maxBatchBytes {
		return w.flush(ctx)
	}
	return nil
}

// maxRefusals is how many items the database may refuse one after another
// before it is held to be the database's fault rather than theirs.
const maxRefusals = 25

// flush stores the batch; where that fails, each of its items by itself.
func (w *writer) flush(ctx context.Context) error {
	batch := w.batch
	w.batch, w.bytes = nil, 0
	clear(w.inHand)
	if len(batch) == 0 {
		return nil
	}
	err := w.attempt(ctx, batch)
	if err == nil {
		w.refusals = 0
		return nil
	}
	for _, it := range batch {
		if len(batch) > 1 || gaveUp(err) {
			err = w.attempt(ctx, []*item{it})
		}
		if err == nil {
			w.refusals = 0
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if ping := w.DB.Ping(ctx); ping != nil {
			return fmt.Errorf("the database is gone: %w", ping)
		}
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			if w.refusals++; w.refusals >= maxRefusals {
				return fmt.Errorf("the database refuses everything: %w", err)
			}
		}
		it.reject(reasonRefused, "%v", err)
		w.report = w.report.with(&result{item: it, outcome: Rejected, code: it.refusal.code, message: it.refusal.message})
	}
	return nil
}

// gaveUp reports whether the database gave up what was right, for the sake of
// somebody else.
func gaveUp(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Reason == fault.Failed
}

// attempt stores items in one transaction, all or none, with the progress.
func (w *writer) attempt(ctx context.Context, items []*item) error {
	var results []*result
	var next *Report
	err := w.DB.Tx(content.DeferRelated(access.AsSystem(ctx)), func(ctx context.Context) (err error) {
		if err := w.Content.ShareTaxonomy(ctx); err != nil {
			return err
		}
		if results, err = w.store(ctx, items); err != nil {
			return err
		}
		next = w.report.with(results...)
		if w.opts.DryRun {
			return errRehearsed
		}
		return w.run.save(ctx, items[len(items)-1].end, next, w.Content.Now(), false)
	})
	if err != nil && !errors.Is(err, errRehearsed) {
		return err
	}
	w.report = next
	for _, r := range results {
		if r.story != nil && (r.outcome == Created || r.outcome == Updated || r.code == reasonSame) && len(w.seen) < maxSeen {
			w.seen[w.key(r.uri)] = state{version: micros(r.story.VersionAt), hash: w.key(r.hash)}
		}
	}
	return nil
}

// store decides about items, writes those that are new or newer, and gives
// what became of each, in order.
func (w *writer) store(ctx context.Context, items []*item) ([]*result, error) {
	now := w.Content.Now()
	var uris []string
	for _, it := range items {
		if it.story != nil {
			uris = append(uris, it.uri)
		}
	}
	stored, err := w.stored(ctx, uris)
	if err != nil {
		return nil, err
	}
	results := make([]*result, len(items))
	var open []*result
	for i, it := range items {
		if it.story == nil {
			results[i] = &result{item: it, outcome: Rejected, code: it.refusal.code, message: it.refusal.message}
			continue
		}
		copied := *it // what the clock says is for this attempt only
		old := stored[it.uri]
		results[i] = w.decide(&copied, old, now)
		if results[i].outcome == Created || results[i].outcome == Updated {
			open = append(open, results[i])
		}
	}
	if len(open) == 0 {
		return results, nil
	}
	return results, w.save(ctx, open, stored, now)
}

func (w *writer) stored(ctx context.Context, uris []string) (map[string]*ent.Article, error) {
	if len(uris) == 0 {
		return nil, nil
	}
	rows, err := heldByURI(ctx, w.DB, w.Content, uris)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*ent.Article, len(rows))
	for _, a := range rows {
		found[*a.SourceURI] = a
	}
	return found, nil
}

// heldByURI gives the articles that were imported from URIs before, held for the
// transaction of ctx: an editor's change is either in what it gives, or made to
// what is imported now.
func heldByURI(ctx context.Context, db *store.DB, articles *content.Service, uris []string) ([]*ent.Article, error) {
	imported := db.Ent(ctx).Article.Query().Where(article.SourceURIIn(uris...))
	ids, err := imported.Clone().IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for imported articles: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if err := articles.Hold(ctx, ids); err != nil {
		return nil, err
	}
	rows, err := imported.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read imported articles: %w", err)
	}
	return rows, nil
}

// loadDrafts gives the stored drafts, by URI, of the articles among those that are
// stored and held.
func loadDrafts(ctx context.Context, articles *content.Service, stored map[string]*ent.Article, uris []string) (map[string]*content.Draft, error) {
	var ids []int
	var found []string
	for _, uri := range uris {
		if old := stored[uri]; old != nil {
			ids, found = append(ids, old.ID), append(found, uri)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	loaded, err := articles.LoadHeld(ctx, ids)
	if err != nil {
		return nil, err
	}
	drafts := make(map[string]*content.Draft, len(loaded))
	for i, l := range loaded {
		drafts[found[i]] = l.Draft
	}
	return drafts, nil
}

// farFuture is how far ahead of the clock a version may be dated. One beyond
// would keep every later version out.
const farFuture = 24 * time.Hour

// decide compares an item with what is stored.
//
// The newest version wins, and among equal ones the first: so a file that
// holds a URI twice, imported again, changes nothing. An item without a
// version replaces one without, unless both stand in the same file.
func (w *writer) decide(it *item, old *ent.Article, now time.Time) *result {
	if it.story.VersionAt.After(now.Add(farFuture)) {
		undated := *it.story
		undated.VersionAt = time.Time{}
		it.story = &undated
		it.repairs = append(it.repairs[:len(it.repairs):len(it.repairs)], fix{reasonFuture, "the version is dated in the future: taken as one without a date"})
	}
	before, duplicate := w.seen[w.key(it.uri)]
	r := &result{item: it, outcome: Unchanged, duplicate: duplicate}
	if old == nil && !(duplicate && w.opts.DryRun) {
		r.outcome = Created
		return r
	}
	same := old != nil && old.SourceHash == it.hash
	have := before
	switch {
	case w.opts.DryRun && duplicate: // the rehearsal left nothing to compare with
		same = before.hash == w.key(it.hash)
	case old != nil && old.SourceVersionAt != nil:
		have.version = micros(*old.SourceVersionAt)
	case old != nil:
		have.version = 0
	}
	version := micros(it.story.VersionAt)
	switch {
	case same:
		r.code = reasonSame
	case version == 0 && have.version == 0 && duplicate:
		r.code, r.message = reasonDuplicate, "neither of two items with this URI has a version: the first is kept"
	case version == 0 && have.version == 0, version > have.version:
		r.outcome, r.code = Updated, reasonNewer
		if version == 0 {
			r.code = ""
		}
	case version == 0:
		r.code = reasonNoVersion
	case version == have.version:
		r.code = reasonSameVersion
	default:
		r.code = reasonOlder
	}
	if duplicate && r.message == "" {
		r.message = fmt.Sprintf("an earlier item of the file has this URI; this one: %s", map[bool]string{true: "newer, it wins", false: "not newer, left out"}[r.outcome == Updated])
		r.code = reasonDuplicate
	}
	if r.outcome != Updated || old == nil {
		return r
	}
	held := ""
	if it.story.Hold != free {
		held = "; the source has it " + string(it.story.Hold) + ": look at it"
	}
	switch {
	case old.TrashedAt != nil:
		r.outcome, r.code, r.message = Kept, reasonTrashed, "was put in the trash here"+held
	case old.EditedAt != nil:
		r.outcome, r.code, r.message = Kept, reasonEdited, "was edited here on "+old.EditedAt.UTC().Format(time.RFC3339)+held
	}
	return r
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// save writes the stories of results with everything they need.
func (w *writer) save(ctx context.Context, open []*result, stored map[string]*ent.Article, now time.Time) error {
	drafts := make([]*content.Draft, len(open))
	items := make([]*item, len(open))
	uris := make([]string, len(open))
	for i, r := range open {
		uris[i] = r.uri
	}
	old, err := loadDrafts(ctx, w.Content, stored, uris)
	if err != nil {
		return err
	}
	for i, r := range open {
		d, err := settle(r.item, old[r.uri], now)
		if err != nil {
			return err
		}
		drafts[i], items[i] = d, r.item
	}
	if err := w.ensureNames(ctx, items, drafts); err != nil {
		return err
	}
	media, err := w.ensureMedia(ctx, items)
	if err != nil {
		return err
	}
	for i, it := range items {
		placeMedia(it.story, drafts[i], media)
	}
	wanted := make([]string, len(drafts))
	for i, d := range drafts {
		wanted[i] = d.Slug
	}
	saved, err := w.Content.Save(ctx, drafts...)
	if err != nil {
		return err
	}
	for i, a := range saved {
		taken := a.Slug != wanted[i]
		if w.opts.DryRun && open[i].outcome == Created {
			key := w.key(wanted[i])
			taken = taken || w.slugs[key]
			if len(w.slugs) < maxSeen {
				w.slugs[key] = true
			}
		}
		if wanted[i] != "" && taken {
			items[i].repair(reasonSlugTaken, "another article has the slug %q: numbered", wanted[i])
		}
	}
	return nil
}
