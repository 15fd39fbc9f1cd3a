package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CopyReport is what Copy copied: rows by table.
type CopyReport struct {
	Tables []CopiedTable
}

// CopiedTable is one table of a copy.
type CopiedTable struct {
	Name string
	Rows int
}

// derived are the tables that are made anew from the others, and those that the
// schema itself fills.
func derived(table string) bool {
	return strings.HasPrefix(table, "search_") || table == "schema_migrations"
}

// ErrNotEmpty says that the database to copy into holds content.
var ErrNotEmpty = errors.New("the database to copy into is not empty")

// Source gives the rows of a database, as they were at one moment.
type Source interface {
	// Dialect is the kind of the database that the rows come from.
	Dialect() Dialect
	// Tables lists the tables in the order in which Rows may be asked for them.
	Tables(ctx context.Context) ([]string, error)
	// Rows gives the values of columns, row by row, each value as nil, int64,
	// float64, bool, string or a time in UTC.
	Rows(ctx context.Context, table string, columns []Column, row func(values []any) error) error
	// Last is the highest id that a row of the table ever had; 0 if none had one.
	Last(ctx context.Context, table string) (int64, error)
	// Positions says for each consumer of events the id of the last event that it is
	// done with, where positions mean nothing in another database.
	Positions(ctx context.Context) (map[string]int64, error)
}

// Copy brings every row of one database, as it was at one moment, into another,
// empty one, whichever kinds they are; both have the schema of this program. It
// then compares every row. What fails leaves the other database as it was. The
// search index is left to finish, which runs in the transaction that writes.
//
// Positions in the log of events are those of one database. A copy out of
// PostgreSQL makes cursors of partners invalid: they begin with a snapshot.
func Copy(ctx context.Context, from, to *DB, progress func(table string, rows int), finish func(context.Context) error) (*CopyReport, error) {
	var report *CopyReport
	err := from.Snapshot(ctx, func(read context.Context) (err error) {
		// What writes takes no part in the snapshot.
		report, err = Load(ctx, side{from.txOf(read).sql, from.Dialect}, to, progress, finish)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("copy a database: %w", err)
	}
	return report, nil
}

// Load is Copy for rows that come from elsewhere.
func Load(ctx context.Context, from Source, to *DB, progress func(table string, rows int), finish func(context.Context) error) (*CopyReport, error) {
	var report CopyReport
	err := to.Tx(ctx, func(write context.Context) error {
		c := &copier{from: from, to: side{to.txOf(write).sql, to.Dialect}, progress: progress}
		if err := c.run(write); err != nil {
			return err
		}
		report.Tables = c.done
		return finish(write)
	})
	if err != nil {
		return nil, err
	}
	return &report, nil
}

// side is one of the two databases.
type side struct {
	tx      *sql.Tx
	dialect Dialect
}

// Column is a column of a table, with the kind that its database names.
type Column struct{ Name, Kind string }

type copier struct {
	from     Source
	to       side
	progress func(string, int)
	done     []CopiedTable
}

func (c *copier) run(ctx context.Context) error {
	tables, err := c.from.Tables(ctx)
	if err != nil {
		return err
	}
	there, err := c.to.Tables(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(tables, there) {
		return errors.New("the two databases have different schemas: bring both to that of this program with broadsheet migrate")
	}
	if err := c.to.empty(ctx); err != nil {
		return err
	}
	restore, err := c.to.withoutReferences(ctx)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := c.table(ctx, table); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
	}
	if err := restore(); err != nil {
		return fmt.Errorf("check references: %w", err)
	}
	return c.positions(ctx)
}

// unasked are the tables that have rows in a database that nobody used: migrations
// and a server that starts write them.
var unasked = []string{"jobs", "job_schedules", "event_consumers", "signing_keys"}

// empty fails when the database holds content.
func (s side) empty(ctx context.Context) error {
	tables, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if slices.Contains(unasked, table) {
			continue
		}
		n, err := s.count(ctx, table)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: the table %s has %d rows", ErrNotEmpty, table, n)
		}
	}
	return nil
}

// Dialect implements Source.
func (s side) Dialect() Dialect { return s.dialect }

