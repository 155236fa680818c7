/* commits.mjs -- LanceDB and the core commit over one another; nothing may be lost on either side. */
/*
 * node commits.mjs [pattern]     LDB_COMMIT names the program of test/commit; no server is needed
 *
 * Every table has the columns id, value (ten times the id, plus what updates added) and vec, which
 * follows from the id, so each row that is read proves itself.
 */
import {execFile, execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import arrow from './apache-arrow.mjs';
import {vector} from './columns.mjs';
import {connect, create, lancedb} from './lance.mjs';
import {table as arrowTable} from './arrow.mjs';

const PROGRAM = process.env.LDB_COMMIT ?? path.join(import.meta.dirname, '../../build/ldb_commit');
const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), 'lancedb-commits-'));
const pattern = new RegExp(process.argv[2] ?? '');
const range = (first, count) => Array.from({length: count}, (_, i) => first + i);
const vec = (id) => range(0, 8).map((k) => (id * 7 + k * 13) % 101);

/** Our side. Gives what the program printed; throws with its message. */
function ours(name, ...words) {
  return execFileSync(PROGRAM, [FOLDER, `${name}.lance`, ...words.map(String)], {encoding: 'utf8', stdio: 'pipe'}).trim();
}

function conflicts(name, ...words) {
  try {
    ours(name, ...words);
  } catch (error) {
    if (error.status === 3) return error.stderr.trim();
    throw error;
  }
  throw new Error(`${words.join(' ')} went through`);
}

const columns = (ids, add = 0) => [
  {name: 'id', type: new arrow.Int64(), values: ids.map(String), nullable: false},
  {name: 'value', type: new arrow.Int64(), values: ids.map((i) => String(i * 10 + add))},
  {name: 'vec', type: vector(8), values: ids.map(vec)},
];

const theirs = (db, name, ids, storage, stable) =>
  create(db, name, columns(ids), storage, stable ? {new_table_enable_stable_row_ids: 'true'} : {});
const batch = (ids, add) => arrowTable(columns(ids, add));

function same(got, wanted, what) {
  const a = JSON.stringify(got), b = JSON.stringify(wanted);
  if (a !== b) throw new Error(`${what}: got ${a.slice(0, 300)}, wanted ${b.slice(0, 300)}`);
}

/** All rows as LanceDB reads them, by id: {id: value}. */
async function read(t, value = 'value') {
  const result = await t.query().limit(1e7).toArrow();
  const got = {};
  for (const row of result) {
    const id = Number(row.id);
    if (id in got) throw new Error(`id ${id} is there twice`);
    got[id] = row[value] === null || row[value] === undefined ? null : Number(row[value]);
    if (row.vec) same(Array.from(row.vec), vec(id), `vector of ${id}`);
  }
  return got;
}

/** The table, freshly opened, has these ids (ranges [first, count]) and their values. */
async function check(db, name, ranges, {add = {}, value = 'value'} = {}) {
  const t = await db.openTable(name);
  const wanted = {};
  for (const id of ranges.flatMap(([first, count]) => range(first, count))) wanted[id] = id * 10 + (add[id] ?? 0);
  same(await read(t, value), wanted, name);
  same(await t.countRows(), Object.keys(wanted).length, `${name}: count`);
  return t;
}

/** Filters and searches with indices find what those without find. */
async function checkIndices(t, values, {used = true} = {}) {
  for (const [id, value] of values) {
    const found = await t.query().where(`value = ${value}`).select(['id']).toArray();
    same(found.map((r) => Number(r.id)), id === null ? [] : [id], `value = ${value}`);
  }
  for (const id of [3, 120, 290]) {
    const exact = await t.query().nearestTo(vec(id)).bypassVectorIndex().limit(5).toArray();
    const plan = await t.query().nearestTo(vec(id)).limit(5).explainPlan(true);
    if (used && !/ANN/.test(plan)) throw new Error(`the vector index is not used: ${plan}`);
    const indexed = await t.query().nearestTo(vec(id)).nprobes(100).refineFactor(50).limit(5).toArray();
    same(indexed.map((r) => r._distance), exact.map((r) => r._distance), `nearest to ${id}`);
  }
}

