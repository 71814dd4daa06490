import vm from 'node:vm';

const { compileFunction } = vm;

/** What was compiled of each file. */
const compiled = new Map();

/**
 * Has jest compile a module once for each worker, instead of once for each test file. It loads all modules anew for each file, because
 * files must not share what modules hold. They can share their code: a function of `vm.compileFunction` is bound to a context, a script is
 * not, and keeps what V8 compiles of it later.
 */
vm.compileFunction = (source, parameters, options = {}) => {
  const { filename, parsingContext } = options;
  if (filename === undefined || parsingContext === undefined) return compileFunction(source, parameters, options);
  const head = `(function (${parameters.join()}) {`;
  let known = compiled.get(filename);
  if (known?.source !== source || known.head !== head) {
    // The offset leaves the head out of positions in stack traces.
    const script = new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length });
    known = { source, head, script };
    compiled.set(filename, known);
  }
  return known.script.runInContext(parsingContext);
};
