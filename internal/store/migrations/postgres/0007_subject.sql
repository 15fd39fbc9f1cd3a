-- What lists of related articles ask of each article stands in its own row.
ALTER TABLE articles ADD COLUMN body_hash bigint NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN subject_revision bigint NOT NULL DEFAULT 0;
UPDATE articles a SET body_hash = f.body_hash, subject_revision = f.revision FROM article_profiles f WHERE f.article_id = a.id;
-- Nodes of the version before still read and write this one; nobody else does.
ALTER TABLE article_profiles ALTER COLUMN revision SET DEFAULT 0;
