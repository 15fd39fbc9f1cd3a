-- The words of a media item in other languages, and how long a film or sound takes, in
-- milliseconds.
ALTER TABLE media ADD COLUMN translations jsonb NULL;
ALTER TABLE media ADD COLUMN duration bigint NOT NULL DEFAULT 0;
