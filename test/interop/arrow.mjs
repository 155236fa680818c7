/* arrow.mjs -- Arrow tables from plain values and plain values from Arrow tables, without loss. */
/*
 * apache-arrow's own getters lose precision (a timestamp in microseconds becomes a double) and its
 * builders hide the null bitmaps, so both ways walk the buffers here.
 *
 * Plain values, also written into golden JSON: null; booleans; integers of up to 32 bits and finite
 * floats as numbers; wider integers, decimals, dates, times, timestamps and durations (their stored
 * integer) as strings of digits; NaN, Infinity, -Infinity and -0 as strings; text as is; binary as
 * hex; lists as arrays; structs as objects; maps as arrays of [key, value].
 */
import arrow from './apache-arrow.mjs';

const {Type} = arrow;
const UNITS = ['s', 'ms', 'us', 'ns'];

/** A type as plain JSON: {name, ...parameters, item / fields / key, value}. */
export function describe(type) {
  switch (type.typeId) {
    case Type.Null: return {name: 'null'};
    case Type.Bool: return {name: 'bool'};
    case Type.Int: return {name: `${type.isSigned ? 'int' : 'uint'}${type.bitWidth}`};
    case Type.Float: return {name: ['half', 'float', 'double'][type.precision]};
    case Type.Decimal:
      return {name: `decimal${type.bitWidth}`, precision: type.precision, scale: type.scale};
    case Type.Utf8: return {name: 'utf8'};
    case Type.LargeUtf8: return {name: 'large_utf8'};
    case Type.Binary: return {name: 'binary'};
    case Type.LargeBinary: return {name: 'large_binary'};
    case Type.FixedSizeBinary: return {name: 'fixed_size_binary', width: type.byteWidth};
    case Type.Date: return {name: type.unit === arrow.DateUnit.DAY ? 'date32' : 'date64'};
    case Type.Time: return {name: `time${type.bitWidth}`, unit: UNITS[type.unit]};
    case Type.Timestamp: return {name: 'timestamp', unit: UNITS[type.unit], zone: type.timezone ?? null};
    case Type.Duration: return {name: 'duration', unit: UNITS[type.unit]};
    case Type.List: return {name: 'list', item: describe(type.children[0].type)};
    case Type.FixedSizeList:
      return {name: 'fixed_size_list', size: type.listSize, item: describe(type.children[0].type)};
    case Type.Struct:
      return {name: 'struct', fields: type.children.map((f) => ({name: f.name, type: describe(f.type)}))};
    case Type.Map: {
      const [key, value] = type.children[0].type.children;
      return {name: 'map', key: describe(key.type), value: describe(value.type)};
    }
    case Type.Dictionary: return {name: 'dictionary', index: describe(type.indices), item: describe(type.dictionary)};
    default: throw new Error(`describe: no case for ${type}`);
  }
}

export function describeSchema(schema) {
  return schema.fields.map((f) => ({name: f.name, type: describe(f.type), nullable: f.nullable}));
}

/* ---- plain values -> Data ---- */

function validity(values) {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  let nullCount = 0;
  values.forEach((v, i) => {
    if (v === null || v === undefined) nullCount++;
    else bits[i >> 3] |= 1 << (i & 7);
  });
  return {nullCount, nullBitmap: nullCount ? bits : null, length: values.length};
}

function plainNumber(v) {
  return typeof v === 'string' ? Number(v) : v;
}

const halfView = new DataView(new ArrayBuffer(4));
/** Nearest half-precision bits of a number, ties to even. */
export function toHalf(number) {
  halfView.setFloat32(0, number);
  const x = halfView.getUint32(0);
  const sign = (x >>> 16) & 0x8000;
  const exponent = (x >>> 23) & 0xff;
  let mantissa = x & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  const e = exponent - 112;
  if (e >= 31) return sign | 0x7c00;
  let shift = 13;
  let base = e << 10;
  if (e <= 0) {
    if (e < -10) return sign;
    mantissa |= 0x800000;
    shift = 14 - e;
    base = 0;
  }
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  let bits = base + (mantissa >>> shift);
  if (rest > half || (rest === half && (bits & 1))) bits++;
  return sign | bits;
}

export function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function decimalWords(text, type) {
  const [whole, fraction = ''] = text.replace('-', '').split('.');
  let n = BigInt(whole + fraction.padEnd(type.scale, '0'));
  if (text.startsWith('-')) n = -n;
  n = BigInt.asUintN(type.bitWidth, n);
  return Array.from({length: type.bitWidth / 32}, (_, i) => Number((n >> BigInt(32 * i)) & 0xffffffffn));
}

