package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Sink takes the rows of a database, table by table.
type Sink interface {
	// Table begins a table, which may have no rows.
	Table(name string, columns []Column) error
	// Row takes a row of that table. The values are in the order of its columns.
	Row(values []any) error
}

// Dumped says what Dump gave to a sink.
type Dumped struct {
	// From is the kind of the database.
	From Dialect `json:"from"`
	// Schema is the version of its schema.
	Schema int `json:"schema"`
	// Tables are in the order in which the sink took them.
	Tables []DumpedTable `json:"tables"`
	// Positions are those of consumers of events: see Source.
	Positions map[string]int64 `json:"positions"`
}

// DumpedTable is one table of a dump.
type DumpedTable struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
	// Sum depends on every value but those that change in another database, and
	// not on the order of rows: it is the same in a database that was restored.
	Sum string `json:"sum"`
	// Last is the highest id that a row ever had; 0 if none had one.
	Last int64 `json:"last"`
}

// RowSum sums the rows of a table up, for DumpedTable.
type RowSum struct {
	table string
	all   []Column
	kept  []Column
	Rows  int
	sum   checksum
}

// NewRowSum sums up rows of a table that have these columns.
func NewRowSum(table string, columns []Column) *RowSum {
	s := &RowSum{table: table, all: columns}
	for _, col := range columns {
		if !ofItsDatabase(table, col.Name) {
			s.kept = append(s.kept, col)
		}
	}
	return s
}

// Add adds a row.
func (s *RowSum) Add(values []any) {
	kept := values
	if len(s.kept) < len(s.all) {
		kept = make([]any, 0, len(s.kept))
		for i, col := range s.all {
			if !ofItsDatabase(s.table, col.Name) {
				kept = append(kept, values[i])
			}
		}
	}
	s.Rows++
	s.sum.add(s.kept, kept)
}

// String is the sum, in hexadecimal.
func (s *RowSum) String() string {
	return fmt.Sprintf("%016x%016x%016x%016x", s.sum[0], s.sum[1], s.sum[2], s.sum[3])
}

