import { describe, expect, test } from '@jest/globals';
import { redisUrl, withoutCredentials } from '../../../server/src/config/redis-url';
import { ValueError } from '../../../server/src/config/values';

const nothing = { tls: false, username: undefined, password: undefined, db: undefined };
const noFiles = (): Buffer => {
  throw new Error('No file is read.');
};

function parse(text: string) {
  return redisUrl.parse(text, noFiles);
}

describe('the URL of a Redis', () => {
  test.each([
    ['redis://cache', { ...nothing, target: { host: 'cache', port: 6379 } }],
    ['redis://cache/', { ...nothing, target: { host: 'cache', port: 6379 } }],
    ['redis://cache:7000/3', { ...nothing, target: { host: 'cache', port: 7000 }, db: 3 }],
    ['redis://cache:7000?db=3', { ...nothing, target: { host: 'cache', port: 7000 }, db: 3 }],
    ['redis://10.0.0.7:6379/0', { ...nothing, target: { host: '10.0.0.7', port: 6379 }, db: 0 }],
    ['redis://[fd00::7]:7000', { ...nothing, target: { host: 'fd00::7', port: 7000 } }],
    ['redis://:p@cache', { ...nothing, target: { host: 'cache', port: 6379 }, password: 'p' }],
    ['redis://u:p@cache', { ...nothing, target: { host: 'cache', port: 6379 }, username: 'u', password: 'p' }],
    [
      'redis://u%40x:p%2F%3A%20%25@cache',
      { ...nothing, target: { host: 'cache', port: 6379 }, username: 'u@x', password: 'p/: %' },
    ],
    ['rediss://cache:6380', { ...nothing, target: { host: 'cache', port: 6380 }, tls: true }],
    ['unix:///run/redis.sock', { ...nothing, target: { socketPath: '/run/redis.sock' } }],
    ['unix:/run/redis.sock?db=2', { ...nothing, target: { socketPath: '/run/redis.sock' }, db: 2 }],
    ['unix:///run/my%20redis.sock', { ...nothing, target: { socketPath: '/run/my redis.sock' } }],
  ])('%s says where it is', (text, url) => {
    expect(parse(text)).toEqual(url);
  });

  test.each([
    ['s3cret', 'a URL like redis://'],
    ['s3cret:more', 'a URL like redis://'],
    ['s3cret:6379', 'a URL like redis://'],
    ['http://s3cret@cache', 'a URL like redis://'],
    ['cache:6379', 'a URL like redis://'],
    ['redis://:s3cret/with#marks@cache', 'a URL like redis://'],
    ['redis://cache:s3cret', 'a URL like redis://'],
    ['redis://s3cret#more', 'a URL without #'],
    ['redis://cache?password=s3cret', 'a URL without # and without parameters other than db'],
    ['redis://cache?s3cret', 'a URL without # and without parameters other than db'],
    ['redis://', 'a host in the URL'],
    ['redis:///0', 'a host in the URL'],
    ['redis:s3cret', 'a host in the URL'],
    ['redis://cache:0', 'a host in the URL'],
    ['redis://cache/s3cret', 'one number of a database'],
    ['redis://cache/-1', 'one number of a database'],
    ['redis://cache/1/2', 'one number of a database'],
    ['redis://cache/1?db=2', 'one number of a database'],
    ['redis://cache?db=s3cret', 'one number of a database'],
    ['redis://:s3%cret@cache', 'a URL in which every % begins a percent-encoded character'],
    ['unix://s3cret/redis.sock', 'an absolute path in the URL'],
    ['unix:s3cret.sock', 'an absolute path in the URL'],
    ['unix:', 'an absolute path in the URL'],
  ])('%s does not, and is refused without being repeated', (text, expected) => {
    expect(() => parse(text)).toThrow(ValueError);
    expect(() => parse(text)).toThrow(`Expected ${expected}`);
    expect(() => parse(text)).not.toThrow(/s3|cret|more/);
  });
});

describe('the URL without credentials', () => {
  test.each([
    ['redis://cache', 'redis://cache:6379'],
    ['redis://user:pa%40ss@cache/3', 'redis://***@cache:6379/3'],
    ['redis://misplaced-password@cache', 'redis://***@cache:6379'],
    ['rediss://:p@[fd00::7]:6380/0', 'rediss://***@[fd00::7]:6380/0'],
    ['unix:///run/my%20redis.sock', 'unix:///run/my%20redis.sock'],
    ['unix:///run/redis.sock?db=2', 'unix:///run/redis.sock?db=2'],
  ])('of %s is %s', (text, shown) => {
    expect(withoutCredentials(parse(text))).toBe(shown);
  });
});
