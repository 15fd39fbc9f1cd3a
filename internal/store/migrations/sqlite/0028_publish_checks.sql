ALTER TABLE `sites` ADD COLUMN `publish_checks` json NULL;
