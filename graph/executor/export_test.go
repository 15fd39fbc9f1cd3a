package executor

// Kept tells how much is kept.
func (p *Plans) Kept() (operations, nodes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.operations), int(p.nodes.Load())
}
