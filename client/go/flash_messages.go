package sidecar

import (
	"bytes"
	"context"
	"slices"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// flashMessages holds the unsaved messages of a session.
type flashMessages struct {
	waiting map[string]bool // queues with stored messages, as far as is known
	pending []*sessionv1.PushFlash
}

func newFlashMessages(session *sessionv1.Session) flashMessages {
	var f flashMessages
	if len(session.GetFlashQueues()) > 0 {
		f.waiting = map[string]bool{}
	}
	for _, queue := range session.GetFlashQueues() {
		f.waiting[queue.GetName()] = true
	}
	return f
}

// PushFlash adds a message for a later page, usually the one after a redirect. Save stores it. The empty string names the default queue.
// PushFlash fails if JSON cannot hold the message, or if the queue's name exceeds 256 bytes or is not UTF-8 without control characters.
func (s *Session) PushFlash(queue string, message any) error {
	return s.flash.push(&sessionv1.PushFlash{Queue: queue}, message)
}

// PushUniqueFlash is like PushFlash, but does not add the message if the queue already has an equal one.
func (s *Session) PushUniqueFlash(queue string, message any) error {
	return s.flash.push(&sessionv1.PushFlash{Queue: queue, UnlessPresent: true}, message)
}

// PeekFlash decodes the messages of a queue into the slice that into points to, oldest first and including unsaved ones, without removing
// them. It calls the sidecar only if the queue has stored messages, as far as this Session knows.
func (s *Session) PeekFlash(ctx context.Context, queue string, into any) error {
	if s.stored == nil || !s.flash.waiting[queue] {
		return s.flash.read(queue, nil, into)
	}
	response, err := s.client.stub.PeekFlash(ctx, &sessionv1.PeekFlashRequest{Token: s.token, Queue: queue})
	if err != nil {
		return err
	}
	return s.flash.read(queue, response.Messages, into)
}

// PopFlash is like PeekFlash, and removes the messages. No two requests get the same message. If a message cannot be decoded, PopFlash
// fails with VALUE_UNREADABLE, and the messages are lost.
func (s *Session) PopFlash(ctx context.Context, queue string, into any) error {
	var messages [][]byte
	if s.stored != nil && s.flash.waiting[queue] {
		response, err := s.client.stub.PopFlash(ctx, &sessionv1.PopFlashRequest{Token: s.token, Queue: queue})
		if err != nil {
			return err
		}
		messages = response.Messages
	}
	err := s.flash.read(queue, messages, into)
	delete(s.flash.waiting, queue)
	s.flash.pending = slices.DeleteFunc(s.flash.pending, func(push *sessionv1.PushFlash) bool { return push.Queue == queue })
	return err
}

func (f *flashMessages) push(push *sessionv1.PushFlash, message any) error {
	if err := checkQueue(push.Queue); err != nil {
		return err
	}
	text, err := encode("the message", message)
	if err == nil {
		push.Message = text
		f.pending = append(f.pending, push)
	}
	return err
}

// read decodes the messages of a queue, first those that the sidecar returned, then the unsaved ones.
func (f *flashMessages) read(queue string, messages [][]byte, into any) error {
	messages = slices.Clone(messages)
	for _, push := range f.pending {
		isPresent := slices.ContainsFunc(messages, func(message []byte) bool { return bytes.Equal(message, push.Message) })
		if push.Queue == queue && !(push.UnlessPresent && isPresent) {
			messages = append(messages, push.Message)
		}
	}
	return decode("the messages", slices.Concat([]byte("["), bytes.Join(messages, []byte(",")), []byte("]")), into)
}

func (f *flashMessages) mutations() []*sessionv1.Mutation {
	var mutations []*sessionv1.Mutation
	for _, push := range f.pending {
		mutations = append(mutations, &sessionv1.Mutation{Kind: &sessionv1.Mutation_PushFlash{PushFlash: push}})
	}
	return mutations
}

func (f *flashMessages) settle(results []*sessionv1.MutationResult) {
	for i, push := range f.pending {
		if results[i].GetApplied() {
			if f.waiting == nil {
				f.waiting = map[string]bool{}
			}
			f.waiting[push.Queue] = true
		}
	}
	f.pending = nil
}
