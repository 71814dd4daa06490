import type { ResponseHeaders } from './response-headers';

/** The headers of a request, as `Headers` of the Fetch standard has them. */
export type RequestHeaders = Pick<Headers, 'get'>;

type Value = number | string | readonly string[];

/** What a response of `node:http` and of frameworks on it have for their headers. */
interface Target {
  getHeader(name: string): Value | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  removeHeader(name: string): unknown;
}

/** Headers of `node:http`, where several of one name are an array, behind the interface of Fetch. */
export class HeaderLists implements ResponseHeaders {
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  get(name: string): string | null {
    return textOf(this.#target.getHeader(name));
  }

  set(name: string, value: string): void {
    this.#target.setHeader(name, value);
  }

  append(name: string, value: string): void {
    this.#target.setHeader(name, [...this.#listOf(name), value]);
  }

  delete(name: string): void {
    this.#target.removeHeader(name);
  }

  getSetCookie(): string[] {
    return this.#listOf('Set-Cookie');
  }

  #listOf(name: string): string[] {
    return [this.#target.getHeader(name) ?? []].flat().map(String);
  }
}

/** The headers of a request of `node:http`. */
export function requestHeaders({
  headers,
}: {
  readonly headers: Readonly<Record<string, Value | undefined>>;
}): RequestHeaders {
  return { get: (name) => textOf(headers[name]) };
}

function textOf(value: Value | undefined): string | null {
  if (typeof value === 'string') return value;
  return value === undefined ? null : [value].flat().join(', ');
}
