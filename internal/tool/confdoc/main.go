// Command confdoc writes the reference of all settings of the server, from the
// structure that holds them: go run ./internal/tool/confdoc >docs/config.md
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/broadsheet-cms/broadsheet/internal/config"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "confdoc:", err)
		os.Exit(1)
	}
}

const head = `# Settings

<!-- Written by go run ./internal/tool/confdoc: change internal/config instead. -->

Every setting of ` + "`broadsheet serve`" + ` has a flag, a variable and a place in the settings
file. A flag wins over the variable, the variable over the file, the file over
the default. The file is YAML, named by ` + "`--config`" + ` or ` + "`BROADSHEET_CONFIG`" + `; its keys are
the flags without the dashes in front.

| flag | variable | default | meaning |
| --- | --- | --- | --- |
`

// write writes a row for each setting, in the order of the structure.
func write(w io.Writer) error {
	var settings config.Serve
	parser, err := kong.New(&settings)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	var b strings.Builder
	b.WriteString(head)
	for _, f := range parser.Model.Flags {
		if f.Name == "help" {
			continue
		}
		flag := "--" + f.Name
		if f.Tag.Negatable != "" {
			flag = "--[no-]" + f.Name
		}
		_, _ = fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", flag, code(strings.Join(f.Tag.Envs, ", ")), code(f.Default), strings.ReplaceAll(f.Help, "|", `\|`))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
