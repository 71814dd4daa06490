import { describe, expect, test } from '@jest/globals';
import * as kinds from '../../../../server/src/config/values';
import { parse } from './parse';

describe('whole number', () => {
  const kind = kinds.integer(1, 100_000);

  test.each([
    ['1', 1],
    ['007', 7],
    ['100000', 100_000],
  ])('takes %s', (text, number) => {
    expect(parse(kind, text)).toBe(number);
  });

  test.each(['0', '-1', '+1', '1.0', '1e3', '0x10', '100001', '', ' 1', 'many', '1_000', '9'.repeat(400)])(
    'refuses %p',
    (text) => {
      expect(() => parse(kind, text)).toThrow(`Expected a whole number from 1 to 100000, got \`${text}\`.`);
    },
  );
});

describe('words', () => {
  test('one of the allowed words is accepted, and another is rejected with the list of those', () => {
    const kind = kinds.oneOf('error', 'warn', 'info');
    expect(parse(kind, 'warn')).toBe('warn');
    expect(() => parse(kind, 'WARN')).toThrow('Expected error or warn or info, got `WARN`.');
  });

  test('on and off are the only switches', () => {
    expect(parse(kinds.onOff, 'on')).toBe(true);
    expect(parse(kinds.onOff, 'off')).toBe(false);
    for (const text of ['true', 'false', '1', '0', 'yes', 'On', '']) {
      expect(() => parse(kinds.onOff, text)).toThrow(`Expected on or off, got \`${text}\`.`);
    }
  });

  test('plain text has to match', () => {
    const name = kinds.plainText('a name without spaces', /^\S+$/);
    expect(parse(name, 'mymaster')).toBe('mymaster');
    expect(() => parse(name, 'my master')).toThrow('Expected a name without spaces, got `my master`.');
  });
});

describe('a file mode', () => {
  test.each([
    ['0666', 0o666],
    ['660', 0o660],
    ['0000', 0],
  ])('takes %s', (text, mode) => expect(parse(kinds.fileMode, text)).toBe(mode));

  test.each(['', '66', '0o660', '0888', '1777', '-660', 'rw-rw----'])('refuses %j', (text) => {
    expect(() => parse(kinds.fileMode, text)).toThrow(`Expected a mode in octal, like 0660, got \`${text}\`.`);
  });
});
