import type { Language } from '../languages';
import type { GoSideName, PythonSideName } from '../sides/side';
import type { Case } from './case';
import { withCpu } from './client-cache';
import { whereInstalled } from './where-installed';

/** The Go and Python clients compared with popular session libraries of their languages, which run in the application's process. */
export const languageCases: readonly Case[] = [
  ...casesOf(
    'go',
    'go-sidecar',
    [1, 8, 64],
    [
      { theirs: 'go-scs-idle', who: 'scs with an idle timeout, which records accesses as the sidecar does' },
      { theirs: 'go-scs', who: 'scs without an idle timeout, whose reads record no access' },
      { theirs: 'go-gorilla', who: 'gorilla/sessions with redistore, whose reads record no access' },
    ],
  ),
  ...casesOf(
    'python',
    'python-sidecar',
    [1, 8],
    [
      { theirs: 'python-pyramid', who: 'pyramid_session_redis' },
      { theirs: 'python-flask', who: 'Flask-Session on Redis' },
      { theirs: 'python-django', who: 'Django’s sessions in its cache on Redis, whose reads record no access' },
    ],
  ),
];

interface Peer {
  readonly theirs: GoSideName | PythonSideName;
  readonly who: string;
}

function casesOf(
  language: Language,
  ours: GoSideName | PythonSideName,
  inFlights: readonly number[],
  peers: readonly Peer[],
): Case[] {
  const name = { go: 'Go', python: 'Python' }[language];
  const unit = { go: 'at a time', python: 'threads' }[language];
  return peers.flatMap(({ theirs, who }) =>
    inFlights.map((inFlight) => {
      const what = `${name}: web requests of which 10 % write, sessions of about 300 bytes, ${inFlight} ${unit}, beside ${who}.`;
      const load = { ours, theirs, size: '300b', inFlight, writeShare: 0.1, isRival: true, isCareful: true } as const;
      return whereInstalled(language, withCpu(`${theirs}-${inFlight}`, what, load));
    }),
  );
}
