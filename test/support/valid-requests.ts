import { mutation } from './raw-grpc';
import type { MethodName, RequestOf } from './raw-grpc';

const ofSubject = { subject: 'ada' };

/** What these methods need beside a token, and the others do not take. */
const own: Partial<Readonly<Record<MethodName, object>>> = {
  acquireLease: { duration: { seconds: 10, nanos: 0 }, holder: 'me' },
  releaseLease: { fence: 1 },
  listSubjectSessions: ofSubject,
  invalidateSubjectSessions: ofSubject,
};

/** A valid request of any method. @param token that of a session without any lease */
export function validRequest<M extends MethodName>(method: M, token: string): Partial<RequestOf<M>> {
  const mutations = [mutation.set('a', '1')];
  return { token, mutations, queue: 'q', message: Buffer.from('1'), csrfToken: 'x', ...own[method] } as Partial<
    RequestOf<M>
  >;
}
