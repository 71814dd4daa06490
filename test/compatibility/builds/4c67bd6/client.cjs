// Made from commit 4c67bd6 by scripts/compat-build.mjs. DO NOT EDIT.
"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// client/src/index.ts
var src_exports = {};
__export(src_exports, {
  SessionClient: () => SessionClient,
  SessionError: () => SessionError
});
module.exports = __toCommonJS(src_exports);

// client/src/call-options.ts
function startCall(options, defaultTimeoutMs) {
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  assertTimeout(timeoutMs);
  return { deadline: Date.now() + timeoutMs, signal: options?.signal, metadata: options?.metadata };
}
function assertTimeout(timeoutMs) {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0 && timeoutMs <= maxTimeoutMs)) {
    throw new RangeError(
      `Expected \`timeoutMs\` to be a number of milliseconds above 0 and up to ${maxTimeoutMs}, got \`${String(timeoutMs)}\` (${typeof timeoutMs})`
    );
  }
}
var maxTimeoutMs = 2 ** 31 - 1;

// client/src/errors.ts
var errorFacts = {
  SESSION_NOT_FOUND: {
    status: 409,
    advice: "Call invalidate() to go on with a new session, or treat the visitor as new."
  },
  TOKEN_INVALID: { status: 409, advice: "Treat the visitor as new." },
  VERSION_MISMATCH: { status: 409, advice: "Load the session again, reapply the change and try again." },
  INVALID_ARGUMENT: { status: 500, advice: "Correct the call." },
  SESSION_TOO_LARGE: { status: 413, advice: "Store less, or raise the limit in the sidecar." },
  TOO_MANY_KEYS: { status: 413, advice: "Store fewer keys, or raise the limit in the sidecar." },
  FLASH_QUEUE_FULL: { status: 413, advice: "Show the waiting messages, or raise the limit in the sidecar." },
  STORE_UNAVAILABLE: { status: 503, advice: "Look into the log of the sidecar and at its store." },
  STORE_FULL: { status: 503, advice: "Give the store more memory." },
  DRAINING: { status: 503, advice: "Try again when the sidecar has been restarted." },
  INTERNAL: { status: 500, advice: "Look for the error id in the log of the sidecar." },
  DEADLINE_EXCEEDED: {
    status: 503,
    meaning: "The call took longer than `timeoutMs`. A change may have happened all the same.",
    advice: "Raise timeoutMs, or find out why the sidecar is slow."
  },
  CANCELLED: {
    status: 503,
    meaning: "The call's `signal` was aborted, or the client was closed. A change may have happened all the same.",
    advice: "Try again if it was not meant."
  },
  UNAVAILABLE: {
    status: 503,
    meaning: "No answer from the sidecar: it does not run, runs elsewhere, or went away. A change may have happened all the same.",
    advice: "Check that the sidecar runs and that the address is right."
  },
  UNIMPLEMENTED: {
    status: 500,
    meaning: "The sidecar does not know the call.",
    advice: "Use a sidecar that is at least as new as the client."
  },
  VALUE_UNREADABLE: {
    status: 500,
    meaning: "What is stored at a key is nothing the codec can read.",
    advice: "Use the codec that it was written with, or overwrite it."
  },
  UNKNOWN: {
    status: 500,
    meaning: "A gRPC status that the sidecar does not send.",
    advice: "See the cause."
  }
};
var brand = /* @__PURE__ */ Symbol.for("session-sidecar.SessionError");
var SessionError = class extends Error {
  name = "SessionError";
  code;
  /** Facts about the failure, for example the limit that was hit and the setting that changes it. */
  metadata;
  /** For INVALID_ARGUMENT: every field that is wrong. Otherwise empty. */
  violations;
  /** How long the sidecar asks to wait before another try, in milliseconds. */
  retryAfterMs;
  /**
   * The HTTP status that suits a web request which fails with this error; Express answers with it. 409 when the session
   * ended meanwhile, 413 when it would outgrow a limit, 503 when the sidecar or its store is unavailable, otherwise 500.
   */
  status;
  constructor(code, message, details = {}) {
    super(`${code}: ${message} ${errorFacts[code].advice}`, { cause: details.cause });
    this.code = code;
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.status = errorFacts[code].status;
    Object.defineProperty(this, brand, { value: true });
  }
  /** Whether a value is a SessionError, also when another copy of this package made it. */
  static is(value) {
    return value instanceof Error && brand in value;
  }
};
function isErrorCode(text) {
  return Object.hasOwn(errorFacts, text);
}

// client/src/json.ts
function assertJson(value, path) {
  check(value, path, []);
}
function check(value, path, parents) {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) refuse(path, String(value));
      return;
    case "object":
      if (value !== null) checkObject(value, path, parents);
      return;
    case "undefined":
      return refuse(path, "undefined");
    case "bigint":
      return refuse(path, "a bigint");
    case "symbol":
      return refuse(path, "a symbol");
    case "function":
      return refuse(path, "a function");
  }
}
function checkObject(value, path, parents) {
  if (parents.includes(value)) refuse(path, "an object that contains itself");
  parents.push(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, parents);
  } else {
    if (!isPlain(value)) refuse(path, `an instance of ${classOf(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) refuse(path, "an object with symbol keys");
    for (const [key, property] of Object.entries(value)) {
      if (property === void 0) continue;
      check(property, /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, parents);
    }
  }
  parents.pop();
}
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
function classOf({ constructor }) {
  return constructor?.name || "a class";
}
function refuse(path, what) {
  throw new TypeError(`Expected \`${path}\` to be something JSON can hold, got ${what}`);
}

// client/src/codec.ts
var jsonCodec = {
  check: assertJson,
  encode(value, path) {
    assertJson(value, path);
    return Buffer.from(JSON.stringify(value));
  },
  decode: (bytes, path) => readable(path, () => JSON.parse(bytes.toString()))
};
function resolveCodec(codec) {
  if (codec === void 0) return jsonCodec;
  return {
    check() {
    },
    encode(value) {
      const bytes = codec.encode(value);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes, path) => readable(path, () => codec.decode(bytes))
  };
}
function readable(path, decode) {
  try {
    return decode();
  } catch (cause) {
    throw new SessionError("VALUE_UNREADABLE", `The codec cannot read what is stored at \`${path}\`.`, { cause });
  }
}

// client/src/retry.ts
var import_promises = require("node:timers/promises");

// proto/gen/session/v1/session_service.ts
var import_wire4 = require("@bufbuild/protobuf/wire");

