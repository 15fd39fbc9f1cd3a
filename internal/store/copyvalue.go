package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// places gives the places of arguments for rows of columns.
func places(rows, columns int, d Dialect) string {
	var b strings.Builder
	mark := "$"
	if d == SQLite {
		mark = "?"
	}
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString(mark)
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// scanRow reads the columns of a row in the one form in which both databases'
// values are compared: nil, int64, float64, bool, string, time.Time in UTC.
func scanRow(rows *sql.Rows, columns []Column) ([]any, error) {
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	for i, col := range columns {
		var err error
		if values[i], err = col.read(values[i]); err != nil {
			return nil, fmt.Errorf("column %s: %w", col.Name, err)
		}
	}
	return values, nil
}

func (c Column) isTime() bool { return c.Kind == "datetime" || strings.HasPrefix(c.Kind, "timestamp") }
func (c Column) isBool() bool { return strings.HasPrefix(c.Kind, "bool") }
func (c Column) isReal() bool { return c.Kind == "real" || c.Kind == "double precision" }

// read brings a value into that form.
func (c Column) read(v any) (any, error) {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	switch x := v.(type) {
	case string:
		if !c.isTime() {
			return x, nil
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999"} {
			if t, err := time.Parse(layout, x); err == nil {
				return t.UTC().Truncate(time.Microsecond), nil
			}
		}
		return nil, fmt.Errorf("%.40q is no moment", x)
	case time.Time:
		return x.UTC().Truncate(time.Microsecond), nil
	case int64:
		switch {
		case c.isBool():
			return x != 0, nil
		case c.isReal():
			return float64(x), nil
		}
	}
	return v, nil
}

// write brings a value into the form that a database takes.
func (c Column) write(v any, d Dialect) any {
	if text, ok := v.(string); ok && (d == Postgres && c.Kind == "bytea" || d == SQLite && c.Kind == "blob") {
		return []byte(text)
	}
	return v
}

// checksum is a sum over rows that does not depend on their order.
type checksum [4]uint64

func (s *checksum) add(columns []Column, values []any) {
	h := sha256.New()
	for i, col := range columns {
		_, _ = fmt.Fprintf(h, "%s=%s\n", col.Name, canonical(values[i])) // never fails
	}
	sum := h.Sum(nil)
	for i := range s {
		s[i] += binary.BigEndian.Uint64(sum[i*8:])
	}
}

// canonical writes a value as it is compared. JSON is compared by what it says:
// PostgreSQL keeps it in an order of its own.
func canonical(v any) string {
	switch x := v.(type) {
	case nil:
		return "NULL"
	case bool: // a number in columns of SQLite that are older than its name for them
		if x {
			return "1"
		}
		return "0"
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case string:
		if strings.HasPrefix(x, "{") || strings.HasPrefix(x, "[") {
			var value any
			d := json.NewDecoder(strings.NewReader(x))
			d.UseNumber()
			if d.Decode(&value) == nil && !d.More() {
				if text, err := json.Marshal(value); err == nil {
					return "text:" + string(text)
				}
			}
		}
		return "text:" + x
	}
	return fmt.Sprintf("%v", v)
}
