package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/lib/pq"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Statement is SQL written by hand, once for each database where they differ.
// It is made at start with Read or Maintain and has a fixed text for each
// class of viewer, so that it is prepared once on each connection. Viewers with
// rights of their own (writers, holders of preview tokens) have texts of their
// own, which are not kept.
//
// In its text
//   - $1, $2 … are the arguments on both databases;
//   - each_id($1) in FROM is a table with one column id, of the keys that the
//     argument (made by IDs) holds, and each_text($1) one with a column text,
//     of those that Texts holds;
//   - visible_article(a), visible_comment(c) and visible_page(p) are the
//     visibility rules of the viewer for that table or alias, and
//     public_article(a), public_comment(c) those of an anonymous reader;
//   - desk_article(a) is the rule of the newsroom's lists: what the viewer works
//     on, in the trash or not.
type Statement struct {
	text  [2]string // by dialectIndex
	check error
	class sync.Map // rendered text by classOf
}

// Read makes a statement that answers requests. It is refused when it reads
// articles, comments or pages without their visibility rule.
func Read(postgres, sqlite string) *Statement {
	s := newStatement(postgres, sqlite)
	for _, text := range s.text {
		if err := checkVisible(text); err != nil {
			s.check = err
		}
	}
	return s
}

// ReadBoth is Read for words that both databases understand.
func ReadBoth(text string) *Statement { return Read(text, text) }

// Maintain makes a statement that keeps stored rows right, such as the
// listings of an article. Its rows never go to a client, so it carries no
// visibility rule unless it says so.
func Maintain(postgres, sqlite string) *Statement { return newStatement(postgres, sqlite) }

// MaintainBoth is Maintain for words that both databases understand.
func MaintainBoth(text string) *Statement { return Maintain(text, text) }

var (
	argument = regexp.MustCompile(`\$(\d+)`)
	eachID   = regexp.MustCompile(`each_id\((\$\d+)\)`)
	eachText = regexp.MustCompile(`each_text\((\$\d+)\)`)
	visible  = regexp.MustCompile(`(?:(visible|public)_(article|comment|page)|(desk)_article)\((\w+)\)`)
	guarded  = regexp.MustCompile(`(?i)\b(?:from|join|,)\s+(article|comment|page)s\b(?:\s+(?:as\s+)?(\w+))?`)
)

func newStatement(postgres, sqlite string) *Statement {
	postgres = eachID.ReplaceAllString(postgres, "unnest($1::bigint[]) AS each_id(id)")
	sqlite = eachID.ReplaceAllString(sqlite, "(SELECT value AS id FROM json_each($1)) AS each_id")
	postgres = eachText.ReplaceAllString(postgres, "unnest($1::text[]) AS each_text(text)")
	sqlite = eachText.ReplaceAllString(sqlite, "(SELECT value AS text FROM json_each($1)) AS each_text")
	return &Statement{text: [2]string{postgres, argument.ReplaceAllString(sqlite, "?$1")}}
}

var notAnAlias = map[string]bool{"where": true, "on": true, "join": true, "left": true, "order": true, "limit": true, "cross": true, "inner": true, "group": true, "set": true}

// checkVisible finds a guarded table that stands in the text without its rule.
func checkVisible(text string) error {
	for _, m := range guarded.FindAllStringSubmatch(text, -1) {
		table := strings.ToLower(m[1])
		alias := m[2]
		if alias == "" || notAnAlias[strings.ToLower(alias)] {
			alias = table + "s"
		}
		if !strings.Contains(text, "visible_"+table+"("+alias+")") && (table != "article" || !strings.Contains(text, "desk_article("+alias+")")) {
			return fmt.Errorf("statement reads %ss as %q without visible_%s(%s): %.80s", table, alias, table, alias, text)
		}
	}
	return nil
}

// Check tells whether the statement may run at all; tests ask it of every one.
func (s *Statement) Check() error { return s.check }