// proto/gen/google/protobuf/duration.ts
var import_wire = require("@bufbuild/protobuf/wire");
function createBaseDuration() {
  return { seconds: 0, nanos: 0 };
}
var Duration = {
  encode(message, writer = new import_wire.BinaryWriter()) {
    if (message.seconds !== 0) {
      writer.uint32(8).int64(message.seconds);
    }
    if (message.nanos !== 0) {
      writer.uint32(16).int32(message.nanos);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire.BinaryReader ? input : new import_wire.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseDuration();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.seconds = longToNumber(reader.int64());
            continue;
          }
          case 2: {
            if (tag !== 16) {
              break;
            }
            message.nanos = reader.int32();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function longToNumber(int64) {
  const num = globalThis.Number(int64.toString());
  if (num > globalThis.Number.MAX_SAFE_INTEGER) {
    throw new globalThis.Error("Value is larger than Number.MAX_SAFE_INTEGER");
  }
  if (num < globalThis.Number.MIN_SAFE_INTEGER) {
    throw new globalThis.Error("Value is smaller than Number.MIN_SAFE_INTEGER");
  }
  return num;
}

// proto/gen/google/protobuf/timestamp.ts
var import_wire2 = require("@bufbuild/protobuf/wire");
function createBaseTimestamp() {
  return { seconds: 0, nanos: 0 };
}
var Timestamp = {
  encode(message, writer = new import_wire2.BinaryWriter()) {
    if (message.seconds !== 0) {
      writer.uint32(8).int64(message.seconds);
    }
    if (message.nanos !== 0) {
      writer.uint32(16).int32(message.nanos);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire2.BinaryReader ? input : new import_wire2.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseTimestamp();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.seconds = longToNumber2(reader.int64());
            continue;
          }
          case 2: {
            if (tag !== 16) {
              break;
            }
            message.nanos = reader.int32();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function longToNumber2(int64) {
  const num = globalThis.Number(int64.toString());
  if (num > globalThis.Number.MAX_SAFE_INTEGER) {
    throw new globalThis.Error("Value is larger than Number.MAX_SAFE_INTEGER");
  }
  if (num < globalThis.Number.MIN_SAFE_INTEGER) {
    throw new globalThis.Error("Value is smaller than Number.MIN_SAFE_INTEGER");
  }
  return num;
}

// proto/gen/session/v1/session.ts
var import_wire3 = require("@bufbuild/protobuf/wire");
function createBaseSession() {
  return {
    handle: "",
    data: /* @__PURE__ */ new Map(),
    flashQueues: [],
    csrfToken: "",
    created: void 0,
    accessed: void 0,
    expires: void 0,
    idleTimeout: void 0,
    version: 0,
    subject: void 0
  };
}
var Session = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.handle !== "") {
      writer.uint32(10).string(message.handle);
    }
    message.data.forEach((value, key) => {
      Session_DataEntry.encode({ key, value }, writer.uint32(18).fork()).join();
    });
    for (const v of message.flashQueues) {
      FlashQueue.encode(v, writer.uint32(26).fork()).join();
    }
    if (message.csrfToken !== "") {
      writer.uint32(34).string(message.csrfToken);
    }
    if (message.created !== void 0) {
      Timestamp.encode(toTimestamp(message.created), writer.uint32(42).fork()).join();
    }
    if (message.accessed !== void 0) {
      Timestamp.encode(toTimestamp(message.accessed), writer.uint32(50).fork()).join();
    }
    if (message.expires !== void 0) {
      Timestamp.encode(toTimestamp(message.expires), writer.uint32(58).fork()).join();
    }
    if (message.idleTimeout !== void 0) {
      Duration.encode(message.idleTimeout, writer.uint32(66).fork()).join();
    }
    if (message.version !== 0) {
      writer.uint32(72).int64(message.version);
    }
    if (message.subject !== void 0) {
      writer.uint32(82).string(message.subject);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseSession();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.handle = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            const entry2 = Session_DataEntry.decode(reader, reader.uint32());
            if (entry2.value !== void 0) {
              message.data.set(entry2.key, entry2.value);
            }
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.flashQueues.push(FlashQueue.decode(reader, reader.uint32()));
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.csrfToken = reader.string();
            continue;
          }
          case 5: {
            if (tag !== 42) {
              break;
            }
            message.created = fromTimestamp(Timestamp.decode(reader, reader.uint32()));
            continue;
          }
          case 6: {
            if (tag !== 50) {
              break;
            }
            message.accessed = fromTimestamp(Timestamp.decode(reader, reader.uint32()));
            continue;
          }
          case 7: {
            if (tag !== 58) {
              break;
            }
            message.expires = fromTimestamp(Timestamp.decode(reader, reader.uint32()));
            continue;
          }
          case 8: {
            if (tag !== 66) {
              break;
            }
            message.idleTimeout = Duration.decode(reader, reader.uint32());
            continue;
          }
          case 9: {
            if (tag !== 72) {
              break;
            }
            message.version = longToNumber3(reader.int64());
            continue;
          }
          case 10: {
            if (tag !== 82) {
              break;
            }
            message.subject = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseSession_DataEntry() {
  return { key: "", value: Buffer.alloc(0) };
}
var Session_DataEntry = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    if (message.value.length !== 0) {
      writer.uint32(18).bytes(message.value);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseSession_DataEntry();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = Buffer.from(reader.bytes());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseFlashQueue() {
  return { name: "", messageCount: 0 };
}
var FlashQueue = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.name !== "") {
      writer.uint32(10).string(message.name);
    }
    if (message.messageCount !== 0) {
      writer.uint32(16).int32(message.messageCount);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseFlashQueue();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.name = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 16) {
              break;
            }
            message.messageCount = reader.int32();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseMutation() {
  return { kind: void 0 };
}
var Mutation = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    switch (message.kind?.$case) {
      case "set":
        Set2.encode(message.kind.value, writer.uint32(10).fork()).join();
        break;
      case "setIfAbsent":
        Set2.encode(message.kind.value, writer.uint32(18).fork()).join();
        break;
      case "delete":
        Delete.encode(message.kind.value, writer.uint32(26).fork()).join();
        break;
      case "take":
        Take.encode(message.kind.value, writer.uint32(34).fork()).join();
        break;
      case "clear":
        Clear.encode(message.kind.value, writer.uint32(42).fork()).join();
        break;
      case "append":
        Append.encode(message.kind.value, writer.uint32(50).fork()).join();
        break;
      case "increment":
        Increment.encode(message.kind.value, writer.uint32(58).fork()).join();
        break;
      case "pushFlash":
        PushFlash.encode(message.kind.value, writer.uint32(66).fork()).join();
        break;
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseMutation();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.kind = { $case: "set", value: Set2.decode(reader, reader.uint32()) };
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.kind = { $case: "setIfAbsent", value: Set2.decode(reader, reader.uint32()) };
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.kind = { $case: "delete", value: Delete.decode(reader, reader.uint32()) };
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.kind = { $case: "take", value: Take.decode(reader, reader.uint32()) };
            continue;
          }
          case 5: {
            if (tag !== 42) {
              break;
            }
            message.kind = { $case: "clear", value: Clear.decode(reader, reader.uint32()) };
            continue;
          }
          case 6: {
            if (tag !== 50) {
              break;
            }
            message.kind = { $case: "append", value: Append.decode(reader, reader.uint32()) };
            continue;
          }
          case 7: {
            if (tag !== 58) {
              break;
            }
            message.kind = { $case: "increment", value: Increment.decode(reader, reader.uint32()) };
            continue;
          }
          case 8: {
            if (tag !== 66) {
              break;
            }
            message.kind = { $case: "pushFlash", value: PushFlash.decode(reader, reader.uint32()) };
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseSet() {
  return { key: "", value: Buffer.alloc(0) };
}
var Set2 = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    if (message.value.length !== 0) {
      writer.uint32(18).bytes(message.value);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseSet();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = Buffer.from(reader.bytes());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseDelete() {
  return { key: "" };
}
var Delete = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseDelete();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseTake() {
  return { key: "" };
}
var Take = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseTake();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseClear() {
  return {};
}
var Clear = {
  encode(_, writer = new import_wire3.BinaryWriter()) {
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseClear();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseAppend() {
  return { key: "", value: Buffer.alloc(0), unlessPresent: false };
}
var Append = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    if (message.value.length !== 0) {
      writer.uint32(18).bytes(message.value);
    }
    if (message.unlessPresent !== false) {
      writer.uint32(24).bool(message.unlessPresent);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseAppend();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = Buffer.from(reader.bytes());
            continue;
          }
          case 3: {
            if (tag !== 24) {
              break;
            }
            message.unlessPresent = reader.bool();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseIncrement() {
  return { key: "", by: 0 };
}
var Increment = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    if (message.by !== 0) {
      writer.uint32(16).int64(message.by);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseIncrement();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 16) {
              break;
            }
            message.by = longToNumber3(reader.int64());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePushFlash() {
  return { queue: "", message: Buffer.alloc(0), unlessPresent: false };
}
var PushFlash = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.queue !== "") {
      writer.uint32(10).string(message.queue);
    }
    if (message.message.length !== 0) {
      writer.uint32(18).bytes(message.message);
    }
    if (message.unlessPresent !== false) {
      writer.uint32(24).bool(message.unlessPresent);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePushFlash();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.queue = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.message = Buffer.from(reader.bytes());
            continue;
          }
          case 3: {
            if (tag !== 24) {
              break;
            }
            message.unlessPresent = reader.bool();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseMutationResult() {
  return { applied: false, value: void 0 };
}
var MutationResult = {
  encode(message, writer = new import_wire3.BinaryWriter()) {
    if (message.applied !== false) {
      writer.uint32(8).bool(message.applied);
    }
    if (message.value !== void 0) {
      writer.uint32(18).bytes(message.value);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire3.BinaryReader ? input : new import_wire3.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseMutationResult();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.applied = reader.bool();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = Buffer.from(reader.bytes());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function toTimestamp(date) {
  const seconds = Math.trunc(date.getTime() / 1e3);
  const nanos = date.getTime() % 1e3 * 1e6;
  return { seconds, nanos };
}
function fromTimestamp(t) {
  let millis = (t.seconds || 0) * 1e3;
  millis += (t.nanos || 0) / 1e6;
  return new globalThis.Date(millis);
}
function longToNumber3(int64) {
  const num = globalThis.Number(int64.toString());
  if (num > globalThis.Number.MAX_SAFE_INTEGER) {
    throw new globalThis.Error("Value is larger than Number.MAX_SAFE_INTEGER");
  }
  if (num < globalThis.Number.MIN_SAFE_INTEGER) {
    throw new globalThis.Error("Value is smaller than Number.MIN_SAFE_INTEGER");
  }
  return num;
}

// proto/gen/session/v1/session_service.ts
function createBaseCreateSessionRequest() {
  return { mutations: [], idleExpiry: void 0, subject: void 0 };
}
var CreateSessionRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    for (const v of message.mutations) {
      Mutation.encode(v, writer.uint32(10).fork()).join();
    }
    switch (message.idleExpiry?.$case) {
      case "idleTimeout":
        Duration.encode(message.idleExpiry.value, writer.uint32(18).fork()).join();
        break;
      case "noIdleTimeout":
        writer.uint32(24).bool(message.idleExpiry.value);
        break;
    }
    if (message.subject !== void 0) {
      writer.uint32(34).string(message.subject);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseCreateSessionRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.mutations.push(Mutation.decode(reader, reader.uint32()));
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.idleExpiry = { $case: "idleTimeout", value: Duration.decode(reader, reader.uint32()) };
            continue;
          }
          case 3: {
            if (tag !== 24) {
              break;
            }
            message.idleExpiry = { $case: "noIdleTimeout", value: reader.bool() };
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.subject = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseCreateSessionResponse() {
  return { token: "", session: void 0, results: [] };
}
var CreateSessionResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.session !== void 0) {
      Session.encode(message.session, writer.uint32(18).fork()).join();
    }
    for (const v of message.results) {
      MutationResult.encode(v, writer.uint32(26).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseCreateSessionResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.session = Session.decode(reader, reader.uint32());
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.results.push(MutationResult.decode(reader, reader.uint32()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseGetSessionRequest() {
  return { token: "" };
}
var GetSessionRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseGetSessionRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseGetSessionResponse() {
  return { session: void 0 };
}
var GetSessionResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.session !== void 0) {
      Session.encode(message.session, writer.uint32(10).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseGetSessionResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.session = Session.decode(reader, reader.uint32());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseUpdateSessionRequest() {
  return { token: "", mutations: [], ifVersion: void 0, idleExpiry: void 0, subject: void 0 };
}
var UpdateSessionRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    for (const v of message.mutations) {
      Mutation.encode(v, writer.uint32(18).fork()).join();
    }
    if (message.ifVersion !== void 0) {
      writer.uint32(24).int64(message.ifVersion);
    }
    switch (message.idleExpiry?.$case) {
      case "idleTimeout":
        Duration.encode(message.idleExpiry.value, writer.uint32(34).fork()).join();
        break;
      case "noIdleTimeout":
        writer.uint32(40).bool(message.idleExpiry.value);
        break;
    }
    if (message.subject !== void 0) {
      writer.uint32(50).string(message.subject);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseUpdateSessionRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.mutations.push(Mutation.decode(reader, reader.uint32()));
            continue;
          }
          case 3: {
            if (tag !== 24) {
              break;
            }
            message.ifVersion = longToNumber4(reader.int64());
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.idleExpiry = { $case: "idleTimeout", value: Duration.decode(reader, reader.uint32()) };
            continue;
          }
          case 5: {
            if (tag !== 40) {
              break;
            }
            message.idleExpiry = { $case: "noIdleTimeout", value: reader.bool() };
            continue;
          }
          case 6: {
            if (tag !== 50) {
              break;
            }
            message.subject = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseUpdateSessionResponse() {
  return { version: 0, expires: void 0, results: [] };
}
var UpdateSessionResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.version !== 0) {
      writer.uint32(8).int64(message.version);
    }
    if (message.expires !== void 0) {
      Timestamp.encode(toTimestamp2(message.expires), writer.uint32(18).fork()).join();
    }
    for (const v of message.results) {
      MutationResult.encode(v, writer.uint32(26).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseUpdateSessionResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.version = longToNumber4(reader.int64());
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.expires = fromTimestamp2(Timestamp.decode(reader, reader.uint32()));
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.results.push(MutationResult.decode(reader, reader.uint32()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseRegenerateSessionRequest() {
  return { token: "", mutations: [], subject: void 0 };
}
var RegenerateSessionRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    for (const v of message.mutations) {
      Mutation.encode(v, writer.uint32(18).fork()).join();
    }
    if (message.subject !== void 0) {
      writer.uint32(26).string(message.subject);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseRegenerateSessionRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.mutations.push(Mutation.decode(reader, reader.uint32()));
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.subject = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseRegenerateSessionResponse() {
  return { token: "", csrfToken: "", version: 0, expires: void 0, results: [] };
}
var RegenerateSessionResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.csrfToken !== "") {
      writer.uint32(18).string(message.csrfToken);
    }
    if (message.version !== 0) {
      writer.uint32(24).int64(message.version);
    }
    if (message.expires !== void 0) {
      Timestamp.encode(toTimestamp2(message.expires), writer.uint32(34).fork()).join();
    }
    for (const v of message.results) {
      MutationResult.encode(v, writer.uint32(42).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseRegenerateSessionResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.csrfToken = reader.string();
            continue;
          }
          case 3: {
            if (tag !== 24) {
              break;
            }
            message.version = longToNumber4(reader.int64());
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.expires = fromTimestamp2(Timestamp.decode(reader, reader.uint32()));
            continue;
          }
          case 5: {
            if (tag !== 42) {
              break;
            }
            message.results.push(MutationResult.decode(reader, reader.uint32()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseInvalidateSessionRequest() {
  return { token: "" };
}
var InvalidateSessionRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseInvalidateSessionRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseInvalidateSessionResponse() {
  return {};
}
var InvalidateSessionResponse = {
  encode(_, writer = new import_wire4.BinaryWriter()) {
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseInvalidateSessionResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePushFlashRequest() {
  return { token: "", queue: "", message: Buffer.alloc(0), unlessPresent: false };
}
var PushFlashRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.queue !== "") {
      writer.uint32(18).string(message.queue);
    }
    if (message.message.length !== 0) {
      writer.uint32(26).bytes(message.message);
    }
    if (message.unlessPresent !== false) {
      writer.uint32(32).bool(message.unlessPresent);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePushFlashRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.queue = reader.string();
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.message = Buffer.from(reader.bytes());
            continue;
          }
          case 4: {
            if (tag !== 32) {
              break;
            }
            message.unlessPresent = reader.bool();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePushFlashResponse() {
  return { applied: false };
}
var PushFlashResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.applied !== false) {
      writer.uint32(8).bool(message.applied);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePushFlashResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.applied = reader.bool();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePopFlashRequest() {
  return { token: "", queue: "" };
}
var PopFlashRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.queue !== "") {
      writer.uint32(18).string(message.queue);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePopFlashRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.queue = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePopFlashResponse() {
  return { messages: [] };
}
var PopFlashResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    for (const v of message.messages) {
      writer.uint32(10).bytes(v);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePopFlashResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.messages.push(Buffer.from(reader.bytes()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePeekFlashRequest() {
  return { token: "", queue: "" };
}
var PeekFlashRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.queue !== "") {
      writer.uint32(18).string(message.queue);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePeekFlashRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.queue = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBasePeekFlashResponse() {
  return { messages: [] };
}
var PeekFlashResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    for (const v of message.messages) {
      writer.uint32(10).bytes(v);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBasePeekFlashResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.messages.push(Buffer.from(reader.bytes()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseGetCsrfTokenRequest() {
  return { token: "" };
}
var GetCsrfTokenRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseGetCsrfTokenRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseGetCsrfTokenResponse() {
  return { csrfToken: "" };
}
var GetCsrfTokenResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.csrfToken !== "") {
      writer.uint32(10).string(message.csrfToken);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseGetCsrfTokenResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.csrfToken = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseNewCsrfTokenRequest() {
  return { token: "" };
}
var NewCsrfTokenRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseNewCsrfTokenRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseNewCsrfTokenResponse() {
  return { csrfToken: "" };
}
var NewCsrfTokenResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.csrfToken !== "") {
      writer.uint32(10).string(message.csrfToken);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseNewCsrfTokenResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.csrfToken = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseCheckCsrfTokenRequest() {
  return { token: "", csrfToken: "" };
}
var CheckCsrfTokenRequest = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.token !== "") {
      writer.uint32(10).string(message.token);
    }
    if (message.csrfToken !== "") {
      writer.uint32(18).string(message.csrfToken);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseCheckCsrfTokenRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.token = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.csrfToken = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseCheckCsrfTokenResponse() {
  return { valid: false };
}
var CheckCsrfTokenResponse = {
  encode(message, writer = new import_wire4.BinaryWriter()) {
    if (message.valid !== false) {
      writer.uint32(8).bool(message.valid);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire4.BinaryReader ? input : new import_wire4.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseCheckCsrfTokenResponse();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.valid = reader.bool();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
var SessionServiceDefinition = {
  name: "SessionService",
  fullName: "session.v1.SessionService",
  methods: {
    /**
     * CreateSession starts a session under a new token and applies the given mutations to it in the same step. It is the
     * only RPC that creates; call it when there is something to store, not for every visitor.
     *
     * Errors:
     * - SESSION_TOO_LARGE, TOO_MANY_KEYS, FLASH_QUEUE_FULL: the mutations do not fit in a session.
     * - STORE_FULL: the store has no room for another session.
     */
    createSession: {
      name: "CreateSession",
      requestType: CreateSessionRequest,
      requestStream: false,
      responseType: CreateSessionResponse,
      responseStream: false,
      options: {}
    },
    /**
     * GetSession loads a session and slides its idle timeout when that is due.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the visitor has no session any more.
     */
    getSession: {
      name: "GetSession",
      requestType: GetSessionRequest,
      requestStream: false,
      responseType: GetSessionResponse,
      responseStream: false,
      options: { idempotencyLevel: "IDEMPOTENT" }
    },
    /**
     * UpdateSession applies mutations to a session that exists, all of them or none, in one atomic step. Changes of
     * parallel requests to other keys are kept.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended; it is not created again.
     * - VERSION_MISMATCH: if_version did not hold.
     * - SESSION_TOO_LARGE, TOO_MANY_KEYS, FLASH_QUEUE_FULL: the result would not fit in a session.
     * - STORE_FULL: the store has no room for the change.
     */
    updateSession: {
      name: "UpdateSession",
      requestType: UpdateSessionRequest,
      requestStream: false,
      responseType: UpdateSessionResponse,
      responseStream: false,
      options: {}
    },
    /**
     * RegenerateSession gives the session a new token and a new CSRF token and keeps its data; mutations are applied in
     * the same step. The old token is dead at once. Call it whenever a visitor's privileges change, above all at login
     * (OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended or its token was already replaced.
     * - SESSION_TOO_LARGE, TOO_MANY_KEYS, FLASH_QUEUE_FULL: the result would not fit in a session.
     * - STORE_FULL: the store has no room for the change.
     */
    regenerateSession: {
      name: "RegenerateSession",
      requestType: RegenerateSessionRequest,
      requestStream: false,
      responseType: RegenerateSessionResponse,
      responseStream: false,
      options: {}
    },
    /**
     * InvalidateSession ends a session for good. A session that is not there any more is no error. Whatever arrives later
     * with its token fails with SESSION_NOT_FOUND.
     */
    invalidateSession: {
      name: "InvalidateSession",
      requestType: InvalidateSessionRequest,
      requestStream: false,
      responseType: InvalidateSessionResponse,
      responseStream: false,
      options: { idempotencyLevel: "IDEMPOTENT" }
    },
    /**
     * PushFlash adds a message to the end of a flash queue.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     * - FLASH_QUEUE_FULL, SESSION_TOO_LARGE: the message does not fit.
     * - STORE_FULL: the store has no room for the change.
     */
    pushFlash: {
      name: "PushFlash",
      requestType: PushFlashRequest,
      requestStream: false,
      responseType: PushFlashResponse,
      responseStream: false,
      options: {}
    },
    /**
     * PopFlash takes all messages out of a flash queue. Each message is given to exactly one caller; one pushed meanwhile
     * stays for the next. When the answer is lost on the way, the messages are lost with it.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     */
    popFlash: {
      name: "PopFlash",
      requestType: PopFlashRequest,
      requestStream: false,
      responseType: PopFlashResponse,
      responseStream: false,
      options: {}
    },
    /**
     * PeekFlash reads the messages of a flash queue and leaves them there.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     */
    peekFlash: {
      name: "PeekFlash",
      requestType: PeekFlashRequest,
      requestStream: false,
      responseType: PeekFlashResponse,
      responseStream: false,
      options: { idempotencyLevel: "IDEMPOTENT" }
    },
    /**
     * GetCsrfToken reads the session's CSRF token. Every session has one from its creation.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     */
    getCsrfToken: {
      name: "GetCsrfToken",
      requestType: GetCsrfTokenRequest,
      requestStream: false,
      responseType: GetCsrfTokenResponse,
      responseStream: false,
      options: { idempotencyLevel: "IDEMPOTENT" }
    },
    /**
     * NewCsrfToken replaces the session's CSRF token; the old one no longer passes CheckCsrfToken.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     */
    newCsrfToken: {
      name: "NewCsrfToken",
      requestType: NewCsrfTokenRequest,
      requestStream: false,
      responseType: NewCsrfTokenResponse,
      responseStream: false,
      options: {}
    },
    /**
     * CheckCsrfToken compares a CSRF token with the session's own in constant time. A wrong token is an answer, not an
     * error.
     *
     * Errors:
     * - SESSION_NOT_FOUND: the session has ended.
     */
    checkCsrfToken: {
      name: "CheckCsrfToken",
      requestType: CheckCsrfTokenRequest,
      requestStream: false,
      responseType: CheckCsrfTokenResponse,
      responseStream: false,
      options: { idempotencyLevel: "IDEMPOTENT" }
    }
  }
};
function toTimestamp2(date) {
  const seconds = Math.trunc(date.getTime() / 1e3);
  const nanos = date.getTime() % 1e3 * 1e6;
  return { seconds, nanos };
}
function fromTimestamp2(t) {
  let millis = (t.seconds || 0) * 1e3;
  millis += (t.nanos || 0) / 1e6;
  return new globalThis.Date(millis);
}
function longToNumber4(int64) {
  const num = globalThis.Number(int64.toString());
  if (num > globalThis.Number.MAX_SAFE_INTEGER) {
    throw new globalThis.Error("Value is larger than Number.MAX_SAFE_INTEGER");
  }
  if (num < globalThis.Number.MIN_SAFE_INTEGER) {
    throw new globalThis.Error("Value is smaller than Number.MIN_SAFE_INTEGER");
  }
  return num;
}

// client/src/transport/transport.ts
var methods = SessionServiceDefinition.methods;

// client/src/retry.ts
var maxAttempts = 4;
var firstBackoffMs = 50;
function retrying(transport) {
  return {
    async call(method, request, options) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await transport.call(method, request, options);
        } catch (error) {
          if (attempt === maxAttempts || !SessionError.is(error) || !mayRetry(method, error)) throw error;
          await pause(Math.max(backoffMs(attempt), error.retryAfterMs ?? 0), options, error);
        }
      }
    },
    close: () => transport.close()
  };
}
function mayRetry(method, error) {
  switch (error.code) {
    case "DRAINING":
      return true;
    case "STORE_UNAVAILABLE":
      return error.metadata["maybe_applied"] === "false" || isIdempotent(method);
    case "UNAVAILABLE":
      return isIdempotent(method);
    default:
      return false;
  }
}
function isIdempotent(method) {
  const options = methods[method].options;
  return options.idempotencyLevel === "IDEMPOTENT" || options.idempotencyLevel === "NO_SIDE_EFFECTS";
}
function backoffMs(attempt) {
  return firstBackoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}
async function pause(ms, { deadline, signal }, error) {
  if (Date.now() + ms >= deadline) throw error;
  try {
    await (0, import_promises.setTimeout)(ms, void 0, signal ? { signal } : {});
  } catch (cause) {
    throw new SessionError("CANCELLED", "The call was given up between two tries: its signal was aborted.", { cause });
  }
}

// client/src/session-object.ts
var import_node_crypto = require("node:crypto");

// client/src/session-core.ts
var import_promises2 = require("node:timers/promises");

// client/src/fields.ts
var Fields = class {
  #codec;
  #slots = /* @__PURE__ */ new Map();
  #writes = /* @__PURE__ */ new Map();
  /** Keys that the sidecar has, or may have because a write was sent: removing one of them has to be sent too. */
  #maybeStored = /* @__PURE__ */ new Set();
  /** A new object for each clear(), so that a save can tell whether it was called again meanwhile. */
  #cleared;
  constructor(codec, data = /* @__PURE__ */ new Map()) {
    this.#codec = codec;
    for (const [key, stored] of data) {
      this.#slots.set(key, { stored, decoded: void 0 });
      this.#maybeStored.add(key);
    }
  }
  get size() {
    return this.#slots.size;
  }
  keys() {
    return this.#slots.keys();
  }
  has(key) {
    return this.#slots.has(key);
  }
  get(key) {
    const slot = this.#slots.get(key);
    return slot === void 0 ? void 0 : this.#valueOf(slot, key);
  }
  set(key, value) {
    assertKey(key);
    this.#codec.check(value, key);
    this.#write(key, value, { kind: "set" });
  }
  update(entries) {
    for (const [key, value] of entries) this.#codec.check(value, key);
    for (const [key, value] of entries) this.#write(key, value, { kind: "set" });
  }
  setDefault(key, value) {
    assertKey(key);
    if (this.#slots.has(key)) return this.get(key);
    const offered = this.#codec.encode(value, key);
    const removed = this.#cleared !== void 0 || this.#writes.has(key);
    this.#write(key, value, removed ? { kind: "set" } : { kind: "set_if_absent", offered });
    return value;
  }
  delete(key) {
    if (!this.#slots.delete(key)) return false;
    if (this.#maybeStored.has(key) && this.#cleared === void 0) this.#writes.set(key, { kind: "delete" });
    else this.#writes.delete(key);
    return true;
  }
  clear() {
    this.#slots.clear();
    this.#writes.clear();
    this.#cleared = {};
  }
  /** Marks a key to be sent by the next save even if its value looks the same. */
  touch(key) {
    if (this.#slots.has(key)) this.#writes.set(key, { kind: "set" });
  }
  /** Whether the application's view of a key differs from what was loaded or saved last. */
  isChanged(key) {
    if (this.#cleared !== void 0 || this.#writes.has(key)) return true;
    const slot = this.#slots.get(key);
    return slot !== void 0 && this.#changedInside(slot, key) !== void 0;
  }
  /** @param isNew whether there is no stored session yet, so that there is nothing to remove. */
  hasChanges(isNew) {
    if (!isNew && this.#cleared !== void 0) return true;
    for (const { kind } of this.#writes.values()) if (!isNew || kind !== "delete") return true;
    for (const key of this.#slots.keys()) if (this.isChanged(key)) return true;
    return false;
  }
  /**
   * Encodes what was changed. Writes that are made after this call are not part of it and stay for the next one.
   *
   * @param isNew as for {@link hasChanges}
   */
  capture(isNew) {
    const mutations = [];
    const done = [];
    const add = (kind, whenDone) => {
      mutations.push({ kind });
      done.push(whenDone);
    };
    if (isNew) this.#forgetRemovals();
    const cleared = this.#cleared;
    if (cleared !== void 0) {
      add({ $case: "clear", value: {} }, () => {
        if (this.#cleared === cleared) this.#cleared = void 0;
      });
    }
    for (const [key, write] of this.#writes) {
      if (write.kind === "delete") {
        add({ $case: "delete", value: { key } }, () => this.#settled(key, write));
        continue;
      }
      const slot = this.#slots.get(key);
      const value = slot.decoded ? this.#codec.encode(slot.decoded.value, key) : slot.stored;
      const isDefault = write.kind === "set_if_absent" && value.equals(write.offered);
      add({ $case: isDefault ? "setIfAbsent" : "set", value: { key, value } }, (result) => {
        this.#settled(key, write);
        slot.stored = value;
        const found = isDefault && result?.applied === false ? result.value : void 0;
        if (found && this.#slots.get(key) === slot) this.#slots.set(key, { stored: found, decoded: void 0 });
      });
    }
    for (const [key, slot] of this.#slots) {
      if (this.#writes.has(key)) continue;
      const value = this.#changedInside(slot, key);
      if (value !== void 0) add({ $case: "set", value: { key, value } }, () => void (slot.stored = value));
    }
    for (const { kind } of mutations) {
      if (kind?.$case === "set" || kind?.$case === "setIfAbsent") this.#maybeStored.add(kind.value.key);
    }
    return {
      mutations,
      settle: (results) => done.forEach((whenDone, index) => whenDone(results[index]))
    };
  }
  /** Takes over what the sidecar is known to hold at a key. */
  adopt(key, stored) {
    this.#slots.set(key, { stored, decoded: void 0 });
    this.#maybeStored.add(key);
  }
  #write(key, value, write) {
    this.#slots.set(key, { stored: void 0, decoded: { value } });
    this.#writes.set(key, write);
  }
  /** Where nothing is stored, nothing has to be removed. */
  #forgetRemovals() {
    this.#cleared = void 0;
    for (const [key, { kind }] of this.#writes) if (kind === "delete") this.#writes.delete(key);
  }
  #settled(key, write) {
    if (this.#writes.get(key) !== write) return;
    this.#writes.delete(key);
    if (write.kind === "delete") this.#maybeStored.delete(key);
  }
  #valueOf(slot, key) {
    slot.decoded ??= { value: this.#codec.decode(slot.stored, key) };
    return slot.decoded.value;
  }
  /** The new bytes of a value that was changed in place; `undefined`: it was not. */
  #changedInside({ stored, decoded }, key) {
    if (stored === void 0 || decoded === void 0) return void 0;
    if (typeof decoded.value !== "object" || decoded.value === null) return void 0;
    const now = this.#codec.encode(decoded.value, key);
    if (now.equals(stored)) return void 0;
    return now.equals(this.#codec.encode(this.#codec.decode(stored, key), key)) ? void 0 : now;
  }
};
function assertKey(key) {
  if (typeof key !== "string") {
    throw new TypeError(`Expected the key to be a string, got \`${String(key)}\` (${typeof key})`);
  }
}

// client/src/flash.ts
var Flash = class {
  #codec;
  #waiting;
  #pending = [];
  constructor(codec, waiting = []) {
    this.#codec = codec;
    this.#waiting = new Map(waiting.map(({ name, messageCount }) => [name, messageCount]));
  }
  push(message, queue, allowDuplicate) {
    if (typeof queue !== "string") throw new TypeError(`Expected \`queue\` to be a string, got ${typeof queue}`);
    const encoded = this.#codec.encode(message, "message");
    this.#pending = [...this.#pending, { queue, message: encoded, unlessPresent: !allowDuplicate }];
  }
  get hasChanges() {
    return this.#pending.length > 0;
  }
  /** Whether the sidecar may have messages in a queue. */
  isWaiting(queue) {
    return (this.#waiting.get(queue) ?? 0) > 0;
  }
  /** What a reader of the queue sees: the messages waiting in the sidecar, then those not saved yet. */
  read(queue, waiting) {
    const messages = [...waiting];
    for (const { queue: to, message, unlessPresent } of this.#pending) {
      if (to === queue && !(unlessPresent && messages.some((other) => other.equals(message)))) messages.push(message);
    }
    return messages.map((message) => this.#codec.decode(message, "message"));
  }
  /** Forgets a queue that was read and emptied. */
  emptied(queue) {
    this.#waiting.delete(queue);
    this.#pending = this.#pending.filter((pending) => pending.queue !== queue);
  }
  capture() {
    const captured = this.#pending;
    return {
      mutations: captured.map((push) => ({ kind: { $case: "pushFlash", value: { ...push } } })),
      settle: (results) => {
        this.#pending = this.#pending.filter((pending) => !captured.includes(pending));
        captured.forEach(({ queue }, index) => {
          if (results[index]?.applied) this.#waiting.set(queue, (this.#waiting.get(queue) ?? 0) + 1);
        });
      }
    };
  }
};

// client/src/session-core.ts
var maxTransformAttempts = 50;
var SessionCore = class {
  #transport;
  #codec;
  state = { name: "new" };
  isNew = true;
  fields;
  flash;
  /** Recorded and not saved yet. */
  idleTimeout;
  /** Recorded and not saved yet; the empty string: nobody. */
  subject;
  constructor(transport, codec, found) {
    this.#transport = transport;
    this.#codec = codec;
    this.fields = new Fields(codec, found?.session.data);
    this.flash = new Flash(codec, found?.session.flashQueues);
    if (found) {
      this.state = storedState(found.token, found.session);
      this.isNew = false;
    }
  }
  get stored() {
    return this.state.name === "stored" ? this.state : void 0;
  }
  get hasChanges() {
    const { stored } = this;
    if (this.flash.hasChanges || this.fields.hasChanges(!stored)) return true;
    return stored ? this.idleTimeout !== void 0 || this.subject !== void 0 : Boolean(this.subject?.value);
  }
  /** Stores what was changed, and creates the session for that if need be. */
  async save(call) {
    const { stored } = this;
    if (!stored) {
      if (this.hasChanges) await this.create(call);
      return;
    }
    const changes = this.#capture(false);
    const { mutations, idleTimeout, subject } = changes;
    if (mutations.length === 0 && !idleTimeout && !subject) return;
    const { version, expires, results } = await this.#transport.call(
      "updateSession",
      { token: stored.token, mutations, idleExpiry: idleExpiryOf(idleTimeout), subject: subject?.value },
      call
    );
    changes.settle(results);
    this.state = { ...stored, version, expires, ...subjectOf(subject) };
  }
  /** Creates the session even if there is nothing to store, and gives back what the sidecar says about it. */
  async create(call) {
    const changes = this.#capture(true);
    const { mutations, idleTimeout, subject } = changes;
    const { token, session, results } = await this.#transport.call(
      "createSession",
      { mutations, idleExpiry: idleExpiryOf(idleTimeout), subject: subject?.value || void 0 },
      call
    );
    changes.settle(results);
    return this.state = storedState(token, session);
  }
  async regenerate(call) {
    await this.#saveIdleTimeout(call);
    const { stored } = this;
    if (!stored) return;
    const changes = this.#capture(false, { idleTimeout: false });
    const { mutations, subject } = changes;
    const { token, csrfToken, version, expires, results } = await this.#transport.call(
      "regenerateSession",
      { token: stored.token, mutations, subject: subject?.value },
      call
    );
    changes.settle(results);
    this.state = { ...stored, token, csrfToken, version, expires, ...subjectOf(subject) };
  }
  /** RegenerateSession does not take it. Sent before, because afterwards a failure would keep the new token from the visitor. */
  async #saveIdleTimeout(call) {
    const { stored, idleTimeout } = this;
    if (!stored || !idleTimeout) return;
    const request = { token: stored.token, mutations: [], idleExpiry: idleExpiryOf(idleTimeout) };
    const { version, expires } = await this.#transport.call("updateSession", request, call);
    if (this.idleTimeout === idleTimeout) this.idleTimeout = void 0;
    this.state = { ...stored, version, expires };
  }
  async invalidate(call) {
    const { stored } = this;
    if (stored) {
      await this.#transport.call("invalidateSession", { token: stored.token }, call);
      this.state = { name: "invalidated" };
      this.isNew = true;
    }
    this.fields = new Fields(this.#codec);
    this.flash = new Flash(this.#codec);
    this.idleTimeout = void 0;
    this.subject = void 0;
  }
  async newCsrfToken(call) {
    const { stored } = this;
    if (!stored) return (await this.create(call)).csrfToken;
    const { csrfToken } = await this.#transport.call("newCsrfToken", { token: stored.token }, call);
    this.state = { ...stored, csrfToken };
    return csrfToken;
  }
  async peekFlash(queue, call) {
    const messages = await this.#flashMessages("peekFlash", queue, call);
    return this.flash.read(queue, messages);
  }
  async popFlash(queue, call) {
    const taken = await this.#flashMessages("popFlash", queue, call);
    const messages = this.flash.read(queue, taken);
    this.flash.emptied(queue);
    return messages;
  }
  async #flashMessages(method, queue, call) {
    if (!this.stored || !this.flash.isWaiting(queue)) return [];
    return (await this.#transport.call(method, { token: this.stored.token, queue }, call)).messages;
  }
  async transform(key, change, call) {
    if (!this.stored || this.fields.isChanged(key)) {
      this.fields.set(key, changed(change, this.fields.get(key)));
      if (this.stored) await this.save(call);
      return this.fields.get(key);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryTransform(this.stored, key, change, call);
      } catch (error) {
        if (!SessionError.is(error) || error.code !== "VERSION_MISMATCH" || attempt === maxTransformAttempts)
          throw error;
        await (0, import_promises2.setTimeout)(Math.random() * Math.min(attempt, 20));
      }
    }
  }
  async #tryTransform(stored, key, change, call) {
    const { token } = stored;
    const { session } = await this.#transport.call("getSession", { token }, call);
    const { data, version: ifVersion } = session;
    const before = data.get(key);
    const after = changed(change, before && this.#codec.decode(before, key));
    const value = this.#codec.encode(after, key);
    const mutations = [{ kind: { $case: "set", value: { key, value } } }];
    const request = { token, mutations, ifVersion, idleExpiry: void 0 };
    const { version, expires } = await this.#transport.call("updateSession", request, call);
    this.fields.adopt(key, value);
    this.state = { ...stored, version, expires };
    return this.fields.get(key);
  }
  #capture(isNew, include = { idleTimeout: true }) {
    const fields = this.fields.capture(isNew);
    const flash = this.flash.capture();
    const idleTimeout = include.idleTimeout ? this.idleTimeout : void 0;
    const { subject } = this;
    return {
      mutations: [...fields.mutations, ...flash.mutations],
      idleTimeout,
      subject,
      settle: (results) => {
        fields.settle(results.slice(0, fields.mutations.length));
        flash.settle(results.slice(fields.mutations.length));
        if (this.idleTimeout === idleTimeout) this.idleTimeout = void 0;
        if (this.subject === subject) this.subject = void 0;
      }
    };
  }
};
function storedState(token, session) {
  const { handle, csrfToken, created, expires, version, subject } = session;
  return { name: "stored", token, handle, csrfToken, created, expires, version, subject };
}
function subjectOf(subject) {
  return subject ? { subject: subject.value || void 0 } : {};
}
function idleExpiryOf(timeout) {
  if (!timeout) return void 0;
  if (timeout.value === "never") return { $case: "noIdleTimeout", value: true };
  const seconds = Math.floor(timeout.value / 1e3);
  return { $case: "idleTimeout", value: { seconds, nanos: timeout.value % 1e3 * 1e6 } };
}
function changed(change, before) {
  const after = change(before);
  if (after === void 0) throw new TypeError("Expected `change` to return the new value, got undefined");
  return after;
}

// client/src/session-object.ts
var SessionObject = class {
  origin;
  #core;
  #timeoutMs;
  #lastCall = Promise.resolve();
  constructor({ transport, codec, timeoutMs }, origin, found) {
    this.origin = origin;
    this.#core = new SessionCore(transport, codec, found);
    this.#timeoutMs = timeoutMs;
  }
  get state() {
    return this.#core.state.name;
  }
  get isNew() {
    return this.#core.isNew;
  }
  get token() {
    return this.#core.stored?.token;
  }
  get handle() {
    return this.#core.stored?.handle;
  }
  get created() {
    return this.#core.stored?.created;
  }
  get expires() {
    return this.#core.stored?.expires;
  }
  get version() {
    return this.#core.stored?.version ?? 0;
  }
  get subject() {
    const { subject, stored } = this.#core;
    return subject ? subject.value || void 0 : stored?.subject;
  }
  get hasChanges() {
    return this.#core.hasChanges;
  }
  get(key, fallback) {
    const { fields } = this.#core;
    return fields.has(key) ? fields.get(key) : fallback;
  }
  has(key) {
    return this.#core.fields.has(key);
  }
  set(key, value) {
    this.#core.fields.set(key, value);
  }
  setDefault(key, value) {
    return this.#core.fields.setDefault(key, value);
  }
  update(values) {
    this.#core.fields.update(Object.entries(values).filter(([, value]) => value !== void 0));
  }
  delete(key) {
    return this.#core.fields.delete(key);
  }
  pop(key, fallback) {
    const { fields } = this.#core;
    if (!fields.has(key)) return fallback;
    const value = fields.get(key);
    fields.delete(key);
    return value;
  }
  popItem() {
    const { fields } = this.#core;
    const key = [...fields.keys()].at(-1);
    if (key === void 0) return void 0;
    const value = fields.get(key);
    fields.delete(key);
    return [key, value];
  }
  clear() {
    this.#core.fields.clear();
  }
  get size() {
    return this.#core.fields.size;
  }
  keys() {
    return this.#core.fields.keys();
  }
  *values() {
    for (const [, value] of this.entries()) yield value;
  }
  *entries() {
    const { fields } = this.#core;
    for (const key of fields.keys()) yield [key, fields.get(key)];
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toObject() {
    return Object.fromEntries(this.entries());
  }
  changed(key) {
    const { fields } = this.#core;
    for (const each of key === void 0 ? fields.keys() : [key]) fields.touch(each);
  }
  flash(message, { queue = "", allowDuplicate = true } = {}) {
    this.#core.flash.push(message, queue, allowDuplicate);
  }
  peekFlash(queue = "", options) {
    return this.#inTurn(options, (call) => this.#core.peekFlash(queue, call));
  }
  popFlash(queue = "", options) {
    return this.#inTurn(options, (call) => this.#core.popFlash(queue, call));
  }
  csrfToken(options) {
    return this.#inTurn(options, async (call) => (this.#core.stored ?? await this.#core.create(call)).csrfToken);
  }
  newCsrfToken(options) {
    return this.#inTurn(options, (call) => this.#core.newCsrfToken(call));
  }
  checkCsrfToken(token) {
    const { stored } = this.#core;
    if (!stored || typeof token !== "string") return false;
    return (0, import_node_crypto.timingSafeEqual)(digest(token), digest(stored.csrfToken));
  }
  invalidate(options) {
    return this.#inTurn(options, (call) => this.#core.invalidate(call));
  }
  regenerate(options) {
    return this.#inTurn(options, (call) => this.#core.regenerate(call));
  }
  transform(key, change, options) {
    const untyped = change;
    return this.#inTurn(options, async (call) => await this.#core.transform(key, untyped, call));
  }
  setIdleTimeout(timeout) {
    assertIdleTimeout(timeout);
    this.#core.idleTimeout = { value: timeout };
  }
  setSubject(subject) {
    if (subject !== void 0 && typeof subject !== "string") {
      throw new TypeError(`Expected \`subject\` to be a string or undefined, got ${typeof subject}`);
    }
    this.#core.subject = { value: subject ?? "" };
  }
  save(options) {
    return this.#inTurn(options, (call) => this.#core.save(call));
  }
  /** Starts the clock now and the work when all calls made before have settled. */
  async #inTurn(options, work) {
    const call = startCall(options, this.#timeoutMs);
    const turn = this.#lastCall.then(() => work(call));
    this.#lastCall = turn.catch(() => {
    });
    return turn;
  }
};
var idleTimeoutRange = { min: 1e3, max: 10 * 365 * 24 * 36e5 };
function assertIdleTimeout(timeout) {
  if (timeout === "never") return;
  const { min, max } = idleTimeoutRange;
  if (Number.isInteger(timeout) && timeout >= min && timeout <= max) return;
  throw new RangeError(
    `Expected \`timeout\` to be 'never' or a whole number of milliseconds from ${min} to ${max}, got \`${String(timeout)}\` (${typeof timeout})`
  );
}
function digest(text) {
  return (0, import_node_crypto.createHash)("sha256").update(text).digest();
}

// client/src/transport/channel.ts
var import_grpc_js = require("@grpc/grpc-js");
function openChannel(address) {
  return new import_grpc_js.Client(address, import_grpc_js.credentials.createInsecure(), {
    // The sidecar is on the same host; an http_proxy variable meant for the internet must not catch these calls.
    "grpc.enable_http_proxy": 0,
    // After a restart the sidecar is back within moments. grpc-js would by default wait a second, then up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1e3,
    // The sidecar's own limits decide how large a session may be.
    "grpc.max_receive_message_length": -1
  });
}
function assertAddress(address) {
  if (typeof address === "string" && /^(unix:.+|[^/]+:\d{1,5})$/.test(address)) return;
  throw new TypeError(
    `Expected \`address\` to be \`host:port\` or \`unix:/path\`, got \`${String(address)}\` (${typeof address})`
  );
}

// client/src/transport/unary.ts
var import_grpc_js3 = require("@grpc/grpc-js");

// client/src/grpc-error.ts
var import_grpc_js2 = require("@grpc/grpc-js");

// proto/gen/google/rpc/error_details.ts
var import_wire5 = require("@bufbuild/protobuf/wire");
function createBaseErrorInfo() {
  return { reason: "", domain: "", metadata: /* @__PURE__ */ new Map() };
}
var ErrorInfo = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    if (message.reason !== "") {
      writer.uint32(10).string(message.reason);
    }
    if (message.domain !== "") {
      writer.uint32(18).string(message.domain);
    }
    message.metadata.forEach((value, key) => {
      ErrorInfo_MetadataEntry.encode({ key, value }, writer.uint32(26).fork()).join();
    });
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseErrorInfo();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.reason = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.domain = reader.string();
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            const entry3 = ErrorInfo_MetadataEntry.decode(reader, reader.uint32());
            if (entry3.value !== void 0) {
              message.metadata.set(entry3.key, entry3.value);
            }
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseErrorInfo_MetadataEntry() {
  return { key: "", value: "" };
}
var ErrorInfo_MetadataEntry = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    if (message.key !== "") {
      writer.uint32(10).string(message.key);
    }
    if (message.value !== "") {
      writer.uint32(18).string(message.value);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseErrorInfo_MetadataEntry();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.key = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseRetryInfo() {
  return { retryDelay: void 0 };
}
var RetryInfo = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    if (message.retryDelay !== void 0) {
      Duration.encode(message.retryDelay, writer.uint32(10).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseRetryInfo();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.retryDelay = Duration.decode(reader, reader.uint32());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseBadRequest() {
  return { fieldViolations: [] };
}
var BadRequest = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    for (const v of message.fieldViolations) {
      BadRequest_FieldViolation.encode(v, writer.uint32(10).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseBadRequest();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.fieldViolations.push(BadRequest_FieldViolation.decode(reader, reader.uint32()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseBadRequest_FieldViolation() {
  return { field: "", description: "", reason: "", localizedMessage: void 0 };
}
var BadRequest_FieldViolation = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    if (message.field !== "") {
      writer.uint32(10).string(message.field);
    }
    if (message.description !== "") {
      writer.uint32(18).string(message.description);
    }
    if (message.reason !== "") {
      writer.uint32(26).string(message.reason);
    }
    if (message.localizedMessage !== void 0) {
      LocalizedMessage.encode(message.localizedMessage, writer.uint32(34).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseBadRequest_FieldViolation();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.field = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.description = reader.string();
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.reason = reader.string();
            continue;
          }
          case 4: {
            if (tag !== 34) {
              break;
            }
            message.localizedMessage = LocalizedMessage.decode(reader, reader.uint32());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};
function createBaseLocalizedMessage() {
  return { locale: "", message: "" };
}
var LocalizedMessage = {
  encode(message, writer = new import_wire5.BinaryWriter()) {
    if (message.locale !== "") {
      writer.uint32(10).string(message.locale);
    }
    if (message.message !== "") {
      writer.uint32(18).string(message.message);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire5.BinaryReader ? input : new import_wire5.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseLocalizedMessage();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.locale = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.message = reader.string();
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};

// proto/gen/google/rpc/status.ts
var import_wire7 = require("@bufbuild/protobuf/wire");

// proto/gen/google/protobuf/any.ts
var import_wire6 = require("@bufbuild/protobuf/wire");
function createBaseAny() {
  return { typeUrl: "", value: Buffer.alloc(0) };
}
var Any = {
  encode(message, writer = new import_wire6.BinaryWriter()) {
    if (message.typeUrl !== "") {
      writer.uint32(10).string(message.typeUrl);
    }
    if (message.value.length !== 0) {
      writer.uint32(18).bytes(message.value);
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire6.BinaryReader ? input : new import_wire6.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseAny();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 10) {
              break;
            }
            message.typeUrl = reader.string();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.value = Buffer.from(reader.bytes());
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};

// proto/gen/google/rpc/status.ts
function createBaseStatus() {
  return { code: 0, message: "", details: [] };
}
var Status = {
  encode(message, writer = new import_wire7.BinaryWriter()) {
    if (message.code !== 0) {
      writer.uint32(8).int32(message.code);
    }
    if (message.message !== "") {
      writer.uint32(18).string(message.message);
    }
    for (const v of message.details) {
      Any.encode(v, writer.uint32(26).fork()).join();
    }
    return writer;
  },
  decode(input, length) {
    const reader = input instanceof import_wire7.BinaryReader ? input : new import_wire7.BinaryReader(input);
    const previousRecursionDepth = reader.__tsProtoDecodeDepth ?? 0;
    if (previousRecursionDepth >= 100) {
      throw new globalThis.Error("protobuf decode recursion limit exceeded");
    }
    reader.__tsProtoDecodeDepth = previousRecursionDepth + 1;
    try {
      const end = length === void 0 ? reader.len : reader.pos + length;
      const message = createBaseStatus();
      while (reader.pos < end) {
        const tag = reader.uint32();
        switch (tag >>> 3) {
          case 1: {
            if (tag !== 8) {
              break;
            }
            message.code = reader.int32();
            continue;
          }
          case 2: {
            if (tag !== 18) {
              break;
            }
            message.message = reader.string();
            continue;
          }
          case 3: {
            if (tag !== 26) {
              break;
            }
            message.details.push(Any.decode(reader, reader.uint32()));
            continue;
          }
        }
        if ((tag & 7) === 4 || tag === 0) {
          break;
        }
        reader.skip(tag & 7);
      }
      return message;
    } finally {
      reader.__tsProtoDecodeDepth = previousRecursionDepth;
    }
  }
};

// client/src/grpc-error.ts
var reasonDomain = "session.v1";
var codeOfStatus = /* @__PURE__ */ new Map([
  [import_grpc_js2.status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"],
  [import_grpc_js2.status.CANCELLED, "CANCELLED"],
  [import_grpc_js2.status.UNAVAILABLE, "UNAVAILABLE"],
  [import_grpc_js2.status.UNIMPLEMENTED, "UNIMPLEMENTED"],
  [import_grpc_js2.status.INTERNAL, "INTERNAL"],
  // A request larger than the largest message a gRPC server accepts does not reach the code that would give a reason.
  [import_grpc_js2.status.RESOURCE_EXHAUSTED, "SESSION_TOO_LARGE"]
]);
function fromGrpcError(cause, call) {
  const { reason, ...details } = readDetails(cause);
  const code = reason ?? codeOfStatus.get(cause.code) ?? "UNKNOWN";
  const text = cause.details || import_grpc_js2.status[cause.code] || "no details";
  return new SessionError(code, `${call} failed: ${/[.!?]$/.test(text) ? text : `${text}.`}`, { ...details, cause });
}
function readDetails({ metadata }) {
  const [trailer] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(trailer)) return {};
  let found = {};
  try {
    for (const { typeUrl, value } of Status.decode(trailer).details) {
      switch (typeUrl.slice(typeUrl.lastIndexOf("/") + 1)) {
        case "google.rpc.ErrorInfo": {
          const info = ErrorInfo.decode(value);
          if (info.domain !== reasonDomain) break;
          found = { ...found, metadata: Object.fromEntries(info.metadata) };
          if (isErrorCode(info.reason)) found.reason = info.reason;
          break;
        }
        case "google.rpc.BadRequest": {
          const violations = BadRequest.decode(value).fieldViolations;
          found = { ...found, violations: violations.map(({ field, description }) => ({ field, description })) };
          break;
        }
        case "google.rpc.RetryInfo": {
          const delay3 = RetryInfo.decode(value).retryDelay;
          if (delay3) found = { ...found, retryAfterMs: delay3.seconds * 1e3 + delay3.nanos / 1e6 };
          break;
        }
      }
    }
  } catch {
  }
  return found;
}

// client/src/transport/unary.ts
function unaryTransport(channel, address) {
  let closed = false;
  return {
    async call(method, request, { deadline, signal, metadata }) {
      const what = `${methods[method].name} at ${address}`;
      if (closed) throw new SessionError("CANCELLED", `${what} was not sent: the SessionClient is closed.`);
      if (signal?.aborted) throw aborted(what, signal);
      let cancel = () => {
      };
      const answer = new Promise((resolve, reject) => {
        const { path, serialize, deserialize } = wire(method);
        const call = channel.makeUnaryRequest(
          path,
          serialize,
          deserialize,
          request,
          metadataOf(metadata),
          { deadline },
          (error, response) => error ? reject(error) : resolve(response)
        );
        cancel = () => call.cancel();
      });
      signal?.addEventListener("abort", cancel, { once: true });
      try {
        return await answer;
      } catch (error) {
        throw signal?.aborted ? aborted(what, signal) : fromGrpcError(error, what);
      } finally {
        signal?.removeEventListener("abort", cancel);
      }
    },
    close() {
      closed = true;
      channel.close();
    }
  };
}
function aborted(what, signal) {
  return new SessionError("CANCELLED", `${what} was given up: its signal was aborted.`, { cause: signal.reason });
}
function metadataOf(entries = {}) {
  const metadata = new import_grpc_js3.Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return metadata;
}
function wire(method) {
  const definition = methods[method];
  return {
    path: `/${SessionServiceDefinition.fullName}/${definition.name}`,
    serialize(request) {
      const bytes = definition.requestType.encode(request).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    deserialize: (bytes) => definition.responseType.decode(bytes)
  };
}

// client/src/session-client.ts
var SessionClient = class {
  #context;
  constructor(options) {
    const { address, timeoutMs = 1e3, codec } = options;
    assertAddress(address);
    assertTimeout(timeoutMs);
    const transport = retrying(unaryTransport(openChannel(address), address));
    this.#context = { transport, codec: resolveCodec(codec), timeoutMs };
  }
  /**
   * Loads the session of a token, as it came in the visitor's cookie. Without a token, and with one whose session has
   * ended or that is not genuine, gives a new session; its `origin` says which. Never stores anything.
   *
   * Rejects when the sidecar or its store cannot answer: a visitor whose session cannot be read is not a new visitor.
   */
  async open(token, options) {
    const { transport, timeoutMs } = this.#context;
    if (token !== void 0 && typeof token !== "string") {
      throw new TypeError(`Expected \`token\` to be a string or undefined, got ${typeof token}`);
    }
    if (!token) return this.create();
    try {
      const { session } = await transport.call("getSession", { token }, startCall(options, timeoutMs));
      return new SessionObject(this.#context, "found", { token, session });
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      if (error.code === "SESSION_NOT_FOUND") return new SessionObject(this.#context, "not_found");
      if (error.code === "TOKEN_INVALID" || error.code === "INVALID_ARGUMENT") {
        return new SessionObject(this.#context, "token_invalid");
      }
      throw error;
    }
  }
  /** Gives a new session, for a visitor who cannot have one yet. Nothing is stored before its save(). */
  create() {
    return new SessionObject(this.#context, "none");
  }
  /** Closes the connection. Calls in flight may still finish; later ones are rejected with code CANCELLED. */
  close() {
    this.#context.transport.close();
  }
};
// Annotate the CommonJS export names for ESM import in node:
0 && (module.exports = {
  SessionClient,
  SessionError
});
