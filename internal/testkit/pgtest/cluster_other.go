//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package pgtest

import (
	"context"
	"errors"
)

var errNoCluster = errors.New("no private PostgreSQL cluster on this system; set TEST_POSTGRES_URL")

// Cluster is a running private PostgreSQL server. There is none on this system.
type Cluster struct{}

// Start fails on this system.
func Start(context.Context, ...string) (*Cluster, error) { return nil, errNoCluster }

func joinShared(context.Context, binaries) (*Cluster, error) { return nil, errNoCluster }

// Standby fails on this system.
func (c *Cluster) Standby(context.Context, ...string) (*Cluster, error) { return nil, errNoCluster }

// Create fails on this system.
func (c *Cluster) Create(context.Context, string) (string, error) { return "", errNoCluster }

// Restart fails on this system.
func (c *Cluster) Restart(context.Context, bool) error { return errNoCluster }

// URL returns "" on this system.
func (c *Cluster) URL(string) string { return "" }

// AdminURL returns "" on this system.
func (c *Cluster) AdminURL(string) string { return "" }

// PID returns 0 on this system.
func (c *Cluster) PID() int { return 0 }

// Stop does nothing on this system.
func (c *Cluster) Stop() {}
