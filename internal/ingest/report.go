package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Outcome is what became of an item.
type Outcome string

// The outcomes. Every item that was read has one of them.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Kept      Outcome = "kept" // there was something newer, but it was edited here
	Rejected  Outcome = "rejected"
)

// repaired stands beside the outcomes in lists of reasons: an item that was
// created or updated with something put right.
const repaired Outcome = "repaired"

// Why an item had its outcome. Reasons found by the reader of the format have
// codes of its own.
const (
	reasonSame         = "SAME"           // stored exactly so
	reasonSameVersion  = "SAME_VERSION"   // another content under the stored version
	reasonOlder        = "OLDER_VERSION"  // a newer one is stored
	reasonNoVersion    = "NO_VERSION"     // no version, while the stored one has one
	reasonDuplicate    = "DUPLICATE_URI"  // an earlier item of the file has the URI
	reasonNewer        = "NEWER_VERSION"  //
	reasonEdited       = "EDITED_HERE"    // by a person, since it was imported
	reasonTrashed      = "TRASHED_HERE"   //
	reasonRefused      = "REFUSED"        // by the database or a service
	reasonNoIdentity   = "MISSING_ID"     // nothing identifies the item
	reasonNoNews       = "NOT_NEWS"       // a plan of coverage
	reasonNoTitle      = "NO_HEADLINE"    //
	reasonNoText       = "NO_TEXT"        // nothing that an article could say
	reasonTextApart    = "TEXT_LEFT_OUT"  // a text that goes with a story
	reasonNoDate       = "NO_DATE"        //
	reasonFuture       = "FUTURE_DATE"    //
	reasonEmbargo      = "EMBARGO"        // an embargo that could not be read, or without a time zone
	reasonLanguage     = "LANGUAGE"       // no BCP 47 tag
	reasonBodyFormat   = "BODY_FORMAT"    // a body in a markup that is not known
	reasonUnnamed      = "UNNAMED"        // a subject, place or person without a name
	reasonTooLong      = "TOO_LONG"       // words beyond their bound
	reasonTooMany      = "TOO_MANY"       // more tags, authors … than an article can have
	reasonSlugTaken    = "SLUG_TAKEN"     // another article has it: numbered
	reasonMediaAddress = "MEDIA_ADDRESS"  // a picture or film without a usable address
	reasonMediaHeld    = "MEDIA_WITHHELD" // one that must not be shown (yet, or any more)
	reasonAltID        = "ALT_ID"         // identified by another identifier
)

// Reason counts the items that had an outcome for the same reason.
type Reason struct {
	Outcome Outcome `json:"outcome"`
	Code    string  `json:"code"`
	Count   int     `json:"count"`
}

