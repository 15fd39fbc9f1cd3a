-- A picture of a few characters, to show until the picture is there.
ALTER TABLE media ADD COLUMN placeholder text NOT NULL DEFAULT '';
