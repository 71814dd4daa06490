"""When sessions are opened from memory."""

from __future__ import annotations

from cache_world import TOKEN, CacheTest, World
from session_sidecar.cache.liveness import CONFIRM_INTERVAL, MAX_STALENESS
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames


class Live(CacheTest):
    def test_once_it_was_read_on_a_confirmed_stream(self) -> None:
        self.world.become_live()
        self.expect(0, "live")

    def test_not_what_was_read_before_anything_was_confirmed(self) -> None:
        self.world.read()
        self.world.change(1)
        self.world.confirm()
        self.expect(1, "missed")
        self.expect(1, "live")

    def test_not_after_a_change_is_reported(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        self.expect(1, "missed")
        self.expect(1, "live")
        self.world.report()
        self.expect(1, "live")
        self.world.report(0)
        self.expect(1, "validated")

    def test_not_after_anything_may_have_changed_or_the_stream_is_lost(self) -> None:
        for lose in (World.report_all, lambda world: world.cache.on_stream_lost()):
            self.setUp()
            self.world.become_live()
            self.world.change(1)
            lose(self.world)
            self.world.confirm()
            self.expect(1, "missed")
            self.expect(1, "live")

    def test_not_when_the_sidecar_falls_silent(self) -> None:
        self.world.become_live()
        self.world.now += MAX_STALENESS - 0.01
        self.expect(0, "live")
        self.world.now += 0.01
        self.expect(0, "validated")
        # No report was lost in the meantime, so the copy can be trusted again.
        self.world.confirm()
        self.expect(0, "live")

    def test_not_when_redis_falls_silent_though_the_sidecar_answers(self) -> None:
        self.world.become_live()
        clock = self.world.requested[-1]
        self.world.now += MAX_STALENESS
        self.world.cache.on_report(frames.PipelineResponse(confirmed=clock))
        self.expect(0, "validated")

    def test_not_when_an_access_is_due_to_be_recorded(self) -> None:
        self.world.live_ms = 300
        self.world.become_live()
        self.world.now += 0.3
        self.expect(0, "validated")

    def test_not_by_a_reply_that_is_older_than_what_was_reported_meanwhile(self) -> None:
        self.world.become_live()
        self.world.report(0)
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.change(1)
        self.world.report()
        self.world.end(late, reply)
        self.expect(1, "missed")

    def test_not_by_a_reply_that_was_asked_for_before_anything_may_have_changed(self) -> None:
        self.world.become_live()
        self.world.report(0)
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.change(1)
        self.world.report_all()
        self.world.confirm()
        self.world.end(late, reply)
        self.expect(1, "missed")

    def test_again_though_it_is_read_all_the_time_and_an_earlier_reply_comes_later(self) -> None:
        self.world.become_live()
        self.world.report(0)
        first = self.world.begin()
        early = self.world.execute(first)
        self.world.change(1)
        self.world.report()
        second = self.world.begin()
        self.world.end(second, self.world.execute(second))
        self.expect(1, "live")
        self.world.end(first, early)
        self.expect(1, "live")

    def test_requests_confirmation_four_times_a_second_while_it_is_used(self) -> None:
        for _ in range(40):
            self.world.cache.find(TOKEN)
            self.world.now += CONFIRM_INTERVAL / 10
        self.assertEqual(len(self.world.requested), 4)

    def test_not_by_a_confirmation_that_is_older_than_a_report(self) -> None:
        self.world.become_live()
        self.world.report_all()
        self.world.confirm()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report(0)
        self.world.end(late, reply)
        self.expect(0, "validated")

    def test_for_as_long_as_a_later_reply_allows(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        late = self.world.begin()
        self.world.live_ms = 0
        reply = self.world.execute(late)
        self.world.live_ms = 3_600_000
        self.expect(1, "missed")
        self.world.end(late, reply)
        self.expect(1, "live")

    def test_still_when_a_reply_of_an_earlier_epoch_is_late(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report_all()
        self.world.confirm()
        self.expect(1, "missed")
        self.world.end(late, reply)
        self.expect(1, "live")

    def test_still_when_a_late_reply_of_the_same_version_is_not(self) -> None:
        self.world.become_live()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report(0)
        self.world.read()
        self.expect(0, "live")
        self.world.end(late, reply)
        self.expect(0, "live")
