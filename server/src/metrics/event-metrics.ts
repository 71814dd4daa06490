import { sessionEventTypes } from '../session/events/session-event';
import type { SessionEventObserver } from '../session/events/session-event';
import type { WatchObserver } from '../rpc/watch/watch-messages';
import type { MetricFactory } from './metric-factory';

export interface EventMetrics extends SessionEventObserver, WatchObserver {}

export function eventMetrics(factory: MetricFactory): EventMetrics {
  const recorded = factory.counter(
    'session_events_recorded_total',
    'Events recorded by this sidecar, by type. Nothing is recorded while nothing watches sessions and the audit log is off.',
    'type',
  );
  const sent = factory.counter('session_events_sent_total', 'Events sent to watchers.');
  const recording = factory.gauge('session_events_recording', '1 while session events are recorded, else 0.');
  for (const type of sessionEventTypes) recorded.announce(type);
  let watchers = 0;
  factory.observedGauge('session_watchers', 'Open WatchSessions calls.', () => watchers);
  return {
    eventRecorded: ({ type }) => {
      recorded.inc(type);
    },
    setRecording: (isRecording) => {
      recording.set(isRecording ? 1 : 0);
    },
    watchersChanged: (difference) => {
      watchers += difference;
    },
    eventSent: () => {
      sent.inc();
    },
  };
}
