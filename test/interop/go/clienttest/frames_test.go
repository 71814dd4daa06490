package clienttest

import (
	"net"
	"sync/atomic"
	"testing"
)

// pingCounter accepts connections and counts the HTTP/2 PING frames that arrive on them, apart from answers.
type pingCounter struct {
	net.Listener
	pings atomic.Int64
}

func (l *pingCounter) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	// The preface comes before the first frame (RFC 9113, section 3.4).
	return &frameReader{Conn: conn, pings: &l.pings, skip: len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}, err
}

type frameReader struct {
	net.Conn
	pings  *atomic.Int64
	skip   int // bytes until the next frame
	header []byte
}

func (r *frameReader) Read(into []byte) (int, error) {
	count, err := r.Conn.Read(into)
	for data := into[:count]; len(data) > 0; {
		skipped := min(r.skip, len(data))
		data, r.skip = data[skipped:], r.skip-skipped
		taken := min(9-len(r.header), len(data))
		r.header, data = append(r.header, data[:taken]...), data[taken:]
		if len(r.header) == 9 {
			if isAck := r.header[4]&1 != 0; r.header[3] == 6 && !isAck {
				r.pings.Add(1)
			}
			r.skip, r.header = int(r.header[0])<<16|int(r.header[1])<<8|int(r.header[2]), nil
		}
	}
	return count, err
}

func TestRepliesAreNotAnsweredWithPings(t *testing.T) {
	listener := &pingCounter{Listener: listen(t, "127.0.0.1:0")}
	client := dial(t, serveFake(t, listener, &fakeSidecar{answer: whole}).address)
	for range 50 {
		open(t, client)
	}
	if pings := listener.pings.Load(); pings > 2 {
		t.Errorf("%d pings for 50 calls", pings)
	}
}
