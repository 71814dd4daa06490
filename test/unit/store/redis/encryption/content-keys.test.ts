import { createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ContentKeys } from '../../../../../server/src/store/redis/encryption/content-keys';

const [first, second, third] = [1, 2, 3].map(() => randomBytes(32)) as [Buffer, Buffer, Buffer];
const handle = 'g2YzDltqh-MKbpd_Fo7bAA';
const content = Buffer.from('csrf\n=1,1 a 1\n');
const encrypting = (...keys: Buffer[]): ContentKeys => new ContentKeys({ encrypts: true, keys });

describe('an encrypted content', () => {
  test('is AES-256-GCM under a key of the session, as docs/reference/storage.md says', () => {
    const { value } = encrypting(first).encrypt(handle, content);
    const key = Buffer.from(hkdfSync('sha256', first, '', `session.v1 content ${handle}`, 32));
    const decipher = createDecipheriv('aes-256-gcm', key, value.subarray(0, 12));
    decipher.setAAD(Buffer.from(`session.v1 record 2 ${handle}`)).setAuthTag(value.subarray(-16));
    expect(Buffer.concat([decipher.update(value.subarray(12, -16)), decipher.final()])).toEqual(content);
  });

  test('has another nonce and other bytes each time', () => {
    const keys = encrypting(first);
    const values = Array.from({ length: 100 }, () => keys.encrypt(handle, content).value);
    expect(new Set(values.map((value) => value.toString('hex', 0, 12))).size).toBe(100);
    expect(new Set(values.map((value) => value.toString('hex', 12))).size).toBe(100);
  });

  test('is decrypted by each key of the list, and by no other', () => {
    const encrypted = encrypting(second).encrypt(handle, content);
    expect(encrypting(first, second).decrypt(handle, encrypted)).toEqual(content);
    expect(new ContentKeys({ encrypts: false, keys: [second] }).decrypt(handle, encrypted)).toEqual(content);
    expect(encrypting(first, third).decrypt(handle, encrypted)).toBe('unknown_key');
    expect(new ContentKeys().decrypt(handle, encrypted)).toBe('unknown_key');
  });

  test('is not authentic under another handle', () => {
    const keys = encrypting(first);
    const encrypted = keys.encrypt(handle, content);
    expect(keys.decrypt(`${handle.slice(0, -1)}B`, encrypted)).toBe('not_authentic');
  });

  test('is not authentic when a byte of it was changed, was cut off or was added', () => {
    const keys = encrypting(first);
    const { keyId, value } = keys.encrypt(handle, content);
    for (const at of value.keys()) {
      const changed = Buffer.from(value);
      changed[at]! ^= 1;
      expect(keys.decrypt(handle, { keyId, value: changed })).toBe('not_authentic');
      expect(keys.decrypt(handle, { keyId, value: value.subarray(0, at) })).toBe('not_authentic');
    }
    expect(keys.decrypt(handle, { keyId, value: Buffer.concat([value, Buffer.alloc(1)]) })).toBe('not_authentic');
  });
});

describe('the use of a key', () => {
  test('is current for the first one, old for the others, none for contents in clear', () => {
    const keys = encrypting(first, second);
    const ids = [first, second].map((key) => encrypting(key).encrypt(handle, content).keyId);
    expect([...ids, undefined].map((id) => keys.useOf(id))).toEqual(['current', 'old', 'none']);
    expect([...ids, undefined].map((id) => keys.isCurrent(id))).toEqual([true, false, false]);
  });

  test('is old for all while they only decrypt, and contents in clear are as they are to be', () => {
    const keys = new ContentKeys({ encrypts: false, keys: [first] });
    const { keyId } = encrypting(first).encrypt(handle, content);
    expect(keys.encrypts).toBe(false);
    expect([keyId, undefined].map((id) => keys.useOf(id))).toEqual(['old', 'none']);
    expect([keyId, undefined].map((id) => keys.isCurrent(id))).toEqual([false, true]);
  });

  test('follows a replacement of the keys', () => {
    const keys = encrypting(first);
    const encrypted = keys.encrypt(handle, content);
    keys.replace({ encrypts: true, keys: [second, first] });
    expect(keys.useOf(encrypted.keyId)).toBe('old');
    expect(keys.useOf(keys.encrypt(handle, content).keyId)).toBe('current');
    keys.replace({ encrypts: true, keys: [second] });
    expect(keys.decrypt(handle, encrypted)).toBe('unknown_key');
  });
});
