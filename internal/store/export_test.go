package store

// Waiting gives how many writers wait for their turn.
func Waiting(db *DB) int { return int(db.file.writers.waiting.Load()) }
