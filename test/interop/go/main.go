// Command go runs the steps of test/interop/scenarios.json: it reads one line of JSON for each step, and writes one line with its
// result. Values travel as JSON texts, so that no number is rounded on the way.
//
// Usage: go ADDRESS SECONDS [FILE]
//
// SECONDS is the time limit of a call, FILE has an API token. The environment variable TRANSPORT=unary selects unary calls, and CACHE
// is the size of a cache in bytes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type step struct {
	Actor, Op, Key, Value, Queue, Token, ID, Rpc, Request string
	Unique                                                bool
	Seconds                                               *float64
	Workers                                               int
}

type object = map[string]any

type runner struct {
	client   *sidecar.Client
	raw      *rawCalls
	stub     sessionv1.SessionServiceClient
	sessions map[string]*sidecar.Session
	load     *load
}

func main() {
	address := os.Args[1]
	seconds, err := strconv.Atoi(os.Args[2])
	check(err)
	var options []grpc.DialOption
	if len(os.Args) > 3 {
		options = append(options, sidecar.WithAPITokenFile(os.Args[3]))
	}
	if os.Getenv("TRANSPORT") == "unary" {
		options = append(options, sidecar.WithUnary())
	}
	if size := os.Getenv("CACHE"); size != "" {
		bytes, err := strconv.Atoi(size)
		check(err)
		options = append(options, sidecar.WithCache(bytes))
	}
	raw := &rawCalls{}
	options = append(options, grpc.WithChainUnaryInterceptor(raw.intercept), grpc.WithChainStreamInterceptor(raw.interceptStream))
	client, err := sidecar.Dial(address, options...)
	check(err)
	raw.findTransport(client)
	r := runner{client, raw, sessionv1.NewSessionServiceClient(raw), map[string]*sidecar.Session{}, nil}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var s step
		check(json.Unmarshal(lines.Bytes(), &s))
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
		result, err := r.run(ctx, s)
		cancel()
		answer := object{"result": result}
		if err != nil {
			answer = object{"error": describe(err)}
		}
		line, err := json.Marshal(answer)
		check(err)
		fmt.Println(string(line))
	}
}

func (r *runner) run(ctx context.Context, s step) (any, error) {
	session := r.sessions[s.Actor]
	value := json.RawMessage(s.Value)
	var text json.RawMessage
	var texts []json.RawMessage
	switch s.Op {
	case "open":
		opened, err := r.client.Open(ctx, s.Token)
		r.sessions[s.Actor] = opened
		return nil, err
	case "openById":
		opened, err := r.client.OpenByID(ctx, s.ID)
		r.sessions[s.Actor] = opened
		return nil, err
	case "createWithId":
		created, err := r.client.CreateWithID(s.ID)
		r.sessions[s.Actor] = created
		return nil, err
	case "get":
		found, err := session.Get(s.Key, &text)
		return optional(found, text), err
	case "pop":
		found, err := session.Pop(s.Key, &text)
		return optional(found, text), err
	case "has":
		return session.Has(s.Key), nil
	case "keys":
		return append([]string{}, session.Keys()...), nil
	case "set":
		return nil, session.Set(s.Key, value)
	case "setDefault":
		return nil, session.SetDefault(s.Key, value)
	case "delete":
		return session.Delete(s.Key), nil
	case "clear":
		session.Clear()
	case "appendInside":
		var list []json.RawMessage
		if _, err := session.Get(s.Key, &list); err != nil {
			return nil, err
		}
		return nil, session.Set(s.Key, append(list, value))
	case "transformAppend":
		_, err := sidecar.Transform(ctx, session, s.Key, func(list []json.RawMessage) []json.RawMessage { return append(list, value) })
		return nil, err
	case "flash":
		if s.Unique {
			return nil, session.PushUniqueFlash(s.Queue, value)
		}
		return nil, session.PushFlash(s.Queue, value)
	case "peekFlash":
		err := session.PeekFlash(ctx, s.Queue, &texts)
		return strings(texts), err
	case "popFlash":
		err := session.PopFlash(ctx, s.Queue, &texts)
		return strings(texts), err
	case "popFlashAndSave":
		err := session.PopFlashAndSave(ctx, s.Queue, &texts)
		return strings(texts), err
	case "csrfToken":
		return session.CSRFToken(ctx)
	case "newCsrfToken":
		return session.NewCSRFToken(ctx)
	case "checkCsrfToken":
		return session.CheckCSRFToken(s.Token), nil
	case "setIdleTimeout":
		timeout := sidecar.Never
		if s.Seconds != nil {
			timeout = time.Duration(*s.Seconds * float64(time.Second))
		}
		session.SetIdleTimeout(timeout)
	case "setSubject":
		session.SetSubject(s.Value)
	case "setLabel":
		session.SetLabel(s.Value)
	case "belongTo":
		session.SetSubject(s.ID)
	case "devices", "endOne", "endOthers", "endAll":
		return subjectOperation(ctx, r.client.Subject(s.ID), session.Token(), s)
	case "save":
		return nil, session.Save(ctx)
	case "saveUnlessChanged":
		return nil, session.Save(ctx, sidecar.OnConflictFail())
	case "lockAndSet", "lockTooLong":
		return nil, r.lock(ctx, session.Token(), s)
	case "regenerate":
		return nil, session.Regenerate(ctx)
	case "regenerateWithGrace":
		return nil, session.Regenerate(ctx, sidecar.WithGrace(time.Duration(*s.Seconds*float64(time.Second))))
	case "regenerateOrCreate":
		return nil, session.RegenerateOrCreate(ctx)
	case "invalidate":
		return nil, session.Invalidate(ctx)
	case "describe":
		return object{
			"origin": session.Origin(), "isNew": session.IsNew(), "token": session.Token(), "handle": session.Handle(),
			"version": session.Version(), "subject": session.Subject(), "label": session.Label(), "hasChanges": session.HasChanges(),
			"created": milliseconds(session.Created()), "expires": milliseconds(session.Expires()),
		}, nil
	case "startLoad":
		r.load = startLoad(r.client, s.Workers)
	case "load":
		return r.load.report(), nil
	case "stopLoad":
		return r.load.stop(), nil
	case "call":
		return r.call(ctx, s)
	case "cacheStats":
		stats := r.client.CacheStats()
		return object{"live": stats.Live, "validated": stats.Validated, "missed": stats.Missed}, nil
	case "streams":
		return r.raw.streams.Load(), nil
	default:
		return nil, fmt.Errorf("there is no operation %q", s.Op)
	}
	return nil, nil
}

