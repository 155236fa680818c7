/* interop.mjs -- writes tables with LanceDB and with PostgreSQL, compares every value, counts. */
/*
 * node interop.mjs [pattern]     run by test/interop.sh, which has a server running
 *
 * Each case is one table (or two, with a clone) in $LANCEDB_WORK/interop and its expectation beside it;
 * golden.check() of test/golden.sql attaches it and compares. Tables of one plain version are also copied by
 * PostgreSQL and changed by both (roundtrip.mjs).
 */
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import arrow from './apache-arrow.mjs';
import {list, random, text, vector} from './columns.mjs';
import * as datasets from './datasets.mjs';
import {writeExpectation} from './expectation.mjs';
import {connect, create, snapshot} from './lance.mjs';
import {roundtrip} from './roundtrip.mjs';

const FOLDER = path.join(process.env.LANCEDB_WORK, 'interop');
const STORAGES = ['2.0', '2.1', '2.2'];
const STABLE = {new_table_enable_stable_row_ids: 'true'};
const pattern = new RegExp(process.argv[2] ?? '');
const count = (n, f) => Array.from({length: n}, (_, i) => f(i));

/** A table of n rows with a column of every kind of layout. */
async function sizes(db, name, storage, {rowCount}) {
  const next = random(rowCount);
  const t = await create(db, name, [
    {name: 'id', type: new arrow.Int32(), values: count(rowCount, (i) => i), nullable: false},
    {name: 'wide', type: new arrow.Int64(), values: count(rowCount, () => String(BigInt(next()) * 4294967296n))},
    {name: 'narrow', type: new arrow.Int16(), values: count(rowCount, (i) => (i % 10 === 3 ? null : next() % 100))},
    {name: 'price', type: new arrow.Float64(), values: count(rowCount, (i) => (next() % 3 ? i / 4 : null))},
    {name: 'flag', type: new arrow.Bool(), values: count(rowCount, () => next() % 2 === 0)},
    {name: 'title', type: new arrow.Utf8(), values: count(rowCount, (i) => (i % 50 === 7 ? null : `title ${i}`))},
    {name: 'language', type: new arrow.Utf8(), values: count(rowCount, () => ['de', 'en', 'fr', ''][next() % 4])},
    {name: 'tags', type: list(new arrow.Utf8()), values: count(rowCount, (i) => (i % 9 === 2 ? null : count(i % 3, (k) => `t${k}`)))},
    {name: 'v', type: vector(3), values: count(rowCount, (i) => [i, next() % 100, 0.5])},
  ], storage);
  return {snapshots: [await snapshot(t)]};
}

async function longStrings(db, name, storage) {
  const next = random(23);
  const lengths = [0, 1, 7, 8, 255, 256, 4095, 4096, 8192, 32767, 32768, 65535, 65536, 100000];
  const alphabets = {ascii: undefined, unicode: ['\u00e4', '\u2603', '\u{1F600}', 'z', '\uD55C'], repetitive: 'ab'};
  const t = await create(db, name, [
    {name: 'id', type: new arrow.Int32(), values: count(lengths.length, (i) => i), nullable: false},
    ...Object.entries(alphabets).map(([kind, alphabet]) => ({
      name: kind, type: new arrow.Utf8(), values: lengths.map((n) => text(next, n, alphabet))})),
    {name: 'same', type: new arrow.Utf8(), values: lengths.map((n) => 'x'.repeat(n))},
    {name: 'some_null', type: new arrow.Utf8(), values: lengths.map((n, i) => (i % 3 ? text(next, n) : null))},
    {name: 'bytes', type: new arrow.Binary(), values: lengths.map((n) => text(next, 2 * n, '0123456789abcdef'))},
    {name: 'pieces', type: list(new arrow.Utf8()), values: lengths.map((n) => [text(next, n), null, ''])},
  ], storage);
  return {snapshots: [await snapshot(t)]};
}