// Tables implements Source. They are in the order of their names.
func (s side) Tables(ctx context.Context) (names []string, err error) {
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if s.dialect == Postgres {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`
	}
	err = s.each(ctx, query, func(rows *sql.Rows) error {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if !derived(name) {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// columns lists those of a table, by name, with their kinds in lower case.
func (s side) columns(ctx context.Context, table string) (all []Column, err error) {
	query, args := `SELECT name, lower(type) FROM pragma_table_info($1)`, []any{table}
	if s.dialect == Postgres {
		query = `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1`
	}
	err = s.each(ctx, query, func(rows *sql.Rows) error {
		var c Column
		if err := rows.Scan(&c.Name, &c.Kind); err != nil {
			return err
		}
		all = append(all, c)
		return nil
	}, args...)
	slices.SortFunc(all, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

func (s side) each(ctx context.Context, query string, row func(*sql.Rows) error, args ...any) error {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s side) count(ctx context.Context, table string) (n int, err error) {
	err = s.tx.QueryRowContext(ctx, `SELECT count(*) FROM "`+table+`"`).Scan(&n)
	return n, err
}

// withoutReferences lets rows be written in any order, and gives what checks the
// references between them.
func (s side) withoutReferences(ctx context.Context) (restore func() error, err error) {
	if s.dialect == SQLite { // they are checked at the commit
		_, err := s.tx.ExecContext(ctx, `PRAGMA defer_foreign_keys = ON`)
		return func() error { return nil }, err
	}
	var add []string
	var drop []string
	err = s.each(ctx, `SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
		WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`, func(rows *sql.Rows) error {
		var table, name, definition string
		if err := rows.Scan(&table, &name, &definition); err != nil {
			return err
		}
		drop = append(drop, "ALTER TABLE "+table+" DROP CONSTRAINT "+name)
		add = append(add, "ALTER TABLE "+table+" ADD CONSTRAINT "+name+" "+definition)
		return nil
	})
	if err != nil {
		return nil, err
	}
	run := func(statements []string) error {
		for _, statement := range statements {
			if _, err := s.tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
	return func() error { return run(add) }, run(drop)
}

// Bounds of one statement that writes: SQLite takes 32,766 arguments.
const (
	maxArguments = 30_000
	maxRows      = 500
)

// table copies a table and compares it.
func (c *copier) table(ctx context.Context, table string) error {
	columns, err := c.to.columns(ctx, table)
	if err != nil {
		return err
	}
	if n, err := c.to.count(ctx, table); err != nil {
		return err
	} else if n > 0 { // rows that the schema brings, which come from the other database
		if _, err := c.to.tx.ExecContext(ctx, `DELETE FROM "`+table+`"`); err != nil { //nolint:gosec // G202: the name is one of the schema's
			return err
		}
	}
	list := names(columns)
	atOnce := min(maxRows, maxArguments/len(columns))
	var batch []any
	read, sum := 0, checksum{}
	write := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := c.to.tx.ExecContext(ctx, `INSERT INTO "`+table+`" (`+list+`) VALUES `+places(len(batch)/len(columns), len(columns), c.to.dialect), batch...) //nolint:gosec // G202: names of the schema
		batch = batch[:0]
		return err
	}
	err = c.from.Rows(ctx, table, columns, func(values []any) error {
		c.adapt(table, columns, values)
		sum.add(columns, values)
		for i, col := range columns {
			values[i] = col.write(values[i], c.to.dialect)
		}
		batch = append(batch, values...)
		if read++; read%1000 == 0 && c.progress != nil {
			c.progress(table, read)
		}
		if len(batch) >= atOnce*len(columns) {
			return write()
		}
		return nil
	})
	if err == nil {
		err = write()
	}
	if err != nil {
		return err
	}
	if err := c.compare(ctx, table, columns, read, sum); err != nil {
		return err
	}
	c.done = append(c.done, CopiedTable{table, read})
	return c.identity(ctx, table)
}

// compare reads a table back.
func (c *copier) compare(ctx context.Context, table string, columns []Column, want int, sum checksum) error {
	got, back := 0, checksum{}
	err := c.to.Rows(ctx, table, columns, func(values []any) error {
		got++
		back.add(columns, values)
		return nil
	})
	if err != nil {
		return err
	}
	if got != want || back != sum {
		return fmt.Errorf("what was written is not what was read: %d rows of %d, %x instead of %x", got, want, back, sum)
	}
	return nil
}

// Rows implements Source.
func (s side) Rows(ctx context.Context, table string, columns []Column, row func(values []any) error) error {
	return s.each(ctx, `SELECT `+names(columns)+` FROM "`+table+`"`, func(rows *sql.Rows) error {
		values, err := scanRow(rows, columns)
		if err != nil {
			return err
		}
		return row(values)
	})
}

// names lists columns for a statement.
func names(columns []Column) string {
	quoted := make([]string, len(columns))
	for i, col := range columns {
		quoted[i] = `"` + col.Name + `"`
	}
	return strings.Join(quoted, ", ")
}

// ofItsDatabase reports whether a value of a column means something in its own
// PostgreSQL alone: the numbers of transactions, and with them the cursors of
// partners.
func ofItsDatabase(table, column string) bool {
	return slices.Contains([]string{"events.txid", "event_consumers.txid", "event_consumers.id", "partner_copies.removed_txid", "api_keys.cursor_secret"}, table+"."+column)
}

// adapt changes the values that mean nothing in another database. The places of
// consumers of events are set by positions.
func (c *copier) adapt(table string, columns []Column, values []any) {
	if c.from.Dialect() == SQLite {
		return
	}
	for i, col := range columns {
		switch _, number := values[i].(int64); {
		case !ofItsDatabase(table, col.Name):
		case col.Name == "cursor_secret":
			values[i] = rand.Text()
		case number && col.Name != "id":
			values[i] = int64(0)
		}
	}
}

// positions puts the consumers of events where nothing is missed: an event may be
// told again, as after a crash.
func (c *copier) positions(ctx context.Context) error {
	all, err := c.from.Positions(ctx)
	if err != nil {
		return err
	}
	for name, id := range all {
		if _, err := c.to.tx.ExecContext(ctx, `UPDATE event_consumers SET id = $2 WHERE name = $1`, name, id); err != nil {
			return err
		}
	}
	return nil
}

// Positions implements Source.
func (s side) Positions(ctx context.Context) (map[string]int64, error) {
	all := map[string]int64{}
	if s.dialect == SQLite {
		return all, nil
	}
	err := s.each(ctx, `SELECT c.name, coalesce((SELECT min(e.id) - 1 FROM events e WHERE (e.txid, e.id) > (c.txid, c.id)), (SELECT max(id) FROM events), c.id) FROM event_consumers c`,
		func(rows *sql.Rows) error {
			var name string
			var id int64
			err := rows.Scan(&name, &id)
			all[name] = id
			return err
		})
	return all, err
}

// Last implements Source.
func (s side) Last(ctx context.Context, table string) (int64, error) {
	columns, err := s.columns(ctx, table)
	if err != nil || !slices.ContainsFunc(columns, func(col Column) bool { return col.Name == "id" }) {
		return 0, err
	}
	query := `SELECT max(seq) FROM sqlite_sequence WHERE name = $1`
	if s.dialect == Postgres {
		query = `SELECT max(last_value) FROM pg_sequences WHERE schemaname = current_schema() AND format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence($1, 'id')`
	}
	var last sql.NullInt64
	err = s.tx.QueryRowContext(ctx, query, table).Scan(&last)
	return last.Int64, err
}

// identity makes the next row get a number that none had, not even one that is
// gone.
func (c *copier) identity(ctx context.Context, table string) error {
	last, err := c.from.Last(ctx, table)
	if err != nil || last == 0 { // nothing was ever in it
		return err
	}
	statement := `SELECT setval(pg_get_serial_sequence($1, 'id'), $2)`
	if c.to.dialect == SQLite {
		if _, err := c.to.tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = $1`, table); err != nil {
			return err
		}
		statement = `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`
	}
	_, err = c.to.tx.ExecContext(ctx, statement, table, last)
	return err
}
