-- What a reader follows, the newest first, is a range of an index.
CREATE INDEX follow_user_id_created_at_id ON follows (user_id, created_at, id);
