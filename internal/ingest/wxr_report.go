package ingest

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/broadsheet-cms/broadsheet/internal/store"
)

// leftOut is the outcome of what a newsroom has no use for: revisions, caches.
const leftOut Outcome = "left out"

// Why an item of a WordPress site had its outcome, beside the reasons of other
// imports.
const (
	reasonUnknownType   = "UNKNOWN_TYPE"   // of a plugin
	reasonUnknownStatus = "UNKNOWN_STATUS" // of a plugin: kept as a draft
	reasonDuplicateID   = "DUPLICATE_ID"   // another item of the file has the number
	reasonNoFile        = "NO_FILE"        // an attachment without an address
	reasonNoParent      = "NO_PARENT"      // a parent that is not there, or a circle of parents
	reasonUnreadable    = "DAMAGED"        // mended by the reader
	reasonNoComment     = "EMPTY_COMMENT"  //
	reasonNoSchedule    = "NO_SCHEDULE"    // a page that was to appear later: kept as a draft
	reasonMenuPlace     = "MENU_PLACE"     // more menus than there are places for
	reasonMenuItem      = "MENU_ITEM"      // leads nowhere and says nothing
)

// WXRReport tells what the import of a WordPress site did.
type WXRReport struct {
	Report
	Files    []string       `json:"files"`
	Sites    []string       `json:"sites"`              // addresses of the sites that were read
	Types    []Tally        `json:"types"`              // items by type and status
	Comments []Tally        `json:"comments"`           // by type and status
	Things   []Tally        `json:"things"`             // authors, sections, tags, menus, redirects; without a status
	Fields   map[string]int `json:"fields,omitempty"`   // custom fields kept, by name
	Used     map[string]int `json:"used,omitempty"`     // custom fields that became something, by what
	Dropped  map[string]int `json:"dropped,omitempty"`  // custom fields left out, by name
	Marks    map[string]int `json:"marks,omitempty"`    // sticky, password, several authors …
	Links    map[string]int `json:"links,omitempty"`    // to the old site: what became of them
	Surveyed bool           `json:"surveyed,omitempty"` // authors, terms and media are stored and counted
}

