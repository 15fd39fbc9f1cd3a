package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// multiply makes a seeded newsroom many times as large within the database:
// every article with all its parts again, an hour older each time, with its
// body cut to 500 bytes. Related articles stay within one copy.
func multiply(ctx context.Context, url string, copies int) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // for the setting below
	// The copies of sound rows are sound: their references are not checked again.
	if _, err := db.ExecContext(ctx, "SET session_replication_role = replica"); err != nil {
		return err
	}
	start := time.Now()
	var last int
	if err := db.QueryRowContext(ctx, "SELECT max(id) FROM articles").Scan(&last); err != nil {
		return err
	}
	hour := "k * interval '1 hour'"
	for _, table := range []struct {
		name string
		set  map[string]string
	}{
		{"articles", map[string]string{"slug": "slug || '-copy-' || k", "source_uri": "NULL", "translation_group": "NULL",
			"published_at": "published_at - " + hour, "first_published_at": "first_published_at - " + hour, "updated_at": "updated_at - " + hour}},
		{"article_details", map[string]string{"blocks": "'[]'", "text": "''", "html": "left(html, 500)"}},
		{"bylines", nil},
		{"article_tags", nil},
		{"article_profiles", map[string]string{"published": "published - 60 * k"}},
		{"article_candidates", map[string]string{"candidates": `(SELECT jsonb_agg(jsonb_set(e.item, '{a}', to_jsonb((e.item ->> 'a')::bigint + k * m.articles)) ORDER BY e.rank)
			FROM jsonb_array_elements(candidates) WITH ORDINALITY AS e (item, rank) WHERE e.rank <= 12)`}},
		{"listings", map[string]string{"published_at": "published_at - k * 3600000000::bigint"}},
		{"comments", map[string]string{"source_uri": "NULL"}},
	} {
		if err := copyRows(ctx, db, table.name, table.set, last, copies); err != nil {
			return fmt.Errorf("copy %s: %w", table.name, err)
		}
		fmt.Printf("copied %s after %s\n", table.name, time.Since(start).Round(time.Second))
	}
	if _, err := db.ExecContext(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	fmt.Printf("made it %d times as large in %s\n", copies, time.Since(start).Round(time.Second))
	return nil
}

// copyRows repeats the rows of a table with shifted keys.
func copyRows(ctx context.Context, db *sql.DB, table string, set map[string]string, last, copies int) error {
	rows, err := db.QueryContext(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`, table)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var names, values []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		value := "t." + name
		switch special, ok := set[name]; {
		case ok:
			value = special
		case name == "article_id" || name == "id" && table == "articles":
			value += " + k * m.articles"
		case name == "id" || name == "parent_id" && table == "comments":
			value += " + k * m.own"
		}
		names, values = append(names, name), append(values, value)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	own := "0"
	if names[0] == "id" {
		own = "(SELECT max(id) FROM " + table + ")"
	}
	_, err = db.ExecContext(ctx, `INSERT INTO `+table+` (`+strings.Join(names, ", ")+`) SELECT `+strings.Join(values, ", ")+`
		FROM `+table+` t, (SELECT $1::bigint AS articles, `+own+` AS own) m, generate_series(1, $2) AS k`, last, copies-1)
	return err
}

// largeTable is the number of rows from which a table must never be read from
// end to end: below it that is quicker than an index.
const largeTable = 10_000

// scans counts the sequential scans of large tables so far.
func scans(ctx context.Context, url string) (map[string]int, error) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(ctx, "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > $1", largeTable)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		all[name] = n
	}
	return all, rows.Err()
}
