import { leaseResults, lookupResults } from '../session/session-events';
import type { ReplacedTokenObserver, SessionEvents } from '../session/session-events';
import { subjectLimitResults } from '../session/subject-limit';
import type { SubjectLimitObserver } from '../session/subject-limit';
import { sizeBuckets } from './metric-factory';
import type { MetricFactory } from './metric-factory';

export function sessionMetrics(factory: MetricFactory): SessionEvents & ReplacedTokenObserver & SubjectLimitObserver {
  const created = factory.counter('sessions_created_total', 'Sessions created.');
  const loaded = factory.counter(
    'sessions_loaded_total',
    'Session lookups by result: found and not_found count reads; token_malformed, token_bad_signature and token_unknown_key count tokens, in any call, that this deployment did not issue.',
    'result',
  );
  const updated = factory.counter(
    'sessions_updated_total',
    'Successful updates, flash pushes, flash pops and new CSRF tokens.',
  );
  const invalidated = factory.counter(
    'sessions_invalidated_total',
    'Sessions ended by InvalidateSession and InvalidateSubjectSessions.',
  );
  const regenerated = factory.counter('sessions_regenerated_total', 'Tokens replaced by RegenerateSession.');
  const replacedTokens = factory.counter(
    'replaced_tokens_used_total',
    'Uses of tokens that RegenerateSession had replaced with a grace, after that: possible thefts.',
  );
  const touches = factory.counter(
    'touches_total',
    'Reads by whether the access was recorded (done) or fell within the touch interval (skipped).',
    'result',
  );
  const conflicts = factory.counter('version_conflicts_total', 'Updates rejected because if_version did not match.');
  const leases = factory.counter(
    'leases_total',
    'Leases by result: acquired, held by another holder when asked for, released, or lost when a change relied on it.',
    'result',
  );
  const subjectLimit = factory.counter(
    'subject_limit_reached_total',
    'Sessions that were one too many for their subject, by result: refused, or another one was ended.',
    'result',
  );
  const size = factory.histogram(
    'session_size_bytes',
    'Content size of sessions, observed at every creation and load.',
    sizeBuckets,
  );
  for (const result of lookupResults) loaded.announce(result);
  for (const result of ['done', 'skipped']) touches.announce(result);
  for (const result of leaseResults) leases.announce(result);
  for (const result of subjectLimitResults) subjectLimit.announce(result);
  return {
    onCreated: () => {
      created.inc();
    },
    onLookup: (result) => {
      loaded.inc(result);
    },
    onUpdated: () => {
      updated.inc();
    },
    onInvalidated: (count) => {
      invalidated.add(count);
    },
    onRegenerated: () => {
      regenerated.inc();
    },
    replacedTokenUsed: () => {
      replacedTokens.inc();
    },
    onAccess: (recorded) => {
      touches.inc(recorded ? 'done' : 'skipped');
    },
    onVersionConflict: () => {
      conflicts.inc();
    },
    onLease: (result) => {
      leases.inc(result);
    },
    subjectLimitReached: (result) => {
      subjectLimit.inc(result);
    },
    onContentSize: (bytes) => {
      size.observe(bytes);
    },
  };
}
