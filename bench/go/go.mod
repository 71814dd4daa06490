module github.com/session-sidecar/session-sidecar/bench/go

go 1.24.0

replace (
	github.com/session-sidecar/session-sidecar/client/go => ../../client/go
	github.com/session-sidecar/session-sidecar/proto/gen/go => ../../proto/gen/go
)

require (
	github.com/alexedwards/scs/redisstore v0.0.0-20251002162104-209de6e426de
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/boj/redistore v1.4.1
	github.com/gomodule/redigo v1.9.3
	github.com/gorilla/sessions v1.4.0
	github.com/session-sidecar/session-sidecar/client/go v0.1.0
	google.golang.org/grpc v1.80.0
)

require (
	github.com/gorilla/securecookie v1.1.2 // indirect
	github.com/session-sidecar/session-sidecar/proto/gen/go v0.1.0 // indirect
	golang.org/x/net v0.49.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
	golang.org/x/sys v0.40.0 // indirect
	golang.org/x/text v0.33.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260120221211-b8f7ae30c516 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)
