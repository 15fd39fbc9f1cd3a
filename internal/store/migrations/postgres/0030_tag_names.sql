-- Tags are listed and found by name.
CREATE INDEX tag_name ON tags (name COLLATE "C", id);
