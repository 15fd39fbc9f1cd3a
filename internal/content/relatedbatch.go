package content

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/broadsheet-cms/broadsheet/internal/access"
	"github.com/broadsheet-cms/broadsheet/internal/related"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

type deferKey struct{}

// DeferRelated gives a context in which Save leaves what is related to its
// articles to CompleteRelated. Until then the related articles of new ones are
// those of their section, and the others do not know of them.
func DeferRelated(ctx context.Context) context.Context {
	return context.WithValue(ctx, deferKey{}, true)
}

func isDeferred(ctx context.Context) bool { return ctx.Value(deferKey{}) != nil }

var (
	postponeSQL    = store.MaintainBoth(`INSERT INTO related_pending (article_id) SELECT id FROM each_id($1)`)
	postponeAllSQL = store.MaintainBoth(`INSERT INTO related_pending (article_id) SELECT a.id FROM articles a WHERE public_article(a) ORDER BY a.id`)
	pendingSQL     = store.MaintainBoth(`SELECT coalesce(max(id), 0), count(DISTINCT article_id), (SELECT coalesce(sum(articles), 0) FROM related_corpora) FROM related_pending`)
	nextPendingSQL = store.MaintainBoth(`SELECT DISTINCT article_id FROM related_pending WHERE article_id > $1 AND id <= $2 ORDER BY article_id LIMIT $3`)
	donePendingSQL = store.MaintainBoth(`DELETE FROM related_pending WHERE id <= $1`)

	forgetCountsSQL  = store.MaintainBoth(`UPDATE terms SET count = 0 WHERE count > 0`)
	forgetCorporaSQL = store.MaintainBoth(`UPDATE related_corpora SET articles = 0`)

	corporaSQL       = store.MaintainBoth(`SELECT language FROM related_corpora ORDER BY language`)
	countProfilesSQL = store.MaintainBoth(`SELECT count(*) FROM article_profiles f WHERE f.language = $1 AND f.listed`)
	// Articles of a language in the order of publishing.
	archiveSQL = store.MaintainBoth(`SELECT f.article_id, f.published, f.section_id, f.body_hash, f.revision, f.terms, f.words FROM article_profiles f
		WHERE f.language = $1 AND f.listed AND (f.published, f.article_id) > ($2, $3) ORDER BY f.published, f.article_id LIMIT $4`)
)

// Bounds on the memory and the transactions of CompleteRelated.
const (
	rankAtOnce    = 50      // articles ranked one by one in a transaction
	indexAtOnce   = 2000    // articles indexed in a transaction
	archiveWindow = 250_000 // articles of one language ranked together, some 250 MB
	storeAtOnce   = 500     // lists stored in a transaction
)

func (s *Service) postpone(ctx context.Context, ids []int) error {
	if _, err := s.db.Exec(ctx, postponeSQL, s.db.IDs(ids)); err != nil {
		return fmt.Errorf("postpone what is related: %w", err)
	}
	s.db.AfterCommit(ctx, func() {
		select {
		case s.postponed <- struct{}{}:
		default: // whoever completes is told already
		}
	})
	return nil
}

// Postponed tells that this process left what is related to some articles to
// CompleteRelated.
func (s *Service) Postponed() <-chan struct{} { return s.postponed }

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
	if err := s.indexPending(ctx, st.last, atOnce, anew, p); err != nil {
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
	if _, err := s.db.Exec(ctx, donePendingSQL, st.last); err != nil {
		return fmt.Errorf("end relating: %w", err)
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

// indexPending indexes the articles that wait, and ranks them unless all are
// ranked at once later.
func (s *Service) indexPending(ctx context.Context, last int, atOnce, anew bool, p *steps) error {
	size := rankAtOnce
	if atOnce {
		size = indexAtOnce
	}
	for after := 0; ; {
		ids, err := store.Collect(ctx, s.db, nextPendingSQL, store.ScanInt, after, last, size)
		if err != nil {
			return fmt.Errorf("find what is still to be related: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		err = s.db.Tx(ctx, func(ctx context.Context) error {
			if !atOnce {
				return s.relateNow(ctx, ids)
			}
			_, _, err := s.index(ctx, ids, anew)
			return err
		})
		if err != nil {
			return err
		}
		after = ids[len(ids)-1]
		p.add(len(ids))
	}
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
		if _, err := s.db.Exec(ctx, saveCandidatesSQL, string(data)); err != nil {
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
