package socket

// OnLeave sets what is called when a WebSocket has left its place.
func (s *Server) OnLeave(left func()) { s.left = left }
