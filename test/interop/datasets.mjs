/* datasets.mjs -- tables in every shape that LanceDB writes: types, encodings, histories, branches. */
/*
 * Each maker writes one table (db, name, storage, options) and returns what LanceDB reads from it:
 * {snapshots: [{version | tag | branch, schema, rows}]}.
 */
import path from 'node:path';

import arrow from './apache-arrow.mjs';
import {dictionary, list, map, random, struct, text, typeColumns, vector} from './columns.mjs';
import {batch, create, lancedb, snapshot} from './lance.mjs';

const count = (n, f) => Array.from({length: n}, (_, i) => f(i));
const column = (name, type, values, more = {}) => ({name, type, values, ...more});
const ids = (n, from = 0) => column('id', new arrow.Int32(), count(n, (i) => from + i), {nullable: false});

/* ---- one dataset each ---- */

export async function types(db, name, storage, {rowCount = 24} = {}) {
  const t = await create(db, name, typeColumns(storage, rowCount), storage);
  return {snapshots: [await snapshot(t)]};
}

export async function strings(db, name, storage) {
  const n = 1200;
  const next = random(7);
  const languages = ['english', 'deutsch', '日本語', 'français', 'ελληνικά'];
  const t = await create(db, name, [
    ids(n),
    column('empty', new arrow.Utf8(), count(n, () => '')),
    column('empty_or_null', new arrow.Utf8(), count(n, (i) => (i % 3 ? '' : null))),
    column('repetitive', new arrow.Utf8(), count(n, (i) => languages[(i * 7) % 5])),
    column('repetitive_null', new arrow.Utf8(), count(n, (i) => (i % 5 === 2 ? null : languages[i % 3]))),
    column('unicode', new arrow.Utf8(), count(n, (i) => text(next, i % 6, ['ä', '☃', '\u{1F600}', 'a', '한']))),
    column('words', new arrow.Utf8(), count(n, (i) => `https://example.org/item/${i}?q=${text(next, 3)}`)),
    column('noise', new arrow.Utf8(), count(n, () => text(next, next() % 40))),
    column('rare', new arrow.Utf8(), count(n, (i) => (i % 97 === 5 ? text(next, 30) : null))),
    column('long', new arrow.Utf8(), count(n, (i) => (i === 500 ? 'x'.repeat(20000) : i === 900 ? text(next, 9000) : 's'))),
    column('long_binary', new arrow.Binary(), count(n, (i) => (i === 3 ? text(next, 12000, '0123456789abcdef') : '0a'))),
  ], storage);
  return {snapshots: [await snapshot(t)]};
}

export async function nested(db, name, storage) {
  const n = 60;
  const next = random(11);
  const columns = [
    ids(n),
    column('crossing', list(new arrow.Int32()), count(n, (i) => (i % 20 === 7 ? count(4000, (k) => i + k) : i % 3 ? [i] : null))),
    column('crossing_text', list(new arrow.Utf8()), count(n, (i) => (i === 30 ? count(1500, (k) => `tag ${k % 50}`) : i % 4 ? [null, 'x'] : []))),
    column('list_struct', list(struct({a: new arrow.Int64(), b: new arrow.Utf8()})),
      count(n, (i) => (i % 5 === 0 ? null : count(i % 4, (k) => (k === 2 ? null : {a: String(i * k), b: k ? `b${i}` : null}))))),
    column('struct_list', struct({tags: list(new arrow.Utf8()), n: new arrow.Float64()}),
      count(n, (i) => (i % 6 === 1 ? null : {tags: i % 4 === 2 ? null : count(i % 3, (k) => `t${k}`), n: i / 4}))),
    column('list_list', list(list(new arrow.Float32())),
      count(n, (i) => (i % 7 === 3 ? null : count(i % 4, (k) => (k === 1 && i % 2 ? null : count(k, (j) => j / 2)))))),
    column('list_list_list', list(list(list(new arrow.Int16()))),
      count(n, (i) => count(i % 3, (k) => count(k + 1, (j) => (j ? null : [i, k]))))),
    column('struct_struct', struct({s: struct({s: struct({leaf: new arrow.Utf8()}), x: new arrow.Int32()})}),
      count(n, (i) => (i % 9 === 0 ? null : {s: i % 5 === 0 ? null : {s: i % 3 ? {leaf: i % 4 ? `l${i}` : null} : null, x: i}}))),
    column('all_empty', list(new arrow.Int32()), count(n, () => [])),
    column('empty_or_null', list(new arrow.Int32()), count(n, (i) => (i % 2 ? [] : null))),
    column('struct_dates', struct({d: new arrow.DateDay(), t: new arrow.TimestampMicrosecond('UTC'), n: new arrow.Decimal(2, 12, 128),
      b: new arrow.Binary(), f: new arrow.Float64()}), count(n, (i) => ({d: String(i * 400 - 5000), t: String(i * 86400123457),
      n: `${i}.0${i % 10}`, b: text(next, 2 * (i % 4), '0123456789abcdef'), f: ['NaN', 'Infinity', '-Infinity', 0.5][i % 4]}))),
  ];
  if (storage === '2.2') {
    columns.push(
      column('map', map(new arrow.Utf8(), new arrow.Int32()), count(n, (i) => (i % 4 === 0 ? null : count(i % 5, (k) => [`k${k}`, k === 3 ? null : i])))),
      column('map_int', map(new arrow.Int32(), new arrow.Utf8()), count(n, (i) => count(i % 3, (k) => [k, `v${i}`]))),
      column('list_map', list(map(new arrow.Utf8(), new arrow.Float64())), count(n, (i) => count(i % 3, (k) => (k ? null : [['a', i / 2]])))));
  }
  const t = await create(db, name, columns, storage);
  return {snapshots: [await snapshot(t)]};
}

