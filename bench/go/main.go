// Command bench is a load process of the benchmark: the application of one side, in Go. It reads commands from standard input and writes
// answers to standard output, one JSON text per line. bench/src/load-protocol.ts has their types. With the argument serve, it is a web
// application instead, whose load comes over HTTP.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
)

type command struct {
	Command string          `json:"command"`
	Options json.RawMessage `json:"options"`
}

type reply struct {
	Answer any    `json:"answer"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if slices.Contains(os.Args[1:], "serve") {
		serve()
	}
	load := &load{}
	commands := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for commands.Scan() {
		var next command
		if err := json.Unmarshal(commands.Bytes(), &next); err != nil {
			log.Fatal(err)
		}
		answer, err := load.run(next)
		if err != nil {
			answer = reply{Error: err.Error()}
		} else {
			answer = reply{Answer: answer}
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

// load is the application of one side, with its sessions.
type load struct {
	side       side
	sessions   int
	operations int
}

func (l *load) run(next command) (any, error) {
	switch next.Command {
	case "start":
		var options struct {
			Side   string `json:"side"`
			Target target `json:"target"`
		}
		if err := json.Unmarshal(next.Options, &options); err != nil {
			return nil, err
		}
		start, ok := sides[options.Side]
		if !ok {
			return nil, fmt.Errorf("unknown side %q", options.Side)
		}
		var err error
		l.side, err = start(options.Target)
		return nil, err
	case "fill":
		var options struct {
			Count int    `json:"count"`
			Size  string `json:"size"`
		}
		if err := json.Unmarshal(next.Options, &options); err != nil {
			return nil, err
		}
		l.sessions = options.Count
		return nil, fill(l.side, options.Count, options.Size)
	case "round":
		var options round
		if err := json.Unmarshal(next.Options, &options); err != nil {
			return nil, err
		}
		outcome := options.run(l.operations, func(i int, isWrite bool) error {
			if n := sessionOf(i, l.sessions); isWrite {
				return l.side.write(n)
			} else {
				return l.side.read(n)
			}
		})
		l.operations += outcome.Operations + outcome.Failed
		return outcome, nil
	case "close":
		return nil, l.side.close()
	default:
		return nil, fmt.Errorf("unknown command %q", next.Command)
	}
}
