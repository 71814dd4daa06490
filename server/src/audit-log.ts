import type { Logger } from 'pino';
import type { SessionEvent, SessionEventObserver } from './session/events/session-event';

/** Also writes each event that this sidecar records as one line. All sidecars together write each event once. */
export function withAuditLog(observer: SessionEventObserver, logger: Logger): SessionEventObserver {
  return {
    setRecording: (isRecording) => observer.setRecording(isRecording),
    eventRecorded: (event) => {
      observer.eventRecorded(event);
      logger.info(fieldsOf(event), 'session event');
    },
  };
}

function fieldsOf({ type, reason, handle, subject, time, version }: SessionEvent) {
  return { event: type, reason, handle, subject, recorded: new Date(time).toISOString(), version };
}
