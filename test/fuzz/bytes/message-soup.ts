import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Choices } from './choices';
import { anyJson, longTexts, names } from './texts';

export interface SoupOptions {
  /** For fields of these names, what mostly stands there: `{ token: [issued] }`. Numbers as texts. */
  readonly likely?: Readonly<Record<string, readonly string[]>>;
  /** Fields of these names are mostly left out. */
  readonly rare?: readonly string[];
  /** A message stops growing here. Default: 4 MiB. */
  readonly maxBytes?: number;
}

const deepest = 6;
const numbers = [0, 1, 2, 3, 7, 60, 255, 1000, 65_536, 2 ** 31 - 1];
const longNumbers = [
  '0',
  '1',
  '2',
  '-1',
  '1800',
  '86400',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
];
/** How often a field is repeated that is repeated many times. */
const repeats = [2, 3, 17, 101, 1001, 20_000, 2 ** 21];

/**
 * A message as bytes: most of it as its type says, and now and then not: fields of the wrong wire type, unknown fields, groups, lengths
 * that are wrong, parts that are oversized or repeated up to `maxBytes`.
 */
export function messageSoup(choices: Choices, type: DescMessage, options: SoupOptions = {}): Buffer {
  const writer = new BinaryWriter();
  writeFields(writer, choices, type, options, 0);
  const bytes = Buffer.from(writer.finish());
  return choices.isRare(128) ? bytes.subarray(0, choices.below(bytes.length + 1)) : bytes;
}

function writeFields(
  writer: BinaryWriter,
  choices: Choices,
  type: DescMessage,
  options: SoupOptions,
  depth: number,
): void {
  const { maxBytes = 4 * 1024 * 1024, rare = [] } = options;
  const oneofs = new Map(type.oneofs.map((oneof) => [oneof, choices.pick(oneof.fields)]));
  for (const field of type.fields) {
    if (field.oneof !== undefined && oneofs.get(field.oneof) !== field && !choices.isRare(32)) continue;
    const isLeftOut = rare.includes(field.name) && choices.byte() % 8 !== 7;
    const count = isLeftOut ? 0 : countOf(choices, field);
    if (count === 0) continue;
    const encoded = new BinaryWriter();
    writeField(encoded, choices, field, options, depth);
    const bytes = encoded.finish();
    const copies = Math.min(count, Math.max(1, Math.floor(maxBytes / Math.max(bytes.length, 2) / 2)));
    if (copies === count && count < 36) {
      writer.raw(bytes);
      for (let more = 1; more < count; more += 1) writeField(writer, choices, field, options, depth);
    } else {
      writer.raw(Buffer.concat(Array.from({ length: copies }, () => bytes)));
    }
  }
  if (choices.isRare(64)) writeOddity(writer, choices);
}

function countOf(choices: Choices, { fieldKind }: DescField): number {
  const isList = fieldKind === 'list' || fieldKind === 'map';
  const dice = choices.byte();
  if (dice >= 250) return choices.pick(repeats);
  if (dice >= 240) return 2;
  if (isList && dice >= 232) return 5 + choices.below(30);
  if (dice % 8 === 7) return 0;
  return isList ? dice % 5 : 1;
}

function writeField(
  writer: BinaryWriter,
  choices: Choices,
  field: DescField,
  options: SoupOptions,
  depth: number,
): void {
  if (choices.isRare(256)) {
    writeWrongly(writer, choices, field.number);
    return;
  }
  switch (field.fieldKind) {
    case 'message':
      writeNested(writer, field.number, (nested) => writeMessage(nested, choices, field.message, options, depth));
      break;
    case 'list':
      if (field.listKind === 'message') {
        writeNested(writer, field.number, (nested) => writeMessage(nested, choices, field.message, options, depth));
      } else if (field.listKind === 'scalar') {
        writeScalar(writer, choices, field.number, field.scalar, field.name, options);
      }
      break;
    case 'map':
      writeNested(writer, field.number, (nested) => {
        writeScalar(nested, choices, 1, field.mapKey, 'key', options);
        if (field.mapKind === 'scalar') writeScalar(nested, choices, 2, field.scalar, 'value', options);
      });
      break;
    case 'enum':
      writer.tag(field.number, WireType.Varint).int32(choices.byte());
      break;
    case 'scalar':
      writeScalar(writer, choices, field.number, field.scalar, field.name, options);
  }
}

