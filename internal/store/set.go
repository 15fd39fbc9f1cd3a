package store

// SetOrClear puts a value into a mutation of ent, or takes away what is there
// where there is none: for rows that are stored as a whole.
func SetOrClear[T any](value *T, set func(T), unset func()) {
	if value == nil {
		unset()
		return
	}
	set(*value)
}
