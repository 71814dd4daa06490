import { beforeAll, describe, expect, test } from '@jest/globals';
import attributesLua from '../../server/src/store/redis/scripts/lib/attributes.lua';
import bodyLua from '../../server/src/store/redis/scripts/lib/body.lua';
import entryLua from '../../server/src/store/redis/scripts/lib/entry.lua';
import integerLua from '../../server/src/store/redis/scripts/lib/integer.lua';
import jsonArrayLua from '../../server/src/store/redis/scripts/lib/json_array.lua';
import jsonValueLua from '../../server/src/store/redis/scripts/lib/json_value.lua';
import mutationsLua from '../../server/src/store/redis/scripts/lib/mutations.lua';
import type { Mutation } from '../../server/src/session/session-update';
import { noAttributes } from '../../server/src/store/attributes';
import { encodeBody } from '../../server/src/store/record-body';
import { mutationArguments } from '../../server/src/store/redis/scripts/script-codec';
import type { RedisServer } from '../support/redis';
import { stackForAllTests } from '../support/stack';

/**
 * Runs mutations as update.lua does, and counts what they do: each call of a library function, each byte that one gives, and each
 * element that a loop visits. Returns that count.
 */
const countedScript = `
local work = 0
local library = { find = string.find, match = string.match, sub = string.sub, byte = string.byte, reverse = string.reverse, concat = table.concat, ipairs = ipairs }
local string = setmetatable({}, { __index = string })
local table = {
  concat = function(...)
    local text = library.concat(...)
    work = work + 1 + #text
    return text
  end,
}
string.find = function(...)
  work = work + 1
  return library.find(...)
end
string.match = function(...)
  local text = library.match(...)
  work = work + 1 + #(text or '')
  return text
end
string.reverse = function(text)
  work = work + 1 + #text
  return library.reverse(text)
end
string.sub = function(...)
  local text = library.sub(...)
  work = work + 1 + #text
  return text
end
string.byte = function(text, from, to)
  work = work + 1 + math.min(to or from, #text) - from
  return library.byte(text, from, to)
end
local function ipairs(list)
  local place = 0
  return function()
    place = place + 1
    if list[place] ~= nil then
      work = work + 1
      return place, list[place]
    end
  end
end
${integerLua}
${jsonValueLua}
${jsonArrayLua}
${entryLua}
${attributesLua}
${bodyLua}
${mutationsLua}
budget.maxReplyBytes, budget.maxWorkBytes = math.huge, math.huge
local content = parse(ARGV[1], { format = "1", body_at = 1 })
for at = 2, #ARGV, 4 do
  local kind, name, value, unless_present = unpack(ARGV, at, at + 3)
  if mutate(content, kind, name, value, unless_present == '1') == nil then
    return redis.error_reply('refused')
  end
end
format(content)
return work
`;

