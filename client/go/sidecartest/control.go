package sidecartest

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const callTimeout = 10 * time.Second

// control is what tests do to a sidecar that lets them.
type control struct {
	conn *grpc.ClientConn
}

func connect(address string) (*control, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return nil, err
	}
	return &control{conn}, nil
}

func (c *control) advance(d time.Duration) (time.Time, error) {
	var now timestamppb.Timestamp
	if err := c.call("AdvanceClock", durationpb.New(d), &now); err != nil {
		return time.Time{}, err
	}
	return now.AsTime(), nil
}

func (c *control) reset() error {
	return c.call("Reset", &emptypb.Empty{}, &emptypb.Empty{})
}

func (c *control) close() { c.conn.Close() }

func (c *control) call(method string, request, reply any) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	err := c.conn.Invoke(ctx, "/session.testing.v1.TestControl/"+method, request, reply)
	switch status.Code(err) {
	case codes.OK:
		return nil
	case codes.Unimplemented:
		return fmt.Errorf("the session sidecar at %s does not let tests control it: it needs SESSION_SIDECAR_TEST_CONTROL=on, "+
			"and a release with that setting", c.conn.Target())
	default:
		return fmt.Errorf("the session sidecar at %s failed: %s", c.conn.Target(), status.Convert(err).Message())
	}
}
