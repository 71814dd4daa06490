import { describe, expect, test } from '@jest/globals';
import { resolveProperties } from '../../../../client/src/web/session-properties';

const members = ['get', 'save', 'destroy', 'cookie', 'id', 'origin', 'state', 'token', 'toString', 'constructor'];

describe('By default', () => {
  const { isAssignable, isMember } = resolveProperties();

  test('only what Passport uses can be assigned', () => {
    expect(['passport', 'messages', 'returnTo', 'user', 'flash', 'save'].map(isAssignable)).toEqual([
      ...[true, true, true, false, false, false],
    ]);
  });

  test.each([...members, 'flash'])('%s is a member', (name) => {
    expect(isMember(name)).toBe(true);
  });
});

describe('With true', () => {
  const { isAssignable, isMember } = resolveProperties(true);

  test('everything can be assigned but members, of which flash is none', () => {
    expect(['passport', 'user', 'flash', 'oauth2:example.com'].map(isAssignable)).toEqual([true, true, true, true]);
    expect([members.filter(isAssignable), members.filter((name) => !isMember(name))]).toEqual([[], []]);
    expect(isMember('flash')).toBe(false);
  });
});

describe('With keys', () => {
  test('these can be assigned, and what Passport uses', () => {
    const { isAssignable, isMember } = resolveProperties(['user', 'flash']);
    expect(['user', 'flash', 'passport', 'cart'].map(isAssignable)).toEqual([true, true, true, false]);
    expect(isMember('flash')).toBe(false);
  });

  test.each([[members], [[7]], ['user'], [false]])('%j is refused', (properties) => {
    expect(() => resolveProperties(properties as never)).toThrow(TypeError);
  });
});
