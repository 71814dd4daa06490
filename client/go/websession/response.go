package websession

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
)

// response saves the session before the headers are written, and discards what the handler writes if that fails.
type response struct {
	http.ResponseWriter
	request *http.Request
	visit   *visit
	// atStart has the headers as they were when the request arrived.
	atStart http.Header
	// isAnswer marks the response of the ErrorHandler, before which nothing is saved.
	isAnswer    bool
	isCommitted bool // the headers are written
	isHijacked  bool
	status      int
	err         error // why the response is discarded; nil: it is not
}

func newResponse(w http.ResponseWriter, r *http.Request, v *visit) *response {
	return &response{ResponseWriter: w, request: r, visit: v, atStart: w.Header().Clone()}
}

// savingContext has no deadline of the request, whose visitor may go away.
func (r *response) savingContext() context.Context { return context.WithoutCancel(r.request.Context()) }

// Unwrap is what http.ResponseController looks for.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	isInterim := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	if r.err == nil && (isInterim || r.isCommitted || r.commit(status)) {
		r.ResponseWriter.WriteHeader(status)
	}
}

func (r *response) Write(data []byte) (int, error) {
	if !r.begin() {
		return 0, r.err
	}
	return r.ResponseWriter.Write(data)
}

func (r *response) WriteString(text string) (int, error) {
	if !r.begin() {
		return 0, r.err
	}
	return io.WriteString(r.ResponseWriter, text)
}

// ReadFrom lets io.Copy use sendfile where the server can.
func (r *response) ReadFrom(source io.Reader) (int64, error) {
	if !r.begin() {
		return 0, r.err
	}
	return io.Copy(r.ResponseWriter, source)
}

// FlushError is what http.ResponseController calls.
func (r *response) FlushError() error {
	if !r.begin() {
		return r.err
	}
	return http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(r.ResponseWriter).Hijack()
	r.isHijacked = r.isHijacked || err == nil
	return connection, buffered, err
}

// begin makes sure that the headers are written, and reports whether the response is not discarded.
func (r *response) begin() bool {
	if !r.isCommitted {
		r.commit(http.StatusOK)
	}
	return r.err == nil
}

// commit saves the session and completes the headers. It reports false if the ErrorHandler has answered instead.
func (r *response) commit(status int) bool {
	r.isCommitted, r.status = true, status
	if !r.isAnswer {
		if err := r.visit.beforeHeaders(r.savingContext(), status); err != nil {
			r.discard(err)
			return false
		}
	}
	r.visit.writeHeaders(r.ResponseWriter.Header(), status)
	return true
}

func (r *response) discard(err error) {
	header := r.ResponseWriter.Header()
	clear(header)
	maps.Copy(header, r.atStart)
	answer := &response{ResponseWriter: r.ResponseWriter, request: r.request, visit: r.visit, isAnswer: true}
	r.visit.manager.options.ErrorHandler(answer.withCapabilities(), r.request, err)
	if !answer.isCommitted {
		answer.WriteHeader(http.StatusInternalServerError)
	}
	r.err = err
}

// finish is called when the handler has returned.
func (r *response) finish() {
	switch {
	case r.isHijacked || r.err != nil:
	case !r.isCommitted:
		// The server sends status 200.
		r.commit(http.StatusOK)
	default:
		if err := r.visit.afterHandler(r.savingContext(), r.status); err != nil {
			r.visit.manager.reportCutOff(r.request, err)
			panic(http.ErrAbortHandler)
		}
	}
}

// withCapabilities returns the response with the optional methods that the server's own writer has. HTTP/1 can be hijacked, HTTP/2 can
// push.
func (r *response) withCapabilities() http.ResponseWriter {
	_, flushes := r.ResponseWriter.(http.Flusher)
	_, hijacks := r.ResponseWriter.(http.Hijacker)
	pusher, pushes := r.ResponseWriter.(http.Pusher)
	switch {
	case flushes && hijacks:
		return hijackable{flushable{r}}
	case flushes && pushes:
		return pushable{flushable{r}, pusher}
	case flushes:
		return flushable{r}
	default:
		return r
	}
}

type flushable struct{ *response }

func (f flushable) Flush() { _ = f.FlushError() }

// CloseNotify is deprecated, but gin panics without it.
func (f flushable) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(f.request.Context(), func() { gone <- true })
	return gone
}

type hijackable struct{ flushable }

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.hijack() }

type pushable struct {
	flushable
	http.Pusher
}
