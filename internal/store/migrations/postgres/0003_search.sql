-- Search, kept by internal/search from what articles say.

-- One row for each article. published_at: microseconds since 1970, null while
-- readers may not see it; head: the stems that ranking reads; terms: stems made
-- by internal/language with their places, weight A those of the title, and
-- facts without places.
CREATE TABLE search_documents (
  article_id bigint NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
  published_at bigint NULL,
  head text NOT NULL,
  terms tsvector NOT NULL
);
-- Without a list of pending entries, which every search would read through.
CREATE INDEX search_document_terms ON search_documents USING gin (terms) WITH (fastupdate = off);

-- The vocabulary: words as readers write them, their stems, and how many
-- articles had them when they were first indexed. In the order of bytes, for
-- the sake of prefixes.
CREATE TABLE search_words (
  word text COLLATE "C" NOT NULL PRIMARY KEY,
  stem text COLLATE "C" NOT NULL,
  seen bigint NOT NULL
);
CREATE INDEX search_word_stem ON search_words (stem, seen);

-- Names to suggest: what follows each word's beginning in the folded name of a
-- section, tag, place, author or series (kind and owner_id as in listings).
CREATE TABLE search_names (
  folded text COLLATE "C" NOT NULL,
  kind smallint NOT NULL,
  owner_id bigint NOT NULL,
  PRIMARY KEY (folded, kind, owner_id)
);
