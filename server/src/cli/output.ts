import { styleText } from 'node:util';
import { renderTable } from './table';
import type { TableOptions } from './table';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow';

/** A stream that may be a terminal. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether results are JSON, for scripts. */
  readonly json: boolean;
}

/** Where commands print: results on standard output, messages and progress on standard error. */
export class Output {
  readonly isJson: boolean;
  readonly stderr: TextStream;
  readonly #stdout: TextStream;
  readonly #env: OutputOptions['env'];

  constructor({ stdout, stderr, env, json }: OutputOptions) {
    this.isJson = json;
    this.stderr = stderr;
    this.#stdout = stdout;
    this.#env = env;
  }

  /** One JSON document. */
  json(value: unknown): void {
    this.#stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  line(text = ''): void {
    this.#stdout.write(`${text}\n`);
  }

  table(rows: readonly (readonly string[])[], options: Omit<TableOptions, 'width' | 'style'> = {}): void {
    const { columns, isTTY = false } = this.#stdout;
    const width = isTTY ? columns : undefined;
    this.#stdout.write(renderTable(rows, { ...options, width, style: (text) => this.style('bold', text) }));
  }

  /** A message that is not the result. */
  message(text: string): void {
    this.stderr.write(`${text}\n`);
  }

  /** Colors are for terminals, and for those who want them (https://no-color.org). */
  style(style: Style, text: string): string {
    const { NO_COLOR, TERM } = this.#env;
    const isWanted = this.#stdout.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
    return isWanted ? styleText(style, text, { validateStream: false }) : text;
  }
}
