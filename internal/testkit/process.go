package testkit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

const processEnv, processURLEnv = "TESTKIT_PROCESS", "TESTKIT_PROCESS_URL"

// Main runs the tests of a package that start processes of their own: it is
// called by TestMain, and runs one of the processes instead where a test asked
// for it.
func Main(m *testing.M, processes map[string]func(ctx context.Context, url string) error) {
	name := os.Getenv(processEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := processes[name](context.Background(), os.Getenv(processURLEnv)); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Process is a running process of a test.
type Process struct {
	// Lines are what it writes to its standard output. Closed at its end.
	Lines <-chan string
	cmd   *exec.Cmd
}

// Start starts a process that Main knows, on a database.
func Start(t *testing.T, name, url string) *Process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), processEnv+"="+name, processURLEnv+"="+url)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() { // ends with the process
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	p := &Process{Lines: lines, cmd: cmd}
	t.Cleanup(func() { p.Kill() })
	return p
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process as a power failure does, and gives what it had written
// and nobody read.
func (p *Process) Kill() (rest []string) {
	_ = p.cmd.Process.Kill()
	for line := range p.Lines {
		rest = append(rest, line)
	}
	_ = p.cmd.Wait()
	return rest
}
