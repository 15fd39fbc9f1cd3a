-- The search index keeps what BM25F ranks by. It is made anew by a job.

DROP TABLE search_documents;
DELETE FROM search_words;

-- One row for each article. published_at: microseconds since 1970, null while
-- readers may not see it; title: its stems; vector: how often each word stands in
-- each field, see internal/search/vector.go, null until the index is made anew;
-- terms: stems made by internal/language with their places, weight A those of the
-- title, and facts without places.
CREATE TABLE search_documents (
  article_id bigint NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  published_at bigint NULL,
  title text NOT NULL,
  vector bytea NULL,
  terms tsvector NOT NULL
);
-- A search reads a thousand vectors: they stay in the row, while the terms, which
-- only the index and phrases read, are moved out of it.
ALTER TABLE search_documents ALTER COLUMN vector SET STORAGE MAIN, ALTER COLUMN terms SET STORAGE EXTENDED;
-- Without a list of pending entries, which every search would read through.
CREATE INDEX search_document_terms ON search_documents USING gin (terms) WITH (fastupdate = off);

-- How a word of the vocabulary is spelt when it is suggested.
ALTER TABLE search_words ADD COLUMN spelling text NOT NULL DEFAULT '';

-- How many articles that readers can find have a stem, by its hash. Negative keys
-- are sums over all of them; see internal/search/frequency.go.
CREATE TABLE search_frequencies (
  stem bigint NOT NULL PRIMARY KEY,
  articles bigint NOT NULL
);

INSERT INTO jobs (kind, args, priority, unique_key, run_at, enqueued_at)
	SELECT 'search.rebuild', '{}', 1, 'once', stored.at, stored.at
	FROM (SELECT min(created_at) AS at FROM articles) AS stored
	WHERE stored.at IS NOT NULL;
