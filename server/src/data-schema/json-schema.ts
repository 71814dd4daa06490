import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { DataRule } from '../session/data-rule';
import type { FieldViolation } from '../session/violations';

/**
 * The rule that the data of a session, as one JSON object, matches a JSON Schema (draft 2020-12). The build puts this file and its
 * imports into a separate bundle: nothing else in the sidecar imports them.
 *
 * @throws Error if the schema is not valid; its message is about the schema alone
 */
export function jsonSchemaRule(schema: object): DataRule {
  // Strict about what checks nothing, such as a misspelt keyword; not about style.
  const style = { strictTypes: false, strictTuples: false, strictRequired: false };
  const ajv = new Ajv2020({ strict: true, ...style, allErrors: true, logger: false });
  addFormats(ajv);
  const validate = ajv.compile(schema);
  if ('$async' in validate) throw new Error('"$async" is not supported');
  return {
    violationsOf(data) {
      const unreadable: FieldViolation[] = [];
      const entries: [string, unknown][] = [];
      for (const [key, text] of data) {
        try {
          entries.push([key, JSON.parse(text.toString())]);
        } catch {
          unreadable.push({ field: pointerOf(key), description: 'Must be JSON.' });
        }
      }
      if (unreadable.length > 0) return unreadable;
      try {
        return validate(Object.fromEntries(entries)) ? [] : (validate.errors ?? []).map(violationOf);
      } catch (error) {
        // A schema that refers to itself goes as deep as the data does.
        if (error instanceof RangeError) return [{ field: '', description: 'Must be less deeply nested.' }];
        throw error;
      }
    },
  };
}

/** The texts of Ajv are about the schema, and name properties, but no values. */
function violationOf({ instancePath, params, message = 'is not valid' }: ErrorObject): FieldViolation {
  const { missingProperty, additionalProperty, unevaluatedProperty } = params as Record<string, string | undefined>;
  const property = missingProperty ?? additionalProperty ?? unevaluatedProperty;
  const field = property === undefined ? instancePath : instancePath + pointerOf(property);
  return { field, description: `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.` };
}

/** RFC 6901, section 3. */
function pointerOf(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