// Tally counts what became of the things of one type and status.
type Tally struct {
	Type      string `json:"type"`
	Status    string `json:"status,omitempty"`
	Read      int    `json:"read"`
	Created   int    `json:"created"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Kept      int    `json:"kept"`
	Rejected  int    `json:"rejected"`
	LeftOut   int    `json:"leftOut"`
	Repaired  int    `json:"repaired"`
}

func (t *Tally) add(o Outcome, repaired bool) {
	t.Read++
	switch o {
	case Created:
		t.Created++
	case Updated:
		t.Updated++
	case Unchanged:
		t.Unchanged++
	case Kept:
		t.Kept++
	case Rejected:
		t.Rejected++
	case leftOut:
		t.LeftOut++
	}
	if repaired {
		t.Repaired++
	}
}

// maxNames bounds the distinct names that are counted; the files choose them.
const maxNames = 500

// tally finds the count of a type and status.
func tally(list *[]Tally, kind, status string) *Tally {
	kind, status = shorten(kind, 60), shorten(status, 60)
	if len(*list) >= maxNames {
		kind, status = "others", ""
	}
	for i := range *list {
		if (*list)[i].Type == kind && (*list)[i].Status == status {
			return &(*list)[i]
		}
	}
	*list = append(*list, Tally{Type: kind, Status: status})
	return &(*list)[len(*list)-1]
}

// countName counts something under a name.
func countName(counts *map[string]int, key string, n int) {
	if n == 0 {
		return
	}
	if *counts == nil {
		*counts = map[string]int{}
	}
	key = shorten(tidy(key), 60)
	if _, known := (*counts)[key]; !known && len(*counts) >= maxNames {
		key = "others"
	}
	(*counts)[key] += n
}

// clone gives a copy that can be added to while the other stays.
func (r *WXRReport) clone() *WXRReport {
	next := *r
	next.Report = *r.with()
	next.Types, next.Comments, next.Things = slices.Clone(r.Types), slices.Clone(r.Comments), slices.Clone(r.Things)
	next.Fields, next.Dropped, next.Marks, next.Links, next.Used = maps.Clone(r.Fields), maps.Clone(r.Dropped), maps.Clone(r.Marks), maps.Clone(r.Links), maps.Clone(r.Used)
	return &next
}

// count notes what became of an item.
func (r *WXRReport) count(kind, status string, res *result) {
	if res.outcome == leftOut {
		r.Items = max(r.Items, res.at.index+1)
		tally(&r.Types, kind, status).add(leftOut, false)
		return
	}
	r.add(res)
	tally(&r.Types, kind, status).add(res.outcome, len(res.repairs) > 0 && (res.outcome == Created || res.outcome == Updated))
}

// note tells of something that is no item.
func (r *WXRReport) note(at position, code, uri, format string, args ...any) {
	r.Report.count(repaired, code)
	r.list(Line{Outcome: repaired, Code: code, Message: shorten(fmt.Sprintf(format, args...), 300), Index: at.index, Line: at.line, Offset: at.offset, URI: shorten(uri, 300)})
}

func (r *WXRReport) finish(took time.Duration) {
	r.Report.finish(took)
	for _, list := range []*[]Tally{&r.Types, &r.Comments, &r.Things} {
		slices.SortFunc(*list, func(a, b Tally) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Status, b.Status)) })
	}
}

// WriteJSON writes the report as one JSON object.
func (r *WXRReport) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteText writes the report for people.
func (r *WXRReport) WriteText(w io.Writer) error {
	var b strings.Builder
	what := "Imported"
	if r.DryRun {
		what = "Rehearsed the import of"
	}
	fmt.Fprintf(&b, "%s %d items of %s", what, r.Items, strings.Join(r.Sites, ", "))
	if r.Resumed > 0 {
		fmt.Fprintf(&b, ", %d of them in an earlier run", r.Resumed)
	}
	fmt.Fprintf(&b, ", in %.1f s.\n\n", r.Seconds)
	for _, table := range []struct {
		name string
		rows []Tally
	}{{"Items", r.Types}, {"Comments", r.Comments}, {"Also", r.Things}} {
		if len(table.rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%-36s %7s %7s %7s %9s %6s %8s %8s %8s\n", table.name, "read", "created", "updated", "unchanged", "kept", "rejected", "left out", "repaired")
		for _, t := range table.rows {
			fmt.Fprintf(&b, "  %-34s %7d %7d %7d %9d %6d %8d %8d %8d\n", strings.TrimSpace(t.Type+" "+t.Status),
				t.Read, t.Created, t.Updated, t.Unchanged, t.Kept, t.Rejected, t.LeftOut, t.Repaired)
		}
		b.WriteByte('\n')
	}
	for _, list := range []struct {
		name   string
		counts map[string]int
	}{{"Marks", r.Marks}, {"Links to the old site", r.Links}, {"Bodies", r.Notes}, {"Custom fields that became something", r.Used}, {"Custom fields kept", r.Fields}, {"Custom fields left out", r.Dropped}} {
		if len(list.counts) == 0 {
			continue
		}
		b.WriteString(list.name + ":\n")
		for _, key := range slices.Sorted(maps.Keys(list.counts)) {
			fmt.Fprintf(&b, "%9d %s\n", list.counts[key], key)
		}
	}
	if len(r.Lines) > 0 {
		b.WriteString("What was put right or refused:\n")
	}
	for _, l := range r.Lines {
		fmt.Fprintf(&b, "  %s\n", l)
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "  and %d more\n", r.Omitted)
	}
	if r.Fatal != nil {
		fmt.Fprintf(&b, "A file could not be read to its end:\n  %s\n", r.Fatal)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// wxrRun is the record of how far an import has come, with its own report.
type wxrRun struct{ run }

func (r *wxrRun) resume(ctx context.Context) (checkpoint, *WXRReport, error) {
	var at checkpoint
	var report *WXRReport
	_, err := store.Collect(ctx, r.db, openRunSQL, func(rows *sql.Rows) (struct{}, error) {
		var started int64
		var text string
		if err := rows.Scan(&started, &at.Offset, &at.Index, &text); err != nil {
			return struct{}{}, err
		}
		r.started = time.UnixMicro(started).UTC()
		report = new(WXRReport)
		return struct{}{}, json.Unmarshal([]byte(text), report)
	}, r.format, r.file.Identity)
	if err != nil {
		return at, nil, fmt.Errorf("look for an unfinished import: %w", err)
	}
	return at, report, nil
}

func (r *wxrRun) save(ctx context.Context, next checkpoint, report *WXRReport, now time.Time, finished bool) error {
	if r.file.Identity == "" {
		return nil
	}
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	var end *int64
	if finished {
		end = new(now.UnixMicro())
	}
	if _, err := r.db.Exec(ctx, saveRunSQL, r.format, r.file.Identity, r.file.Name, r.file.Size, r.started.UnixMicro(), now.UnixMicro(), end,
		next.Offset, next.Index, string(text)); err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	return nil
}

var (
	sourcesSQL = store.Maintain(
		`SELECT uri, hash, version FROM import_sources WHERE uri IN (SELECT jsonb_array_elements_text($1::jsonb))`,
		`SELECT uri, hash, version FROM import_sources WHERE uri IN (SELECT value FROM json_each($1))`)
	saveSourceSQL = store.MaintainBoth(`INSERT INTO import_sources (uri, hash, version) VALUES ($1, $2, $3)
		ON CONFLICT (uri) DO UPDATE SET hash = excluded.hash, version = excluded.version`)
)

// lastSeen is what an import last saw of a thing.
type lastSeen struct {
	hash    string
	version int
}

// sources gives what imports last saw of the things with the given addresses.
func sources(ctx context.Context, db *store.DB, uris []string) (map[string]lastSeen, error) {
	list, err := json.Marshal(uris)
	if err != nil {
		return nil, err
	}
	found := make(map[string]lastSeen, len(uris))
	_, err = store.Collect(ctx, db, sourcesSQL, func(rows *sql.Rows) (struct{}, error) {
		var uri string
		var seen lastSeen
		err := rows.Scan(&uri, &seen.hash, &seen.version)
		found[uri] = seen
		return struct{}{}, err
	}, string(list))
	if err != nil {
		return nil, fmt.Errorf("look for what was imported: %w", err)
	}
	return found, nil
}

func saveSource(ctx context.Context, db *store.DB, uri string, seen lastSeen) error {
	if _, err := db.Exec(ctx, saveSourceSQL, uri, seen.hash, seen.version); err != nil {
		return fmt.Errorf("note what was imported: %w", err)
	}
	return nil
}
