-- The words of a media item in other languages, and how long a film or sound takes, in
-- milliseconds.
ALTER TABLE media ADD COLUMN translations json NULL;
ALTER TABLE media ADD COLUMN duration integer NOT NULL DEFAULT 0;
