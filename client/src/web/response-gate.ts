import { AsyncLocalStorage } from 'node:async_hooks';
import type { OutgoingHttpHeader, ServerResponse } from 'node:http';

export interface GateHooks {
  /**
   * Called once, when the response's headers would leave. The response is held until the returned promise resolves;
   * `undefined`: it goes on at once.
   */
  beforeHeaders(status: number): Promise<void> | undefined;
  /** Called once, right before the headers leave. May set headers. */
  onHeaders(): void;
  /** Called when the response ends after its headers have left. Its end is held as with `beforeHeaders`. */
  beforeEnd(): Promise<void> | undefined;
  /**
   * Called instead of going on when a promise was rejected or a held call failed. What was held is discarded. Headers and
   * status are as they were when the gate was installed, unless the headers have left. From now on, only what this call
   * does, directly or later, is let through; the discarded response may not yet know that it was.
   */
  onError(error: unknown): void;
}

const methods = ['writeHead', 'write', 'end', 'flushHeaders'] as const;
type Method = (typeof methods)[number];
interface Call {
  readonly method: Method;
  args: unknown[];
}

type Phase =
  /** Nothing was sent. */
  | { readonly name: 'open' }
  /** The application has begun to send, and is kept waiting. */
  | { readonly name: 'held'; readonly calls: Call[] }
  /** The headers have left. */
  | { readonly name: 'sending' }
  /** The headers have left, and the end is kept waiting. */
  | { readonly name: 'ending'; readonly calls: Call[] }
  | { readonly name: 'ended' }
  | { readonly name: 'failed' };

/** The response whose error is being handled. */
const handlingErrorOf = new AsyncLocalStorage<ServerResponse>();

/**
 * Puts itself between the application and a response, so that asynchronous work can be done before the headers leave. The
 * application notices nothing: what it writes meanwhile is kept in order and written afterwards, `write` asks for a pause
 * as a full buffer does, and `headersSent` and `writableEnded` say what they would say without the gate.
 */
export function installGate(res: ServerResponse, hooks: GateHooks): void {
  let phase: Phase = { name: 'open' };
  const original = Object.fromEntries(methods.map((method) => [method, res[method]])) as unknown as Record<
    Method,
    (...args: unknown[]) => unknown
  >;
  const headersAtStart = res.getHeaderNames().map((name) => [name, res.getHeader(name)!] as const);

  function receive(method: Method, args: unknown[]): unknown {
    switch (phase.name) {
      case 'open': {
        const call = { method, args };
        const work = attempt(() => hooks.beforeHeaders(method === 'writeHead' ? Number(args[0]) : res.statusCode));
        if (work) return hold('held', call, work, () => sendHeaders(call));
        sendHeaders(call);
        if (method === 'end') phase = { name: 'ended' };
        return pass(call);
      }
      case 'sending': {
        const work = method === 'end' ? attempt(() => hooks.beforeEnd()) : undefined;
        if (work) return hold('ending', { method, args }, work, () => void (phase = { name: 'ended' }));
        return pass({ method, args });
      }
      case 'held':
      case 'ending':
        phase.calls.push({ method, args });
        return answerOf(method);
      case 'ended':
        return pass({ method, args });
      case 'failed':
        return handlingErrorOf.getStore() === res ? pass({ method, args }) : answerOf(method);
    }
  }

  function hold(name: 'held' | 'ending', call: Call, work: Promise<void>, goOn: () => void): unknown {
    const calls = [call];
    phase = { name, calls };
    work
      .then(() => {
        goOn();
        for (const { method, args } of calls) receive(method, args);
        const paused = calls.some(({ method }) => method === 'write');
        if (paused && !res.writableNeedDrain && !res.writableEnded) res.emit('drain');
      })
      .catch(fail);
    return answerOf(call.method);
  }

  function sendHeaders(first: Call): void {
    phase = { name: 'sending' };
    // Headers that are given to writeHead would replace those the hook sets; given before, they are there to be added to.
    if (first.method === 'writeHead') first.args = withoutHeaders(res, first.args);
    hooks.onHeaders();
  }

  function fail(error: unknown): void {
    phase = { name: 'failed' };
    if (!res.headersSent) {
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      for (const [name, value] of headersAtStart) res.setHeader(name, value);
      res.statusCode = 200;
      res.statusMessage = '';
    }
    handlingErrorOf.run(res, () => hooks.onError(error));
  }

  /** What a call returns that is kept waiting or was discarded. */
  function answerOf(method: Method): unknown {
    return { writeHead: res, write: false, end: res, flushHeaders: undefined }[method];
  }

  function pass({ method, args }: Call): unknown {
    return original[method].apply(res, args);
  }

  for (const method of methods) {
    (res as unknown as Record<Method, unknown>)[method] = (...args: unknown[]) => receive(method, args);
  }
  overrideGetter(res, 'headersSent', () => phase.name === 'held');
  overrideGetter(res, 'writableEnded', () => 'calls' in phase && phase.calls.some(({ method }) => method === 'end'));
}

/** Turns a throw into a rejection, so that it ends up where rejections do. */
function attempt(work: () => Promise<void> | undefined): Promise<void> | undefined {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

function overrideGetter(res: ServerResponse, name: 'headersSent' | 'writableEnded', isTrue: () => boolean): void {
  const prototype = Object.getPrototypeOf(res) as object;
  Object.defineProperty(res, name, {
    configurable: true,
    get: () => isTrue() || (Reflect.get(prototype, name, res) as boolean),
  });
}

/** Sets the headers among the arguments of writeHead and returns the other arguments. */
function withoutHeaders(res: ServerResponse, args: unknown[]): unknown[] {
  const headers = args.slice(1).find((argument) => typeof argument === 'object' && argument !== null);
  if (Array.isArray(headers)) {
    const pairs = Array.isArray(headers[0]) ? (headers as [string, OutgoingHttpHeader][]) : pairsOf(headers);
    for (const [name] of pairs) res.removeHeader(name);
    for (const [name, value] of pairs) res.appendHeader(name, Array.isArray(value) ? value : String(value));
  } else if (headers) {
    for (const [name, value] of Object.entries(headers as Record<string, OutgoingHttpHeader | undefined>)) {
      if (value !== undefined) res.setHeader(name, value);
    }
  }
  return args.filter((argument) => argument !== headers);
}

function pairsOf(flat: readonly OutgoingHttpHeader[]): [string, OutgoingHttpHeader][] {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[String(name), flat[index + 1]!] as const] : [])) as [string, OutgoingHttpHeader][];
}
