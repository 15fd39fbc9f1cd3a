// Command broadsheet is a GraphQL content platform for newsrooms.
package main

import (
	"os"

	"github.com/broadsheet-cms/broadsheet/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
