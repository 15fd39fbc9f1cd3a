-- When the licence of a media item ends, and whether it has: readers do not see the
-- item then.
ALTER TABLE media ADD COLUMN expires_at datetime NULL;
ALTER TABLE media ADD COLUMN expired bool NOT NULL DEFAULT false;
CREATE INDEX media_expiring ON media (expires_at) WHERE NOT expired AND expires_at IS NOT NULL;
CREATE INDEX media_expired ON media (expires_at) WHERE expired;

-- What the desk is told of it.
ALTER TABLE notifications ADD COLUMN media_id integer NULL CONSTRAINT notifications_media_media REFERENCES media (id) ON DELETE CASCADE;
CREATE INDEX notification_media_id ON notifications (media_id);