const DIMENSIONS = [3, 4, 7, 8, 16, 31, 100, 128, 384, 768, 1024, 1536, 4096];
async function dimensions(db, name, storage) {
  const n = 23;
  const next = random(29);
  const values = (d, nulls) => count(n, (i) => (nulls && i % 4 === 1 ? null : count(d, () => (next() % 2000 - 1000) / 8)));
  const columns = [{name: 'id', type: new arrow.Int32(), values: count(n, (i) => i), nullable: false}];
  for (const d of DIMENSIONS) {
    for (const [kind, item] of [['f32', new arrow.Float32()], ['f16', new arrow.Float16()]]) {
      columns.push({name: `${kind}_${d}`, type: vector(d, item), values: values(d, false)});
      columns.push({name: `${kind}_${d}_null`, type: vector(d, item), values: values(d, true)});
    }
  }
  const t = await create(db, name, columns, storage);
  return {snapshots: [await snapshot(t)]};
}

const cases = [];
for (const storage of STORAGES) {
  const add = (name, maker, options) => cases.push({name: `${name}_${storage.replace('.', '')}`, maker, storage, options});
  add('types', datasets.types, {rowCount: 1300, copied: true});
  for (const rowCount of [0, 1, 1023, 1024, 1025, 100000]) add(`rows_${rowCount}`, sizes, {rowCount, copied: true});
  add('long_strings', longStrings, {copied: true});
  add('strings', datasets.strings, {copied: true});
  add('nested', datasets.nested, {copied: true});
  add('encodings', datasets.encodings, {copied: true});
  add('vectors', datasets.vectors, {copied: true});
  add('dimensions', dimensions, {copied: true});
  add('history', datasets.history);
  add('history_stable', datasets.history, STABLE);
  add('fragments', datasets.fragments, {copied: true});
  add('bitmap_deletions', datasets.bitmap);
  /* not copied: arrow-js cannot make the type of a schema that it was given */
  add('large_list', datasets.largeList);
  add('refs', datasets.refs, {folder: FOLDER});
  if (storage !== '2.2') add('blobs', datasets.blobs);
}

function psql(sql) {
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql],
    {encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe']});
}

let passed = 0;
let failed = 0;
function report(name, differences) {
  if (differences.length === 0) {
    passed++;
    return;
  }
  failed++;
  console.log(`${name}:\n${differences.slice(0, 30).map((l) => `  ${l}`).join('\n')}`);
}

const lines = (text) => text.split('\n').filter((l) => l.trim() !== '');
function compare(name) {
  const file = path.join(FOLDER, `${name}.json`);
  try {
    report(name, lines(psql(`SET timezone = 'UTC'; SELECT golden.check('interop', '${name}', '${file}')`)));
  } catch (e) {
    report(name, lines(e.stderr || e.message));
  }
}

async function compareCopies(name, storage) {
  for (const stable of [false, true]) {
    const title = `${name}, copied${stable ? ' with stable row ids' : ''}`;
    try {
      report(title, await roundtrip(db, FOLDER, {name, storage, stable}, psql));
    } catch (e) {
      report(title, lines(e.stderr || e.stack));
    }
  }
}

fs.mkdirSync(FOLDER, {recursive: true});
psql(`CREATE EXTENSION IF NOT EXISTS lancedb; CREATE SCHEMA roundtrip; CREATE SERVER interop FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '${FOLDER}')`);
const db = await connect(FOLDER);
for (const {name, maker, storage, options} of cases) {
  if (!pattern.test(name)) continue;
  const started = Date.now();
  const {snapshots, clone} = await maker(db, name, storage, options);
  writeExpectation(FOLDER, name, {storage}, snapshots);
  /* LanceDB writes some files for its own user only; the server runs as another */
  execFileSync('chmod', ['-R', 'a+rX', FOLDER]);
  if (clone) writeExpectation(FOLDER, `${name}_clone`, {storage}, clone);
  const written = Date.now();
  for (const made of clone ? [name, `${name}_clone`] : [name]) compare(made);
  if (options?.copied) await compareCopies(name, storage);
  if (process.env.VERBOSE) console.log(`${name}: written in ${written - started} ms, compared in ${Date.now() - written} ms`);
}
console.log(`interop: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
