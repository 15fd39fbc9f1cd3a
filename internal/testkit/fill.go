package testkit

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
)

// FillEveryTable puts three rows into every table of an empty database of SQLite, as the
// database itself lists them: two with values in all columns, and one with nothing where
// that may be. It gives the names of the tables.
func FillEveryTable(t *testing.T, url string) (tables []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_time_format=sqlite&_timezone=UTC&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := t.Context()
	tables = texts(ctx, t, db, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	for _, table := range tables {
		if table == "schema_migrations" || strings.HasPrefix(table, "search_") { // what the program itself writes
			continue
		}
		fillTable(ctx, t, db, table)
	}
	return tables
}

func texts(ctx context.Context, t *testing.T, db *sql.DB, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func fillTable(ctx context.Context, t *testing.T, db *sql.DB, table string) {
	t.Helper()
	if count := texts(ctx, t, db, `SELECT count(*) FROM "`+table+`"`); count[0] != "0" { // rows that the schema brings
		if _, err := db.ExecContext(ctx, `DELETE FROM "`+table+`"`); err != nil {
			t.Fatal(err)
		}
	}
	// kind, and whether there must be a value
	columns := texts(ctx, t, db, `SELECT name || ' ' || ("notnull" OR pk > 0) || ' ' || lower(type) FROM pragma_table_info($1)`, table)
	for row := 1; row <= 3; row++ {
		var names, places []string
		var values []any
		for _, column := range columns {
			parts := strings.SplitN(column, " ", 3)
			names = append(names, `"`+parts[0]+`"`)
			places = append(places, "?")
			values = append(values, valueOf(t, table, parts[0], parts[2], row, parts[1] == "1"))
		}
		if _, err := db.ExecContext(ctx, `INSERT INTO "`+table+`" (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(places, ", ")+`)`, values...); err != nil {
			t.Fatalf("%s %v: %v", table, values, err)
		}
	}
}

// valueOf gives a value that every reference finds: ids are the numbers of rows, and
// texts are the same in all tables.
func valueOf(t *testing.T, table, column, kind string, row int, needed bool) any {
	t.Helper()
	if row == 3 && !needed {
		return nil
	}
	switch {
	case table == "jobs" && column == "state":
		return "dead"
	case table == "article_candidates" && column == "candidates", table == "article_profiles" && column == "terms": // JSON, which SQLite calls text
		return fmt.Sprintf(`["%d", "é"]`, row)
	case table == "article_profiles" && column == "listed": // a truth value, which SQLite calls a number
		return row % 2
	case kind == "integer", kind == "bigint":
		return row
	case kind == "text", strings.HasPrefix(kind, "varchar"):
		return fmt.Sprintf("t%d <é> أخبار {\"\\ '\u2028", row)
	case kind == "datetime":
		return time.Date(2026, 3, 1, 9, 0, row, 123456000, time.UTC)
	case strings.HasPrefix(kind, "bool"):
		return row == 1
	case kind == "json":
		return fmt.Sprintf(`{"b": [1.50, true, null], "a": "%d & é"}`, row)
	case kind == "blob":
		return []byte{0xff, 0, byte(row)}
	case kind == "real":
		return 0.1 * float64(row)
	}
	t.Fatalf("%s.%s has the kind %s: say which values it takes", table, column, kind)
	return nil
}
