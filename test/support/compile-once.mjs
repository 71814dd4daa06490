import vm from 'node:vm';

const { compileFunction } = vm;

/**
 * Modules get these as variables of an enclosing function, because a global costs 100 times as much in jest's sandbox. Not those that
 * fake timers replace.
 */
const builtIns = [
  ...[
    'Array',
    'BigInt',
    'Boolean',
    'Error',
    'JSON',
    'Map',
    'Math',
    'Number',
    'Object',
    'Promise',
    'Proxy',
    'RangeError',
  ],
  ...['Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'TypeError', 'Uint8Array', 'WeakMap', 'WeakSet'],
].join();

/** What was compiled of each file. */
const compiled = new Map();

/** The built-ins of each sandbox. */
const sandboxes = new WeakMap();

function builtInsOf(sandbox) {
  let known = sandboxes.get(sandbox);
  if (known === undefined) {
    known = vm.runInContext(`[${builtIns}]`, sandbox);
    sandboxes.set(sandbox, known);
  }
  return known;
}

/**
 * Has jest compile a module once for each worker, instead of once for each test file. It loads all modules anew for each file, because
 * files must not share what modules hold. They can share their code: a function of `vm.compileFunction` is bound to a context, a script is
 * not, and keeps what V8 compiles of it later.
 */
vm.compileFunction = (source, parameters, options = {}) => {
  const { filename, parsingContext } = options;
  if (filename === undefined || parsingContext === undefined) return compileFunction(source, parameters, options);
  const head = `(function (${builtIns}) { return function (${parameters.join()}) {`;
  let known = compiled.get(filename);
  if (known?.source !== source || known.head !== head) {
    // The offset leaves the head out of positions in stack traces.
    const script = new vm.Script(`${head}${source}\n}})`, { filename, columnOffset: -head.length });
    known = { source, head, script };
    compiled.set(filename, known);
  }
  return known.script.runInContext(parsingContext)(...builtInsOf(parsingContext));
};
