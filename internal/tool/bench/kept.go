package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// What answers from memory may be worse than prepared bytes.
const (
	leastThroughput = 0.8
	mostSlowest     = 2.0 // at 64 connections
)

// kept are the two servers that answer from memory: the API with its cache, and
// prepared bytes from a map behind the same HTTP library.
type kept struct{ cached, prepared *process }

func startKept(ctx context.Context, database, api string) (k kept, err error) {
	if k.cached, err = startProcess(ctx, "serve-api", "-database", database, "-cache", "33554432"); err != nil {
		return k, err
	}
	if k.prepared, err = startProcess(ctx, "serve-prepared", "-api", api+"/graphql"); err != nil {
		k.cached.stop()
	}
	return k, err
}

func (k kept) stop() {
	k.cached.stop()
	k.prepared.stop()
}

// measure asks both the same and gives a row of the table.
func (k kept) measure(ctx context.Context, name string, requests []request, connections int, duration time.Duration) (row string, wrong []error, err error) {
	to := func(url string) []request {
		all := make([]request, len(requests))
		for i, r := range requests {
			all[i] = request{url: url, body: r.body, want: r.want}
		}
		return all
	}
	prepared, err := measure(ctx, to(k.prepared.url), connections, duration, k.prepared.cmd.Process.Pid, k.prepared.cmd.Process.Pid)
	if err != nil {
		return "", nil, err
	}
	cached, err := measure(ctx, to(k.cached.url+"/graphql"), connections, duration, k.cached.cmd.Process.Pid, k.cached.cmd.Process.Pid)
	if err != nil {
		return "", nil, err
	}
	share := cached.perSecond / prepared.perSecond
	if share < leastThroughput {
		wrong = append(wrong, fmt.Errorf("%s at %d connections from memory: %.2f of the requests that prepared bytes answer", name, connections, share))
	}
	if slower := cached.slowest / prepared.slowest; connections == 64 && slower > mostSlowest {
		wrong = append(wrong, fmt.Errorf("%s from memory: the 99th percentile is %.1f times that of prepared bytes", name, slower))
	}
	return fmt.Sprintf("| %s | %d | %.0f | %.3f | %.2f | %.0f | %.3f | %.2f | %.2f |", name, connections, prepared.perSecond, prepared.server, prepared.slowest,
		cached.perSecond, cached.server, cached.slowest, share), wrong, nil
}

func (k kept) print(rows []string) {
	fmt.Print("\nfrom memory; ms of processor time of the server for each request\n\n")
	fmt.Println("| operation | connections | prepared rps | prepared ms | prepared p99 ms | rps | ms | p99 ms | share of prepared rps |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: | --: | --: |")
	for _, row := range rows {
		fmt.Println(row)
	}
	if _, most, err := residentMB(k.cached.cmd.Process.Pid); err == nil {
		fmt.Printf("\nresident memory of the server with its cache: %d MB at most\n", most)
	}
}

// servePrepared answers each request with the bytes that the API answered to it
// first, from a map by the hash of its body.
func servePrepared(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve-prepared", flag.ContinueOnError)
	api := flags.String("api", "", "address of the API")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var answers sync.Map
	return listenAndPrint(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		key := sha256.Sum256(body)
		answer, known := answers.Load(key)
		if !known {
			if answer, err = (request{url: *api, body: bytes.Clone(body)}).send(r.Context(), http.DefaultClient); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			answers.Store(key, answer)
		}
		raw, ok := answer.([]byte)
		if !ok {
			panic(errors.New("the map holds bytes alone"))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(raw) // the client may be gone
	}))
}
