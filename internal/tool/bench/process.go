package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a server that runs beside the bench: this program again, under
// another command.
type process struct {
	cmd *exec.Cmd
	url string
}

// startProcess runs a command of this program and waits for the address that
// it prints first.
func startProcess(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("%s did not say where it listens: %w", args[0], err)
	}
	return &process{cmd: cmd, url: "http://" + strings.TrimSpace(line)}, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// tick is what the kernel counts processor time in: USER_HZ, 100 on every
// Linux that Go runs on.
const tick = 10 * time.Millisecond

// cpuOf is the processor time of a process so far; withChildren adds that of
// children that have ended.
func cpuOf(pid int, withChildren bool) (spent time.Duration, parent int, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name in brackets may hold anything; what follows it does not.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(fields) < 15 {
		return 0, 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(fields[i]) // the kernel writes numbers
		return n
	}
	ticks := number(11) + number(12)
	if withChildren {
		ticks += number(13) + number(14)
	}
	return time.Duration(ticks) * tick, number(1), nil
}

// cpuOfTree is the processor time of a database server with all its processes.
func cpuOfTree(pid int) (time.Duration, error) {
	total, _, err := cpuOf(pid, true)
	if err != nil {
		return 0, err
	}
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		child, _ := strconv.Atoi(filepath.Base(e))
		// A process may end between the listing and the reading.
		if spent, parent, err := cpuOf(child, false); err == nil && parent == pid {
			total += spent
		}
	}
	return total, nil
}

// residentMB is the memory that a process holds, and the most it ever held.
func residentMB(pid int) (now, most int, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(raw)) {
		name, rest, _ := strings.Cut(line, ":")
		kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
		switch name {
		case "VmRSS":
			now = kb / 1024
		case "VmHWM":
			most = kb / 1024
		}
	}
	return now, most, nil
}