function buildBytes(type, values, toBytes, offsets) {
  const parts = values.map((v) => (v === null || v === undefined ? Buffer.alloc(0) : toBytes(v)));
  const data = Buffer.concat(parts);
  let at = 0;
  offsets[0] = offsets instanceof BigInt64Array ? 0n : 0;
  parts.forEach((p, i) => {
    at += p.length;
    offsets[i + 1] = offsets instanceof BigInt64Array ? BigInt(at) : at;
  });
  return arrow.makeData({type, ...validity(values), valueOffsets: offsets, data: new Uint8Array(data)});
}

function buildList(type, values) {
  const offsets = new Int32Array(values.length + 1);
  const items = [];
  values.forEach((v, i) => {
    for (const x of v ?? []) items.push(x);
    offsets[i + 1] = items.length;
  });
  const inner = type.children[0];
  const child = type.typeId === Type.Map
    ? build(inner.type, items.map(([key, value]) => ({
      [inner.type.children[0].name]: key, [inner.type.children[1].name]: value})))
    : build(inner.type, items);
  return arrow.makeData({type, ...validity(values), valueOffsets: offsets, child});
}

/* A value that a non-nullable child may hold below a null parent. */
function filler(type) {
  switch (type.typeId) {
    case Type.FixedSizeList: return Array.from({length: type.listSize}, () => filler(type.children[0].type));
    case Type.Float: return 0;
    case Type.Int: return type.bitWidth === 64 ? '0' : 0;
    default: return null;
  }
}

/** One column as arrow Data. */
export function build(type, values) {
  const fixed = (Array_, convert, stride = 1) => {
    const data = new Array_(values.length * stride);
    values.forEach((v, i) => {
      if (v === null || v === undefined) return;
      if (stride === 1) data[i] = convert(v);
      else data.set(convert(v), i * stride);
    });
    return arrow.makeData({type, ...validity(values), data});
  };
  switch (type.typeId) {
    case Type.Null: return arrow.makeData({type, length: values.length});
    case Type.Bool: {
      const data = new Uint8Array(Math.ceil(values.length / 8));
      values.forEach((v, i) => { if (v) data[i >> 3] |= 1 << (i & 7); });
      return arrow.makeData({type, ...validity(values), data});
    }
    case Type.Int: return fixed(type.ArrayType, type.bitWidth === 64 ? BigInt : Number);
    case Type.Float: return fixed(type.ArrayType, type.precision === 0 ? (v) => toHalf(plainNumber(v)) : plainNumber);
    case Type.Decimal: return fixed(Uint32Array, (v) => decimalWords(v, type), type.bitWidth / 32);
    case Type.Date:
      return type.unit === arrow.DateUnit.DAY ? fixed(Int32Array, Number) : fixed(BigInt64Array, BigInt);
    case Type.Time: return type.bitWidth === 32 ? fixed(Int32Array, Number) : fixed(BigInt64Array, BigInt);
    case Type.Timestamp: case Type.Duration: return fixed(BigInt64Array, BigInt);
    case Type.FixedSizeBinary: return fixed(Uint8Array, (v) => Buffer.from(v, 'hex'), type.byteWidth);
    case Type.Utf8: return buildBytes(type, values, (v) => Buffer.from(v), new Int32Array(values.length + 1));
    case Type.LargeUtf8: return buildBytes(type, values, (v) => Buffer.from(v), new BigInt64Array(values.length + 1));
    case Type.Binary: return buildBytes(type, values, (v) => Buffer.from(v, 'hex'), new Int32Array(values.length + 1));
    case Type.LargeBinary:
      return buildBytes(type, values, (v) => Buffer.from(v, 'hex'), new BigInt64Array(values.length + 1));
    case Type.List: case Type.Map: return buildList(type, values);
    case Type.FixedSizeList: {
      const none = filler(type);
      const child = build(type.children[0].type, values.flatMap((v) => v ?? none));
      return arrow.makeData({type, ...validity(values), child});
    }
    case Type.Struct:
      return arrow.makeData({type, ...validity(values),
        children: type.children.map((f) => build(f.type, values.map((v) => v?.[f.name] ?? null)))});
    case Type.Dictionary: {
      const distinct = [...new Set(values.filter((v) => v !== null && v !== undefined))];
      if (distinct.length === 0) distinct.push(''); /* LanceDB refuses an empty dictionary */
      const position = new Map(distinct.map((v, i) => [v, i]));
      const data = new type.indices.ArrayType(values.length);
      values.forEach((v, i) => { data[i] = position.get(v) ?? 0; });
      return arrow.makeData({type, ...validity(values), data,
        dictionary: new arrow.Vector([build(type.dictionary, distinct)])});
    }
    default: throw new Error(`build: no case for ${type}`);
  }
}

/* Two columns may not share one dictionary id; a new type takes the next free one. */
const ownDictionary = (c) => (c.type.typeId === Type.Dictionary
  ? {...c, type: new arrow.Dictionary(c.type.dictionary, c.type.indices)} : c);

