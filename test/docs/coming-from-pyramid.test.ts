import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { SessionServiceDefinition } from '@session-sidecar/proto/session/v1/session_service';
import { decideCookie } from '../../client/src/web/cookie-rules';
import type { CookieFacts } from '../../client/src/web/cookie-rules';

const root = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const text = read('docs/guide/coming-from-pyramid.md');

/** The settings of pyramid_redis_sessions 1.1.0. */
const settingsOfRedisSessions = [
  ...['secret', 'timeout'],
  ...['cookie_name', 'cookie_max_age', 'cookie_path', 'cookie_domain', 'cookie_secure', 'cookie_httponly'],
  ...['cookie_on_exception', 'url', 'host', 'port', 'db', 'password', 'socket_timeout', 'connection_pool'],
  ...['encoding', 'encoding_errors', 'unix_socket_path', 'client_callable', 'serialize', 'deserialize'],
  ...['id_generator', 'prefix'],
];

/** The settings of pyramid_session_redis 1.8.1. */
const settingsOfSessionRedis = [
  ...['secret', 'cookie_signer', 'timeout', 'timeout_trigger', 'python_expires', 'set_redis_ttl'],
  ...['set_redis_ttl_readheavy', 'detect_changes', 'deserialized_fails_new', 'invalidate_empty_session'],
  ...['func_check_response_allow_cookies', 'check_response_allow_cookies', 'func_invalid_logger'],
  ...['cookie_name', 'cookie_max_age', 'cookie_path', 'cookie_domain', 'cookie_secure', 'cookie_httponly'],
  ...['cookie_on_exception', 'cookie_expires', 'cookie_comment', 'cookie_samesite'],
  ...['redis_url', 'redis_host', 'redis_port', 'redis_db', 'redis_password', 'redis_unix_socket_path'],
  ...['redis_socket_timeout', 'redis_encoding', 'redis_encoding_errors', 'redis_connection_pool'],
  ...['redis_client_callable', 'serialize', 'deserialize', 'id_generator', 'prefix'],
];

/** The cells of all table rows of a section, by the names in the head of each table. */
function rowsOf(heading: string): Record<string, string>[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`The document has no section "${heading}".`);
  const rows: Record<string, string>[] = [];
  let head: string[] | undefined;
  for (const line of section.split('\n')) {
    if (!line.startsWith('|')) {
      head = undefined;
      continue;
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (head === undefined) head = cells;
    else if (!/^:?-+:?$/.test(cells[0] ?? ''))
      rows.push(Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])));
  }
  return rows;
}

const codeIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');

/** What an interface or the exports of a file are called. */
function namesIn(path: string, interfaceName?: string): Set<string> {
  const names = new Set<string>();
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022);
  for (const statement of source.statements) {
    if (interfaceName === undefined) {
      const exported =
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      if (exported && ts.isFunctionDeclaration(statement) && statement.name) names.add(statement.name.text);
    } else if (ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName) {
      for (const member of statement.members) if (member.name) names.add(member.name.getText(source));
    }
  }
  return names;
}

