-- What an import last saw of a thing that keeps no hash of its own (media,
-- menus), or no count of changes made here (pages), to tell what has changed
-- there from what was changed here. Kept by internal/ingest.
CREATE TABLE import_sources (
  uri text NOT NULL PRIMARY KEY,
  hash text NOT NULL,
  version integer NOT NULL -- of a page, as the import left it; 0: of something else
);
