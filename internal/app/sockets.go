package app

import (
	"net/http"

	"github.com/broadsheet-cms/broadsheet/graph"
	"github.com/broadsheet-cms/broadsheet/graph/socket"
)

// newSockets makes what subscriptions come over. Networks without a budget have no
// bound on their connections either.
func (a *App) newSockets(admit func(http.Handler) http.Handler, exempt func(address string) bool) *graph.Sockets {
	return graph.NewSockets(graph.SocketOptions{Admit: admit, Watch: a.Watch, Origins: a.cfg.CORSOrigins,
		MaxConnections: a.cfg.MaxConnections, MaxPerAddress: a.cfg.ConnectionsPerAddress, MaxOperations: a.cfg.MaxSubscriptions, MaxMessage: a.cfg.MaxRequestBytes,
		Exempt: exempt, Enter: func() (func(), bool) { return a.server.Enter() }, Logger: a.requestLogger()})
}

// Sockets says how many connections of subscriptions there are.
func (a *App) Sockets() socket.Counts { return a.sockets.Counts() }
