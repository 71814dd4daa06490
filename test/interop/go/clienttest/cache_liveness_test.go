package clienttest

import (
	"context"
	"testing"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

func TestASessionIsLiveOnceItWasReadOnAConfirmedStream(t *testing.T) {
	w := startCacheWorld(t)
	w.expectOpened(0, "missed")
	if w.requestedClock() == 0 {
		t.Error("confirmation was not requested at once")
	}
	w.becomeLive()
	calls := len(w.arrived("GetSession"))
	for range 100 {
		w.expectOpened(0, "live")
	}
	if got := len(w.arrived("GetSession")); got != calls {
		t.Errorf("%d calls", got-calls)
	}
}

func TestASessionIsNotLiveIfItWasReadBeforeTheStreamWasConfirmed(t *testing.T) {
	w := startCacheWorld(t)
	w.set(func() { w.isSilent = true })
	w.expectOpened(0, "missed")
	w.change(1)
	w.set(func() { w.isSilent = false })
	w.awaitConfirmation()
	w.expectOpened(1, "missed")
	w.expectOpened(1, "live")
}

func TestASessionIsNotLiveWhenAChangeIsReported(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	w.expectOpened(1, "missed")
	w.expectOpened(1, "live")
	w.reportNow()
	w.roundTrip()
	w.expectOpened(1, "live")
	w.set(func() { w.report(0) })
	w.roundTrip()
	w.expectOpened(1, "validated")
}

func TestASessionIsNotLiveWhenAnythingMayHaveChanged(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.change(1)
	w.reportAll()
	w.roundTrip()
	w.expectOpened(1, "missed")
}

func TestASessionIsNotLiveWhenItsStreamIsLostThoughTheNextOneConfirms(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	eventually(t, "a live read of another session", w.isOtherLive)
	w.change(1)
	w.end <- struct{}{}
	eventually(t, "another stream", func() bool {
		w.open()
		return w.streamCount() == 2
	})
	w.becomeLive()
	w.expectOpened(1, "live")
	if w.isOtherLive() {
		t.Error("a session is live that was read on the lost stream")
	}
}

func TestASessionIsNotLiveWhenItsStreamIsDraining(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	inFlight := holdReply(w, func() <-chan error { return background(w.makeRoundTrip) })
	w.change(2)
	old := w.stream(0)
	old.announceDraining()
	eventually(t, "another stream", func() bool {
		w.open()
		return w.streamCount() == 2
	})
	w.becomeLive()
	w.expectOpened(2, "live")
	// The old stream reports the changes of another sidecar.
	old.send(&sessionv1.PipelineResponse{AllChanged: true})
	w.release(0)
	check(t, <-inFlight)
	w.expectOpened(2, "live")
}

func TestASessionIsNotLiveWhenTheSidecarFallsSilent(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() { w.isSilent = true })
	eventually(t, "the end of live reads", func() bool { return !w.isLive() })
	// No report was lost in the meantime, so the copy can be trusted again.
	w.set(func() { w.isSilent = false })
	w.becomeLive()
}

func TestASessionIsNotLiveWhenRedisFallsSilentThoughTheSidecarAnswers(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	clock := w.requestedClock()
	w.set(func() { w.clock = clock })
	eventually(t, "the end of live reads", func() bool { return !w.isLive() })
}

func TestASessionIsNotLiveWhenAnAccessIsDueToBeRecorded(t *testing.T) {
	w := startCacheWorld(t)
	w.set(func() { w.liveMs = 50 })
	eventually(t, "a live read", w.isLive)
	eventually(t, "the end of live reads", func() bool { return !w.isLive() })
	w.set(func() { w.liveMs = 0 })
	eventually(t, "a read that makes it not live", func() bool { return !w.isLive() })
	for range 10 {
		w.expectOpened(0, "validated")
	}
}

func TestASessionIsNotLiveByAReplyThatIsOlderThanWhatWasReportedMeanwhile(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	late := holdReply(w, w.openLater)
	w.change(2)
	w.reportNow()
	w.release(0)
	if count := <-late; count != 1 {
		t.Errorf("the count was %d", count)
	}
	w.expectOpened(2, "missed")
	w.expectOpened(2, "live")
}

func TestASessionIsNotLiveByAReplyToACallOfAnEarlierEpoch(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	late := holdReply(w, w.openLater)
	w.change(2)
	w.reportAll()
	w.awaitConfirmation()
	w.release(0)
	<-late
	w.expectOpened(2, "missed")
}

func TestASessionThatIsReadContinuouslyBecomesLiveAgain(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	first := holdReply(w, w.openLater)
	w.change(2)
	w.reportNow()
	second := holdReply(w, w.openLater)
	w.release(1)
	if count := <-second; count != 2 {
		t.Errorf("the count was %d", count)
	}
	w.expectOpened(2, "live")
	w.release(0)
	<-first
	w.expectOpened(2, "live")
}

func TestASessionStaysLiveWhenALateReplyOfTheSameVersionIsNot(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	late := holdReply(w, w.openLater)
	w.set(func() { w.report(0) })
	w.roundTrip()
	w.open()
	w.expectOpened(1, "live")
	w.release(0)
	<-late
	w.expectOpened(1, "live")
}

func TestASessionIsNotLiveByAConfirmationThatIsOlderThanAReport(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.reportAll()
	w.roundTrip()
	w.awaitConfirmation()
	late := holdReply(w, w.openLater)
	w.set(func() { w.report(0) })
	w.roundTrip()
	w.release(0)
	<-late
	w.expectOpened(0, "validated")
}

func TestASessionStaysLiveForAsLongAsALaterReplyAllows(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	w.set(func() { w.liveMs = 0 })
	late := holdReply(w, w.openLater)
	w.set(func() { w.liveMs = 3_600_000 })
	w.expectOpened(1, "missed")
	w.release(0)
	<-late
	w.expectOpened(1, "live")
}

func TestASessionStaysLiveWhenAReplyOfAnEarlierEpochIsLate(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.changeAndReport(1)
	late := holdReply(w, w.openLater)
	w.reportAll()
	w.awaitConfirmation()
	w.expectOpened(1, "missed")
	w.release(0)
	<-late
	w.expectOpened(1, "live")
}

type unaryKey struct{}

// unaryIfAsked makes the calls of some contexts unary.
func unaryIfAsked(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if ctx.Value(unaryKey{}) != nil {
		ctx = metadata.AppendToOutgoingContext(ctx, "any-bin", "\xff")
	}
	return invoke(ctx, method, request, reply, conn, options...)
}

func TestASessionIsNotLiveByAReplyThatDidNotComeOnTheStream(t *testing.T) {
	w := startCacheWorld(t, grpc.WithChainUnaryInterceptor(unaryIfAsked))
	w.becomeLive()
	w.changeAndReport(1)
	if count, way := w.openWith(context.WithValue(patient(t), unaryKey{}, true)); count != 1 || way != "missed" {
		t.Errorf("%d (%s)", count, way)
	}
	expectCounts(t, w.fakeSidecar, 1, 1)
	w.expectOpened(1, "validated")
}
