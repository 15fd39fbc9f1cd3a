-- The comment that a delivery is about, 0 for none. Messages about one comment come
-- in order; those of an article itself do not wait for them.
ALTER TABLE webhook_deliveries ADD COLUMN comment_id bigint NOT NULL DEFAULT 0;
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (webhook_id, article_id, comment_id, id) WHERE state = 'WAITING';
DROP INDEX webhook_deliveries_waiting;
