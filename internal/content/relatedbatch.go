package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/event"
	"github.com/broadsheet-cms/broadsheet/internal/job"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type deferKey struct{}

// deferral says who will find what is related.
type deferral int

const (
	notDeferred deferral = iota
	toComplete           // CompleteRelated
	toSoon               // RelateSoon
)

// DeferRelated gives a context in which Save leaves what is related to its
// articles to CompleteRelated. Until then the related articles of new ones are
// those of their section, and the others do not know of them.
func DeferRelated(ctx context.Context) context.Context {
	return context.WithValue(ctx, deferKey{}, toComplete)
}

// DeferRelatedBriefly is DeferRelated for a server that is about to call
// RelateSoon, which leaves alone what an import has put off.
func DeferRelatedBriefly(ctx context.Context) context.Context {
	return context.WithValue(ctx, deferKey{}, toSoon)
}

func deferralOf(ctx context.Context) deferral {
	d, _ := ctx.Value(deferKey{}).(deferral)
	return d
}

var (
	postponeSQL    = store.MaintainBoth(`INSERT INTO related_pending (article_id, soon) SELECT id, $2 FROM each_id($1)`)
	postponeAllSQL = store.MaintainBoth(`INSERT INTO related_pending (article_id) SELECT a.id FROM articles a WHERE public_article(a) ORDER BY a.id`)
	pendingSQL     = store.MaintainBoth(`SELECT coalesce(max(id), 0), count(*), (SELECT coalesce(sum(articles), 0) FROM related_corpora) FROM related_pending WHERE NOT soon`)
	nextPendingSQL = store.MaintainBoth(`SELECT id, article_id FROM related_pending WHERE (article_id, id) > ($1, $2) AND id <= $3 AND NOT soon ORDER BY article_id, id LIMIT $4`)
	// Rows are taken away by their keys: one with a lower key may have been
	// committed after it was looked for.
	donePendingSQL = store.MaintainBoth(`DELETE FROM related_pending WHERE id IN (SELECT id FROM each_id($1))`)

	holdSQL = store.Maintain(`SELECT a.id FROM each_id($1) CROSS JOIN LATERAL (SELECT x.id FROM articles x WHERE x.id = each_id.id FOR NO KEY UPDATE) a`, "")

	forgetCountsSQL  = store.MaintainBoth(`UPDATE terms SET count = 0 WHERE count > 0`)
	forgetCorporaSQL = store.MaintainBoth(`UPDATE related_corpora SET articles = 0`)

	corporaSQL       = store.MaintainBoth(`SELECT language FROM related_corpora ORDER BY language`)
	countProfilesSQL = store.MaintainBoth(`SELECT count(*) FROM article_profiles f WHERE f.language = $1 AND f.listed`)
	// Articles of a language in the order of publishing.
	archiveSQL = store.Maintain(`SELECT `+profileColumns+`, f.words FROM (`+archivePage+`) f
			CROSS JOIN LATERAL (SELECT * FROM articles a WHERE a.id = f.article_id OFFSET 0) a ORDER BY f.published, f.article_id`,
		`SELECT `+profileColumns+`, f.words FROM (`+archivePage+`) f CROSS JOIN articles a ON a.id = f.article_id ORDER BY f.published, f.article_id`)
)

const archivePage = `SELECT * FROM article_profiles f WHERE f.language = $1 AND f.listed AND (f.published, f.article_id) > ($2, $3)
	ORDER BY f.published, f.article_id LIMIT $4`

// Bounds on the memory and the transactions of CompleteRelated.
const (
	rankAtOnce    = 50      // articles ranked one by one in a transaction
	indexAtOnce   = 2000    // articles indexed in a transaction
	archiveWindow = 250_000 // articles of one language ranked together, some 250 MB
	storeAtOnce   = 500     // lists stored in a transaction
)

// Relate is the job that finds what is related to articles for which that was
// put off: by a merge of tags, or by an import that was interrupted.
var Relate = job.Kind[struct{}]{Name: "content.relate", Timeout: time.Hour, Concurrency: 1}

// relateAfterImport is when the job runs after an import, which by then has
// found what is related itself, unless it was interrupted.
const relateAfterImport = 15 * time.Minute

// RelateLater makes the service enqueue Relate whenever it puts off what is
// related.
func (s *Service) RelateLater(jobs *job.Runner) {
	s.jobs = jobs
	job.Register(jobs, Relate, func(ctx context.Context, _ struct{}) error { return s.CompleteRelated(ctx, nil) })
	// The first run is for what a version before this one has left to do.
	job.Periodic(jobs, Relate, struct{}{}, job.Every(24*time.Hour))
}

func (s *Service) postpone(ctx context.Context, ids []int, to deferral, at time.Time) error {
	if _, err := s.db.Exec(ctx, postponeSQL, s.db.IDs(ids), to == toSoon); err != nil {
		return fmt.Errorf("postpone what is related: %w", err)
	}
	if to == toSoon { // whoever put it off comes back to it
		return nil
	}
	if s.jobs == nil {
		return nil
	}
	return job.Enqueue(ctx, s.jobs, Relate, struct{}{}, job.Options{RunAt: at, Priority: job.Low, UniqueKey: "pending"})
}