export async function vectors(db, name, storage) {
  const n = 70;
  const next = random(13);
  const f = () => (next() % 200 - 100) / 8;
  const half = new arrow.Float16();
  const t = await create(db, name, [
    ids(n),
    column('f32_3', vector(3), count(n, () => [f(), f(), f()])),
    column('f32_3_null', vector(3), count(n, (i) => (i % 4 === 1 ? null : [f(), f(), f()]))),
    column('f32_64', vector(64), count(n, () => count(64, f))),
    column('f32_64_null', vector(64), count(n, (i) => (i % 10 === 0 ? null : count(64, f)))),
    column('f16_5', vector(5, half), count(n, () => count(5, () => (next() % 64) / 8))),
    column('f16_5_null', vector(5, half), count(n, (i) => (i % 3 === 2 ? null : count(5, () => (next() % 64) / 8)))),
    column('f64_4', vector(4, new arrow.Float64()), count(n, () => count(4, () => (next() % 1000) / 10))),
    column('u8_16', vector(16, new arrow.Uint8()), count(n, () => count(16, () => next() & 255))),
    column('holes', vector(3), count(n, (i) => (i % 6 === 0 ? null : [f(), i % 2 ? null : f(), f()]))),
    column('nested', vector(2, vector(3)), count(n, (i) => (i % 8 === 7 ? null : count(2, () => count(3, f))))),
    column('multi', list(vector(4)), count(n, (i) => (i % 5 === 4 ? null : count(i % 4, () => count(4, f))))),
    column('same', vector(8), count(n, () => count(8, () => 0.5))),
    column('gone', vector(8), count(n, () => null)),
  ], storage);
  return {snapshots: [await snapshot(t)]};
}

