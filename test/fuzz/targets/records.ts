import assert from 'node:assert/strict';
import { UnreadableRecordError } from '../../../server/src/session/errors';
import { decodeRecord } from '../../../server/src/store/redis/record-codec';
import type { DecodedRecord } from '../../../server/src/store/redis/record-codec';
import { generousLimits, keyPrefix } from '../../support/store-harness';
import type { Target } from '../engine/target';
import { openRedisStore } from './redis';

const hash = 'h'.repeat(43);
const csrf = 'c'.repeat(22);
/** Recorded so lately, as far as any clock goes, that nothing is due. */
const future = 4_000_000_000_000;
const past = 1_700_000_000_000;

const bodies = [
  '',
  '=1,1 a 1\n',
  '@0,3  ada\n@5,2 later hi\n=4,6 cart [1,2]\n!0,3  "x"\n!0,1  2\n!6,4 errors null\n',
  '=2,2 é \n\n\n',
];
const record = (created: number, accessed: number, idle: number | '-', body: string): string =>
  `1 3 ${created} ${accessed} ${idle} ${hash} ${csrf}\n${body}`;

export const records: Target = {
  name: 'records',
  property:
    'Any bytes in Redis are read alike by the scripts and by record-codec.ts, or reported as unreadable by both, and what is refused stays as it is.',
  guidedBy: ['server/src/store/redis/record-codec.ts', 'server/src/store/redis/read'],
  seeds: [
    ...bodies.map((body) => record(past, future, '-', body)),
    ...bodies.map((body) => record(past, past, '-', body)),
    record(future, future, 1_800_000, bodies[2]!),
    record(past, 9, '-', bodies[1]!),
    '3 anything',
    record(past, past, '-', '*7,3 A256GCM abc\n').replace('1', '2'),
    '',
  ].map((text) => Buffer.from(text)),
  dictionary: [
    ...[
      ' ',
      '\n',
      '-',
      '0',
      '00',
      '1',
      '9',
      '=',
      '!',
      '@',
      ',',
      '=1,1 a 1\n',
      '!1,1 q 1\n',
      '@0,1  x\n',
      '@1,1 n x\n',
      '=0,0  \n',
      '\u0000',
      '\ufeff',
    ],
    ...[
      '9007199254740993',
      '99999999999999999999',
      '1e3',
      '0x10',
      '+1',
      '-1',
      '1.5',
      String(past),
      String(future),
      hash,
      csrf,
    ],
  ],
  async open() {
    const redis = await openRedisStore({
      expiry: { idleTimeout: undefined, touchInterval: undefined, maxLifetime: undefined },
      limits: generousLimits,
    });
    const { store } = redis.harness;
    const { admin } = redis.server;
    let count = 0;
    return {
      async run(input) {
        count += 1;
        const handle = `h${count}`;
        const key = keyPrefix + handle;
        const decoded = decodeRecord(input);
        // What neither can tell apart: a secret that does not fit, and a session that has ended.
        const ref = { handle, secretHash: decoded?.secretHash ?? hash };
        await admin.set(key, input);
        const loaded = await outcomeOf(store.load(ref));
        const afterLoad = await admin.getBuffer(key);
        const updated = await outcomeOf(
          store.update(ref, { mutations: [{ kind: 'set', key: 'new', value: Buffer.from('1') }] }),
        );
        const afterUpdate = await admin.getBuffer(key);
        await admin.unlink(key);

        assert.equal(updated.kind, loaded.kind, 'what load() and update() make of it');
        switch (loaded.kind) {
          case 'unreadable':
            assert.equal(decoded, undefined, 'a record that is reported unreadable, though it can be decoded');
            assert.deepEqual([afterLoad, afterUpdate], [input, input], 'a record that is unreadable was changed');
            break;
          case 'absent':
            // Ended, and so deleted; or the secret does not fit, and then it was not touched.
            if (afterLoad !== null) {
              assert.deepEqual([afterLoad, afterUpdate], [input, input], 'a record that was not unlocked was changed');
              assert.equal(decoded, undefined, 'a record whose secret fits was not found');
            }
            break;
          case 'there':
            assert.ok(decoded !== undefined, 'a record that cannot be decoded was read');
            assert.deepEqual(
              withoutAccess(decodeRecord(afterLoad!)),
              withoutAccess(decoded),
              'a read changed the session',
            );
            checkUpdated(decoded, decodeRecord(afterUpdate!));
        }
      },
      close: () => redis.close(),
    };
  },
};

function checkUpdated(before: DecodedRecord, after: DecodedRecord | undefined): void {
  assert.ok(after !== undefined, 'an update made a record that cannot be decoded');
  const { data, flash } = before.content;
  const expected = new Map(data).set('new', Buffer.from('1'));
  assert.deepEqual([...after.content.data], [...expected], 'the keys and values after an update');
  assert.deepEqual([...after.content.flash], [...flash], 'the messages after an update');
  const kept = ({ created, idleTimeout, secretHash, csrfToken, attributes }: DecodedRecord) => {
    return { created, idleTimeout, secretHash, csrfToken, attributes };
  };
  assert.deepEqual(kept(after), kept(before), 'the header after an update');
  assert.equal(after.version, before.version + 1);
}

function withoutAccess(decoded: DecodedRecord | undefined): unknown {
  return decoded && { ...decoded, accessed: undefined };
}

async function outcomeOf(call: Promise<unknown>): Promise<{ readonly kind: 'there' | 'absent' | 'unreadable' }> {
  try {
    const result = await call;
    const isAbsent = result === undefined || (result as { status?: string }).status === 'not_found';
    return { kind: isAbsent ? 'absent' : 'there' };
  } catch (error) {
    if (error instanceof UnreadableRecordError) return { kind: 'unreadable' };
    throw error;
  }
}
