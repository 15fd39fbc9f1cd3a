-- Keys that execute only documents that were registered.
ALTER TABLE api_keys ADD COLUMN trusted_documents_only boolean NOT NULL DEFAULT false;
