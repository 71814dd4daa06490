import type { Registry } from 'prom-client';
import type { AppContext } from './app';
import { commit } from './commit';
import type { Config } from './config';
import type { HttpObserver } from './http/limits';
import type { Readiness } from './http/readiness';
import type { Inspector } from './inspector/inspector';
import type * as InspectorModule from './inspector/inspector';
import type { SubjectManager } from './session/subject-manager';
import { subjectSearch } from './subject-search';

export interface Observed {
  readonly registry: Registry;
  readonly metrics: HttpObserver;
  readonly readiness: () => Readiness;
  readonly subjects: Pick<SubjectManager, 'list'>;
}

/** The configured inspector; `undefined`: none, and nothing of it is loaded. */
export function openInspector(
  { inspector: config, logLevel, store }: Config,
  { logger, version, report: settings = [], inspectorClock: clock }: AppContext,
  { registry, metrics: observer, readiness, subjects }: Observed,
): Inspector | undefined {
  if (config === undefined) return undefined;
  const searchSubject = subjectSearch(subjects);
  return loadInspector().openInspector({
    ...{ config, logLevel, logger, version, commit, settings, clock, registry, observer, readiness, searchSubject },
    store: store.kind,
  });
}

/** Loaded on demand, from a file of the bundle of its own: most sidecars have no inspector. */
function loadInspector(): typeof InspectorModule {
  // oxlint-disable-next-line typescript/no-require-imports
  return require('./inspector/inspector') as typeof InspectorModule;
}
