// Command watch prints a line "ready" when watching has begun, and one line of JSON for each event.
//
// Usage: watch ADDRESS SUBJECT [GROUP [AFTER]]
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

func main() {
	arguments := append(os.Args[1:], "", "")
	client, err := sidecar.Dial(arguments[0])
	check(err)
	options := sidecar.WatchOptions{
		Subject: arguments[1], Group: arguments[2], After: arguments[3], OnReady: func() { fmt.Println("ready") },
	}
	for event, err := range client.Watch(context.Background(), options) {
		check(err)
		line := map[string]any{
			"type": event.Type, "reason": event.Reason, "handle": event.Handle, "subject": event.Subject,
			"time": event.Time.UnixMilli(), "version": event.Version, "cursor": event.Cursor,
		}
		text, err := json.Marshal(line)
		check(err)
		fmt.Println(string(text))
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(sidecar.CodeOf(err))
		os.Exit(1)
	}
}
