package app

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/socket"
	"github.com/broadsheet-cms/broadsheet/internal/server"
)

// newSockets makes what subscriptions come over. Networks without a budget have no
// bound on their connections either.
func (a *App) newSockets(admit func(http.Handler) http.Handler, exempt []netip.Prefix) *graph.Sockets {
	return graph.NewSockets(graph.SocketOptions{Admit: admit, Watch: a.Watch, Origins: a.cfg.CORSOrigins,
		MaxConnections: a.cfg.MaxConnections, MaxPerAddress: a.cfg.ConnectionsPerAddress, MaxOperations: a.cfg.MaxSubscriptions, MaxMessage: a.cfg.MaxRequestBytes,
		Exempt: func(address string) bool {
			ip, err := netip.ParseAddr(address)
			return err == nil && slices.ContainsFunc(exempt, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
		},
		Logger: slog.New(server.LogRequestID(a.logger.Handler()))})
}

// Sockets says how many connections of subscriptions there are.
func (a *App) Sockets() socket.Counts { return a.sockets.Counts() }
