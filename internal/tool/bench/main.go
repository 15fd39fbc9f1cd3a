// Command bench measures Broadsheet on databases of its own.
//
//	go run ./internal/tool/bench related [flags]   how good and how fast related articles are
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
)

// commands are the measurements by name.
var commands = map[string]func(ctx context.Context, args []string) error{
	"related": benchRelated,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run := commands[name]
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: bench related [flags]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", name, err)
		stop()
		os.Exit(1)
	}
}
