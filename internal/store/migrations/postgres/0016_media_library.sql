-- The library of pictures and files: who uploaded them, and where they are used.
ALTER TABLE media ADD COLUMN uploaded_by bigint NULL;
CREATE INDEX media_newest ON media (created_at, id);
CREATE INDEX media_checksum ON media (checksum) WHERE checksum <> '';
CREATE INDEX media_blob_key ON media (blob_key) WHERE blob_key <> '';
CREATE INDEX media_uploaded_by ON media (uploaded_by) WHERE uploaded_by IS NOT NULL;

-- Which files bodies name. Both are derived from the bodies.
CREATE TABLE article_media (
	article_id bigint NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
	media_id bigint NOT NULL,
	PRIMARY KEY (article_id, media_id)
);
CREATE INDEX article_media_of ON article_media (media_id);
CREATE TABLE page_media (
	page_id bigint NOT NULL REFERENCES pages (id) ON DELETE CASCADE,
	media_id bigint NOT NULL,
	PRIMARY KEY (page_id, media_id)
);
CREATE INDEX page_media_of ON page_media (media_id);

-- What is stored already is read by a job; while it waits, nothing is called unused.
INSERT INTO jobs (kind, args, priority, unique_key, run_at, enqueued_at)
	SELECT 'media.find-uses', '{}', 2, 'once', stored.at, stored.at
	FROM (SELECT min(created_at) AS at FROM (SELECT created_at FROM articles UNION ALL SELECT created_at FROM pages) AS rows_of) AS stored
	WHERE stored.at IS NOT NULL;
