// Command admin calls session.admin.v1 with the generated stubs, and prints one line of JSON.
//
// Usage: admin ADDRESS TOKEN HANDLE
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	adminv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/admin/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	address, token, handle := os.Args[1], os.Args[2], os.Args[3]
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	admin := adminv1.NewAdminServiceClient(connection)
	_, err = admin.EstimateSessions(context.Background(), &adminv1.EstimateSessionsRequest{})
	refused := status.Code(err).String()

	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+token)
	counting, err := admin.CountSessions(ctx, &adminv1.CountSessionsRequest{})
	check(err)
	count := lastOf(counting)
	got, err := admin.GetSessions(ctx, &adminv1.GetSessionsRequest{Handles: []string{handle}, IncludeData: true})
	check(err)
	result := got.GetResults()[0]
	revoking, err := admin.RevokeSessions(ctx, &adminv1.RevokeSessionsRequest{Subject: result.GetSession().GetSubject()})
	check(err)
	revoked := lastOf(revoking)
	text, err := json.Marshal(map[string]any{
		"refused": refused, "count": count.GetCount(), "done": count.GetDone(), "status": result.GetStatus().String(),
		"cart": string(result.GetSession().GetData()["cart"]), "revoked": revoked.GetRevokedCount(),
	})
	check(err)
	fmt.Println(string(text))
}

func lastOf[Response any](stream grpc.ServerStreamingClient[Response]) *Response {
	var last *Response
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return last
		}
		check(err)
		last = response
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
