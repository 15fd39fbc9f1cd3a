package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/lib/pq"

	"github.com/broadsheet-cms/broadsheet/internal/access"
)

// Statement is SQL written by hand, once for each database where they differ.
// It is made at start with Read or Maintain. Where it names visibility rules, its
// text depends on the viewer: equal rules make equal texts, and a text is prepared
// once on each connection. Texts with a rule that is for one viewer alone
// (writers, holders of preview tokens) are not kept.
//
// In its text
//   - $1, $2 … are the arguments on both databases;
//   - each_id($1) in FROM is a table with one column id, of the keys that the
//     argument (made by IDs) holds, and each_text($1) one with a column text,
//     of those that Texts holds;
//   - visible_article(a), visible_comment(c) and so on are what the viewer may see
//     of that table or alias, for each table of the registry in package access;
//     public_article(a) is what an anonymous reader may see;
//   - desk_article(a) is what the viewer works on, for the newsroom's lists.
type Statement struct {
	parts [2][]part // by database: PostgreSQL, SQLite
	// anonymous is the text for nobody, made when it is first asked for: most
	// statements run for nobody.
	anonymous [2]atomic.Pointer[string]
	check     error
}

// part is a piece of a text: fixed SQL, then a rule for a table or alias, if any.
type part struct {
	sql   string
	rule  func(access.Viewer) access.Rule
	table string
}

// Read makes a statement that answers requests. It is refused when it reads a
// guarded table without its visibility rule.
func Read(postgres, sqlite string) *Statement {
	s := newStatement(postgres, sqlite)
	for _, text := range []string{postgres, sqlite} {
		s.check = errors.Join(s.check, checkVisible(text))
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
	ruleName = regexp.MustCompile(`\b(visible|public|desk)_(\w+)\((\w+)\)`)
	reading  = regexp.MustCompile(`(?i)(?:\b(?:from|join)|,)\s+(` + strings.Join(guardedNames(), "|") + `)\b(?:\s+(?:as\s+)?(\w+))?`)
)

func newStatement(postgres, sqlite string) *Statement {
	postgres = eachID.ReplaceAllString(postgres, "unnest($1::bigint[]) AS each_id(id)")
	sqlite = eachID.ReplaceAllString(sqlite, "(SELECT value AS id FROM json_each($1)) AS each_id")
	postgres = eachText.ReplaceAllString(postgres, "unnest($1::text[]) AS each_text(text)")
	sqlite = eachText.ReplaceAllString(sqlite, "(SELECT value AS text FROM json_each($1)) AS each_text")
	s := &Statement{}
	for i, text := range []string{postgres, argument.ReplaceAllString(sqlite, "?$1")} {
		var err error
		s.parts[i], err = split(text)
		s.check = errors.Join(s.check, err)
	}
	return s
}

// split cuts a text at the rules that it names.
func split(text string) (parts []part, err error) {
	for m := ruleName.FindStringSubmatchIndex(text); m != nil; m = ruleName.FindStringSubmatchIndex(text) {
		rule := access.Named(text[m[2]:m[3]], text[m[4]:m[5]])
		if rule == nil {
			return nil, fmt.Errorf("statement names %s, which is no rule of package access", text[m[0]:m[1]])
		}
		parts = append(parts, part{text[:m[0]], rule, text[m[6]:m[7]]})
		text = text[m[1]:]
	}
	return append(parts, part{sql: text}), nil
}

var notAnAlias = map[string]bool{"where": true, "on": true, "join": true, "left": true, "order": true, "limit": true, "cross": true, "inner": true, "group": true, "set": true}

// guardedNames are the tables that statements read with a rule only.
func guardedNames() (names []string) {
	for _, t := range access.Tables() {
		if t.Checked() {
			names = append(names, t.Name)
		}
	}
	return names
}

// checkVisible finds a guarded table that stands in the text without its rule.
func checkVisible(text string) error {
	for _, m := range reading.FindAllStringSubmatch(text, -1) {
		tables := access.Tables()
		t := tables[slices.IndexFunc(tables, func(t access.Table) bool { return strings.EqualFold(t.Name, m[1]) })]
		alias := m[2]
		if alias == "" || notAnAlias[strings.ToLower(alias)] {
			alias = t.Name
		}
		if want := "visible_" + t.Word + "(" + alias + ")"; !strings.Contains(text, want) && !strings.Contains(text, "desk_"+t.Word+"("+alias+")") {
			return fmt.Errorf("statement reads %s as %q without %s: %.80s", t.Name, alias, want, text)
		}
	}
	return nil
}

// Check tells whether the statement may run at all; tests ask it of every one.
func (s *Statement) Check() error { return s.check }

// render gives the text of the statement for the viewer of ctx, and whether a
// rule in it is for that viewer alone.
func (s *Statement) render(ctx context.Context, d Dialect) (text string, personal bool, err error) {
	if s.check != nil {
		return "", false, s.check
	}
	at := 0
	if d == SQLite {
		at = 1
	}
	parts := s.parts[at]
	if len(parts) == 1 {
		return parts[0].sql, false, nil
	}
	viewer := access.Of(ctx)
	if viewer == (access.Viewer{}) {
		if known := s.anonymous[at].Load(); known != nil {
			return *known, false, nil
		}
		defer func() {
			if !personal {
				s.anonymous[at].Store(&text)
			}
		}()
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.sql)
		if p.rule != nil {
			rule := p.rule(viewer)
			personal = personal || rule.Personal()
			b.WriteString("(" + rule.For(p.table) + ")")
		}
	}
	return b.String(), personal, nil
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
	stmt, err := db.sql.PrepareContext(ctx, text)
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
	text, personal, err := s.render(ctx, db.Dialect)
	if err != nil {
		return nil, err
	}
	if tx := db.txOf(ctx); tx != nil {
		return tx.sql.QueryContext(ctx, text, args...)
	}
	if r := db.replicaOf(ctx); r != nil {
		if rows, ok, err := r.query(ctx, s, args); ok {
			return rows, err
		}
	}
	if personal {
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
	text, _, err := s.render(ctx, db.Dialect)
	if err != nil {
		return nil, err
	}
	if tx := db.txOf(ctx); tx != nil {
		return tx.sql.ExecContext(ctx, text, args...)
	}
	ctx, done, err := db.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return db.sql.ExecContext(ctx, text, args...)
}

// Collect runs a statement and scans every row with scan.
func Collect[T any](ctx context.Context, db *DB, s *Statement, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	defer db.hold(ctx)()
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

// ScanText scans rows of one text, for Collect.
func ScanText(rows *sql.Rows) (text string, err error) {
	err = rows.Scan(&text)
	return text, err
}

// CollectCounted is Collect for rows of a key and, in each, the number of all rows of
// which they are a page.
func CollectCounted(ctx context.Context, db *DB, s *Statement, args ...any) (keys []int, total int, err error) {
	keys, err = Collect(ctx, db, s, func(rows *sql.Rows) (key int, err error) {
		err = rows.Scan(&key, &total)
		return key, err
	}, args...)
	return keys, total, err
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
