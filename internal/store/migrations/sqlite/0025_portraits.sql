-- Whether readers may see a picture asks which author it shows.
CREATE INDEX author_avatar ON authors (avatar_id) WHERE avatar_id IS NOT NULL;
