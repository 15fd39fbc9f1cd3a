package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// copied is a table whose rows are repeated, with the columns that are not the
// same in copy k: SQL over the row t, k, and the greatest key of an article
// m.articles.
type copied struct {
	table string
	set   map[string]string
}

// newsroomTables are what readers of a seeded newsroom see. Each copy is an hour
// older, with bodies cut to 500 bytes and related articles within the copy.
var newsroomTables = []copied{
	{"articles", map[string]string{"slug": "slug || '-copy-' || k", "source_uri": "NULL", "translation_group": "NULL",
		"published_at": "published_at - k * interval '1 hour'", "first_published_at": "first_published_at - k * interval '1 hour'",
		"updated_at": "updated_at - k * interval '1 hour'"}},
	{"article_details", map[string]string{"blocks": "'[]'", "text": "''", "html": "left(html, 500)"}},
	{"bylines", nil},
	{"article_tags", nil},
	{"article_profiles", map[string]string{"published": "published - 60 * k"}},
	{"article_candidates", map[string]string{"candidates": candidatesOfCopy[store.Postgres]}},
	{"listings", map[string]string{"published_at": "published_at - k * 3600000000"}},
	{"comments", map[string]string{"source_uri": "NULL"}},
}

// candidatesOfCopy are the candidates of an article within its copy.
var candidatesOfCopy = map[store.Dialect]string{
	store.Postgres: `(SELECT coalesce(jsonb_agg(jsonb_set(e.item, '{a}', to_jsonb((e.item ->> 'a')::bigint + k * m.articles)) ORDER BY e.rank), '[]')
		FROM jsonb_array_elements(candidates) WITH ORDINALITY AS e (item, rank))`,
	store.SQLite: `(SELECT json_group_array(json_set(e.value, '$.a', (e.value ->> 'a') + k * m.articles)) FROM json_each(candidates) AS e)`,
}

// multiplyNewsroom makes a seeded newsroom many times as large within the
// database.
func multiplyNewsroom(ctx context.Context, dbs *databases, copies int) error {
	db, err := dbs.raw(store.Postgres)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	start := time.Now()
	if err := multiply(ctx, db, store.Postgres, newsroomTables, copies); err != nil {
		return err
	}
	fmt.Printf("made it %d times as large in %s\n", copies, time.Since(start).Round(time.Second))
	return nil
}

// multiply repeats the rows of tables until there are copies of each, with
// shifted keys, and brings the statistics up to date.
func multiply(ctx context.Context, db *sql.DB, dialect store.Dialect, tables []copied, copies int) error {
	db.SetMaxOpenConns(1) // for the setting
	// The copies of sound rows are sound: their references are not checked again.
	unchecked, tidy := "SET session_replication_role = replica", "VACUUM ANALYZE"
	if dialect == store.SQLite {
		unchecked, tidy = "PRAGMA foreign_keys = off; PRAGMA cache_size = -1000000", "ANALYZE"
	}
	if _, err := db.ExecContext(ctx, unchecked); err != nil {
		return err
	}
	var last int
	if err := db.QueryRowContext(ctx, "SELECT max(id) FROM articles").Scan(&last); err != nil {
		return err
	}
	start := time.Now()
	for _, t := range tables {
		if err := t.repeat(ctx, db, dialect, last, copies); err != nil {
			return fmt.Errorf("copy %s: %w", t.table, err)
		}
		fmt.Printf("copied %s after %s\n", t.table, time.Since(start).Round(time.Second))
	}
	if _, err := db.ExecContext(ctx, tidy); err != nil {
		return fmt.Errorf("%s: %w", tidy, err)
	}
	return nil
}

// repeat repeats the rows of the table with shifted keys.
func (t copied) repeat(ctx context.Context, db *sql.DB, dialect store.Dialect, last, copies int) error {
	names, err := columns(ctx, db, t.table)
	if err != nil {
		return err
	}
	values := make([]string, len(names))
	for i, name := range names {
		switch special, ok := t.set[name]; {
		case ok:
			values[i] = special
		case name == "article_id" || name == "id" && t.table == "articles":
			values[i] = "t." + name + " + k * m.articles"
		case name == "id" || name == "parent_id" && t.table == "comments":
			values[i] = "t." + name + " + k * m.own"
		default:
			values[i] = "t." + name
		}
	}
	own := "0"
	if names[0] == "id" {
		own = "(SELECT max(id) FROM " + t.table + ")"
	}
	_, err = db.ExecContext(ctx, `WITH RECURSIVE each_copy (k) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT k + 1 FROM each_copy WHERE k < $1)
		INSERT INTO `+t.table+` (`+strings.Join(names, ", ")+`) SELECT `+strings.Join(values, ", ")+`
		FROM (SELECT CAST($2 AS bigint) AS articles, `+own+` AS own) m CROSS JOIN each_copy CROSS JOIN (SELECT * FROM `+t.table+`) t`, copies-1, last)
	if err == nil && names[0] == "id" && dialect == store.Postgres { // new rows get keys behind the copies
		_, err = db.ExecContext(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), (SELECT max(id) FROM `+t.table+`))`, t.table)
	}
	return err
}

func columns(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return names, rows.Err()
}