describe('the work of mutations in Redis', () => {
  const stack = stackForAllTests();
  let server: RedisServer;

  beforeAll(async () => {
    server = await stack.redis();
  });

  async function workOf(body: Buffer, mutations: readonly Mutation[]): Promise<number> {
    return Number(await server.admin.eval(countedScript, 0, body, ...mutations.flatMap(mutationArguments)));
  }

  const dataOf = (data: readonly (readonly [string, string])[]) =>
    encodeBody(
      { data: new Map(data.map(([key, value]) => [key, Buffer.from(value)])), flash: new Map() },
      noAttributes,
    );
  const queueOf = (messages: number) =>
    encodeBody(
      { data: new Map(), flash: new Map([['q', Array.from({ length: messages }, (_, n) => Buffer.from(String(n)))]]) },
      noAttributes,
    );
  const keysOf = (count: number) => dataOf(Array.from({ length: count }, (_, index) => [String(index), '1']));
  const many = (count: number, mutation: (index: number) => Mutation) =>
    Array.from({ length: count }, (_, index) => mutation(index));
  const appends = (count: number, unlessPresent: boolean) =>
    many(count, (index) => ({ kind: 'append', key: 'a', value: Buffer.from(`"${index}"`), unlessPresent }));

  test.each([false, true])('a thousand appends do about what one does, unless_present %s', async (unlessPresent) => {
    const body = dataOf([['a', `[${'1,'.repeat(100_000)}1]`]]);
    const [one, thousand] = [
      await workOf(body, appends(1, unlessPresent)),
      await workOf(body, appends(1000, unlessPresent)),
    ];
    expect(thousand).toBeLessThan(one + 100 * 1000);
  });

  const marks = ['1', '[]', '""', '"\\\\\\""', '[ ]', '{"a": 1}', ' 1', '[[[]]]', '"'.repeat(3), ']', '[', '{', '   '];
  test.each(marks)('searching an array of %j takes work in proportion to its length', async (mark) => {
    const search = async (count: number) => {
      const text = `[${Array<string>(count).fill(mark).join(',')}]`;
      const [without, withSearch] = await Promise.all(
        [false, true].map((unlessPresent) => workOf(dataOf([['a', text]]), appends(1, unlessPresent))),
      );
      return withSearch! - without!;
    };
    const [half, whole] = [await search(10_000), await search(20_000)];
    expect(whole).toBeGreaterThan(10_000);
    expect(whole).toBeLessThan(2.1 * half);
  });

  const values = [
    ...[
      '"a"',
      '"\\u0041\\ud83d\\ude00\\n"',
      '1.50e3',
      '100',
      '{"b": 1, "a": [2]}',
      '[[[[[[]]]]]]',
      '"\\',
      '{"a":',
      '[1,',
    ],
  ];
  test.each(values)('searching a message of many %s takes work in proportion to its length', async (value) => {
    const search = async (count: number) => {
      const message = Buffer.from(`[${Array<string>(count).fill(value).join(',')}]`);
      const body = encodeBody({ data: new Map(), flash: new Map([['q', [message]]]) }, noAttributes);
      const push = (unlessPresent: boolean): Mutation[] => [
        { kind: 'push_flash', queue: 'q', message: Buffer.from('1'), unlessPresent },
      ];
      return (await workOf(body, push(true))) - (await workOf(body, push(false)));
    };
    const [half, whole] = [await search(10_000), await search(20_000)];
    expect(whole).toBeGreaterThan(10_000);
    expect(whole).toBeLessThan(2.1 * half);
  });

  test('a thousand deletes among many keys look for them once', async () => {
    const body = keysOf(20_000);
    const deletes = (count: number) => many(count, (index) => ({ kind: 'delete', key: String(19_999 - index) }));
    const [one, thousand] = [await workOf(body, deletes(1)), await workOf(body, deletes(1000))];
    expect(thousand).toBeLessThan(one + 100 * 1000);
  });

  test('taking, setting and clearing again and again visits nothing twice', async () => {
    const body = keysOf(20_000);
    const plain = await workOf(body, []);
    const again = many(1000, (index) =>
      index % 3 === 0
        ? { kind: 'take', key: String(index) }
        : index % 3 === 1
          ? { kind: 'set', key: String(index - 1), value: Buffer.from('2') }
          : { kind: 'set_if_absent', key: String(index), value: Buffer.from('2') },
    );
    expect(await workOf(body, again)).toBeLessThan(plain + 100 * 1000);
  });

  test('a thousand messages that must not be twice are searched for in one look at the queue', async () => {
    const body = queueOf(20_000);
    const pushes = (count: number) =>
      many(count, (index) => ({
        kind: 'push_flash',
        queue: 'q',
        message: Buffer.from(`"${index}"`),
        unlessPresent: true,
      }));
    const [one, thousand] = [await workOf(body, pushes(1)), await workOf(body, pushes(1000))];
    expect(thousand).toBeLessThan(one + 100 * 1000);
  });
});
