// Runs child processes one after the other while signals interrupt the waits for them. With the word "wait4", waits by
// the bare call, as a program does that wants the child's resource usage. Each child's status is looked at.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// A signal for the process goes to the first thread if that takes it: it is the one that waits.
func init() { runtime.LockOSThread() }

func end(child *exec.Cmd, bare bool) (int, error) {
	if !bare {
		if err := child.Wait(); child.ProcessState == nil {
			return 0, err
		}
		return child.ProcessState.ExitCode(), nil
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	if _, err := syscall.Wait4(child.Process.Pid, &status, 0, &usage); err != nil {
		return 0, fmt.Errorf("wait4: %w", err)
	}
	return status.ExitStatus(), nil
}

func main() {
	bare := len(os.Args) > 1 && os.Args[1] == "wait4"
	signal.Notify(make(chan os.Signal), syscall.SIGUSR1)
	go func() {
		for range time.Tick(2 * time.Millisecond) {
			syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		}
	}()
	for i := 0; i < 20; i++ {
		child := exec.Command("/bin/sh", "-c", "sleep 0.05; exit 3")
		if err := child.Start(); err != nil {
			fmt.Println("start:", err)
			os.Exit(1)
		}
		status, err := end(child, bare)
		if err != nil {
			fmt.Println("a child:", err)
			os.Exit(1)
		}
		if status != 3 {
			fmt.Println("a child: wrong status", status)
		}
	}
	fmt.Println("all children seen")
}