/* Encodings that need a hint in the field's metadata, or a shape of data that invites them. */
export async function encodings(db, name, storage) {
  const n = 1300;
  const next = random(17);
  const hint = (entries) => ({metadata: Object.fromEntries(Object.entries(entries).map(([k, v]) => [`lance-encoding:${k}`, v]))});
  const packed = struct({x: new arrow.Float32(), y: new arrow.Int32(), z: new arrow.Int16()});
  const columns = [
    ids(n),
    column('constant', new arrow.Int64(), count(n, () => '42')),
    column('runs', new arrow.Int32(), count(n, (i) => Math.floor(i / 100))),
    column('runs_null', new arrow.Int32(), count(n, (i) => (Math.floor(i / 300) % 2 ? null : Math.floor(i / 50)))),
    column('narrow', new arrow.Int64(), count(n, () => String(next() % 1000))),
    column('narrow_u16', new arrow.Uint16(), count(n, () => next() % 13)),
    column('negative', new arrow.Int32(), count(n, () => (next() % 100) - 50)),
    column('flags', new arrow.Bool(), count(n, (i) => (i % 9 === 4 ? null : (next() & 1) === 1))),
    column('zstd_text', new arrow.Utf8(), count(n, (i) => `item number ${i % 200}`), hint({compression: 'zstd', 'compression-level': '3'})),
    column('zstd_int', new arrow.Int32(), count(n, (i) => i * 3), hint({compression: 'zstd'})),
    column('lz4_int', new arrow.Int64(), count(n, (i) => String(BigInt(i) * 1000000007n)), hint({compression: 'lz4'})),
    column('split', new arrow.Float32(), count(n, (i) => Math.fround(i * 1.1)), hint({bss: 'on', compression: 'lz4'})),
    column('fsst_text', new arrow.Utf8(), count(n, (i) => `the quick brown fox ${i} jumps`), hint({compression: 'fsst'})),
    column('zipped_int', new arrow.Int32(), count(n, (i) => (i % 7 ? i : null)), hint({'structural-encoding': 'fullzip'})),
    column('zipped_text', new arrow.Utf8(), count(n, (i) => (i % 11 ? `z${i}` : null)), hint({'structural-encoding': 'fullzip'})),
    column('mini_text', new arrow.Utf8(), count(n, (i) => (i % 500 === 9 ? 'm'.repeat(2000) : `m${i}`)), hint({'structural-encoding': 'miniblock'})),
    column('packed', packed, count(n, (i) => ({x: i / 2, y: -i, z: i % 300})), {metadata: {packed: 'true', 'lance-encoding:packed': 'true'}}),
    column('code', dictionary(new arrow.Utf8()), count(n, (i) => `code ${i % 40}`)),
    column('code_null', dictionary(new arrow.Utf8(), new arrow.Int8()), count(n, (i) => (i % 5 ? `c${i % 4}` : null))),
  ];
  if (storage === '2.2') {
    columns.push(column('packed_text', struct({k: new arrow.Int32(), t: new arrow.Utf8()}),
      count(n, (i) => ({k: i, t: `t${i % 17}`})), {metadata: {packed: 'true', 'lance-encoding:packed': 'true'}}));
  }
  const t = await create(db, name, columns, storage);
  return {snapshots: [await snapshot(t)]};
}

/* LanceDB's query gives descriptors for blobs, so the expected bytes are the ones that were written. */
export async function blobs(db, name, storage) {
  const n = 40;
  const next = random(19);
  const values = count(n, (i) => (i % 6 === 5 ? null : i % 6 === 4 ? '' : text(next, 2 * (next() % 300), '0123456789abcdef')));
  const t = await create(db, name, [
    ids(n),
    column('payload', new arrow.LargeBinary(), values, {metadata: {'lance-encoding:blob': 'true'}}),
    column('note', new arrow.Utf8(), count(n, (i) => `n${i}`)),
  ], storage);
  return {snapshots: [{
    version: await t.version(),
    schema: [{name: 'id', type: {name: 'int32'}, nullable: false}, {name: 'payload', type: {name: 'large_binary'}, nullable: true},
      {name: 'note', type: {name: 'utf8'}, nullable: true}],
    rows: values.map((v, i) => [i, v, `n${i}`]),
  }]};
}

export async function largeList(db, name, storage) {
  const t = await create(db, name, [
    ids(9),
    {name: 'large_list', sql: "arrow_cast(make_array(id, null, id * 2), 'LargeList(Int32)')"},
  ], storage);
  return {snapshots: [await snapshot(t, {select: {id: 'id', large_list: "arrow_cast(large_list, 'List(Int32)')"}})]};
}

const batchRows = (from, n) => [
  ids(n, from),
  column('name', new arrow.Utf8(), count(n, (i) => ((from + i) % 6 === 5 ? null : `name ${from + i}`))),
  column('price', new arrow.Float64(), count(n, (i) => (from + i) * 1.25)),
  column('tags', list(new arrow.Utf8()), count(n, (i) => count((from + i) % 3, (k) => `tag${k}`))),
  column('v', vector(4), count(n, (i) => [from + i, 1, 0, -1])),
];

