import { ValueError } from '../../config/values';
import { usageError } from '../cli-error';
import type { Invocation } from '../command';
import type { Exit } from '../exit-codes';
import { connectRedis } from './formats/connect-redis';
import type { Destination } from './formats/connect-redis';
import type { JsonLayout } from './formats/format';
import { jsonStore } from './formats/json-store';
import { pyramid } from './formats/pyramid';
import { jsonPointer } from './json-pointer';
import type { JsonPointer } from './json-pointer';
import { runImport } from './run';

/** By its attribute names, as the options of the command have them. */
interface JsonOptions {
  readonly id: string;
  readonly data?: JsonPointer;
  readonly expires?: JsonPointer;
  readonly drop?: string;
}

export function runConnectRedisImport(invocation: Invocation): Promise<Exit> {
  return runImport(invocation, 'connect-redis', connectRedis(invocation.options['for'] as Destination));
}

export function runPyramidImport(invocation: Invocation): Promise<Exit> {
  return runImport(invocation, 'pyramid', pyramid);
}

export async function runJsonImport(invocation: Invocation): Promise<Exit> {
  const { id, data = [], expires, drop } = invocation.options as unknown as JsonOptions;
  const layout = { id: idRule(id), data, expires, drop: drop?.split(',') ?? [] };
  return runImport(invocation, 'json', jsonStore(layout));
}

function idRule(text: string): JsonLayout['id'] {
  if (text === 'name' || text === 'key') return text;
  try {
    return jsonPointer.parse(text, () => Buffer.alloc(0));
  } catch (error) {
    if (error instanceof ValueError) throw usageError('--id: Expected name, key or a JSON pointer like /id.');
    throw error;
  }
}
