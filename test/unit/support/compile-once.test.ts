import vm, { compileFunction, createContext } from 'node:vm';
import type { Context } from 'node:vm';
import { describe, expect, test } from '@jest/globals';

/* What test/support/compile-once.mjs has put in place in the worker that runs this. */

const filename = '/not/there.js';
const compileIn = (parsingContext: Context, source: string, parameters = ['left', 'right']) =>
  compileFunction(source, parameters, { filename, parsingContext }) as (...args: unknown[]) => unknown;

describe('a module that was compiled for another test file', () => {
  test('shares its code, and nothing it holds', () => {
    let compiled = 0;
    class CountedScript extends vm.Script {
      constructor(...args: ConstructorParameters<typeof vm.Script>) {
        super(...args);
        compiled += 1;
      }
    }
    const { Script } = vm;
    vm.Script = CountedScript;
    const [one, two] = [createContext({ name: 'one' }), createContext({ name: 'two' })];
    const source = 'globalThis.calls = (globalThis.calls ?? 0) + left; return [name, calls, right];';
    const functions = [one, two].map((context) => compileIn(context, source));
    vm.Script = Script;
    expect(compiled).toBe(1);
    expect(functions.map((each) => each(1, 'r'))).toEqual([
      ['one', 1, 'r'],
      ['two', 1, 'r'],
    ]);
    expect(functions[0]!(1, 'r')).toEqual(['one', 2, 'r']);
  });

  test('is compiled again when its source or its parameters have changed', () => {
    const context = createContext({});
    expect(compileIn(context, 'return left')('l', 'r')).toBe('l');
    expect(compileIn(context, 'return right')('l', 'r')).toBe('r');
    expect(compileIn(context, 'return right', ['right', 'left'])('l', 'r')).toBe('l');
  });

  test('has the positions of its source in stack traces', () => {
    const run = (source: string) => {
      try {
        return compileIn(createContext({}), source)();
      } catch (error) {
        return /there\.js:\d+:\d+/.exec(String((error as Error).stack))?.[0];
      }
    };
    expect(run('throw new Error("first line")')).toBe('there.js:1:7');
    expect(run('\n  throw new Error("second line")')).toBe('there.js:2:9');
  });

  test('may end in a comment', () => {
    expect(compileIn(createContext({}), 'return left // of two')('l')).toBe('l');
  });
});