// Dump gives every row of a database, as it was at one moment, to a sink. Others
// may write meanwhile. What the search index consists of is left out.
func Dump(ctx context.Context, db *DB, sink Sink) (*Dumped, error) {
	var dumped *Dumped
	err := db.Snapshot(ctx, func(read context.Context) (err error) {
		dumped, err = side{db.txOf(read).sql, db.Dialect}.dump(read, sink)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the database: %w", err)
	}
	return dumped, nil
}

func (s side) dump(ctx context.Context, sink Sink) (*Dumped, error) {
	d := &Dumped{From: s.dialect}
	if err := s.tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_migrations`).Scan(&d.Schema); err != nil {
		return nil, err
	}
	tables, err := s.Tables(ctx)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		columns, err := s.columns(ctx, table)
		if err != nil {
			return nil, err
		}
		if err := sink.Table(table, columns); err != nil {
			return nil, err
		}
		sum := NewRowSum(table, columns)
		err = s.Rows(ctx, table, columns, func(values []any) error {
			sum.Add(values)
			return sink.Row(values)
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", table, err)
		}
		last, err := s.Last(ctx, table)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", table, err)
		}
		d.Tables = append(d.Tables, DumpedTable{Name: table, Rows: sum.Rows, Sum: sum.String(), Last: last})
	}
	d.Positions, err = s.Positions(ctx)
	return d, err
}

// nowhere is a sink that keeps nothing.
type nowhere struct{}

func (nowhere) Table(string, []Column) error { return nil }
func (nowhere) Row([]any) error              { return nil }

// Difference is a table in which a database is not as it was dumped.
type Difference struct {
	Table     string
	Want, Got int // rows
}

// Compare says in which tables the rows of a database are others than those of a
// dump. Values that mean something in one database alone are not compared.
func Compare(ctx context.Context, db *DB, with *Dumped) ([]Difference, error) {
	now, err := Dump(ctx, db, nowhere{})
	if err != nil {
		return nil, err
	}
	if now.Schema != with.Schema {
		return nil, fmt.Errorf("the database has the schema version %d, the rows to compare it with have %d", now.Schema, with.Schema)
	}
	there := map[string]DumpedTable{}
	for _, t := range now.Tables {
		there[t.Name] = t
	}
	var found []Difference
	for _, t := range with.Tables {
		if got := there[t.Name]; got.Rows != t.Rows || got.Sum != t.Sum {
			found = append(found, Difference{t.Name, t.Rows, got.Rows})
		}
	}
	return found, nil
}

// Empty fails with ErrNotEmpty when a database holds content. One without a schema
// holds none.
func (db *DB) Empty(ctx context.Context) error {
	if has, err := db.hasSchema(ctx); err != nil || !has {
		return err
	}
	return db.Snapshot(ctx, func(read context.Context) error {
		return side{db.txOf(read).sql, db.Dialect}.empty(read)
	})
}

var hasSchemaSQL = Maintain(`SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_migrations'`,
	`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'`)

func (db *DB) hasSchema(ctx context.Context) (bool, error) {
	found, err := Collect(ctx, db, hasSchemaSQL, ScanInt)
	if err != nil {
		return false, fmt.Errorf("look for a schema: %w", err)
	}
	return len(found) > 0, nil
}

var (
	keysSQL      = MaintainBoth(`SELECT id FROM api_keys`)
	newCursorSQL = MaintainBoth(`UPDATE api_keys SET cursor_secret = $2 WHERE id = $1`)
)

// EndCursors makes the cursors of all partners invalid: they begin with a snapshot.
// It is for a database whose log of events goes back to an earlier moment.
func (db *DB) EndCursors(ctx context.Context) error {
	keys, err := Collect(ctx, db, keysSQL, ScanInt)
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	for _, key := range keys {
		if _, err := db.Exec(ctx, newCursorSQL, key, rand.Text()); err != nil {
			return fmt.Errorf("end the cursors of a key: %w", err)
		}
	}
	return nil
}

// bytesOf marks a text that is no UTF-8, which JSON cannot hold.
type bytesOf struct {
	Base64 string `json:"base64"`
}

// EncodeRow writes the values of a row as an array of JSON.
func EncodeRow(values []any) ([]byte, error) {
	out := make([]any, len(values))
	for i, v := range values {
		switch x := v.(type) {
		case string:
			if out[i] = x; !utf8.ValidString(x) {
				out[i] = bytesOf{base64.StdEncoding.EncodeToString([]byte(x))}
			}
		case time.Time:
			out[i] = x.Format(time.RFC3339Nano)
		case float64:
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("%v is no number that JSON has", x)
			}
			out[i] = x
		case nil, int64, bool:
			out[i] = x
		default:
			return nil, fmt.Errorf("a value of type %T", v)
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(out)
	return []byte(b.String()), err // with the end of the line
}

// DecodeRow reads what EncodeRow wrote.
func DecodeRow(text []byte, columns []Column) ([]any, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var values []any
	if err := d.Decode(&values); err != nil {
		return nil, err
	}
	if len(values) != len(columns) {
		return nil, fmt.Errorf("%d values for %d columns", len(values), len(columns))
	}
	for i, col := range columns {
		v, err := decodeValue(values[i], col)
		if err == nil {
			v, err = col.read(v)
		}
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", col.Name, err)
		}
		values[i] = v
	}
	return values, nil
}

func decodeValue(v any, col Column) (any, error) {
	switch x := v.(type) {
	case json.Number:
		if col.isReal() {
			return x.Float64()
		}
		return x.Int64()
	case map[string]any:
		text, ok := x["base64"].(string)
		if !ok {
			return nil, errors.New("an object that is no bytes")
		}
		b, err := base64.StdEncoding.DecodeString(text)
		return string(b), err
	case []any:
		return nil, errors.New("an array where a value belongs")
	}
	return v, nil
}
