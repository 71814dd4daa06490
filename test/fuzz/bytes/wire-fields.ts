import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export interface WireField {
  readonly number: number;
  /** What stands there, for fields of the two wire types that the API has; else `undefined`. */
  readonly bytes?: Uint8Array;
  readonly varint?: number;
}

/** The fields of a message, each cut out by its length before it is looked at. Throws for bytes that protobuf does not allow. */
export function fieldsOf(message: Uint8Array): WireField[] {
  const reader = new BinaryReader(message);
  const fields: WireField[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) {
      fields.push({ number, bytes: reader.bytes() });
    } else if (type === WireType.Varint) {
      fields.push({ number, varint: reader.uint32() });
    } else {
      reader.skip(type, number);
      fields.push({ number });
    }
    if (reader.pos > reader.len) throw new RangeError('A field is longer than the message.');
  }
  return fields;
}
