SELECT 1; -- keeps the place of a migration of another branch
