import type { ContentEntries } from '../../../session/content';
import type { RecordProblem } from '../../../session/errors';
import { noAttributes } from '../../attributes';
import type { Attributes } from '../../attributes';
import { decodeContent, decodeSealed, encodeBody, encodeSealedBody } from '../../record-body';
import { decodeFront, recordOf } from '../record-codec';
import type { DecodedFront, DecodedRecord, RecordFormat } from '../record-codec';
import { cipherName, ContentKeys } from './content-keys';
import type { KeyUse } from './content-keys';

/** What is counted of records that were read. */
export interface RecordReadObserver {
  /** @param result under which key the record was, or that it could not be decrypted */
  recordRead(result: KeyUse | 'failed'): void;
}

/** The parts of a record that depend on whether its content is encrypted. */
export interface EncodedContent {
  readonly format: RecordFormat;
  /** What the header ends with. */
  readonly csrfTokenOrKeyId: string;
  readonly body: Buffer;
}

const newline = 0x0a;

/** Turns records into sessions and back, with whatever keys there are. */
export class SessionCodec {
  readonly keys: ContentKeys;
  readonly #observer: RecordReadObserver | undefined;

  /** @param keys default: none, so contents are in clear */
  constructor(keys = new ContentKeys(), observer?: RecordReadObserver) {
    this.keys = keys;
    this.#observer = observer;
  }

  /** @returns why the record cannot be read if it cannot. Values in clear share the memory of `record` */
  decode(handle: string, record: Buffer): DecodedRecord | RecordProblem {
    const front = decodeFront(record);
    if (front === undefined) return 'damaged';
    const isClear = front.header.format === 1;
    const decoded = isClear ? decodeClear(front, record) : this.#decrypt(handle, front, record);
    if (!isClear || this.keys.encrypts) {
      this.#observer?.recordRead(typeof decoded === 'string' ? 'failed' : this.keys.useOf(decoded.keyId));
    }
    return decoded;
  }

  encode(
    handle: string,
    csrfToken: string,
    content: ContentEntries,
    attributes: Attributes = noAttributes,
  ): EncodedContent {
    if (!this.keys.encrypts) {
      return { format: 1, csrfTokenOrKeyId: csrfToken, body: encodeBody(content, attributes) };
    }
    const clear = Buffer.concat([Buffer.from(`${csrfToken}\n`), encodeBody(content, noAttributes)]);
    const { keyId, value } = this.keys.encrypt(handle, clear);
    return { format: 2, csrfTokenOrKeyId: keyId, body: encodeSealedBody({ cipher: cipherName, value }, attributes) };
  }

  #decrypt(handle: string, front: DecodedFront, record: Buffer): DecodedRecord | RecordProblem {
    const sealed = decodeSealed(record, front.stop);
    if (sealed?.cipher !== cipherName) return 'damaged';
    const { value } = sealed;
    const clear = this.keys.decrypt(handle, { keyId: front.header.csrfTokenOrKeyId, value });
    if (typeof clear === 'string') return clear;
    const stop = clear.indexOf(newline);
    const content = decodeContent(clear, stop + 1);
    if (stop < 0 || content === undefined) return 'damaged';
    return recordOf(front, clear.toString('latin1', 0, stop), content);
  }
}

function decodeClear(front: DecodedFront, record: Buffer): DecodedRecord | RecordProblem {
  const content = decodeContent(record, front.stop);
  return content === undefined ? 'damaged' : recordOf(front, front.header.csrfTokenOrKeyId, content);
}
