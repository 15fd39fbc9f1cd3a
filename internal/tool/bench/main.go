// Command bench measures Broadsheet on databases of its own.
//
//	go run ./internal/tool/bench [api] [flags]     the headline operations over HTTP
//	go run ./internal/tool/bench related [flags]   how good and how fast related articles are
//	go run ./internal/tool/bench search [flags]    how fast search is
//	go run ./internal/tool/bench known-items FILE… how well search finds articles by their words
//	go run ./internal/tool/bench sockets [flags]   what memory idle sockets take
//	go run ./internal/tool/bench readers [flags]   what deep pages of readers' lists cost
//	go run ./internal/tool/bench partners [flags]  the feed of changes behind a million changes, and feeds
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

// commands are the measurements by name.
var commands = map[string]func(ctx context.Context, args []string) error{
	"api":         benchAPI,
	"related":     benchRelated,
	"search":      benchSearch,
	"known-items": benchKnownItems,
	"readers":     benchReaders,
	"partners":    benchPartners,
	"sockets":     benchSockets,
	// Started by api and sockets.
	"serve-sockets":  serveSockets,
	"serve-api":      serveAPI,
	"serve-unit":     serveUnit,
	"serve-prepared": servePrepared,
}

func main() {
	name, args := "api", os.Args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	run := commands[name]
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: bench [api|related|…] [flags]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, args); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", name, err)
		stop()
		os.Exit(1)
	}
}
