package metrics

import (
	"context"
	"database/sql"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sources give what is asked for when somebody reads the metrics. All are set, and
// safe for concurrent use.
type Sources struct {
	Database func() sql.DBStats
	// Replicas gives the standbys that answer readings, and how many readings found none
	// that could.
	Replicas func() (all []Replica, primary int64)
	Answers  func() Answers
	Sockets  func() Sockets
	Jobs     func(context.Context) ([]Jobs, error)
	Schedule func(context.Context) (Schedule, error)
	// Lag is for each consumer of events how old the first is that it has not
	// consumed; 0: there is none.
	Lag func(context.Context) (map[string]time.Duration, error)
	// Unheard is for how long this process has not looked for what others changed.
	Unheard func() time.Duration
}

// Answers are those kept in memory, as counted since the start.
type Answers struct {
	Hits, Misses, Joined, Stored, Evicted, Audited, Different int64
	Bytes                                                     uint64 // now
}

// Sockets are the connections for subscriptions.
type Sockets struct {
	WebSockets, EventStreams, Operations int64 // now
	Slow, Refused                        int64 // since the start
}

// Jobs of one kind, of all nodes.
type Jobs struct {
	Kind                   string
	Waiting, Running, Dead int
	Late                   time.Duration // of the first that is due
}

// Replica is a standby that answers readings.
type Replica struct {
	Name         string
	Current      bool // it has everything that this process knows of
	Used, Failed int64
}

// Schedule is what is to be published and taken back at a moment.
type Schedule struct {
	Due  int           // and not done
	Late time.Duration // of the first of these
}

// readWithin bounds the questions to the database for one reading of the metrics.
const readWithin = 2 * time.Second

// asked are the metrics that sources give. A source that fails is left out, and
// counted.
type asked struct {
	Sources
	failed *prometheus.CounterVec
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("broadsheet_"+name, help, labels, nil)
}

var (
	connectionsOpen   = describe("database_connections_open", "Open connections to the database.")
	connectionsInUse  = describe("database_connections_in_use", "Connections to the database that are in use.")
	connectionsMax    = describe("database_connections_max", "Most connections to the database.")
	connectionsWaits  = describe("database_connections_waits_total", "Waits for a connection to the database.")
	connectionsWaited = describe("database_connections_wait_seconds_total", "Time waited for connections to the database.")

	replicaCurrent  = describe("replica_current", "Whether a standby has everything that this process knows of and answers readings.", "replica")
	replicaFailed   = describe("replica_failed_total", "Readings that failed on a standby and went on at the primary.", "replica")
	replicaReadings = describe("replica_readings_total", "Readings that a standby may answer, by where they began: on a standby, or on the primary because none was current.", "at")

	answersAsked     = describe("answers_asked_total", "Operations whose answer may be kept, by how it was had: from memory (hit), by waiting for another's execution (joined) or by execution (miss).", "result")
	answersStored    = describe("answers_stored_total", "Answers that were kept in memory.")
	answersEvicted   = describe("answers_evicted_total", "Answers that were dropped from memory to make room.")
	answersAudited   = describe("answers_audited_total", "Answers from memory that were executed again and compared.")
	answersDifferent = describe("answers_different_total", "Answers from memory that were not what they should have been.")
	answersBytes     = describe("answers_bytes", "Memory taken by answers.")

	socketConnections = describe("socket_connections", "Open connections for subscriptions.", "protocol")
	socketOperations  = describe("socket_operations", "Operations that are open on connections for subscriptions.")
	socketSlow        = describe("socket_slow_total", "Connections for subscriptions that were closed because their client did not read.")
	socketRefused     = describe("socket_refused_total", "Connections for subscriptions that were refused.")

	jobs     = describe("jobs", "Jobs of all nodes by kind and state.", "kind", "state")
	jobsLate = describe("job_lateness_seconds", "How late the first job is that is due and not begun, by kind.", "kind")

	scheduleDue  = describe("schedule_due", "Articles that are due to be published or taken back, and not yet.")
	scheduleLate = describe("schedule_lateness_seconds", "How late the first of the articles is that are due.")

	eventLag     = describe("event_lag_seconds", "Age of the first event that a consumer has not consumed.", "consumer")
	eventUnheard = describe("event_unheard_seconds", "Time since this process last looked for events of others.")
)

// Describe implements prometheus.Collector.
func (a *asked) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(a, to) }

// Collect implements prometheus.Collector.
func (a *asked) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	count := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	db := a.Database()
	gauge(connectionsOpen, float64(db.OpenConnections))
	gauge(connectionsInUse, float64(db.InUse))
	gauge(connectionsMax, float64(db.MaxOpenConnections))
	count(connectionsWaits, float64(db.WaitCount))
	count(connectionsWaited, db.WaitDuration.Seconds())
	if standbys, primary := a.Replicas(); len(standbys) > 0 {
		used := int64(0)
		for _, r := range standbys {
			current := 0.0
			if r.Current {
				current = 1
			}
			gauge(replicaCurrent, current, r.Name)
			count(replicaFailed, float64(r.Failed), r.Name)
			used += r.Used
		}
		count(replicaReadings, float64(used), "standby")
		count(replicaReadings, float64(primary), "primary")
	}

	answers := a.Answers()
	count(answersAsked, float64(answers.Hits), "hit")
	count(answersAsked, float64(answers.Joined), "joined")
	count(answersAsked, float64(answers.Misses), "miss")
	count(answersStored, float64(answers.Stored))
	count(answersEvicted, float64(answers.Evicted))
	count(answersAudited, float64(answers.Audited))
	count(answersDifferent, float64(answers.Different))
	gauge(answersBytes, float64(answers.Bytes))

	sockets := a.Sockets()
	gauge(socketConnections, float64(sockets.WebSockets), "websocket")
	gauge(socketConnections, float64(sockets.EventStreams), "sse")
	gauge(socketOperations, float64(sockets.Operations))
	count(socketSlow, float64(sockets.Slow))
	count(socketRefused, float64(sockets.Refused))

	gauge(eventUnheard, a.Unheard().Seconds())
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	if queues, err := a.Jobs(ctx); a.good("jobs", err) {
		for _, q := range queues {
			gauge(jobs, float64(q.Waiting), q.Kind, "waiting")
			gauge(jobs, float64(q.Running), q.Kind, "running")
			gauge(jobs, float64(q.Dead), q.Kind, "dead")
			gauge(jobsLate, q.Late.Seconds(), q.Kind)
		}
	}
	if schedule, err := a.Schedule(ctx); a.good("schedule", err) {
		gauge(scheduleDue, float64(schedule.Due))
		gauge(scheduleLate, schedule.Late.Seconds())
	}
	if lag, err := a.Lag(ctx); a.good("events", err) {
		for consumer, late := range lag {
			gauge(eventLag, late.Seconds(), consumer)
		}
	}
}

func (a *asked) good(source string, err error) bool {
	if err != nil {
		a.failed.WithLabelValues(source).Inc()
	}
	return err == nil
}

// Ask has the metrics show what sources give. It is called once.
func (m *Metrics) Ask(s Sources) { m.registry.MustRegister(&asked{s, m.failed}) }
