// Checks the Lua scripts: that they parse, that each file declares what it uses, uses what it declares, and has a header.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import luaparse from 'luaparse';

const folder = join(import.meta.dirname, 'src', 'store', 'redis', 'scripts');
/** Globals that Redis provides to a script (https://redis.io/docs/latest/develop/programmability/lua-api/). */
const builtIns = new Set(
  'ARGV KEYS redis error ipairs math next pairs select string table tonumber tostring type unpack'.split(' '),
);

const files = new Map(
  readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.lua'))
    .map((path) => [path, read(path)]),
);

const problems = [...files].flatMap(([path, file]) =>
  [...headerProblems(path, file), ...declarationProblems(file), ...unusedProblems(path, file)].map(
    (problem) => `${path}: ${problem}`,
  ),
);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function read(path) {
  const text = readFileSync(join(folder, path), 'utf8');
  const [header = ''] = /^(?:--.*\n)+/.exec(text) ?? [];
  const { body, globals } = parse(path, text);
  const declared = (kind) => [...header.matchAll(new RegExp(`^-- @${kind} (\\S+)$`, 'gm'))].map(([, name]) => name);
  const names = body.flatMap((statement) => {
    if (statement.type === 'LocalStatement') return statement.variables.map(({ name }) => name);
    return statement.type === 'FunctionDeclaration' && statement.isLocal ? [statement.identifier.name] : [];
  });
  const uses = new Set(globals.map(({ name }) => name).filter((name) => !builtIns.has(name)));
  return { text, header, includes: declared('include'), settings: declared('setting'), names: new Set(names), uses };
}

function parse(path, text) {
  try {
    return luaparse.parse(text, { luaVersion: '5.1', scope: true });
  } catch (error) {
    throw new Error(`${path}: ${error.message}`, { cause: error });
  }
}

function headerProblems(path, { text, header }) {
  const problems = [];
  const line = (label) => new RegExp(`^-- ${label.replaceAll(/[[\]]/g, '\\$&')} `, 'm').test(header);
  const arguments_ = new Set([...text.slice(header.length).matchAll(/\b(?:ARGV|KEYS)\[\d+\]/g)].map(([name]) => name));
  for (const name of arguments_) if (!line(name)) problems.push(`the header does not describe ${name}`);
  if (!/^-- \w/m.test(header)) problems.push('the header does not say what the file is for');
  if (!path.startsWith('lib')) {
    for (const label of ['Returns', 'Errors:']) if (!line(label)) problems.push(`the header has no line "${label}"`);
  }
  return problems;
}

function declarationProblems({ includes, settings, uses }) {
  const missing = includes.filter((path) => !existsSync(join(folder, path)));
  const provided = new Set([...settings, ...includes.flatMap((path) => [...(files.get(path)?.names ?? [])])]);
  const undeclared = [...uses].filter((name) => !provided.has(name));
  const unused = [
    ...settings.filter((name) => !uses.has(name)),
    // call.lua is for what it does.
    ...includes.filter(
      (path) => path !== 'lib/call.lua' && ![...(files.get(path)?.names ?? [])].some((name) => uses.has(name)),
    ),
  ];
  return [
    ...missing.map((path) => `includes ${path}, which does not exist`),
    ...undeclared.map((name) => `uses ${name}, which neither an @include nor a @setting provides`),
    ...unused.map((name) => `declares ${name} and does not use it`),
  ];
}

/** Unused top-level names. Uses count in the script itself or, for a library file, in that file and those that include it. */
function unusedProblems(path, { text, names, header }) {
  const code = text.slice(header.length).replaceAll(/--.*$/gm, '');
  const count = (name) => code.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0;
  const isUsedElsewhere = (name) =>
    [...files.values()].some(({ includes, uses }) => includes.includes(path) && uses.has(name));
  return [...names]
    .filter((name) => name !== '_' && count(name) < 2 && !isUsedElsewhere(name))
    .map((name) => `${name} is never used`);
}
