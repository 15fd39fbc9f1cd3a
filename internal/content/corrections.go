package content

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/broadsheet-cms/broadsheet/ent"
	"github.com/broadsheet-cms/broadsheet/internal/keyset"
	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// Correction is a correction as readers get it, with the article that it is
// about. It is never more visible than that.
type Correction struct {
	*ent.Correction
	Article *ent.Article
}

// CorrectionKey is the place of a correction in every list, newest first.
func CorrectionKey(c *Correction) keyset.Key {
	return keyset.Key{Time: c.IssuedAt.UnixMicro(), ID: c.ID}
}

const (
	correctionColumns = `c.id, c.article_id, c.note, c.changes, c.issued_at, {article}`
	// {side} looks beyond a page, {order} is the direction of reading.
	correctionsText = `SELECT ` + correctionColumns + ` FROM corrections c JOIN articles a ON a.id = c.article_id
		WHERE (c.issued_at, c.id) < ($1, $2) AND (c.issued_at, c.id) > ($3, $4) AND visible_article(a)
		ORDER BY c.issued_at {order}, c.id {order} LIMIT $5`
	moreCorrectionsText = `SELECT 1 FROM corrections c JOIN articles a ON a.id = c.article_id
		WHERE (c.issued_at, c.id) {side} ($1, $2) AND visible_article(a) LIMIT 1`
)

var (
	newestCorrectionsSQL = readArticlesBoth(strings.ReplaceAll(correctionsText, "{order}", "DESC"))
	oldestCorrectionsSQL = readArticlesBoth(strings.ReplaceAll(correctionsText, "{order}", "ASC"))
	newerCorrectionsSQL  = store.ReadBoth(strings.ReplaceAll(moreCorrectionsText, "{side}", ">"))
	olderCorrectionsSQL  = store.ReadBoth(strings.ReplaceAll(moreCorrectionsText, "{side}", "<"))
	countCorrectionsSQL  = store.ReadBoth(`SELECT count(*) FROM (SELECT 1 FROM corrections c JOIN articles a ON a.id = c.article_id
		WHERE visible_article(a) LIMIT $1) AS counted`)
	articleCorrectionsSQL = readArticlesBoth(`SELECT ` + correctionColumns + ` FROM each_id($1) JOIN corrections c ON c.article_id = each_id.id
		JOIN articles a ON a.id = c.article_id WHERE visible_article(a) ORDER BY c.issued_at DESC, c.id DESC`)
	correctionsByIDSQL = readArticlesBoth(`SELECT ` + correctionColumns + ` FROM each_id($1) JOIN corrections c ON c.id = each_id.id
		JOIN articles a ON a.id = c.article_id WHERE visible_article(a)`)
)

func scanCorrection(article func(...any) (*ent.Article, error)) (*Correction, error) {
	c := &Correction{Correction: new(ent.Correction)}
	var changes []byte
	var err error
	if c.Article, err = article(&c.ID, &c.ArticleID, &c.Note, &changes, &c.IssuedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(changes, &c.Changes); err != nil {
		return nil, fmt.Errorf("changes of correction %d: %w", c.ID, err)
	}
	return c, nil
}

// Corrections gives a window of all corrections, newest first.
func (s *Service) Corrections(ctx context.Context, w keyset.Window) ([]*Correction, error) {
	statement := newestCorrectionsSQL
	if w.Backward {
		statement = oldestCorrectionsSQL
	}
	newer, older := w.Newer(), w.Older()
	found, err := collectArticles(ctx, s.db, statement, scanCorrection, newer.Moment(), newer.ID, older.Moment(), older.ID, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("read corrections: %w", err)
	}
	if w.Backward {
		slices.Reverse(found)
	}
	return found, nil
}

// MoreCorrections reports whether there are corrections older than a key, or
// newer.
func (s *Service) MoreCorrections(ctx context.Context, than keyset.Key, older bool) (bool, error) {
	statement := newerCorrectionsSQL
	if older {
		statement = olderCorrectionsSQL
	}
	return s.exists(ctx, statement, than.Moment(), than.ID)
}

// CountCorrections counts the corrections up to a limit.
func (s *Service) CountCorrections(ctx context.Context, limit int) (int, error) {
	n, err := store.Collect(ctx, s.db, countCorrectionsSQL, store.ScanInt, limit)
	if err != nil {
		return 0, fmt.Errorf("count corrections: %w", err)
	}
	return n[0], nil
}

// CorrectionsOf gives the corrections of each article, newest first.
func (s *Service) CorrectionsOf(ctx context.Context, articles []int) (map[int][]*Correction, error) {
	rows, err := collectArticles(ctx, s.db, articleCorrectionsSQL, scanCorrection, s.db.IDs(articles))
	if err != nil {
		return nil, fmt.Errorf("read the corrections of articles: %w", err)
	}
	found := make(map[int][]*Correction, len(articles))
	for _, c := range rows {
		found[c.ArticleID] = append(found[c.ArticleID], c)
	}
	return found, nil
}

// CorrectionsByIDs gives corrections by key.
func (s *Service) CorrectionsByIDs(ctx context.Context, ids []int) (map[int]*Correction, error) {
	rows, err := collectArticles(ctx, s.db, correctionsByIDSQL, scanCorrection, s.db.IDs(ids))
	if err != nil {
		return nil, fmt.Errorf("find corrections: %w", err)
	}
	found := make(map[int]*Correction, len(rows))
	for _, c := range rows {
		found[c.ID] = c
	}
	return found, nil
}