/** Everything that changes a table, one version after the other; then each version read again. */
export async function history(db, name, storage, options = {}) {
  const t = await create(db, name, batchRows(0, 40), storage, options);
  await t.add(batch(batchRows(40, 30)));
  await t.delete('id % 7 = 3');
  await t.update({where: 'id < 5', valuesSql: {price: 'price + 1000', name: "concat(name, '!')"}});
  await t.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(batch(batchRows(60, 20)));
  await t.addColumns([{name: 'price_twice', valueSql: 'price * 2'}]);
  await t.addColumns([new arrow.Field('note', new arrow.Utf8(), true)]);
  await t.add(batch([...batchRows(80, 10), column('price_twice', new arrow.Float64(), count(10, () => 1)),
    column('note', new arrow.Utf8(), count(10, (i) => `note ${i}`))]));
  await t.alterColumns([{path: 'name', rename: 'title'}]);
  await t.alterColumns([{path: 'id', dataType: new arrow.Int64()}]);
  await t.dropColumns(['price_twice']);
  await t.createIndex('id', {config: lancedb.Index.btree()});
  await t.optimize();
  await t.delete('id >= 85');
  const before = await t.version();
  await t.delete('true');
  await t.checkout(before);
  await t.restore();
  await t.add(batch([column('id', new arrow.Int64(), ['1000', '1001']), column('title', new arrow.Utf8(), ['last', null]),
    column('price', new arrow.Float64(), [1, 2]), column('tags', list(new arrow.Utf8()), [[], ['end']]),
    column('v', vector(4), [[1, 2, 3, 4], [5, 6, 7, 8]]), column('note', new arrow.Utf8(), [null, 'n'])]));
  const snapshots = [];
  const handle = await db.openTable(name);
  for (const {version} of await handle.listVersions()) {
    await handle.checkout(version);
    snapshots.push(await snapshot(handle));
  }
  return {snapshots};
}

/** A column dropped, and another of the same name and another type added. */
export async function retyped(db, name, storage) {
  const t = await create(db, name, [ids(3, 1), column('value', new arrow.Int32(), [1, 2, 3])], storage);
  await t.dropColumns(['value']);
  await t.addColumns([{name: 'value', valueSql: 'cast(id as double) + 0.5'}]);
  const snapshots = [];
  const handle = await db.openTable(name);
  for (const {version} of await handle.listVersions()) {
    await handle.checkout(version);
    snapshots.push(await snapshot(handle));
  }
  return {snapshots};
}

/** 1,000 rows in ten fragments: some with few deletions, one with none left, later compacted in part. */
export async function fragments(db, name, storage) {
  const rowsOf = (from, n) => [
    ids(n, from),
    column('category', new arrow.Int16(), count(n, (i) => (from + i) % 17)),
    column('title', new arrow.Utf8(), count(n, (i) => `row ${from + i}`)),
    column('v', vector(8), count(n, (i) => count(8, (k) => Math.round(64 * Math.sin((from + i) * (k + 1))) / 64))),
  ];
  const t = await create(db, name, rowsOf(0, 100), storage);
  for (let k = 1; k < 10; k++) await t.add(batch(rowsOf(k * 100, 100)));
  const full = await snapshot(t);
  await t.delete('id % 13 = 0');
  await t.delete('id >= 300 and id < 400');
  await t.delete('id >= 700 and id < 790');
  return {snapshots: [full, await snapshot(t)]};
}

