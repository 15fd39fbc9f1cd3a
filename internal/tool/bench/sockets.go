package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"

	"github.com/broadsheet-cms/broadsheet/internal/app"
	"github.com/broadsheet-cms/broadsheet/internal/config"
)

// benchSockets opens idle WebSockets to a server of its own and tells what memory the
// server takes for them.
func benchSockets(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("sockets", flag.ContinueOnError)
	count := flags.Int("sockets", 10_000, "how many are opened; each takes a file descriptor on both sides")
	subscribe := flags.Bool("subscribe", true, "open a subscription on each")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "broadsheet-bench-sockets")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err := startProcess(ctx, "serve-sockets", "-dir", dir, "-sockets", strconv.Itoa(*count))
	if err != nil {
		return err
	}
	defer server.stop()
	before, _, err := residentMB(server.cmd.Process.Pid)
	if err != nil {
		return err
	}
	began := time.Now()
	conns := make([]*websocket.Conn, *count)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.CloseNow()
			}
		}
	}()
	group, dialing := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], err = openSocket(dialing, server.url, *subscribe)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	opened := time.Since(began)
	after, most, err := residentMB(server.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("%d idle sockets, opened in %s, subscriptions: %v\n", *count, opened.Round(time.Millisecond), *subscribe)
	fmt.Printf("resident memory of the server: %d MB before, %d MB with them, %d MB at most, %.1f kB each\n", before, after, most, float64(after-before)*1024/float64(*count))
	return nil
}

func openSocket(ctx context.Context, address string, subscribe bool) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, strings.Replace(address, "http", "ws", 1)+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init"}`)); err != nil {
		return conn, err
	}
	if _, text, err := conn.Read(ctx); err != nil || !bytes.Contains(text, []byte("connection_ack")) {
		return conn, fmt.Errorf("no ack: %s %w", text, err)
	}
	if !subscribe {
		return conn, nil
	}
	// Pongs of the protocol answer when something is read; nothing is, so the server must
	// not ping within the time of this measurement.
	return conn, conn.Write(ctx, websocket.MessageText, []byte(`{"id":"1","type":"subscribe","payload":{"query":"subscription { articlePublished { title } }"}}`))
}

// serveSockets is the server as it is shipped, with room for the sockets of one
// address.
func serveSockets(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve-sockets", flag.ContinueOnError)
	dir := flags.String("dir", "", "of its data")
	count := flags.Int("sockets", 0, "how many it takes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var cfg config.Serve
	parser, err := kong.New(&cfg)
	if err != nil {
		return err
	}
	if _, err := parser.Parse([]string{"--addr=127.0.0.1:0", "--database=sqlite:" + filepath.Join(*dir, "site.db"), "--media-dir=" + filepath.Join(*dir, "media"),
		"--max-connections=" + strconv.Itoa(*count), "--connections-per-address=" + strconv.Itoa(*count), "--rate-limit=0"}); err != nil {
		return err
	}
	a, err := app.New(ctx, cfg, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return a.Run(ctx, func(addr net.Addr) { fmt.Println(addr) })
}
