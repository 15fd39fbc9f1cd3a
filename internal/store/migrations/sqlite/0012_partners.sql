-- Keys of partners. Their secrets are kept as hashes; a rotation adds one and
-- lets the others expire.
CREATE TABLE api_keys (
	id integer PRIMARY KEY AUTOINCREMENT,
	name text NOT NULL,
	scopes text NOT NULL,
	entitlement json NOT NULL,
	addresses json NOT NULL,
	quota_minute integer NOT NULL,
	quota_day integer NOT NULL,
	cursor_secret text NOT NULL,
	created_by integer,
	created_at datetime NOT NULL,
	expires_at datetime,
	revoked_at datetime,
	last_used_at datetime
);
CREATE TABLE api_key_secrets (
	id integer PRIMARY KEY AUTOINCREMENT,
	key_id integer NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
	hash text NOT NULL UNIQUE,
	hint text NOT NULL,
	created_at datetime NOT NULL,
	expires_at datetime
);
CREATE INDEX api_key_secrets_key ON api_key_secrets (key_id);

-- Requests of a key in a window of time: a minute or a day.
CREATE TABLE api_key_usage (
	key_id integer NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
	seconds integer NOT NULL,
	window_start integer NOT NULL,
	count integer NOT NULL,
	PRIMARY KEY (key_id, seconds, window_start)
);

-- Which articles each key was given, and whether it was told to remove them.
CREATE TABLE partner_copies (
	key_id integer NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
	article_id integer NOT NULL,
	version integer NOT NULL,
	fetched_at datetime NOT NULL,
	removed_txid integer,
	removed_id integer,
	reason text NOT NULL DEFAULT '',
	told_at datetime,
	acknowledged_at datetime,
	PRIMARY KEY (key_id, article_id)
);
CREATE INDEX partner_copies_article ON partner_copies (article_id);
