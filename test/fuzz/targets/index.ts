import type { ForeignTarget, Target } from '../engine/target';
import { clientReplies } from './client-replies';
import { configuration } from './configuration';
import { cookies } from './cookies';
import { drills } from './drills';
import { goClient, pythonClient } from './foreign';
import { grpcBytes } from './grpc-bytes';
import { httpBytes } from './http-bytes';
import { jsonArrays } from './json-arrays';
import { operations } from './operations';
import { pipelineFrames } from './pipeline-frames';
import { records } from './records';
import { requests } from './requests';
import { tokens } from './tokens';

export const targets: readonly (Target | ForeignTarget)[] = [
  tokens,
  jsonArrays,
  configuration,
  operations,
  records,
  requests,
  pipelineFrames,
  grpcBytes,
  httpBytes,
  clientReplies,
  cookies,
  goClient,
  pythonClient,
];

/** With those that fail on purpose. */
export const allTargets: readonly (Target | ForeignTarget)[] = [...targets, ...drills];
