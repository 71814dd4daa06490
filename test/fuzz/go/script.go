// Package fuzz makes up what a sidecar answers, for fuzzing the Go client.
package fuzz

import (
	"context"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// script makes decisions out of an input's bytes. When they are used up, every decision is the first one.
type script struct{ input []byte }

func (s *script) isOver() bool { return len(s.input) == 0 }

func (s *script) below(limit int) int {
	if len(s.input) == 0 {
		return 0
	}
	choice := int(s.input[0]) % limit
	s.input = s.input[1:]
	return choice
}

func (s *script) take(length int) []byte {
	length = min(length, len(s.input))
	taken := s.input[:length]
	s.input = s.input[length:]
	return taken
}

// answer takes the place of the network: it is the innermost interceptor of a client.
func (s *script) answer(_ context.Context, _ string, request, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	switch s.below(16) {
	case 0, 1, 2, 3, 4, 5:
		s.fill(request, reply)
		return nil
	case 6, 7, 8, 9:
		// As it should be, and then whatever the bytes say.
		s.fill(request, reply)
		return s.merge(reply)
	case 10:
		return s.merge(reply)
	case 11:
		return []error{context.Canceled, context.DeadlineExceeded}[s.below(2)]
	case 12, 13:
		return s.failure()
	case 14:
		state := &spb.Status{}
		if err := proto.Unmarshal(s.take(s.below(256)), state); err != nil {
			return status.Error(codes.Internal, "cannot be decoded")
		}
		return status.FromProto(state).Err()
	default:
		return nil
	}
}

// merge decodes bytes on top of a reply, as gRPC decodes what it received.
func (s *script) merge(reply any) error {
	bytes := s.take(s.below(128))
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(bytes, reply.(proto.Message)); err != nil {
		return status.Error(codes.Internal, "cannot be decoded")
	}
	return nil
}

var texts = []string{"1", `"x"`, "[1]", "{}", "null", "", "[", "\xff", `{"a":`, "1e999", `"\ud800"`}

func (s *script) text() []byte { return []byte(texts[s.below(len(texts))]) }

func (s *script) session() *sessionv1.Session {
	session := &sessionv1.Session{Handle: "h", CsrfToken: "c", Version: int64(s.below(3)), Data: map[string][]byte{}}
	for _, key := range []string{"a", "b", "list"}[:s.below(4)] {
		session.Data[key] = s.text()
	}
	for range s.below(3) {
		session.FlashQueues = append(session.FlashQueues, &sessionv1.FlashQueue{Name: "", MessageCount: 1})
	}
	session.Expires = s.stamp()
	return session
}

func (s *script) stamp() *timestamppb.Timestamp {
	return []*timestamppb.Timestamp{nil, {Seconds: 1}, {Seconds: 1 << 62, Nanos: -1}}[s.below(3)]
}

// results gives mostly as many as there are mutations.
func (s *script) results(mutations []*sessionv1.Mutation) []*sessionv1.MutationResult {
	count := max(len(mutations)+[]int{0, 0, 0, 0, 0, 0, -1, 1}[s.below(8)], 0)
	var results []*sessionv1.MutationResult
	for range count {
		results = append(results, &sessionv1.MutationResult{Applied: s.below(2) == 0, Value: s.text(), Messages: [][]byte{s.text()}})
	}
	return results
}

func (s *script) fill(request, reply any) {
	switch reply := reply.(type) {
	case *sessionv1.CreateSessionResponse:
		reply.Token, reply.Session = "t", s.session()
		reply.Results = s.results(request.(*sessionv1.CreateSessionRequest).Mutations)
	case *sessionv1.GetSessionResponse:
		reply.Session = s.session()
		if id := request.(*sessionv1.GetSessionRequest).Id; id != nil {
			reply.Token = []*string{proto.String("t"), nil, proto.String("")}[s.below(3)]
		}
	case *sessionv1.UpdateSessionResponse:
		reply.Version, reply.Expires = 2, s.stamp()
		reply.Results = s.results(request.(*sessionv1.UpdateSessionRequest).Mutations)
	case *sessionv1.RegenerateSessionResponse:
		reply.Token, reply.CsrfToken, reply.Version, reply.Expires = "u", "d", 3, s.stamp()
		reply.Results = s.results(request.(*sessionv1.RegenerateSessionRequest).Mutations)
	case *sessionv1.PopFlashResponse:
		reply.Messages = [][]byte{s.text(), s.text()}
	case *sessionv1.PeekFlashResponse:
		reply.Messages = [][]byte{s.text()}
	case *sessionv1.NewCsrfTokenResponse:
		reply.CsrfToken = "e"
	}
}

var reasons = []string{"SESSION_NOT_FOUND", "TOKEN_INVALID", "VERSION_MISMATCH", "DRAINING", "OVERLOADED", "INVALID_ARGUMENT", "", "NEW"}

func (s *script) failure() error {
	state := &spb.Status{Code: int32(s.below(20)), Message: "made up"}
	for range s.below(4) {
		var detail proto.Message
		switch s.below(4) {
		case 0:
			detail = &errdetails.ErrorInfo{Domain: "session.v1", Reason: reasons[s.below(len(reasons))]}
		case 1:
			detail = &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "a"}}}
		case 2:
			detail = &errdetails.RetryInfo{RetryDelay: []*durationpb.Duration{nil, {Nanos: 1e6}, {Seconds: 1 << 60}}[s.below(3)]}
		default:
			detail = &errdetails.ErrorInfo{Domain: "elsewhere"}
		}
		packed, err := anypb.New(detail)
		if err != nil {
			panic(err)
		}
		if s.below(4) == 3 {
			packed.Value = s.take(s.below(32))
		}
		state.Details = append(state.Details, packed)
	}
	return status.FromProto(state).Err()
}

// patience bounds a call, retries included; some answers ask for a retry.
const patience = 20 * time.Millisecond
