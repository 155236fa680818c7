/* columns.mjs -- columns of every Lance type, with values at the edges of each type's range. */
import arrow from './apache-arrow.mjs';

/** Deterministic pseudo-random 32-bit numbers: a failing run can be repeated from its seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

export function text(next, length, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789') {
  let out = '';
  for (let i = 0; i < length; i++) out += alphabet[next() % alphabet.length];
  return out;
}

const field = (name, type, nullable = true) => new arrow.Field(name, type, nullable);
export const list = (item) => new arrow.List(field('item', item));
export const vector = (dimension, item = new arrow.Float32()) =>
  new arrow.FixedSizeList(dimension, field('item', item));
export const struct = (fields) =>
  new arrow.Struct(Object.entries(fields).map(([name, type]) => field(name, type)));
export const map = (key, value) => new arrow.Map_(new arrow.Field('entries',
  new arrow.Struct([field('key', key, false), field('value', value)]), false));
export const dictionary = (item, index = new arrow.Int32()) => new arrow.Dictionary(item, index);

const {TimeUnit} = arrow;
const exact = (n) => (next, i) => n[i % n.length];
const FLOATS = [0, '-0', 1.5, -1.5, 3.25, 'NaN', 'Infinity', '-Infinity', 100, 0.25];
/* Microseconds of 1970-01-01, 2024-02-29 12:34:56.789012, 1901-12-13, 9999-12-31 and near them. */
const MICROSECONDS = ['0', '1709210096789012', '-2147483648000001', '253402214400000000', '-1', '999999'];
const scaled = (factor) => (v) => (factor > 0n ? BigInt(v) * factor : BigInt(v) / -factor).toString();

