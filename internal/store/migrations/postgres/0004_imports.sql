-- How far each file has been imported, one row a file and format, written in
-- the transaction of each batch. Moments are microseconds since 1970; next_*
-- is where reading goes on; report is JSON. Kept by internal/ingest.
CREATE TABLE import_runs (
  format text NOT NULL,
  source text NOT NULL, -- hash of path, size and beginning
  name text NOT NULL,
  size bigint NOT NULL,
  started_at bigint NOT NULL,
  saved_at bigint NOT NULL,
  finished_at bigint NULL,
  next_offset bigint NOT NULL,
  next_index bigint NOT NULL,
  report text NOT NULL,
  PRIMARY KEY (format, source)
);
