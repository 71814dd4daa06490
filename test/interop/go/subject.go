package main

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// subjectOperation lists or ends the sessions of a subject.
func subjectOperation(ctx context.Context, subject *sidecar.SubjectSessions, currentToken string, s step) (any, error) {
	switch s.Op {
	case "devices":
		return devices(ctx, subject, currentToken)
	case "endOne":
		sessions, err := subject.List(ctx)
		if err != nil {
			return nil, err
		}
		index := slices.IndexFunc(sessions, func(each sidecar.SubjectSession) bool { return each.Label == s.Value })
		return subject.Invalidate(ctx, sessions[index].Handle)
	case "endOthers":
		return subject.InvalidateOthers(ctx, currentToken)
	default:
		return subject.InvalidateAll(ctx)
	}
}

func devices(ctx context.Context, subject *sidecar.SubjectSessions, currentToken string) (any, error) {
	var found []object
	options := []sidecar.ListOption{sidecar.Current(currentToken), sidecar.IncludeData(), sidecar.PageSize(2)}
	for session, err := range subject.All(ctx, options...) {
		if err != nil {
			return nil, err
		}
		keys := []string{}
		for _, key := range []string{"a", "b", "user"} {
			if ok, _ := session.Get(key, new(json.RawMessage)); ok {
				keys = append(keys, key)
			}
		}
		found = append(found, object{"label": session.Label, "isCurrent": session.IsCurrent, "version": session.Version, "keys": keys})
	}
	slices.SortFunc(found, func(one, other object) int { return cmp.Compare(one["label"].(string), other["label"].(string)) })
	return found, nil
}
