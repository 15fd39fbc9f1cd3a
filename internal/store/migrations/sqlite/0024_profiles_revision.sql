-- PostgreSQL's table loses a column that this one lost in 0007.
SELECT 1;
