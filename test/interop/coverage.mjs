/* coverage.mjs -- psql changes tables that LanceDB indexed, and LanceDB's indexes go on to say the truth. */
/*
 * node coverage.mjs [pattern]     run by test/interop.sh, which has a server running
 *
 * Each change is made twice, by psql and on a copy by LanceDB where it can. What LanceDB then finds with
 * its indexes must be what a scan of all rows gives: each row once. Its statistics must be those of
 * the copy, or better: rows that another index covers do not keep ours from being covered.
 * Once values of a vector index changed in a table with stable row ids, LanceDB's own optimize() puts
 * rows into it a second time (0.37.1, its own updates as well): there only the scalar index is looked at.
 */
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import arrow from './apache-arrow.mjs';
import {table as arrowTable} from './arrow.mjs';
import {vector} from './columns.mjs';
import {connect, create, lancedb} from './lance.mjs';

const FOLDER = path.join(process.env.LANCEDB_WORK, 'coverage');
const pattern = new RegExp(process.argv[2] ?? '');
const range = (first, count) => Array.from({length: count}, (_, i) => first + i);
const vec = (id) => range(0, 8).map((k) => Math.fround(Math.sin(id * 1.7 + k * 0.9) * 10 + id * 0.001));
const sqlVec = (id) => `ARRAY[${vec(id)}]::real[]`;

const batch = (ids) => [
  {name: 'id', type: new arrow.Int64(), values: ids.map(String), nullable: false},
  {name: 'value', type: new arrow.Int64(), values: ids.map((i) => String(i * 10))},
  {name: 'note', type: new arrow.Utf8(), values: ids.map((i) => `n${i}`)},
  {name: 'vec', type: vector(8), values: ids.map(vec)},
];