/** Few distinct values in every comparable type, so that random conditions hit: test/t/filters.pl. */
export async function filters(db, name, storage) {
  const next = random(23);
  const pick = (values, nulls = 8) => () => (nulls && next() % nulls === 0 ? null : values[next() % values.length]);
  const words = ['', 'a', 'ab', 'abc', 'A', 'Ab', 'b', 'B', '\u00e4', 'e\u0301', '\u00e9', 'a%b', 'a_b', 'a\\b', 'z z', '\u65e5\u672c', '\u{1F600}'];
  const integers = [-3, -2, -1, 0, 1, 2, 3, 100];
  const floats = [0, '-0', 0.5, -0.5, 0.1, 3, 'NaN', 'Infinity', '-Infinity', 1e30];
  const stamps = ['0', '1709210096789012', '1709164800000000', '-1', '1709210096789013', '946684800000000'];
  const items = (values) => () => (next() % 7 === 0 ? null : count(next() % 4, () => (next() % 9 === 0 ? null : values[next() % values.length])));
  const shapes = [
    ['flag', new arrow.Bool(), pick([true, false])],
    ['small', new arrow.Int16(), pick([...integers, 32767])],
    ['number', new arrow.Int32(), pick([...integers, 2147483647])],
    ['number2', new arrow.Int32(), pick(integers)],
    ['big', new arrow.Int64(), pick([...integers.map(String), '9223372036854775807', '-9223372036854775808'])],
    ['huge', new arrow.Uint64(), pick(['0', '1', '2', '9223372036854775808', '18446744073709551615'])],
    ['ratio', new arrow.Float32(), pick(floats)],
    ['price', new arrow.Float64(), pick([...floats, 1e300])],
    ['half', new arrow.Float16(), pick(floats.filter((v) => v !== 1e30))],
    ['amount', new arrow.Decimal(2, 10, 128), pick(['0.00', '1.00', '1.50', '-1.50', '-0.01', '12345678.90'])],
    ['word', new arrow.Utf8(), pick(words)],
    ['word2', new arrow.Utf8(), pick(words, 5)],
    ['kind', dictionary(new arrow.Utf8()), pick(['a', 'b', 'c', ''])],
    ['bytes', new arrow.Binary(), pick(['', '00', 'ff', '00ff', '61'])],
    ['code', new arrow.FixedSizeBinary(2), pick(['0000', '00ff', '6162'])],
    ['day', new arrow.DateDay(), pick(['0', '19782', '19783', '-1', '10957'])],
    ['clock', new arrow.TimeMicrosecond(), pick(['0', '1', '43200000000', '86399999999'])],
    ['moment', new arrow.TimestampMicrosecond(null), pick(stamps)],
    ['fine', new arrow.TimestampNanosecond(null), pick(stamps.slice(0, 4).flatMap((v) => [`${v}000`.replace(/^0+$/, '0'), `${v}999`]))],
    ['instant', new arrow.TimestampMicrosecond('UTC'), pick(stamps)],
    ['tags', list(new arrow.Utf8()), items(['a', 'b', 'c', '', '\u00e4'])],
    ['numbers', list(new arrow.Int32()), items([1, 2, 3, -1])],
    ['ratios', list(new arrow.Float32()), items([0, 0.5, 'NaN', '-0'])],
    ['place', vector(4), () => (next() % 10 === 0 ? null : count(4, () => next() % 8))],
    ['extra', struct({a: new arrow.Int32()}), (i) => (next() % 6 === 0 ? null : {a: next() % 5 ? 1 : null})],
  ];
  const rowsOf = (from, n) => [ids(n, from), ...shapes.map(([name, type, make]) => column(name, type, count(n, make)))];
  const t = await create(db, name, rowsOf(0, 250), storage);
  await t.add(batch(rowsOf(250, 250)));
  await t.add(batch(rowsOf(500, 100)));
  await t.delete('id % 29 = 3');
  return {snapshots: [await snapshot(t)]};
}

/** Enough deleted rows in one fragment that LanceDB writes a bitmap deletion file (.bin). */
export async function bitmap(db, name, storage) {
  const t = await create(db, name, [ids(6000), column('k', new arrow.Int32(), count(6000, (i) => i % 10))], storage);
  await t.delete('k <> 3');
  return {snapshots: [await snapshot(t)]};
}

export async function refs(db, name, storage, {folder}) {
  const t = await create(db, name, batchRows(0, 10), storage);
  const one = await snapshot(t);
  await (await t.tags()).create('first', 1);
  await t.add(batch(batchRows(10, 5)));
  const branch = await (await t.branches()).create('dev/one', 'main', 2);
  await branch.add(batch(batchRows(100, 4)));
  await branch.delete('id = 3');
  await t.delete('id < 2');
  await (await t.tags()).create('trimmed', await t.version());
  const clone = await db.cloneTable(`${name}_clone`, path.join(folder, `${name}.lance`), {sourceTag: 'trimmed'});
  await clone.add(batch(batchRows(200, 3)));
  await clone.delete('id = 4');
  return {
    snapshots: [{tag: 'first', ...one}, {tag: 'trimmed', ...await snapshot(t)}, {branch: 'dev/one', ...await snapshot(branch)}],
    clone: [await snapshot(clone)],
  };
}

export async function empty(db, name, storage) {
  await db.createEmptyTable(name, new arrow.Schema([new arrow.Field('id', new arrow.Int32(), false),
    new arrow.Field('title', new arrow.Utf8(), true), new arrow.Field('v', vector(4), true)]),
  {storageOptions: {newTableDataStorageVersion: storage}});
  return {snapshots: [await snapshot(await db.openTable(name))]};
}

/** Refused by name: file versions that are older or newer than what we read. */
export async function refused(db, name, storage) {
  await create(db, name, [ids(5), column('title', new arrow.Utf8(), count(5, (i) => `t${i}`))], storage);
  return {snapshots: []};
}
