import { describe, expect, test } from '@jest/globals';
import { expiryOf } from '../../server/src/session/session';
import { decodeRecord, encodeBody } from '../../server/src/store/redis/record-codec';
import { keyPrefix, twentyMinutes } from '../support/store-harness';
import { blocksOf, codeIn, notThere, tableOf, text } from './storage-page';

describe('the example in docs/reference/storage.md', () => {
  const [, key = '', quoted = '', expires = ''] =
    /GET (\S+)\n(".*")\n.*PEXPIRETIME \1\n\(integer\) (\d+)\n/.exec(blocksOf('console')[0] ?? '') ?? [];
  // What redis-cli puts in quotes is JSON as long as it has no byte outside ASCII.
  const record = Buffer.from(JSON.parse(quoted) as string);
  const decoded = decodeRecord(record) ?? notThere('the example to be a record');
  const header = new Map(tableOf('part', 'in the example').map(([part = '', value]) => [part, codeIn(value)[0]]));

  test('is under the key of a session, and the same in both notations', () => {
    expect(key).toMatch(new RegExp(`^${keyPrefix}[A-Za-z0-9_-]{22}$`));
    expect(blocksOf('text')[0]).toBe(record.toString());
  });

  test('decodes to what the document states', () => {
    expect([...header.values()].join(' ')).toBe(record.toString().split('\n')[0]);
    expect(decoded).toMatchObject({
      version: Number(header.get('version')),
      created: Number(header.get('created')),
      accessed: Number(header.get('accessed')),
      idleTimeout: Number(header.get('idle timeout')),
      csrfToken: header.get('CSRF token'),
    });
    const entries = tableOf('entry', 'kind', 'name', 'value').map(([entry, kind, name, value]) => [
      entry,
      codeIn(kind)[0],
      codeIn(name)[0] ?? '',
      codeIn(value)[0],
    ]);
    const { attributes, content } = decoded;
    expect(entries).toEqual([
      ...Array.from(attributes, ([name, value]) => [name === '' ? 'subject' : name, '@', name, value]),
      ...Array.from(content.data, ([name, value]) => ['data', '=', name, value.toString()]),
      ...Array.from(content.flash, ([name, messages]) =>
        messages.map((message) => ['flash message', '!', name, message.toString()]),
      ).flat(),
    ]);
  });

  test('has the bytes that the same content is encoded to', () => {
    const body = encodeBody(decoded.content, decoded.attributes);
    expect(body.toString()).toBe(record.subarray(record.indexOf('\n') + 1).toString());
  });

  test('has the sizes and the expiry that the document states', () => {
    expect(text).toContain(`${String(decoded.content.bytes)} bytes of keys, values and messages`);
    expect(text).toContain(`in a record of ${String(record.length)} bytes`);
    expect(expiryOf(twentyMinutes, decoded)).toBe(Number(expires));
    const [, sum, result] = /at most 60 s: ([\d+\s]+) =\s+(\d+)\./.exec(text) ?? [];
    expect(sum?.split('+').reduce((total, term) => total + Number(term), 0)).toBe(Number(expires));
    expect(result).toBe(expires);
  });
});