function psql(...statements) {
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...statements.flatMap((s) => ['-c', s])],
    {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/* LanceDB writes some files for its own user only; the server runs as another, and so does LanceDB */
const share = () => execFileSync('chmod', ['-R', 'a+rwX', FOLDER]);

/** 300 rows that are indexed, 100 more in a second part of the indexes, and 100 that are not. */
async function make(db, name, storage, stable) {
  const t = await create(db, name, batch(range(0, 300)), storage, stable ? {new_table_enable_stable_row_ids: 'true'} : {});
  await t.createIndex('value', {config: lancedb.Index.btree()});
  await t.createIndex('vec', {config: lancedb.Index.ivfFlat({numPartitions: 4})});
  await t.add(arrowTable(batch(range(300, 100))));
  await t.optimize();
  await t.add(arrowTable(batch(range(400, 100))));
  return t;
}

function same(got, wanted, what) {
  const a = JSON.stringify(got), b = JSON.stringify(wanted);
  if (a !== b) throw new Error(`${what}: got ${a.slice(0, 300)}, wanted ${b.slice(0, 300)}`);
}

const byNumber = (a, b) => a - b;
const ids = (rows) => rows.map((r) => Number(r.id));

async function checkVectors(t, all) {
  for (const id of [3, 5, 120, 255, 350, 450, 1003, 1255]) {
    const at = vec(id);
    const far = (row) => Math.fround(Array.from(row.vec).reduce((sum, x, i) => sum + (x - at[i]) ** 2, 0));
    const wanted = all.map((r) => [Number(r.id), far(r)]).sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    for (const search of [(q) => q.nprobes(100), (q) => q.bypassVectorIndex(), (q) => q.nprobes(100).where('id <> 7')]) {
      const found = ids(await search(t.query().nearestTo(at)).limit(10).toArray());
      const expected = wanted.map((w) => w[0]).filter((i) => search.toString().indexOf('where') < 0 || i !== 7).slice(0, 10);
      same(found, expected, `nearest to ${id}`);
    }
    const everything = ids(await t.query().nearestTo(at).nprobes(100).limit(all.length + 100).toArray());
    same(everything.sort(byNumber), ids(all).sort(byNumber), `all by distance to ${id}`);
  }
}

async function checkFilters(t, all) {
  const filters = {
    'value = 50': (v) => v === 50n, 'value = 1050': (v) => v === 1050n, 'value = 2500': (v) => v === 2500n, 'value IN (50, 70, 4500, 5500)': (v) => [50n, 70n, 4500n, 5500n].includes(v),
    'value BETWEEN 0 AND 2600': (v) => v >= 0n && v <= 2600n, 'value > 3900': (v) => v > 3900n, 'NOT (value = 50)': (v) => v !== 50n,
  };
  for (const [filter, test] of Object.entries(filters)) {
    const found = ids(await t.query().where(filter).limit(1e6).toArray()).sort(byNumber);
    same(found, ids(all.filter((r) => test(BigInt(r.value)))).sort(byNumber), filter);
    same(await t.countRows(filter), found.length, `count of ${filter}`);
  }
}

async function check(t, vectors) {
  await t.checkoutLatest();
  const all = await t.query().limit(1e6).toArray();
  same(new Set(ids(all)).size, all.length, 'distinct ids');
  await checkFilters(t, all);
  if (vectors && (await t.schema()).fields.some((f) => f.name === 'vec')) await checkVectors(t, all);
}

async function unindexed(t) {
  const found = {};
  for (const index of await t.listIndices()) found[index.name] = (await t.indexStats(index.name)).numUnindexedRows;
  return found;
}

const some = 'id IN (5, 7, 250, 255, 350)';
const mixed = 'id IN (5, 7, 255, 350, 450)';
const note = (where) => ({psql: (n) => [`UPDATE ${n} SET note = 'x' WHERE ${where}`], lance: (t) => t.update({where, valuesSql: {note: "'x'"}})});
const value = (where) => ({psql: (n) => [`UPDATE ${n} SET value = value + 1000 WHERE ${where}`], lance: (t) => t.update({where, valuesSql: {value: 'value + 1000'}})});
const vectors = (where) => ({
  psql: (n) => range(0, 500).filter((i) => where === 'true' || [5, 7, 250, 255, 350].includes(i)).map((i) => `UPDATE ${n} SET vec = ${sqlVec(i + 1000)} WHERE id = ${i}`),
  movesVectors: true,
});

/* unindexed: of LanceDB's own copy unless said. [with stable row ids, without] */
const cases = {
  append: {psql: (n) => [`INSERT INTO ${n} SELECT id + 500, value + 5000, note, ${sqlVec(777)} FROM ${n} WHERE id = 9`], lance: (t) => t.add(arrowTable(batch([509])))},
  delete: {psql: (n) => [`DELETE FROM ${n} WHERE ${mixed}`], lance: (t) => t.delete(mixed)},
  deleteFragment: {psql: (n) => [`DELETE FROM ${n} WHERE id < 300`], lance: (t) => t.delete('id < 300')},
  truncate: {psql: (n) => [`TRUNCATE ${n}`], lance: (t) => t.delete('true')},
  note: note(some),
  noteOfMixed: {...note(mixed), unindexed: [{value_idx: 100, vec_idx: 100}, {value_idx: 104, vec_idx: 104}]},
  noteOfTail: note('id IN (450, 460)'),
  noteOfAll: {...note('true'), unindexed: [{value_idx: 100, vec_idx: 100}, {value_idx: 500}]},
  value: value(some),
  valueOfMixed: {...value(mixed), unindexed: [{value_idx: 104, vec_idx: 100}, {value_idx: 104, vec_idx: 104}]},
  vectors: {...vectors(some), unindexed: [{value_idx: 100, vec_idx: 105}, {value_idx: 105, vec_idx: 105}]},
  vectorsOfAll: {psql: (n) => [`UPDATE ${n} SET vec = array(SELECT x + 1 FROM unnest(vec) x)`], unindexed: [{value_idx: 100}, {value_idx: 500}]},
  insertAndUpdate: {
    psql: (n) => [`BEGIN; INSERT INTO ${n} VALUES (900, 9000, 'a', ${sqlVec(900)}); UPDATE ${n} SET note = 'b' WHERE ${mixed} OR id = 900;
      INSERT INTO ${n} VALUES (901, 9010, 'c', ${sqlVec(901)}); UPDATE ${n} SET note = 'd' WHERE ${some}; SAVEPOINT s;
      UPDATE ${n} SET value = 1 WHERE id < 100; ROLLBACK TO s; COMMIT`],
    /* what a savepoint takes back counts as a change of the rows that it shared a fragment with */
    unindexed: [{value_idx: 107, vec_idx: 102}, {value_idx: 107, vec_idx: 107}],
  },
  trigger: {
    psql: (n) => [`CREATE OR REPLACE FUNCTION coverage.more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF new.id = 7 THEN new.value = new.value + 1; END IF; RETURN new; END'`,
      `CREATE TRIGGER more BEFORE UPDATE ON ${n} FOR EACH ROW EXECUTE FUNCTION coverage.more()`, `UPDATE ${n} SET note = 'x' WHERE ${some}`],
    unindexed: [{value_idx: 105, vec_idx: 100}, {value_idx: 105, vec_idx: 105}],
  },
  rename: {psql: (n) => [`ALTER FOREIGN TABLE ${n} RENAME note TO remark`], lance: (t) => t.alterColumns([{path: 'note', rename: 'remark'}])},
  dropColumn: {psql: (n) => [`ALTER FOREIGN TABLE ${n} DROP vec`], lance: (t) => t.dropColumns(['vec'])},
  alterType: {psql: (n) => [`ALTER FOREIGN TABLE ${n} ALTER value TYPE integer`], unindexed: [{vec_idx: 100}, {vec_idx: 100}]},
  restore: {psql: (n) => [`UPDATE ${n} SET value = 0`, `SELECT lancedb.restore('${n}', 6)`], unindexed: [{value_idx: 100, vec_idx: 100}, {value_idx: 100, vec_idx: 100}]},
};

async function run(db, name, change, storage, stable) {
  const t = await make(db, name, storage, stable);
  share();
  psql(`IMPORT FOREIGN SCHEMA public LIMIT TO (${name}) FROM SERVER coverage INTO coverage`, ...change.psql(`coverage.${name}`));
  await check(t, true);
  let wanted = change.unindexed?.[stable ? 0 : 1];
  if (wanted === undefined) {
    const copy = await make(db, `${name}_lance`, storage, stable);
    await change.lance(copy);
    wanted = await unindexed(copy);
  }
  const sorted = (stats) => Object.entries(stats).sort();
  same(sorted(await unindexed(t)), sorted(wanted), 'rows that are not indexed');
  await t.optimize();
  share();
  await check(t, !(change.movesVectors && stable));
  same(Object.values(await unindexed(t)).every((count) => count === 0), true, 'all is indexed');
}

let passed = 0;
let failed = 0;
fs.mkdirSync(FOLDER, {recursive: true});
share();
psql('CREATE EXTENSION IF NOT EXISTS lancedb', 'CREATE SCHEMA coverage',
  `CREATE SERVER coverage FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '${FOLDER}')`);
const db = await connect(FOLDER);
for (const [name, change] of Object.entries(cases)) {
  for (const [storage, stable] of [['2.0', true], ['2.1', true], ['2.1', false], ['2.2', true]]) {
    const title = `${name.toLowerCase()}_${storage.replace('.', '')}_${stable ? 'stable' : 'plain'}`;
    if (!pattern.test(title)) continue;
    try {
      await run(db, title, change, storage, stable);
      passed++;
    } catch (error) {
      failed++;
      console.log(`not ok - ${title}: ${error.stderr || error.message}`);
    }
  }
}
console.log(`indexes of LanceDB below psql: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