// Line tells of one item.
type Line struct {
	Outcome Outcome `json:"outcome"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Index   int     `json:"index"`         // in the file, from 0
	Line    int     `json:"line"`          // where it starts, from 1; 0: unknown
	Offset  int64   `json:"offset"`        // where it starts, in uncompressed bytes
	URI     string  `json:"uri,omitempty"` // its identity at the source
}

// maxLines bounds the items that a report lists one by one.
const maxLines = 1000

// Report tells what an import did.
type Report struct {
	Format  string `json:"format"`
	File    string `json:"file,omitempty"`
	DryRun  bool   `json:"dryRun"`
	Resumed int    `json:"resumedAfter,omitempty"` // items that an earlier run had done; they are counted below
	Items   int    `json:"items"`                  // read, rejected ones included
	Bytes   int64  `json:"bytes"`                  // of the input, as stored

	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	Kept      int `json:"kept"`
	Rejected  int `json:"rejected"`
	Repaired  int `json:"repaired"` // of those created or updated

	Reasons []Reason       `json:"reasons"`
	Notes   map[string]int `json:"notes"`             // what the conversion of bodies dropped or changed, by name
	Lines   []Line         `json:"lines"`             // rejected, kept, repaired and duplicate items
	Omitted int            `json:"omitted,omitempty"` // lines beyond the bound
	Fatal   *Line          `json:"fatal,omitempty"`   // why the file could not be read to its end
	Seconds float64        `json:"seconds"`           // that this run took
}

// Failed reports whether anything was rejected or left unread.
func (r *Report) Failed() bool { return r.Rejected > 0 || r.Fatal != nil }

// Total is the number of items that have an outcome.
func (r *Report) Total() int { return r.Created + r.Updated + r.Unchanged + r.Kept + r.Rejected }

// with gives the report with further results, leaving r as it is.
func (r *Report) with(results ...*result) *Report {
	next := *r
	next.Reasons, next.Notes = slices.Clone(r.Reasons), maps.Clone(r.Notes)
	if next.Notes == nil {
		next.Notes = map[string]int{}
	}
	next.Lines = slices.Clip(r.Lines)
	for _, res := range results {
		next.add(res)
	}
	return &next
}

func (r *Report) add(res *result) {
	r.Items = max(r.Items, res.at.index+1)
	*map[Outcome]*int{Created: &r.Created, Updated: &r.Updated, Unchanged: &r.Unchanged, Kept: &r.Kept, Rejected: &r.Rejected}[res.outcome]++
	if res.code != "" {
		r.count(res.outcome, res.code)
	}
	if res.outcome == Rejected || res.outcome == Kept || res.duplicate {
		r.list(res.line(res.outcome, res.code, res.message))
	}
	if res.outcome != Created && res.outcome != Updated {
		return
	}
	for name, n := range res.notes {
		r.Notes[name] += n
	}
	if len(res.repairs) == 0 {
		return
	}
	r.Repaired++
	var seen []string
	for _, fix := range res.repairs {
		if !slices.Contains(seen, fix.code) {
			seen = append(seen, fix.code)
			r.count(repaired, fix.code)
		}
		r.list(res.line(repaired, fix.code, fix.message))
	}
}

func (r *Report) count(o Outcome, code string) {
	for i := range r.Reasons {
		if r.Reasons[i].Outcome == o && r.Reasons[i].Code == code {
			r.Reasons[i].Count++
			return
		}
	}
	r.Reasons = append(r.Reasons, Reason{o, code, 1})
}

func (r *Report) list(l Line) {
	if len(r.Lines) >= maxLines {
		r.Omitted++
		return
	}
	r.Lines = append(r.Lines, l)
}

// finish puts what was counted in the order in which it is shown.
func (r *Report) finish(took time.Duration) {
	r.Seconds = took.Round(time.Millisecond).Seconds()
	rank := []Outcome{Created, Updated, Unchanged, Kept, Rejected, repaired}
	slices.SortFunc(r.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(slices.Index(rank, a.Outcome), slices.Index(rank, b.Outcome)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
	slices.SortStableFunc(r.Lines, func(a, b Line) int { return cmp.Compare(a.Index, b.Index) })
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	what := "Imported"
	if r.DryRun {
		what = "Rehearsed the import of"
	}
	fmt.Fprintf(&b, "%s %d items of %s", what, r.Items, cmp.Or(r.File, "standard input"))
	if r.Resumed > 0 {
		fmt.Fprintf(&b, ", %d of them in an earlier run", r.Resumed)
	}
	fmt.Fprintf(&b, ", in %.1f s.\n", r.Seconds)
	for _, row := range []struct {
		outcome Outcome
		count   int
	}{{Created, r.Created}, {Updated, r.Updated}, {Unchanged, r.Unchanged}, {Kept, r.Kept}, {Rejected, r.Rejected}, {repaired, r.Repaired}} {
		fmt.Fprintf(&b, "%9d %s", row.count, row.outcome)
		var why []string
		for _, reason := range r.Reasons {
			if reason.Outcome == row.outcome {
				why = append(why, fmt.Sprintf("%d %s", reason.Count, reason.Code))
			}
		}
		if len(why) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(why, ", "))
		}
		b.WriteByte('\n')
	}
	if len(r.Notes) > 0 {
		b.WriteString("Bodies:\n")
		for _, name := range slices.Sorted(maps.Keys(r.Notes)) {
			fmt.Fprintf(&b, "%9d %s\n", r.Notes[name], name)
		}
	}
	if len(r.Lines) > 0 {
		b.WriteString("Items:\n")
	}
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "  %s\n", l)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "  and %d more\n", r.Omitted)
	}
	if r.Fatal != nil {
		fmt.Fprintf(&b, "The file could not be read to its end:\n  %s\n", r.Fatal)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// String is the line as the text of a report has it.
func (l Line) String() string {
	var b strings.Builder
	if l.Line > 0 {
		fmt.Fprintf(&b, "line %d, ", l.Line)
	}
	fmt.Fprintf(&b, "byte %d, item %d: %s: %s", l.Offset, l.Index, l.Outcome, l.Code)
	if l.Message != "" {
		fmt.Fprintf(&b, ": %s", l.Message)
	}
	if l.URI != "" {
		fmt.Fprintf(&b, " [%s]", l.URI)
	}
	return b.String()
}