function writeMessage(
  writer: BinaryWriter,
  choices: Choices,
  type: DescMessage,
  options: SoupOptions,
  depth: number,
): void {
  if (depth < deepest) writeFields(writer, choices, type, options, depth + 1);
}

function writeNested(writer: BinaryWriter, number: number, write: (nested: BinaryWriter) => void): void {
  const nested = new BinaryWriter();
  write(nested);
  writer.tag(number, WireType.LengthDelimited).bytes(nested.finish());
}

function writeScalar(
  writer: BinaryWriter,
  choices: Choices,
  number: number,
  type: ScalarType,
  name: string,
  { likely = {} }: SoupOptions,
): void {
  switch (type) {
    case ScalarType.STRING:
      writer.tag(number, WireType.LengthDelimited).bytes(stringFor(choices, likely[name]));
      break;
    case ScalarType.BYTES:
      writer.tag(number, WireType.LengthDelimited).bytes(anyJson(choices));
      break;
    case ScalarType.BOOL:
      writer.tag(number, WireType.Varint).bool(choices.byte() % 4 !== 3);
      break;
    case ScalarType.INT64:
      writer.tag(number, WireType.Varint).int64(choices.pick(likely[name] ?? longNumbers));
      break;
    default:
      writer.tag(number, WireType.Varint).int32(choices.pick(numbers));
  }
}

function stringFor(choices: Choices, likely: readonly string[] | undefined): Uint8Array {
  if (likely !== undefined && !choices.isRare(32)) return Buffer.from(choices.pick(likely));
  const dice = choices.byte();
  if (dice < 200) return Buffer.from(choices.pick(names));
  if (dice < 240) return choices.take(choices.below(20));
  return Buffer.from(choices.pick(longTexts));
}

/** Something else than the field's type in its place. */
function writeWrongly(writer: BinaryWriter, choices: Choices, number: number): void {
  switch (choices.below(5)) {
    case 0:
      writer.tag(number, WireType.Varint).uint64(choices.pick(['0', '18446744073709551615']));
      break;
    case 1:
      writer.tag(number, WireType.Bit32).fixed32(choices.byte());
      break;
    case 2:
      writer.tag(number, WireType.Bit64).fixed64(choices.byte());
      break;
    case 3:
      writer.tag(number, WireType.LengthDelimited).bytes(choices.take(choices.below(32)));
      break;
    default:
      writer.tag(number, WireType.LengthDelimited).uint32(choices.pick([1, 127, 65_536, 2 ** 31 - 1, 2 ** 32 - 1]));
  }
}

/** Unknown fields, nested groups with and without an end, a varint that never ends, any bytes. */
function writeOddity(writer: BinaryWriter, choices: Choices): void {
  const group = (times: number, type: WireType): Buffer => {
    const tag = new BinaryWriter().tag(100, type).finish();
    return Buffer.concat(Array.from({ length: times }, () => tag));
  };
  switch (choices.below(5)) {
    case 0:
      writer.tag(1000 + choices.byte(), WireType.LengthDelimited).bytes(choices.take(choices.below(64)));
      break;
    case 1: {
      const depth = choices.pick([1, 50, 101, 20_000, 200_000]);
      writer.raw(group(depth, WireType.StartGroup));
      if (!choices.isRare(4)) writer.raw(group(depth, WireType.EndGroup));
      break;
    }
    case 2:
      writer.raw(group(choices.pick([1, 3, 1000]), WireType.EndGroup));
      break;
    case 3:
      writer.raw(Buffer.alloc(choices.pick([1, 9, 10, 11, 4096]), 0xff));
      break;
    default:
      writer.raw(choices.take(choices.below(64)));
  }
}
