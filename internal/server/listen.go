package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Listen takes an address for a server.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen: %w\nAnother program uses this address, perhaps another Broadsheet. End it, or choose another address, such as --addr localhost:8081", err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("listen: %w\nThis user may not use ports below 1024. Choose another, such as --addr localhost:8080", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("listen: %w\nThis machine has no such address. Use localhost, or :8080 for all addresses that it has", err)
	case err != nil:
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// Run listens and serves until ctx ends, then lets requests under way finish.
// It tells listening the address it listens on.
func (s *Server) Run(ctx context.Context, listening func(net.Addr)) error {
	listener, err := Listen(ctx, s.opts.Addr)
	if err != nil {
		return err
	}
	return s.Serve(ctx, listener, listening)
}

// Serve is Run with an address that was taken before.
func (s *Server) Serve(ctx context.Context, listener net.Listener, listening func(net.Addr)) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      s.opts.RequestTimeout + writeTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 16,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:          slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelDebug),
	}
	defer func() { _ = srv.Close() }() // what a failure of the other listener leaves
	failed := make(chan error, 2)
	if s.opts.TLS.Enabled() {
		config, plainly, err := s.opts.TLS.Config(s.publicPort(listener))
		if err != nil {
			return err
		}
		srv.TLSConfig = config
		if s.opts.PlainAddr != "" {
			stop, err := s.servePlainly(ctx, plainly, failed)
			if err != nil {
				return err
			}
			defer stop()
		}
		go func() { failed <- srv.ServeTLS(listener, "", "") }() // ends with Shutdown below
	} else {
		go func() { failed <- srv.Serve(listener) }() // ends with Shutdown below
	}
	s.SetReady(true)
	listening(listener.Addr())
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.SetReady(false)
	s.leave(failed)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.ShutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(end); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

// publicPort is the port at which browsers reach the listener.
func (s *Server) publicPort(listener net.Listener) string {
	if s.opts.PublicPort != "" {
		return s.opts.PublicPort
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil { // a socket of Unix: something else has the port
		return httpsPort
	}
	return port
}

// maxStreams is how many requests one connection of HTTP/2 has open at once.
const maxStreams = 100

// servePlainly answers plain HTTP beside TLS until stop is called.
func (s *Server) servePlainly(ctx context.Context, handler http.Handler, failed chan<- error) (stop func(), err error) {
	listener, err := Listen(ctx, s.opts.PlainAddr)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 1 << 14, ErrorLog: slog.NewLogLogger(s.opts.Logger.Handler(), slog.LevelDebug)}
	ended := make(chan struct{})
	go func() { // ends with stop
		defer close(ended)
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() {
		_ = srv.Close()
		<-ended
	}, nil
}

// leave goes on answering while whoever sends requests here learns that this server
// stops, and ends what lasts.
func (s *Server) leave(failed <-chan error) {
	if s.opts.DrainDelay > 0 {
		timer := time.NewTimer(s.opts.DrainDelay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-failed: //nolint:errcheck // it stops anyway: there is nothing to wait for
		}
	}
	if s.opts.Drain != nil {
		s.opts.Drain()
	}
}