const cases = {
  async createdByUs(db, name, storage, stable) {
    ours(name, 'create', storage, stable ? 'stable' : 'plain', 0, 20);
    let t = await check(db, name, [[0, 20]]);
    await t.add(batch(range(20, 5)));
    ours(name, 'append', 25, 5);
    t = await check(db, name, [[0, 30]]);
    await t.delete('id < 3');
    ours(name, 'delete', 28, 30);
    t = await check(db, name, [[3, 25]]);
    await t.update({where: 'id = 4', valuesSql: {value: 'value + 1'}});
    ours(name, 'update', 5, 7, 2);
    await check(db, name, [[3, 25]], {add: {4: 1, 5: 2, 6: 2}});
    t = await db.openTable(name);
    await t.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(batch([6, 7, 50], 3));
    await check(db, name, [[3, 25], [50, 1]], {add: {4: 1, 5: 2, 6: 3, 7: 3, 50: 3}});
    await t.optimize();
    ours(name, 'delete', 10, 12);
    await check(db, name, [[3, 7], [12, 16], [50, 1]], {add: {4: 1, 5: 2, 6: 3, 7: 3, 50: 3}});
    t = await db.openTable(name);
    await t.createIndex('value', {config: lancedb.Index.btree()});
    ours(name, 'update', 12, 14, 5);
    t = await db.openTable(name);
    await t.optimize();
    await check(db, name, [[3, 7], [12, 16], [50, 1]], {add: {4: 1, 5: 2, 6: 3, 7: 3, 12: 5, 13: 5, 50: 3}});
    await t.checkoutLatest();
    same((await t.query().where('value = 125').toArray()).length, 1, 'value = 125');
  },

  async emptyTable(db, name, storage, stable) {
    ours(name, 'create', storage, stable ? 'stable' : 'plain', 0, 0);
    const t = await check(db, name, []);
    await t.add(batch([1, 2]));
    ours(name, 'append', 3, 1);
    await check(db, name, [[1, 3]]);
    ours(name, 'delete', 0, 100);
    await check(db, name, []);
    await (await db.openTable(name)).add(batch([7]));
    ours(name, 'append', 8, 1);
    await check(db, name, [[7, 2]]);
  },

  async columnsChange(db, name, storage, stable) {
    await theirs(db, name, range(0, 10), storage, stable);
    ours(name, 'rename', 'value', 'price');
    await check(db, name, [[0, 10]], {value: 'price'});
    let t = await db.openTable(name);
    await t.addColumns([{name: 'twice', valueSql: 'price * 2'}]);
    ours(name, 'addnull', 'nothing');
    ours(name, 'add', 'seven');
    t = await check(db, name, [[0, 10]], {value: 'price'});
    const rows = await t.query().select(['id', 'twice', 'nothing', 'seven']).toArray();
    same(rows.map((r) => [Number(r.id), Number(r.twice), r.nothing, Number(r.seven)]),
      range(0, 10).map((i) => [i, i * 20, null, 7]), 'columns');
    ours(name, 'drop', 'vec');
    ours(name, 'drop', 'seven');
    t = await db.openTable(name);
    same(t.schema ? (await t.schema()).fields.map((f) => f.name) : [], ['id', 'price', 'twice', 'nothing'], 'schema');
    await t.dropColumns(['nothing']);
    ours(name, 'append', 10, 2);
    t = await db.openTable(name);
    same((await t.query().toArray()).map((r) => Number(r.id)), range(0, 12), 'ids');
    await t.optimize();
    same((await t.query().toArray()).map((r) => Number(r.price)), range(0, 12).map((i) => i * 10), 'prices');
  },

  async rowIds(db, name, storage, stable) {
    await theirs(db, name, range(0, 10), storage, stable);
    const ids = async (where) => (await (await db.openTable(name)).query().where(where).withRowId().toArray())
      .map((r) => Number(r._rowid));
    ours(name, 'append', 10, 5);
    const before = await ids('id >= 5');
    ours(name, 'update', 5, 15, 1);
    const after = await ids('id >= 5');
    same(before.length, 10, 'rows');
    if (stable) same(after.toSorted(), before.toSorted(), 'row ids');
    const t = await db.openTable(name);
    await t.add(batch([20, 21]));
    await t.optimize();
    same(new Set(await ids('id >= 0')).size, 17, 'row ids are different');
    await check(db, name, [[0, 15], [20, 2]], {add: Object.fromEntries(range(5, 10).map((i) => [i, 1]))});
  },

  async versions(db, name, storage, stable) {
    await theirs(db, name, range(0, 10), storage, stable);
    ours(name, 'delete', 0, 5);
    ours(name, 'append', 20, 5);
    ours(name, 'tag', 2, 'five');
    ours(name, 'restore', 1);
    await check(db, name, [[0, 10]]);
    let t = await db.openTable(name);
    await t.add(batch([30]));
    await t.checkout('five');
    same(Object.keys(await read(t)).length, 5, 'tag');
    await t.checkout(3);
    same(Object.keys(await read(t)).length, 10, 'version 3');
    await t.checkoutLatest();
    ours(name, 'update', 1, 2, 1);
    same(ours(name, 'withdraw', 5), '7 1 0', 'withdraw');
    await check(db, name, [[0, 10]], {add: {1: 1}});
    await t.checkout(3);
    await t.restore();
    await check(db, name, [[5, 5], [20, 5]]);
    ours(name, 'append', 40, 1);
    await check(db, name, [[5, 5], [20, 5], [40, 1]]);
    ours(name, 'remove');
    same(await db.tableNames().then((names) => names.includes(name)), false, 'removed');
    same(fs.existsSync(path.join(FOLDER, `${name}.lance`)), false, 'folder');
  },

  async withdrawAfterCompaction(db, name, storage, stable) {
    await theirs(db, name, range(0, 10), storage, stable);
    ours(name, 'append', 10, 10);
    ours(name, 'delete', 4, 6);
    ours(name, 'delete', 15, 17);
    const t = await db.openTable(name);
    await t.add(batch([90]));
    await t.optimize();
    same(ours(name, 'withdraw', 2).split(' ').slice(1), ['8', '0'], 'withdraw');
    await check(db, name, [[0, 4], [6, 4], [90, 1]]);
  },

  async withIndices(db, name, storage, stable) {
    const t = await theirs(db, name, range(0, 300), storage, stable);
    await t.createIndex('value', {config: lancedb.Index.btree()});
    await t.createIndex('id', {config: lancedb.Index.btree()});
    await t.createIndex('vec', {config: lancedb.Index.ivfFlat({numPartitions: 4})});
    ours(name, 'append', 300, 50);
    let u = await db.openTable(name);
    same((await u.listIndices()).length, 3, 'indices');
    await checkIndices(u, [[310, 3100], [7, 70], [null, 71]]);
    ours(name, 'update', 5, 8, 1);
    u = await db.openTable(name);
    await checkIndices(u, [[7, 71], [null, 70], [6, 61], [9, 90]]);
    ours(name, 'delete', 100, 130);
    u = await db.openTable(name);
    await checkIndices(u, [[null, 1000], [null, 1200], [130, 1300], [7, 71]]);
    await u.optimize();
    await u.checkoutLatest();
    await checkIndices(u, [[7, 71], [null, 70], [310, 3100], [null, 1200]]);
    ours(name, 'update', 200, 210, 3);
    ours(name, 'rename', 'id', 'id');
    u = await db.openTable(name);
    await checkIndices(u, [[205, 2053], [null, 2050]]);
    await u.update({where: 'id = 205', valuesSql: {value: 'value + 1'}});
    await checkIndices(u, [[205, 2054], [null, 2053]]);
    ours(name, 'drop', 'vec');
    u = await db.openTable(name);
    same((await u.listIndices()).map((i) => i.columns[0]).sort(), ['id', 'value'], 'indices left');
    same((await u.query().where('value = 2054').toArray()).map((r) => Number(r.id)), [205], 'after drop');
    ours(name, 'delete', 0, 1000);
    u = await db.openTable(name);
    same(await u.countRows(), 0, 'all gone');
    await u.add(arrowTable(columns([5]).slice(0, 2)));
    same((await u.query().where('value = 50').toArray()).map((r) => Number(r.id)), [5], 'row after all');
    await u.optimize();
    same((await u.query().where('value = 50').toArray()).map((r) => Number(r.id)), [5], 'row after optimize');
  },

  async emptiedWithVectorIndex(db, name, storage, stable) {
    const t = await theirs(db, name, range(0, 300), storage, stable);
    await t.createIndex('vec', {config: lancedb.Index.ivfFlat({numPartitions: 4})});
    ours(name, 'delete', 0, 1000);
    let u = await db.openTable(name);
    same((await u.query().nearestTo(vec(3)).limit(5).toArray()).length, 0, 'nothing is near');
    await u.add(batch(range(0, 400)));
    u = await db.openTable(name);
    await checkIndices(u, [], {used: false});
    await u.optimize();
    await checkIndices(await db.openTable(name), [], {used: false});
    ours(name, 'restore', 1);
    await check(db, name, [[0, 300]]);
    same((await (await db.openTable(name)).listIndices()).length, 0, 'no index in version 1');
    ours(name, 'restore', 2);
    await checkIndices(await db.openTable(name), []);
    await check(db, name, [[0, 300]]);
  },

  /** A handle of theirs that is older than our commit. */
  async theirsOverOurs(db, name, storage, stable) {
    await theirs(db, name, range(0, 100), storage, stable);
    const stale = async () => db.openTable(name);
    let t = await stale();
    ours(name, 'append', 100, 10);
    await t.add(batch(range(110, 5)));
    await check(db, name, [[0, 115]]);
    t = await stale();
    ours(name, 'delete', 0, 5);
    await t.delete('id >= 5 and id < 10');
    await check(db, name, [[10, 105]]);
    t = await stale();
    ours(name, 'delete', 10, 15);
    await t.delete('id >= 10 and id < 20');
    await check(db, name, [[20, 95]]);
    t = await stale();
    ours(name, 'update', 20, 22, 1);
    await t.update({where: 'id >= 20 and id < 24', valuesSql: {value: 'value + 2'}});
    const add = {20: 3, 21: 3, 22: 2, 23: 2};
    await check(db, name, [[20, 95]], {add});
    t = await stale();
    ours(name, 'update', 30, 31, 7);
    await t.createIndex('value', {config: lancedb.Index.btree()});
    await check(db, name, [[20, 95]], {add: {...add, 30: 7}});
    same((await (await stale()).query().where('value = 307').toArray()).length, 1, 'value = 307');
    same((await (await stale()).query().where('value = 300').toArray()).length, 0, 'value = 300');
    t = await stale();
    ours(name, 'addnull', 'extra');
    await t.add(batch([200]));
    await check(db, name, [[20, 95], [200, 1]], {add: {...add, 30: 7}});
    t = await stale();
    ours(name, 'rename', 'extra', 'more');
    await t.add(batch([201]));
    await check(db, name, [[20, 95], [200, 2]], {add: {...add, 30: 7}});
    t = await stale();
    ours(name, 'append', 202, 1);
    await t.optimize();
    await check(db, name, [[20, 95], [200, 3]], {add: {...add, 30: 7}});
  },

  /** Our change has an older base than their commit. */
  async oursOverTheirs(db, name, storage, stable) {
    const t = await theirs(db, name, range(0, 100), storage, stable);
    await t.add(batch(range(100, 10)));
    ours(name, '@1', 'append', 110, 5);
    await check(db, name, [[0, 115]]);
    let base = await t.version().then(async () => { await t.checkoutLatest(); return t.version(); });
    await t.delete('id < 5');
    ours(name, `@${base}`, 'delete', 5, 10);
    await check(db, name, [[10, 105]]);
    const latest = async () => { await t.checkoutLatest(); return t.version(); };
    base = await latest();
    await t.delete('id < 12');
    conflicts(name, `@${base}`, 'delete', 11, 20);
    conflicts(name, `@${base}`, 'update', 11, 20, 1);
    ours(name, `@${base}`, 'update', 12, 14, 1);
    await check(db, name, [[12, 103]], {add: {12: 1, 13: 1}});
    base = await latest();
    await t.update({where: 'id = 14', valuesSql: {value: 'value + 1'}});
    conflicts(name, `@${base}`, 'delete', 14, 15);
    ours(name, `@${base}`, 'update', 15, 16, 2);
    await check(db, name, [[12, 103]], {add: {12: 1, 13: 1, 14: 1, 15: 2}});
    base = await latest();
    await t.optimize();
    conflicts(name, `@${base}`, 'delete', 20, 30);
    ours(name, `@${base}`, 'append', 200, 2);
    base = await latest();
    await t.createIndex('value', {config: lancedb.Index.btree()});
    ours(name, `@${base}`, 'delete', 20, 30);
    ours(name, `@${base}`, 'rename', 'vec', 'vec2');
    conflicts(name, `@${base}`, 'add', 'seven');
    base = await latest();
    await t.addColumns([{name: 'twice', valueSql: 'value * 2'}]);
    conflicts(name, `@${base}`, 'delete', 30, 31);
    conflicts(name, `@${base}`, 'rename', 'vec2', 'vec');
    ours(name, `@${base}`, 'append', 300, 1);
    await check(db, name, [[12, 8], [30, 85], [200, 2], [300, 1]], {add: {12: 1, 13: 1, 14: 1, 15: 2}});
    base = await latest();
    await t.checkout(2);
    await t.restore();
    for (const words of [['append', 1, 1], ['delete', 30, 31], ['rename', 'vec2', 'vec'], ['addnull', 'x']])
      conflicts(name, `@${base}`, ...words);
    await check(db, name, [[0, 110]]);
    base = await latest();
    await db.createTable(name, batch(range(500, 5)), {mode: 'overwrite'});
    conflicts(name, `@${base}`, 'append', 1, 1);
    conflicts(name, `@${base}`, 'delete', 1, 2);
    await check(db, name, [[500, 5]]);
  },

  /** Everybody at once: all that was acknowledged is there. */
  async atTheSameTime(db, name, storage, stable) {
    await theirs(db, name, range(0, 1000), storage, stable);
    const appended = [], deleted = [];
    const run = (...words) => new Promise((resolve, reject) => {
      execFile(PROGRAM, [FOLDER, `${name}.lance`, ...words.map(String)], (error, out, complaint) => {
        if (error && error.code !== 3) reject(new Error(complaint));
        else resolve(!error);
      });
    });
    await Promise.all([
      (async () => {
        for (let i = 0; i < 25; i++)
          if (await run('append', 2000 + i * 10, 10)) appended.push([2000 + i * 10, 10]);
      })(),
      (async () => {
        for (let i = 0; i < 20; i++) {
          for (;;) if (await run('delete', i * 10, i * 10 + 5)) break;
          deleted.push([i * 10, 5]);
        }
      })(),
      (async () => {
        const t = await db.openTable(name);
        for (let i = 0; i < 25; i++) {
          await t.add(batch(range(5000 + i * 10, 10)));
          appended.push([5000 + i * 10, 10]);
        }
      })(),
      (async () => {
        for (let i = 0; i < 15; i++) {
          const t = await db.openTable(name);
          await t.delete(`id >= ${500 + i * 10} and id < ${505 + i * 10}`);
          deleted.push([500 + i * 10, 5]);
        }
      })(),
      (async () => {
        for (let i = 0; i < 4; i++) {
          try {
            await (await db.openTable(name)).optimize();
          } catch (error) {
            if (!/conflict/i.test(error.message)) throw error;
          }
        }
      })(),
    ]);
    const gone = new Set(deleted.flatMap(([first, count]) => range(first, count)));
    const left = range(0, 1000).filter((i) => !gone.has(i)).map((i) => [i, 1]);
    same(appended.length, 50, 'appends');
    await check(db, name, [...left, ...appended]);
  },
};

const db = await connect(FOLDER);
let passed = 0, failed = 0;
try {
  for (const [what, run] of Object.entries(cases)) {
    for (const storage of ['2.0', '2.1', '2.2']) {
      for (const stable of [false, true]) {
        const name = `${what}_${storage.replace('.', '')}_${stable ? 'stable' : 'plain'}`;
        if (!pattern.test(name)) continue;
        try {
          await run(db, name, storage, stable);
          passed++;
        } catch (error) {
          failed++;
          console.log(`not ok - ${name}: ${error.stack}\n${error.stderr ?? ''}`);
        }
      }
    }
  }
} finally {
  fs.rmSync(FOLDER, {recursive: true, force: true});
}
console.log(`commits beside LanceDB: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
