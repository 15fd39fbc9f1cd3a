-- Comments that were removed in their place are few, and found by when that was: their
-- guests' names go with their texts.
CREATE INDEX comment_removed ON comments (removed_at) WHERE removed_at IS NOT NULL;
