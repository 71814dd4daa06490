package sidecar

import (
	"bytes"
	"cmp"
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
	return s.pushFlash(&sessionv1.PushFlash{Queue: queue}, message)
}

// PushUniqueFlash is like PushFlash, but does not add the message if the queue already has an equal one. Messages are compared by value,
// whichever language has written them: the order of keys and the spelling of numbers and strings do not count.
func (s *Session) PushUniqueFlash(queue string, message any) error {
	return s.pushFlash(&sessionv1.PushFlash{Queue: queue, UnlessPresent: true}, message)
}

// PeekFlash decodes the messages of a queue into the slice that into points to, oldest first and including unsaved ones, without removing
// them. It calls the sidecar only if the queue has stored messages, as far as this Session knows.
func (s *Session) PeekFlash(ctx context.Context, queue string, into any) error {
	own, _ := s.flash.split(queue)
	if s.stored == nil || !s.flash.waiting[queue] {
		return readQueue(nil, own, into)
	}
	response, err := s.client.stub.PeekFlash(ctx, &sessionv1.PeekFlashRequest{Token: s.token, Queue: queue})
	if err != nil {
		return err
	}
	return readQueue(response.Messages, own, into)
}

// PopFlash is like PeekFlash, and removes the messages. No two requests get the same message. If a message cannot be decoded, PopFlash
// fails with VALUE_UNREADABLE, and the messages are lost.
func (s *Session) PopFlash(ctx context.Context, queue string, into any) error {
	messages, err := s.popStored(ctx, queue)
	if err != nil {
		return err
	}
	own, others := s.flash.split(queue)
	delete(s.flash.waiting, queue)
	s.flash.pending = others
	return readQueue(messages, own, into)
}

// PopFlashAndSave is PopFlash and Save in one call and one atomic step. If that is refused, nothing is saved and no message is popped.
func (s *Session) PopFlashAndSave(ctx context.Context, queue string, into any) error {
	// Unsaved messages of the queue are popped without being sent.
	own, others := s.flash.split(queue)
	s.flash.pending = others
	messages, err := s.popAndSave(ctx, queue)
	if err != nil {
		s.flash.pending = append(s.flash.pending, own...)
		return err
	}
	delete(s.flash.waiting, queue)
	return readQueue(messages, own, into)
}

func (s *Session) popAndSave(ctx context.Context, queue string) ([][]byte, error) {
	if s.stored == nil || !s.flash.waiting[queue] {
		return nil, s.Save(ctx)
	}
	results, err := s.update(ctx, []*sessionv1.Mutation{popOf(queue)}, nil)
	switch {
	case err == nil:
		return results[0].GetMessages(), nil
	case CodeOf(err) != CodeInvalidArgument:
		return nil, err
	}
	// A sidecar that cannot pop in an update refuses it.
	if err = s.Save(ctx); err != nil {
		return nil, err
	}
	return s.popStored(ctx, queue)
}

func (s *Session) popStored(ctx context.Context, queue string) ([][]byte, error) {
	if s.stored == nil || !s.flash.waiting[queue] {
		return nil, nil
	}
	if s.fence != nil {
		return s.popUnderLease(ctx, queue)
	}
	response, err := s.client.stub.PopFlash(ctx, &sessionv1.PopFlashRequest{Token: s.token, Queue: queue})
	if err != nil {
		return nil, err
	}
	s.changed(response.Version, len(response.Messages) > 0)
	s.stored.Version = cmp.Or(response.Version, s.stored.Version)
	return response.Messages, nil
}

func (s *Session) popUnderLease(ctx context.Context, queue string) ([][]byte, error) {
	request := &sessionv1.UpdateSessionRequest{Token: s.token, Mutations: []*sessionv1.Mutation{popOf(queue)}, Fence: s.fence}
	response, err := s.client.stub.UpdateSession(ctx, request)
	if err == nil {
		err = checkResults("UpdateSession", request.Mutations, response.GetResults())
	}
	if err != nil {
		return nil, err
	}
	s.changed(response.Version, response.Results[0].GetApplied())
	s.stored.Version, s.stored.Expires = response.Version, response.Expires
	return response.Results[0].GetMessages(), nil
}

func popOf(queue string) *sessionv1.Mutation {
	return &sessionv1.Mutation{Kind: &sessionv1.Mutation_PopFlash{PopFlash: &sessionv1.PopFlash{Queue: queue}}}
}

func (s *Session) pushFlash(push *sessionv1.PushFlash, message any) error {
	if s.unavailable != nil {
		return s.unavailable
	}
	if err := checkQueue(push.Queue); err != nil {
		return err
	}
	text, err := encode("the message", message)
	if err == nil {
		push.Message = text
		s.flash.pending = append(s.flash.pending, push)
	}
	return err
}

// split returns the unsaved messages of a queue, and those of the others.
func (f *flashMessages) split(queue string) (own, others []*sessionv1.PushFlash) {
	for _, push := range f.pending {
		if push.Queue == queue {
			own = append(own, push)
		} else {
			others = append(others, push)
		}
	}
	return own, others
}

// readQueue decodes the messages of a queue, first those that the sidecar returned, then the unsaved ones.
func readQueue(messages [][]byte, pending []*sessionv1.PushFlash, into any) error {
	messages = slices.Clone(messages)
	for _, push := range pending {
		isPresent := slices.ContainsFunc(messages, func(message []byte) bool { return haveSameValue(message, push.Message) })
		if !push.UnlessPresent || !isPresent {
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
