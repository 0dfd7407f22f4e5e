//go:build linux

package engine

import "os"

// Member is one process of an engine.
type Member struct{ member }

// Lives reports whether the process has not ended.
func (m Member) Lives() bool { _, lives := m.now(); return lives }

// Stopped reports whether the process is paused.
func (m Member) Stopped() bool { is, lives := m.now(); return lives && is.state == 'T' }

// Pid returns the number of the process.
func (m Member) Pid() int { return m.pid }

// Members returns the processes of s with all their descendants.
func (s *Server) Members() ([]Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return members(s.processes)
}

// Descendants returns the process pid with all its descendants.
func Descendants(pid int) ([]Member, error) {
	return members([]*process{{Process: &os.Process{Pid: pid}}})
}

func members(roots []*process) ([]Member, error) {
	found, err := tree(roots)
	list := make([]Member, len(found))
	for i, m := range found {
		list[i] = Member{m}
	}
	return list, err
}
