-- How far each consumer has come that follows the events once for all nodes.
CREATE TABLE event_consumers (
	name text PRIMARY KEY,
	txid bigint NOT NULL,
	id bigint NOT NULL
);
