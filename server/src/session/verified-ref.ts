import type { Tokens } from '../tokens/token';
import { SessionError } from './errors';
import type { SessionEvents } from './session-events';
import type { SessionRef } from './session-store';

/**
 * What names and unlocks the session of a token.
 *
 * @throws SessionError TOKEN_INVALID
 */
export function verifiedRef(token: string, tokens: Tokens, events: Pick<SessionEvents, 'onLookup'>): SessionRef {
  const verified = tokens.verify(token);
  if (verified.valid) return verified.ref;
  events.onLookup(`token_${verified.problem}`);
  throw new SessionError('TOKEN_INVALID', 'The token was not issued by this deployment.');
}
