-- Where partners are told of changes. Secrets are sealed if the server has a key
-- for that. deleted_at: kept for what is under way.
CREATE TABLE webhooks (
	id integer PRIMARY KEY AUTOINCREMENT,
	key_id integer NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
	url text NOT NULL,
	types text NOT NULL,
	full_payload bool NOT NULL,
	secret text NOT NULL,
	old_secret text NOT NULL DEFAULT '',
	old_secret_until datetime,
	created_by integer,
	created_at datetime NOT NULL,
	disabled_at datetime,
	disabled_reason text NOT NULL DEFAULT ''
);
CREATE INDEX webhooks_key ON webhooks (key_id);

-- What each is told, in the order of the events. Of an article only the oldest
-- that waits is sent. run counts how often it was asked for again; article_id 0:
-- of no article. Claims end by themselves.
CREATE TABLE webhook_deliveries (
	id integer PRIMARY KEY AUTOINCREMENT,
	webhook_id integer NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	article_id integer NOT NULL,
	type text NOT NULL,
	reason text NOT NULL DEFAULT '',
	cursor text NOT NULL DEFAULT '',
	at datetime NOT NULL,
	state text NOT NULL,
	run integer NOT NULL DEFAULT 0,
	attempts integer NOT NULL DEFAULT 0,
	next_at datetime NOT NULL,
	claimed_until datetime,
	created_at datetime NOT NULL,
	finished_at datetime,
	last_status integer NOT NULL DEFAULT 0,
	last_error text NOT NULL DEFAULT '',
	last_answer text NOT NULL DEFAULT ''
);
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, article_id, id) WHERE state = 'WAITING';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at) WHERE state = 'WAITING';
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);