/** A table from [{name, type, values, nullable?, metadata?}]. */
export function table(given) {
  const columns = given.map(ownDictionary);
  const schema = new arrow.Schema(columns.map((c) =>
    new arrow.Field(c.name, c.type, c.nullable ?? true, new Map(Object.entries(c.metadata ?? {})))));
  const length = columns[0].values.length;
  const children = columns.map((c) => {
    if (c.values.length !== length) throw new Error(`column ${c.name} has ${c.values.length} values, not ${length}`);
    return build(c.type, c.values);
  });
  const struct = arrow.makeData({type: new arrow.Struct(schema.fields), length, nullCount: 0, children});
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)]);
}

/* ---- Data -> plain values ---- */

function plainFloat(v) {
  if (Number.isNaN(v)) return 'NaN';
  if (v === Infinity) return 'Infinity';
  if (v === -Infinity) return '-Infinity';
  return Object.is(v, -0) ? '-0' : v;
}

function decimalText(words, type) {
  let n = 0n;
  words.forEach((w, i) => { n |= BigInt(w >>> 0) << BigInt(32 * i); });
  n = BigInt.asIntN(type.bitWidth, n);
  const sign = n < 0n ? '-' : '';
  const digits = (n < 0n ? -n : n).toString().padStart(type.scale + 1, '0');
  return type.scale === 0 ? sign + digits
    : `${sign}${digits.slice(0, -type.scale)}.${digits.slice(-type.scale)}`;
}

/* 64-bit values arrive as BigInt64Array or, for some types, as pairs of 32-bit words. */
function wide(values, i) {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) return values[i].toString();
  return ((BigInt(values[2 * i + 1]) << 32n) | BigInt(values[2 * i] >>> 0)).toString();
}

/** Row i of the column, as a plain value. */
export function plain(data, i) {
  const {type} = data;
  if (type.typeId === Type.Null) return null;
  if (data.nullCount > 0 && data.nullBitmap?.length > 0) {
    const bit = data.offset + i;
    if (!(data.nullBitmap[bit >> 3] & (1 << (bit & 7)))) return null;
  }
  const {values, valueOffsets} = data;
  const bytes = () => Buffer.from(values.subarray(Number(valueOffsets[i]), Number(valueOffsets[i + 1])));
  switch (type.typeId) {
    case Type.Bool: { const bit = data.offset + i; return (values[bit >> 3] & (1 << (bit & 7))) !== 0; }
    case Type.Int: return type.bitWidth === 64 ? wide(values, i) : values[i];
    case Type.Float: return plainFloat(type.precision === 0 ? fromHalf(values[i]) : values[i]);
    case Type.Decimal: {
      const words = type.bitWidth / 32;
      return decimalText(values.subarray(i * words, (i + 1) * words), type);
    }
    case Type.Date: return type.unit === arrow.DateUnit.DAY ? String(values[i]) : wide(values, i);
    case Type.Time: return type.bitWidth === 32 ? String(values[i]) : wide(values, i);
    case Type.Timestamp: case Type.Duration: return wide(values, i);
    case Type.FixedSizeBinary:
      return Buffer.from(values.subarray(i * type.byteWidth, (i + 1) * type.byteWidth)).toString('hex');
    case Type.Utf8: case Type.LargeUtf8: return bytes().toString('utf8');
    case Type.Binary: case Type.LargeBinary: return bytes().toString('hex');
    case Type.List: case Type.Map: {
      const out = [];
      for (let k = valueOffsets[i]; k < valueOffsets[i + 1]; k++) out.push(plain(data.children[0], k));
      return type.typeId === Type.Map ? out.map((entry) => Object.values(entry)) : out;
    }
    case Type.FixedSizeList:
      return Array.from({length: type.listSize}, (_, k) => plain(data.children[0], i * type.listSize + k));
    case Type.Struct:
      return Object.fromEntries(type.children.map((f, k) => [f.name, plain(data.children[k], i)]));
    case Type.Dictionary: return plainAt(data.dictionary, Number(values[i]));
    default: throw new Error(`plain: no case for ${type}`);
  }
}

function plainAt(vector, i) {
  let at = i;
  for (const chunk of vector.data) {
    if (at < chunk.length) return plain(chunk, at);
    at -= chunk.length;
  }
  throw new Error(`row ${i} is past the end`);
}

/** All rows of an arrow table, each an array of plain values in the order of the schema. */
export function rows(arrowTable) {
  const columns = arrowTable.schema.fields.map((f, c) =>
    arrowTable.getChildAt(c).data.flatMap((chunk) => Array.from({length: chunk.length}, (_, i) => plain(chunk, i))));
  return Array.from({length: arrowTable.numRows}, (_, r) => columns.map((c) => c[r]));
}
