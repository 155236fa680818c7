/* updates.mjs -- psql changes rows of LanceDB's tables, and LanceDB goes on with what it finds. */
/*
 * node updates.mjs [pattern]     run by test/interop.sh, which has a server running and golden.sql loaded
 *
 * Copies of the golden datasets. UPDATE SET id = id replaces rows and changes no value, so LanceDB must
 * read what it read before: nanoseconds, NaN in vectors, columns that the foreign table does not have.
 * Then LanceDB deletes, updates and compacts on top, and psql must read what LanceDB reads.
 */
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {rows} from './arrow.mjs';
import {writeExpectation} from './expectation.mjs';
import {connect, snapshot} from './lance.mjs';

const GOLDEN = path.join(import.meta.dirname, '../data');
const FOLDER = path.join(process.env.LANCEDB_WORK, 'updates');
const pattern = new RegExp(process.argv[2] ?? '');

const TABLES = ['20', '21', '22'].flatMap((v) => [`types_${v}`, `strings_${v}`, `nested_${v}`, `vectors_${v}`, `encodings_${v}`])
  .concat(['history', 'history_20', 'history_stable', 'fragments', 'bitmap_deletions', 'filters']);
/* LanceDB cannot write again what has nulls in a dictionary, its own tables neither, nor filter encodings_22 */
const CANNOT_REWRITE = /^(types|encodings)_2[12]$/;

function psql(...statements) {
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...statements.flatMap((s) => ['-c', s])],
    {encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/* LanceDB writes some files for its own user only; the server runs as another, and so does LanceDB */
const share = () => execFileSync('chmod', ['-R', 'a+rwX', FOLDER]);

const everything = async (t) => rows(await t.query().limit(10000000).toArrow()).map((r) => JSON.stringify(r)).sort();
async function rowIds(t) {
  const found = rows(await t.query().withRowId().limit(10000000).toArrow());
  return found.map((r) => `${r.at(-1)} ${JSON.stringify(r[0])}`).sort();
}

function same(wanted, got, what) {
  const before = new Set(wanted);
  const strange = got.find((r) => !before.has(r));
  if (strange !== undefined || wanted.length !== got.length) {
    throw new Error(`${what}: ${wanted.length} rows before, ${got.length} now, such as ${(strange ?? '').slice(0, 300)}`);
  }
}

async function check(db, name) {
  fs.cpSync(path.join(GOLDEN, `${name}.lance`), path.join(FOLDER, `${name}.lance`), {recursive: true});
  share();
  const t = await db.openTable(name);
  const before = await everything(t);
  const ids = await rowIds(t);
  psql(`IMPORT FOREIGN SCHEMA public LIMIT TO (${name}) FROM SERVER updates INTO updates`,
    `CREATE FOREIGN TABLE updates.narrow_${name} (id bigint) SERVER updates OPTIONS ("table" '${name}')`,
    `UPDATE updates.${name} SET id = id WHERE id % 3 = 0`,
    `UPDATE updates.narrow_${name} SET id = id WHERE id % 5 = 0`);
  await t.checkoutLatest();
  same(before, await everything(t), 'after UPDATE');
  if (/stable/.test(name)) same(ids, await rowIds(t), 'row ids after UPDATE');

  await t.delete('id % 7 = 0');
  if (!CANNOT_REWRITE.test(name)) {
    await t.update({where: 'id % 4 = 1', valuesSql: {id: 'id + 100000'}});
    await t.optimize();
  }
  share();
  psql(`DELETE FROM updates.${name} WHERE id % 11 = 0`);
  await t.checkoutLatest();
  share();
  writeExpectation(FOLDER, name, {}, [await snapshot(t)]);
  const differences = psql(`SET timezone = 'UTC'; SELECT golden.check('updates', '${name}', '${path.join(FOLDER, `${name}.json`)}')`);
  if (differences !== '') throw new Error(differences);
}

let passed = 0;
let failed = 0;
fs.mkdirSync(FOLDER, {recursive: true});
share();
psql('CREATE EXTENSION IF NOT EXISTS lancedb', 'CREATE SCHEMA updates',
  `CREATE SERVER updates FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '${FOLDER}')`);
const db = await connect(FOLDER);
for (const name of TABLES) {
  if (!pattern.test(name)) continue;
  try {
    await check(db, name);
    passed++;
  } catch (error) {
    failed++;
    console.log(`not ok - ${name}: ${error.stderr || error.message}`);
  }
}
console.log(`updates below LanceDB: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
