package main

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// round is one round of a closed loop, as in bench/src/closed-loop.ts.
type round struct {
	InFlight     int     `json:"inFlight"`
	WriteShare   float64 `json:"writeShare"`
	Milliseconds float64 `json:"milliseconds"`
	// Operations limits the number of operations; 0: no limit but time.
	Operations int64 `json:"operations"`
}

type outcome struct {
	Operations   int     `json:"operations"`
	Failed       int     `json:"failed"`
	FirstFailure string  `json:"firstFailure,omitempty"`
	Seconds      float64 `json:"seconds"`
	CPUSeconds   float64 `json:"cpuSeconds"`
	LatencyUs    latency `json:"latencyUs"`
}

type latency struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// run performs operations, beginning with the number first.
func (r round) run(first int, operation func(i int, isWrite bool) error) outcome {
	var started, failed atomic.Int64
	var firstFailure atomic.Value
	latencies := make([][]time.Duration, r.InFlight)
	cpu := cpuSeconds()
	begin := time.Now()
	end := begin.Add(time.Duration(r.Milliseconds * float64(time.Millisecond)))
	var workers sync.WaitGroup
	for worker := range r.InFlight {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for before := time.Now(); before.Before(end); {
				number := started.Add(1)
				if r.Operations > 0 && number > r.Operations {
					return
				}
				i := first + int(number) - 1
				err := operation(i, isWrite(i, r.WriteShare))
				after := time.Now()
				if err == nil {
					latencies[worker] = append(latencies[worker], after.Sub(before))
				} else {
					failed.Add(1)
					firstFailure.CompareAndSwap(nil, err.Error())
				}
				before = after
			}
		}()
	}
	workers.Wait()
	seconds := time.Since(begin).Seconds()
	cpu = cpuSeconds() - cpu
	sorted := slices.Sorted(slices.Values(slices.Concat(latencies...)))
	failure, _ := firstFailure.Load().(string)
	return outcome{
		Operations:   len(sorted),
		Failed:       int(failed.Load()),
		FirstFailure: failure,
		Seconds:      seconds,
		CPUSeconds:   cpu,
		LatencyUs:    latency{percentile(sorted, 0.5), percentile(sorted, 0.9), percentile(sorted, 0.99)},
	}
}

func percentile(sorted []time.Duration, part float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := max(0, int(math.Ceil(part*float64(len(sorted))))-1)
	return float64(sorted[at]) / float64(time.Microsecond)
}

// cpuSeconds returns the CPU time that all threads of this process have used.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func isWrite(i int, share float64) bool {
	return math.Floor(float64(i+1)*share) > math.Floor(float64(i)*share)
}

// sessionOf returns the session of an operation. All sides use the same sequence: multiples of the golden ratio.
func sessionOf(i, count int) int {
	return int(float64(uint32(i)*0x9e3779b1) / (1 << 32) * float64(count))
}
