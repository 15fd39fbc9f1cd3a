-- Work to be done after the transaction that asked for it.
CREATE TABLE jobs (
	id integer PRIMARY KEY AUTOINCREMENT,
	kind text NOT NULL,
	args json NOT NULL,
	state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'dead')),
	priority integer NOT NULL,
	unique_key text,
	run_at datetime NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	claim text,
	lease_until datetime,
	last_error text NOT NULL DEFAULT '',
	enqueued_at datetime NOT NULL,
	died_at datetime
);
CREATE INDEX jobs_waiting ON jobs (priority, run_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (died_at, id) WHERE state = 'dead';
CREATE UNIQUE INDEX jobs_unique ON jobs (kind, unique_key) WHERE state = 'waiting' AND unique_key IS NOT NULL;

-- The next moment at which each periodic job is enqueued.
CREATE TABLE job_schedules (
	kind text PRIMARY KEY,
	next_at datetime NOT NULL
);