// CompleteRelated finds what is related to articles saved with DeferRelated.
// It is for imports and seeds, which call it before they return; one that was
// interrupted is completed by the next. It works in transactions of its own, in
// bounded memory. progress, which may be nil, is told how many of all steps are
// done.
//
// Few articles are ranked one by one, as if they were published now. Where many
// came at once, their languages are ranked anew as a whole, which is faster and
// lets old articles find the new ones.
func (s *Service) CompleteRelated(ctx context.Context, progress func(done, total int)) error {
	return s.completeRelated(access.AsSystem(ctx), progress, false)
}

// RebuildRelated finds what is related to every article, with counts of terms
// made anew. Readers see the former lists until they are replaced.
func (s *Service) RebuildRelated(ctx context.Context, progress func(done, total int)) error {
	ctx = access.AsSystem(ctx)
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		for _, statement := range []*store.Statement{forgetCorporaSQL, forgetCountsSQL, postponeAllSQL} {
			if _, err := s.db.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget what is related: %w", err)
	}
	return s.completeRelated(ctx, progress, true)
}

func (s *Service) completeRelated(ctx context.Context, progress func(done, total int), anew bool) error {
	type state struct{ last, pending, archive int }
	found, err := store.Collect(ctx, s.db, pendingSQL, func(rows *sql.Rows) (st state, err error) {
		err = rows.Scan(&st.last, &st.pending, &st.archive)
		return st, err
	})
	if err != nil {
		return fmt.Errorf("look what is still to be related: %w", err)
	}
	st := found[0]
	if st.pending == 0 {
		return nil
	}
	// An archive is ranked at once some six times faster than one by one.
	atOnce := anew || st.pending > 200 && st.pending > st.archive/6
	p := &steps{tell: progress, total: st.pending}
	if atOnce {
		p.total += st.archive + st.pending
	}
	unranked, err := s.indexPending(ctx, st.last, atOnce, anew, p)
	if err != nil {
		return err
	}
	if atOnce {
		languages, err := store.Collect(ctx, s.db, corporaSQL, func(rows *sql.Rows) (l string, err error) {
			err = rows.Scan(&l)
			return l, err
		})
		if err != nil {
			return fmt.Errorf("find the languages: %w", err)
		}
		for _, l := range languages {
			if err := s.rankLanguage(ctx, l, p); err != nil {
				return fmt.Errorf("rank what is related in %q: %w", l, err)
			}
		}
	}
	for chunk := range slices.Chunk(unranked, rowsPerStatement) {
		if _, err := s.db.Exec(ctx, donePendingSQL, s.db.IDs(chunk)); err != nil {
			return fmt.Errorf("end relating: %w", err)
		}
	}
	p.total = p.done
	p.add(0)
	return nil
}

// steps tells of progress.
type steps struct {
	tell        func(done, total int)
	done, total int
}

func (p *steps) add(n int) {
	p.done += n
	if p.tell != nil {
		p.tell(p.done, max(p.total, p.done))
	}
}

// pending are articles that wait to be related, with the keys of their rows.
type pending struct{ rows, articles []int }

func (s *Service) readPending(ctx context.Context, statement *store.Statement, args ...any) (p pending, err error) {
	_, err = store.Collect(ctx, s.db, statement, func(rows *sql.Rows) (struct{}, error) {
		var row, article int
		err := rows.Scan(&row, &article)
		p.rows = append(p.rows, row)
		if len(p.articles) == 0 || p.articles[len(p.articles)-1] != article {
			p.articles = append(p.articles, article)
		}
		return struct{}{}, err
	}, args...)
	if err != nil {
		return p, fmt.Errorf("find what is still to be related: %w", err)
	}
	return p, nil
}

// indexPending indexes the articles that wait, and ranks them unless all are
// ranked at once later. It gives the rows of those that are to be ranked.
func (s *Service) indexPending(ctx context.Context, last int, atOnce, anew bool, p *steps) (unranked []int, err error) {
	size := rankAtOnce
	if atOnce {
		size = indexAtOnce
	}
	for article, row := 0, 0; ; {
		waiting, err := s.readPending(ctx, nextPendingSQL, article, row, last, size)
		if err != nil {
			return nil, err
		}
		if len(waiting.rows) == 0 {
			return unranked, nil
		}
		err = s.db.Tx(ctx, func(ctx context.Context) error {
			if !atOnce {
				return s.relatePending(ctx, waiting)
			}
			if err := s.hold(ctx, waiting.articles); err != nil {
				return err
			}
			unranked = append(unranked, waiting.rows...)
			if _, _, err := s.index(ctx, waiting.articles, anew); err != nil {
				return err
			}
			return s.tellRelated(ctx)
		})
		if err != nil {
			return nil, err
		}
		article, row = waiting.articles[len(waiting.articles)-1], waiting.rows[len(waiting.rows)-1]
		p.add(len(waiting.rows))
	}
}

