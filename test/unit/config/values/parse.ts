import type { ValueKind } from '../../../../server/src/config/values';

export const files: Readonly<Record<string, string>> = {
  '/text': 'on',
  '/text-and-line-breaks': 'on\r\n\n',
  '/spaces': ' a b \n',
  '/empty': '',
  '/line-break': '\n',
  '/pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
};

/** The value that a text has, with a few files that a text may name. */
export function parse<T>(kind: ValueKind<T>, text: string): T {
  return kind.parse(text, (path) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    return Buffer.from(content);
  });
}
