import type { DataRule } from '../session/data-rule';
import type * as JsonSchemaModule from './json-schema';

/**
 * The rule of a JSON Schema.
 *
 * @param text the content of its file
 * @throws Error if it is not a valid schema; its message quotes nothing but keywords and names
 */
export function dataRule(text: string): DataRule {
  const schema = parse(text);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error('it is not a JSON object');
  return loadJsonSchema().jsonSchemaRule(schema);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it is not JSON');
  }
}

/** Loaded on demand, from a file of the bundle of its own: most deployments have no schema. */
function loadJsonSchema(): typeof JsonSchemaModule {
  // oxlint-disable-next-line typescript/no-require-imports
  return require('./json-schema') as typeof JsonSchemaModule;
}