// hold keeps others from saving articles, in the order of their keys, until the
// transaction ends. Whoever relates what another has saved needs it: an article
// saved meanwhile would be related by its old words, and who saves it waits for
// the counts of its language while holding it.
func (s *Service) hold(ctx context.Context, articles []int) error {
	if s.db.Dialect == store.SQLite { // where nobody else writes
		return nil
	}
	if _, err := store.Collect(ctx, s.db, holdSQL, store.ScanInt, s.db.IDs(articles)); err != nil {
		return fmt.Errorf("hold articles: %w", err)
	}
	return nil
}

// tellRelated appends the event of lists that changed although no article did.
func (s *Service) tellRelated(ctx context.Context) error {
	return s.log.Append(ctx, event.Event{Action: event.Updated, Entity: event.Related})
}

// relatePending relates articles and takes them off the list of those that wait.
func (s *Service) relatePending(ctx context.Context, waiting pending) error {
	if err := s.hold(ctx, waiting.articles); err != nil {
		return err
	}
	if err := s.relateNow(ctx, waiting.articles); err != nil {
		return err
	}
	if err := s.tellRelated(ctx); err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, donePendingSQL, s.db.IDs(waiting.rows)); err != nil {
		return fmt.Errorf("end relating: %w", err)
	}
	return nil
}

// rankLanguage ranks all articles of a language, the oldest first, in windows
// of equal size when they are too many for one.
func (s *Service) rankLanguage(ctx context.Context, language string, p *steps) error {
	counted, err := store.Collect(ctx, s.db, countProfilesSQL, store.ScanInt, language)
	if err != nil {
		return err
	}
	if counted[0] == 0 {
		return nil
	}
	windows := (counted[0] + archiveWindow - 1) / archiveWindow
	size := (counted[0] + windows - 1) / windows
	var place [2]int // published, article
	place[0] = -1 << 31
	for {
		w, err := s.readWindow(ctx, language, &place, size)
		if err != nil {
			return err
		}
		if w.index.Len() == 0 {
			return nil
		}
		if err := s.rankWindow(ctx, w, p); err != nil {
			return err
		}
	}
}

// window is a part of an archive in memory.
type window struct {
	index *related.Index
	src   *relatedSource
	about map[int64]profileOf
}

// profileOf is what lists say of an article.
type profileOf struct {
	body     uint64
	revision int32
	words    string // with a space between
}

// readWindow reads up to size articles after a place, which moves on.
func (s *Service) readWindow(ctx context.Context, language string, place *[2]int, size int) (*window, error) {
	const chunk = 5000
	w := &window{index: related.NewIndex(), src: newRelatedSource(s.db), about: make(map[int64]profileOf, size)}
	for w.index.Len() < size {
		var unknown []int
		wanted := map[int64]bool{}
		limit := min(chunk, size-w.index.Len())
		articles, err := store.Collect(ctx, s.db, archiveSQL, func(rows *sql.Rows) (related.Article, error) {
			var p storedProfile
			var words string
			a, err := scanProfile(rows, &p, &words)
			if err != nil {
				return a, err
			}
			for _, t := range p.terms {
				if _, ok := w.src.terms[t[0]]; !ok && !wanted[t[0]] {
					wanted[t[0]] = true
					unknown = append(unknown, int(t[0]))
				}
				a.Terms = append(a.Terms, related.Term{ID: t[0], Weight: uint8(t[1])})
			}
			w.about[a.ID] = profileOf{a.BodyHash, int32(p.revision), words}
			*place = [2]int{p.published, int(a.ID)}
			return a, nil
		}, language, place[0], place[1], limit)
		if err != nil {
			return nil, err
		}
		if err := w.src.readTerms(ctx, unknown); err != nil {
			return nil, err
		}
		for _, a := range articles {
			for i := range a.Terms {
				known := w.src.terms[a.Terms[i].ID]
				a.Terms[i].Kind, a.Terms[i].Count = known.kind, known.count
			}
			if err := w.index.Add(a); err != nil {
				return nil, err
			}
		}
		if len(articles) < limit {
			break
		}
	}
	return w, nil
}

// rankWindow ranks the articles of a window and stores their lists.
func (s *Service) rankWindow(ctx context.Context, w *window, p *steps) error {
	rows := make([]any, 0, storeAtOnce)
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		data, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		err = s.db.Tx(ctx, func(ctx context.Context) error {
			if _, err := s.db.Exec(ctx, saveCandidatesSQL, string(data)); err != nil {
				return err
			}
			return s.tellRelated(ctx)
		})
		if err != nil {
			return fmt.Errorf("store candidates: %w", err)
		}
		p.add(len(rows))
		rows = rows[:0]
		return nil
	}
	err := w.index.Build(ctx, s.Ranker, func(id int64, found []related.Candidate) error {
		subject, _ := w.index.Article(id)
		words := strings.Split(w.about[id].words, " ")
		list := make([]candidate, len(found))
		for i, c := range found {
			about := w.about[c.ID]
			var err error
			if list[i], err = newCandidate(c, about.body, int(about.revision), w.src.terms, subject.Terms, words); err != nil {
				return err
			}
		}
		rows = append(rows, []any{id, list})
		if len(rows) < storeAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}
