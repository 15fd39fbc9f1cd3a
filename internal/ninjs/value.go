package ninjs

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// problem notes something amiss in the value at hand.
func (d *decoder) problem(code Code, value, message string, repaired bool) {
	switch {
	case len(d.problems) < maxProblems-1:
		d.problems = append(d.problems, Problem{d.fieldPath(), code, shorten(value), message, repaired})
	case len(d.problems) == maxProblems-1:
		d.problems = append(d.problems, Problem{Code: CodeProblemsOmitted, Message: "further problems are not listed"})
	}
}

func (d *decoder) fieldPath() string {
	var b strings.Builder
	for _, s := range d.path {
		if s.field == "" {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.field)
	}
	return b.String()
}

// shorten cuts a value for a message.
func shorten(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if utf8.RuneCountInString(s) <= maxShown {
		return s
	}
	n := 0
	for i := range s {
		if n == maxShown {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// wrongType notes that the value at hand is of another type, and passes over it.
func (d *decoder) wrongType(wanted string) {
	found := "a number"
	switch d.peek() {
	case '{':
		found = "an object"
	case '[':
		found = "a list"
	case '"':
		found = "text"
	case 't', 'f':
		found = "true or false"
	}
	start := d.pos
	d.skip()
	if d.err == nil {
		end := min(d.pos, start+utf8.UTFMax*maxShown)
		d.problem(CodeWrongType, string(d.text[start:end]), "expected "+wanted+", found "+found, false)
	}
}

// noteRepairs notes what was done to the string at hand.
func (d *decoder) noteRepairs() {
	if d.repairs&replacedUTF8 != 0 {
		d.problem(CodeInvalidUTF8, "", "the last character was cut off and is replaced", true)
	}
	if d.repairs&replacedSurrogate != 0 {
		d.problem(CodeLoneSurrogate, "", "half a surrogate pair was replaced", true)
	}
	if d.repairs&removedNUL != 0 {
		d.problem(CodeNUL, "", "NUL characters were removed", true)
	}
	if d.repairs&keptControl != 0 {
		d.problem(CodeControl, "", "control characters should have been escaped", true)
	}
	d.repairs = 0
}

// str takes a string. It reports false for null and for other types, which
// have a problem then.
func (d *decoder) str() (string, bool) {
	switch d.peek() {
	case '"':
		s := string(d.stringBytes())
		if d.repairs != 0 {
			d.noteRepairs()
		}
		return s, d.err == nil
	case 'n':
		d.skip()
	default:
		d.wrongType("text")
	}
	return "", false
}

// string takes a string, or a number in its place as it is written.
func (d *decoder) string() string {
	if c := d.peek(); c == '-' || c >= '0' && c <= '9' {
		n := d.number()
		d.problem(CodeWrongType, n, "expected text, found a number", true)
		return n
	}
	s, _ := d.str()
	return s
}

// float takes a number, or a string in its place which holds one.
func (d *decoder) float() (float64, bool) {
	var written string
	switch c := d.peek(); {
	case c == '-' || c >= '0' && c <= '9':
		written = d.number()
	case c == '"':
		written = strings.TrimSpace(string(d.stringBytes()))
		n, err := strconv.ParseFloat(written, 64)
		usable := err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
		d.problem(CodeWrongType, written, "expected a number, found text", usable)
		return n, usable
	case c == 'n':
		d.skip()
		return 0, false
	default:
		d.wrongType("a number")
		return 0, false
	}
	n, err := strconv.ParseFloat(written, 64)
	if err != nil && d.err == nil {
		d.problem(CodeOutOfRange, written, "the number is too large", false)
	}
	return n, err == nil
}

// integer takes a whole number from low to high; others are rounded.
func (d *decoder) integer(low, high int) int {
	n, ok := d.float()
	if !ok {
		return 0
	}
	whole := math.Round(n)
	if whole < float64(low) || whole > float64(high) {
		d.problem(CodeOutOfRange, strconv.FormatFloat(n, 'g', -1, 64),
			"expected a number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high), false)
		return 0
	}
	if whole != n {
		d.problem(CodeWrongType, strconv.FormatFloat(n, 'g', -1, 64), "expected a whole number", true)
	}
	return int(whole)
}

// date takes a date or date-time.
func (d *decoder) date() time.Time {
	s, ok := d.str()
	if !ok {
		return time.Time{}
	}
	t, zoned, err := parseDate(s, d.loc)
	switch {
	case err == errDateRange: //nolint:errorlint // of our own, never wrapped
		d.problem(CodeDateOutOfRange, s, err.Error(), false)
	case err != nil:
		d.problem(CodeBadDate, s, err.Error(), false)
	case !zoned:
		d.problem(CodeAssumedZone, s, "no offset from UTC: taken as "+d.loc.String(), true)
	}
	return t
}

// oneOf takes one of a few words, in any case of letters. Of others it reports
// false and notes a problem.
func (d *decoder) oneOf(words ...string) (string, bool) {
	s, ok := d.str()
	if !ok {
		return "", false
	}
	s = strings.TrimSpace(s)
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return w, true
		}
	}
	d.problem(CodeUnknownValue, s, "expected one of "+strings.Join(words, ", "), false)
	return s, false
}
