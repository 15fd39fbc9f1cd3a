package app

import "net/http"

// MetricsHandler gives the metrics, without their port.
func (a *App) MetricsHandler() http.Handler { return a.metrics.Handler() }

// EndTraces sends the traces that were not yet sent.
func (a *App) EndTraces() error { return a.endTraces() }