// lock sets a key under a lock; "lockTooLong" only after another holder has been let in. Seconds is how long to wait for the lease.
func (r *runner) lock(ctx context.Context, token string, s step) error {
	options := sidecar.LockOptions{Wait: 20 * time.Second}
	if s.Seconds != nil && *s.Seconds == 0 {
		options.Wait = sidecar.NoWait
	} else if s.Seconds != nil {
		options.Wait = time.Duration(*s.Seconds * float64(time.Second))
	}
	if s.Op == "lockTooLong" {
		options.Lease = 100 * time.Millisecond
	}
	return r.client.WithLock(ctx, token, options, func(session *sidecar.Session) error {
		if s.Op == "lockTooLong" {
			nothing := func(*sidecar.Session) error { return nil }
			check(r.client.WithLock(ctx, token, sidecar.LockOptions{Wait: 20 * time.Second}, nothing))
		}
		return session.Set(s.Key, json.RawMessage(s.Value))
	})
}

// call makes a call with the generated stub over the client's transport: without retries, and with the error as the sidecar sent it.
func (r *runner) call(ctx context.Context, s step) (any, error) {
	method := reflect.ValueOf(r.stub).MethodByName(s.Rpc)
	request := reflect.New(method.Type().In(1).Elem())
	check(protojson.Unmarshal([]byte(s.Request), request.Interface().(proto.Message)))
	answer := method.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	if err, failed := answer[1].Interface().(error); failed {
		return nil, err
	}
	text, err := protojson.Marshal(answer[0].Interface().(proto.Message))
	return json.RawMessage(text), err
}

func describe(err error) object {
	if e := (*sidecar.Error)(nil); errors.As(err, &e) {
		return object{"code": e.Code, "status": e.HTTPStatus(), "metadata": e.Metadata, "violations": byField(e.Violations), "retryAfterMs": e.RetryAfter.Milliseconds()}
	}
	state, ok := status.FromError(err)
	if !ok {
		return object{"code": "USAGE", "message": err.Error()}
	}
	description := object{"grpc": state.Code(), "message": state.Message()}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			description["reason"], description["domain"], description["metadata"] = detail.Reason, detail.Domain, detail.Metadata
		case *errdetails.BadRequest:
			description["violations"] = byField(detail.FieldViolations)
		case *errdetails.RetryInfo:
			description["retryAfterMs"] = detail.RetryDelay.AsDuration().Milliseconds()
		}
	}
	return description
}

func byField(violations []*errdetails.BadRequest_FieldViolation) map[string]string {
	fields := map[string]string{}
	for _, violation := range violations {
		fields[violation.Field] = violation.Description
	}
	return fields
}

func optional(found bool, text json.RawMessage) any {
	if !found {
		return nil
	}
	return string(text)
}

func strings(texts []json.RawMessage) []string {
	list := []string{}
	for _, text := range texts {
		list = append(list, string(text))
	}
	return list
}

func milliseconds(when time.Time) any {
	if when.IsZero() {
		return nil
	}
	return when.UnixMilli()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