func (s *Statement) render(ctx context.Context, d Dialect) (string, error) {
	if s.check != nil {
		return "", s.check
	}
	viewer := access.Of(ctx)
	i := 0
	if d == SQLite {
		i = 1
	}
	// What a viewer may see of articles tells all classes of viewers apart.
	key := [2]string{string(d), string(access.Articles(viewer))}
	personal := access.Personal(viewer)
	if text, ok := s.class.Load(key); ok && !personal {
		return text.(string), nil
	}
	text := visible.ReplaceAllStringFunc(s.text[i], func(token string) string {
		m := visible.FindStringSubmatch(token)
		if m[3] == "desk" {
			return "(" + access.DeskArticles(viewer).For(m[4]) + ")"
		}
		looking := viewer
		if m[1] == "public" {
			looking = access.Viewer{}
		}
		rule := map[string]func(access.Viewer) access.Rule{"article": access.Articles, "comment": access.Comments, "page": access.Pages}[m[2]]
		return "(" + rule(looking).For(m[4]) + ")"
	})
	if !personal {
		s.class.Store(key, text)
	}
	return text, nil
}

// maxPrepared bounds the prepared statements of one database. The program has
// a fixed set of statements, far fewer than this.
const maxPrepared = 1000

func (db *DB) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	db.stmts.RLock()
	stmt := db.stmts.byText[text]
	db.stmts.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	// A connection is taken for this; nobody waits for it under the lock.
	stmt, err := db.sql.PrepareContext(context.WithoutCancel(ctx), text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	db.stmts.Lock()
	defer db.stmts.Unlock()
	if other := db.stmts.byText[text]; other != nil {
		_ = stmt.Close() //nolint:sqlclosecheck // another caller was first; the statement that is kept stays open
		return other, nil
	}
	if len(db.stmts.byText) >= maxPrepared {
		_ = stmt.Close()
		return nil, fmt.Errorf("more than %d statements prepared: statements must have fixed texts", maxPrepared)
	}
	db.stmts.byText[text] = stmt
	return stmt, nil
}

// Query runs a statement for the viewer of the context and gives its rows,
// which the caller closes.
func (db *DB) Query(ctx context.Context, s *Statement, args ...any) (*sql.Rows, error) {
	text, err := s.render(ctx, db.Dialect)
	if err != nil {
		return nil, err
	}
	if tx := db.txOf(ctx); tx != nil {
		return tx.sql.QueryContext(ctx, text, args...)
	}
	if access.Personal(access.Of(ctx)) {
		return db.sql.QueryContext(ctx, text, args...)
	}
	stmt, err := db.prepared(ctx, text) //nolint:sqlclosecheck // the cache keeps it until the database is closed
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// Exec runs a statement that gives no rows.
func (db *DB) Exec(ctx context.Context, s *Statement, args ...any) (sql.Result, error) {
	text, err := s.render(ctx, db.Dialect)
	if err != nil {
		return nil, err
	}
	if tx := db.txOf(ctx); tx != nil {
		return tx.sql.ExecContext(ctx, text, args...)
	}
	return db.sql.ExecContext(ctx, text, args...)
}

// Collect runs a statement and scans every row with scan.
func Collect[T any](ctx context.Context, db *DB, s *Statement, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := db.Query(ctx, s, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// ScanInt scans rows of one number, for Collect.
func ScanInt(rows *sql.Rows) (n int, err error) {
	err = rows.Scan(&n)
	return n, err
}

// Counts runs a statement that gives a number for each key.
func Counts(ctx context.Context, db *DB, s *Statement, args ...any) (map[int]int, error) {
	counts := map[int]int{}
	_, err := Collect(ctx, db, s, func(rows *sql.Rows) (none struct{}, err error) {
		var key, n int
		err = rows.Scan(&key, &n)
		counts[key] = n
		return none, err
	}, args...)
	return counts, err
}

// IDs makes the argument of each_id.
func (db *DB) IDs(ids []int) any {
	if db.Dialect == Postgres {
		wide := make(pq.Int64Array, len(ids))
		for i, id := range ids {
			wide[i] = int64(id)
		}
		return wide
	}
	if ids == nil {
		ids = []int{}
	}
	text, _ := json.Marshal(ids) // integers always marshal
	return string(text)
}

// Texts makes the argument of each_text.
func (db *DB) Texts(list []string) any {
	if db.Dialect == Postgres {
		return pq.StringArray(list)
	}
	if list == nil {
		list = []string{}
	}
	text, _ := json.Marshal(list) // valid strings always marshal
	return string(text)
}
