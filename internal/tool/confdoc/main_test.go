package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(have)); diff != "" {
		t.Errorf("docs/config.md is stale, run: go run ./internal/tool/confdoc >docs/config.md (-want +got):\n%s", diff)
	}
}

// TestEverySettingIsTold: a setting without words, or that cannot be set by a
// variable of the product's name, is not finished.
func TestEverySettingIsTold(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(b.String()[len(head):]), "\n")
	if len(rows) < 15 {
		t.Errorf("only %d settings", len(rows))
	}
	for _, row := range rows {
		cells := strings.Split(row, " | ")
		name := strings.TrimPrefix(strings.TrimPrefix(strings.Trim(cells[0], "|` "), "--"), "[no-]")
		if want := "`BROADSHEET_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "`"; cells[1] != want {
			t.Errorf("%s is set by %s, want %s", name, cells[1], want)
		}
		if len(strings.Trim(cells[3], "| ")) < 10 {
			t.Errorf("%s says nothing: %q", name, cells[3])
		}
	}
}