/** [name, arrow type, (next, i) => value]: one entry for each type that LanceDB stores. */
export const TYPES = [
  ['bool', new arrow.Bool(), (next) => (next() & 1) === 1],
  ['int8', new arrow.Int8(), exact([-128, 127, 0, 1, -1])],
  ['uint8', new arrow.Uint8(), exact([0, 255, 1, 128])],
  ['int16', new arrow.Int16(), exact([-32768, 32767, 0, -1, 300])],
  ['uint16', new arrow.Uint16(), exact([0, 65535, 32768])],
  ['int32', new arrow.Int32(), exact([-2147483648, 2147483647, 0, 7])],
  ['uint32', new arrow.Uint32(), exact([0, 4294967295, 2147483648])],
  ['int64', new arrow.Int64(), exact(['-9223372036854775808', '9223372036854775807', '0', '-1', '1234567890123'])],
  ['uint64', new arrow.Uint64(), exact(['0', '18446744073709551615', '9223372036854775808', '5'])],
  ['half', new arrow.Float16(), exact([...FLOATS, 65504, 2 ** -24])],
  ['float', new arrow.Float32(), exact([...FLOATS, 3.4028234663852886e38, 1.401298464324817e-45])],
  ['double', new arrow.Float64(), exact([...FLOATS, Number.MAX_VALUE, 5e-324, 0.1])],
  ['decimal128', new arrow.Decimal(2, 10, 128), exact(['0.00', '12345678.90', '-12345678.91', '-0.01'])],
  ['decimal128_38', new arrow.Decimal(10, 38, 128), exact(['9999999999999999999999999999.9999999999', '-0.0000000001'])],
  ['decimal256', new arrow.Decimal(3, 60, 256), exact(['-123456789012345678901234567890123456789.125', '0.001', '7.000'])],
  ['utf8', new arrow.Utf8(), (next, i) => ['', 'plain', 'snow \u2603', '\u{1F600}', 'a"b\\c\n\t'][i % 5] + (i % 7)],
  ['large_utf8', new arrow.LargeUtf8(), (next, i) => text(next, i % 20)],
  ['binary', new arrow.Binary(), (next, i) => ['', '00', 'ff00ff', '5c78'][i % 4]],
  ['large_binary', new arrow.LargeBinary(), (next, i) => text(next, 2 * (i % 9), '0123456789abcdef')],
  ['fixed_size_binary', new arrow.FixedSizeBinary(5), (next) => text(next, 10, '0123456789abcdef')],
  ['date32', new arrow.DateDay(), exact(['0', '19782', '-25567', '2932896'])],
  ['date64', new arrow.DateMillisecond(), exact(['0', '1709164800000', '-2208988800000'])],
  ['time32_s', new arrow.TimeSecond(), exact(['0', '86399', '43200'])],
  ['time32_ms', new arrow.TimeMillisecond(), exact(['0', '86399999', '1'])],
  ['time64_us', new arrow.TimeMicrosecond(), exact(['0', '86399999999', '1'])],
  ['time64_ns', new arrow.TimeNanosecond(), exact(['0', '86399999999999', '1001'])],
  ['timestamp_s', new arrow.TimestampSecond(null), exact(MICROSECONDS.map(scaled(-1000000n)))],
  ['timestamp_ms', new arrow.TimestampMillisecond(null), exact(MICROSECONDS.map(scaled(-1000n)))],
  ['timestamp_us', new arrow.TimestampMicrosecond(null), exact(MICROSECONDS)],
  ['timestamp_ns', new arrow.TimestampNanosecond(null), exact(['0', '1709210096789012345', '-1', '-1001', '4102444800000000999'])],
  ['timestamptz_ms', new arrow.TimestampMillisecond('Europe/Berlin'), exact(MICROSECONDS.map(scaled(-1000n)))],
  ['timestamptz_us', new arrow.TimestampMicrosecond('UTC'), exact(MICROSECONDS)],
  ['duration_s', new arrow.DurationSecond(), exact(['0', '90061', '-1'])],
  ['duration_ms', new arrow.DurationMillisecond(), exact(['0', '86400001', '-1'])],
  ['duration_us', new arrow.DurationMicrosecond(), exact(['0', '3600000001', '-1'])],
  ['duration_ns', new arrow.DurationNanosecond(), exact(['0', '1001', '-1001'])],
  ['dictionary', dictionary(new arrow.Utf8()), (next, i) => `word ${i % 3}`],
  ['dictionary_int8', dictionary(new arrow.Utf8(), new arrow.Int8()), (next, i) => ['x', '', 'y\u00e4'][i % 3]],
  ['list_int32', list(new arrow.Int32()), (next, i) => Array.from({length: i % 4}, (_, k) => (k === 2 ? null : i + k))],
  ['list_int64', list(new arrow.Int64()), (next, i) => Array.from({length: i % 3}, (_, k) => String(i * k))],
  ['list_double', list(new arrow.Float64()), (next, i) => Array.from({length: i % 3}, (_, k) => i + k / 4)],
  ['list_bool', list(new arrow.Bool()), (next, i) => Array.from({length: i % 5}, (_, k) => (k === 3 ? null : k % 2 === 0))],
  ['list_utf8', list(new arrow.Utf8()), (next, i) => Array.from({length: i % 4}, (_, k) => (k === 1 ? null : `t${i % 3},"${k}"`))],
  ['list_timestamp', list(new arrow.TimestampMicrosecond('UTC')), (next, i) => MICROSECONDS.slice(0, i % 4)],
  ['vector_f32', vector(3), (next, i) => [i, i + 0.5, -1 - i]],
  ['vector_f16', vector(4, new arrow.Float16()), (next, i) => [i, 0.5, -1 - i, 0.25]],
  ['vector_f64', vector(2, new arrow.Float64()), (next, i) => [i / 8, -1 - i]],
  ['vector_u8', vector(4, new arrow.Uint8()), (next, i) => [i, 255, 0, 1]],
  ['vector_i32', vector(2, new arrow.Int32()), (next, i) => [-i, i]],
  ['vector_f32_holes', vector(2), (next, i) => [i, i % 2 ? null : -1]],
  ['multivector', list(vector(2)), (next, i) => Array.from({length: i % 3}, (_, k) => [i, k])],
  ['vector_of_vector', vector(2, vector(2)), (next, i) => [[i, 1], [2, -1 - i]]],
  ['struct', struct({a: new arrow.Int32(), b: new arrow.Utf8()}), (next, i) => ({a: i % 3 ? i : null, b: i % 4 ? `b${i}` : null})],
  ['struct_deep', struct({s: struct({x: new arrow.Float64(), y: list(new arrow.Int32())}), t: new arrow.Int8()}),
    (next, i) => ({s: i % 5 ? {x: i / 2, y: i % 3 ? [i, null] : null} : null, t: i % 2})],
  ['list_struct', list(struct({k: new arrow.Utf8(), v: new arrow.Int64()})),
    (next, i) => Array.from({length: i % 3}, (_, k) => (k === 1 && i % 2 ? null : {k: `k${k}`, v: String(i)}))],
  ['list_list', list(list(new arrow.Int32())),
    (next, i) => Array.from({length: i % 4}, (_, k) => (k === 2 ? null : Array.from({length: k}, (_, j) => i + j)))],
  ['map', map(new arrow.Utf8(), new arrow.Int32()), (next, i) => Array.from({length: i % 3}, (_, k) => [`k${k}`, k ? null : i])],
  ['null', new arrow.Null(), () => null],
];

/** Types that a storage version cannot hold; LanceDB refuses them. */
export const UNSUPPORTED = {
  '2.0': ['map'],
  '2.1': ['map'],
  '2.2': [],
};

/** id, then <type>_none, <type>_some and <type>_all for every type: nulls in no, some and all rows. */
export function typeColumns(storage, rowCount, seed = 1, {types = TYPES} = {}) {
  const columns = [{name: 'id', type: new arrow.Int32(), values: Array.from({length: rowCount}, (_, i) => i), nullable: false}];
  for (const [name, type, value] of types) {
    if (UNSUPPORTED[storage].includes(name)) continue;
    for (const nulls of name === 'null' ? ['all'] : ['none', 'some', 'all']) {
      if (name === 'bool' && nulls === 'all') {
        /* apache-arrow writes no bits for a boolean that is always null, which LanceDB refuses */
        columns.push({name: 'bool_all', sql: "arrow_cast(null, 'Boolean')"});
        continue;
      }
      const next = random(seed + columns.length);
      columns.push({
        name: `${name}_${nulls}`, type,
        values: Array.from({length: rowCount}, (_, i) => {
          const v = value(next, i);
          return nulls === 'all' || (nulls === 'some' && next() % 3 === 0) ? null : v;
        }),
      });
    }
  }
  return columns;
}
