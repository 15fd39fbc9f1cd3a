package ninjs

import (
	"errors"
	"strings"
	"time"
)

// The years within which a news item may be dated. Nothing was printed for
// a public before the first; times after the second have no RFC 3339 form.
const (
	minYear = 1400
	maxYear = 9999
)

var (
	errBadDate   = errors.New("not a date")
	errDateRange = errors.New("year outside 1400 to 9999")
)

// parseDate reads an RFC 3339 date-time, and the neighbouring forms of ISO 8601
// that providers write: a date alone, no seconds, an offset as +0000 or +00,
// a space for the T, no offset at all. What names no offset is taken to be in
// loc, and zoned is false. The result is in UTC.
func parseDate(s string, loc *time.Location) (t time.Time, zoned bool, err error) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '-'); i > 4 && allDigits(s[:i]) {
		return time.Time{}, false, errDateRange // a year of five digits
	}
	c := dateCursor{rest: s}
	year, month, day := c.number(4), c.after('-').number(2), c.after('-').number(2)
	var hour, minute, second, nanos int
	if c.rest != "" && !c.bad {
		if !strings.ContainsRune("Tt ", rune(c.rest[0])) {
			return time.Time{}, false, errBadDate
		}
		c.rest = c.rest[1:]
		hour, minute = c.number(2), c.after(':').number(2)
		if strings.HasPrefix(c.rest, ":") {
			second = c.after(':').number(2)
			nanos = c.fraction()
		}
		if zone, ok := c.zone(); ok {
			loc, zoned = zone, true
		}
	}
	if c.bad || c.rest != "" || hour > 23 || minute > 59 || second > 60 {
		return time.Time{}, false, errBadDate
	}
	if first := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); month < 1 || month > 12 || first.Day() != day {
		return time.Time{}, false, errBadDate
	}
	// A leap second (:60) becomes the second after it.
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, loc).UTC()
	if year < minYear || t.Year() < minYear || t.Year() > maxYear {
		return time.Time{}, false, errDateRange
	}
	return t, zoned, nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// dateCursor takes a date apart from left to right. Once something is missing
// it is bad, and stays so.
type dateCursor struct {
	rest string
	bad  bool
}

// after takes the separator.
func (c *dateCursor) after(sep byte) *dateCursor {
	if c.bad || c.rest == "" || c.rest[0] != sep {
		c.bad = true
		return c
	}
	c.rest = c.rest[1:]
	return c
}

// number takes exactly that many digits.
func (c *dateCursor) number(digits int) int {
	if c.bad || len(c.rest) < digits || !allDigits(c.rest[:digits]) {
		c.bad = true
		return 0
	}
	n := 0
	for i := range digits {
		n = n*10 + int(c.rest[i]-'0')
	}
	c.rest = c.rest[digits:]
	return n
}

// fraction takes a decimal fraction of a second, of any length, in nanoseconds.
func (c *dateCursor) fraction() int {
	if c.bad || c.rest == "" || c.rest[0] != '.' && c.rest[0] != ',' {
		return 0
	}
	digits := 0
	nanos, unit := 0, 100_000_000
	for c.rest = c.rest[1:]; c.rest != "" && c.rest[0] >= '0' && c.rest[0] <= '9'; c.rest = c.rest[1:] {
		nanos += int(c.rest[0]-'0') * unit
		unit /= 10
		digits++
	}
	c.bad = digits == 0
	return nanos
}

// zone takes the offset from UTC, if there is one.
func (c *dateCursor) zone() (*time.Location, bool) {
	if c.bad || c.rest == "" {
		return nil, false
	}
	sign := c.rest[0]
	c.rest = c.rest[1:]
	switch sign {
	case 'Z', 'z':
		return time.UTC, true
	case '+', '-':
	default:
		c.bad = true
		return nil, false
	}
	hours, minutes := c.number(2), 0
	if c.rest != "" && !c.bad {
		c.rest = strings.TrimPrefix(c.rest, ":")
		minutes = c.number(2)
	}
	if hours > 23 || minutes > 59 {
		c.bad = true
	}
	seconds := (hours*60 + minutes) * 60
	if sign == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), true
}
