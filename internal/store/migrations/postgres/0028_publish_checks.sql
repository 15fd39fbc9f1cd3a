ALTER TABLE "sites" ADD COLUMN "publish_checks" jsonb NULL;
