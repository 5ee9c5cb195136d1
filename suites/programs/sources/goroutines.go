// 1,000 goroutines with timers, and beside them what a Go program has to do with the kernel: signals, child
// processes, garbage collection, preemption of loops that never yield (SIGURG). Prints what it counted: the same
// in every run.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	goroutines = 1000
	ticks      = 20
	signals    = 200
	children   = 40
	spinners   = 2
)

// Each goroutine sleeps, waits for a timer and is called by another one.
func timers() int64 {
	var fired int64
	var all sync.WaitGroup
	for i := 0; i < goroutines; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for j := 0; j < ticks; j++ {
				pause := time.Duration(1+(i*7+j)%13) * time.Millisecond
				called := make(chan struct{})
				time.AfterFunc(pause, func() { close(called) })
				timer := time.NewTimer(pause / 2)
				<-timer.C
				<-called
				time.Sleep(pause / 4)
				atomic.AddInt64(&fired, 2)
			}
		}(i)
	}
	all.Wait()
	return fired
}

// The next signal is sent when the last one was heard of, so none may be lost or doubled.
func notified() int {
	heard := make(chan os.Signal, 4)
	signal.Notify(heard, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(heard)
	count := 0
	for i := 0; i < signals; i++ {
		sent := []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2}[i%2]
		if err := syscall.Kill(os.Getpid(), sent); err != nil {
			panic(err)
		}
		if <-heard == sent {
			count++
		}
	}
	return count
}

func processes() (exits [3]int, killed int, said int) {
	var all sync.WaitGroup
	var lock sync.Mutex
	for i := 0; i < children; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			script := fmt.Sprintf("echo child; exit %d", i%3)
			if i%4 == 3 {
				script = "echo child; kill -TERM $$"
			}
			command := exec.Command("/bin/sh", "-c", script)
			out, err := command.Output()
			if command.ProcessState == nil {
				fmt.Fprintln(os.Stderr, "a child:", err)
				os.Exit(1)
			}
			status := command.ProcessState.Sys().(syscall.WaitStatus)
			lock.Lock()
			defer lock.Unlock()
			if string(out) == "child\n" {
				said++
			}
			if status.Signaled() && status.Signal() == syscall.SIGTERM {
				killed++
			} else {
				exits[status.ExitStatus()]++
			}
		}(i)
	}
	all.Wait()
	return exits, killed, said
}

// Garbage that others make while loops without a call have to be preempted for each collection.
func collections() (sum int) {
	var stop int32
	var all sync.WaitGroup
	for i := 0; i < spinners; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := 0; atomic.LoadInt32(&stop) == 0; n++ {
			}
		}()
	}
	kept := make([][]byte, 64)
	for i := 0; i < 1000; i++ {
		block := make([]byte, 16<<10)
		block[i%len(block)] = byte(i)
		kept[i%len(kept)] = block
		if i%250 == 0 {
			runtime.GC()
		}
	}
	atomic.StoreInt32(&stop, 1)
	all.Wait()
	for _, block := range kept {
		for _, b := range block {
			sum += int(b)
		}
	}
	return sum
}

// A fault of the program's own becomes a panic that can be recovered from.
func recovered() (count int) {
	for i := 0; i < 100; i++ {
		func() {
			defer func() {
				if recover() != nil {
					count++
				}
			}()
			var nowhere *[4]int
			nowhere[i%4] = 1
		}()
	}
	return count
}

func main() {
	var all sync.WaitGroup
	var fired int64
	all.Add(1)
	go func() {
		defer all.Done()
		fired = timers()
	}()
	exits, killed, said := processes()
	heard := notified()
	sum := collections()
	all.Wait()
	fmt.Printf("timers %d\nsignals %d\nexits %v killed %d said %d\nsum %d\nrecovered %d\n",
		fired, heard, exits, killed, said, sum, recovered())
	os.Exit(7)
}