const members = namesIn('client/src/session/session.ts', 'ISession');
/** The public methods, properties and attributes of the Python session. */
const pythonMembers = new Set(
  [
    ...['session', 'base_session', 'session_facts', 'session_mapping'].flatMap((file) => [
      ...read(`client/python/session_sidecar/${file}.py`).matchAll(
        /^ {4}(?:def ([a-z]\w*)\(|def (__(?:getitem|setitem|delitem|contains|iter|len|reversed)__)\(|    self\.([a-z]\w*) = )/gm,
      ),
    ]),
  ]
    .map((match) => match.slice(1).find(Boolean) ?? '')
    // It only says what to do instead.
    .filter((name) => name !== 'fromkeys'),
);
/** What a MutableMapping adds to these. */
const mappingMembers = ['get', 'items', 'keys', 'values', 'pop', 'update'];
const withoutCall = (code: string): string => code.replace(/\(.*\)$/, '');
const sessionObjectSections = [
  "Pyramid's own contract",
  'Session object of pyramid_redis_sessions',
  'Session object of pyramid_session_redis',
];

describe('docs/guide/coming-from-pyramid.md', () => {
  test.each([
    ['pyramid_redis_sessions', settingsOfRedisSessions],
    ['pyramid_session_redis', settingsOfSessionRedis],
  ])('has a row for every setting of %s, and for no other', (library, settings) => {
    const listed = rowsOf(`Settings of ${library}`).flatMap(({ theirs }) => codeIn(theirs));
    expect(listed.sort()).toEqual([...settings].sort());
  });

  test('names our counterpart in every row, or why there is none', () => {
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading ?? '');
    const rows = headings.flatMap(rowsOf);
    expect(rows.length).toBeGreaterThan(150);
    expect(rows.filter((row) => Object.values(row).includes(''))).toEqual([]);
    const isExplained = (row: Record<string, string>): boolean => row['difference'] !== '–';
    expect(rows.filter((row) => Object.values(row).includes('not covered') && !isExplained(row))).toEqual([]);
    const objects = sessionObjectSections.flatMap(rowsOf);
    expect(objects.filter(({ TypeScript, Python }) => !TypeScript || !Python)).toEqual([]);
  });

  test('names only settings that exist', () => {
    const configuration = read('docs/reference/configuration.md');
    const named = new Set(text.match(/SESSION_SIDECAR_[A-Z_]*[A-Z]/g));
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((name) => !new RegExp(`\\b${name}\\b`).test(configuration))).toEqual([]);
  });

  test('names only members of the session object that exist', () => {
    const others = new Set([
      ...namesIn('client/src/web/express.ts'),
      ...Object.values(SessionServiceDefinition.methods).map(({ name }) => name),
    ]);
    const named = sessionObjectSections
      .flatMap(rowsOf)
      .flatMap(({ TypeScript }) => codeIn(TypeScript))
      .map(withoutCall);
    const unknown = named.filter(
      (name) => !members.has(name) && !others.has(name) && !/^(SESSION_SIDECAR_|cookie\.)/.test(name),
    );
    expect(unknown).toEqual([]);
  });

  test('names every member of the session object', () => {
    const named = new Set(
      sessionObjectSections
        .flatMap(rowsOf)
        .flatMap(({ TypeScript }) => codeIn(TypeScript))
        .map(withoutCall),
    );
    expect(members.size).toBeGreaterThan(30);
    expect([...members].filter((name) => !named.has(name))).toEqual([]);
  });

  test('names every member of the Python session, and no other', () => {
    const operators: Readonly<Record<string, string>> = {
      'session[key]': '__getitem__',
      'session[key] = value': '__setitem__',
      'del session[key]': '__delitem__',
      in: '__contains__',
      'iter(session)': '__iter__',
      'len(session)': '__len__',
      'reversed(session)': '__reversed__',
    };
    // Of a MutableMapping as well, a setting and RPC that stand for both languages, and what is said of the type itself.
    const others = ['==', 'dict(session)', 'MutableMapping', 'SESSION_SIDECAR_TOUCH_INTERVAL', 'GetSession'];
    const named = sessionObjectSections
      .flatMap(rowsOf)
      .flatMap(({ Python }) => codeIn(Python))
      .filter((code) => !others.includes(code))
      .map((code) => operators[code] ?? withoutCall(code));
    const expected = [...pythonMembers, ...mappingMembers];
    expect([...new Set(named)].sort()).toEqual([...new Set(expected)].sort());
  });

  test('names only options of the cookie that exist', () => {
    const options = namesIn('client/src/web/cookie.ts', 'CookieOptions');
    const named = [...text.matchAll(/`cookie\.(\w+)`/g)].map(([, name]) => name ?? '');
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !options.has(name))).toEqual([]);
  });

  test('states for each request what happens to the cookie', () => {
    const rows = rowsOf('Request and cookie rules of pyramid_redis_sessions').filter(
      ({ start }) => start !== undefined,
    );
    expect(rows).toEqual(
      rows.map((row) => ({ ...row, ours: oursFor(row['start'] ?? '', row['in the request'] ?? '') })),
    );
    expect(rows).toHaveLength(14);
  });
});

/** What the middleware decides: usually, and when the response fails and a new session is to get no cookie for that. */
function oursFor(start: string, request: string): string {
  const arrived = start === 'existing' ? 'one' : undefined;
  let facts: Pick<CookieFacts, 'arrived' | 'current' | 'isNew'> = {
    arrived,
    current: arrived,
    isNew: arrived === undefined,
  };
  for (const step of request.split(', ')) {
    if (step === 'invalidate') facts = { arrived, current: undefined, isNew: true };
    else if (step === 'use') facts = { ...facts, current: facts.current ?? 'two' };
    else if (step === 'regenerate') facts = { ...facts, current: 'three' };
    else if (step !== 'nothing') throw new Error(`Nothing is known about "${step}".`);
  }
  const usually = [true, false].map((failed) => decideCookie({ ...facts, failed, cookieOnException: true }));
  expect(new Set(usually).size).toBe(1);
  return `${usually[0] ?? ''} / ${decideCookie({ ...facts, failed: true, cookieOnException: false })}`;
}
