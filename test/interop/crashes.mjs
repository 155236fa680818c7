/* crashes.mjs -- LanceDB opens what killed sessions left, reads the same rows, and goes on writing. */
/*
 * node crashes.mjs [pattern]     inside test/interop.sh; test/t/crash.pl is run by the server's user and keeps a copy
 * of the tables after every crash, with the rows that PostgreSQL read from them.
 */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import {connect} from './lance.mjs';

const ROOT = path.join(import.meta.dirname, '../..');
const FOLDER = path.join(process.env.LANCEDB_WORK, 'crashes');
const runAs = (process.env.LANCEDB_RUNAS ?? '').split(' ').filter(Boolean);

function run(command, options = {}) {
  const result = spawnSync(command[0], command.slice(1), {encoding: 'utf8', maxBuffer: 1 << 30, ...options});
  if (result.error) throw result.error;
  return result;
}

/** Runs crash.pl where the server's user can read it. */
function crash() {
  fs.mkdirSync(path.join(FOLDER, 'kept'), {recursive: true});
  fs.mkdirSync(path.join(FOLDER, 't'));
  fs.copyFileSync(path.join(ROOT, 'test/t/crash.pl'), path.join(FOLDER, 't/crash.pl'));
  fs.copyFileSync(path.join(ROOT, 'build/crash.so'), path.join(FOLDER, 'crash.so'));
  if (runAs.length > 0) run(['chown', '-R', 'postgres:', FOLDER]);
  const pgxs = path.dirname(run([process.env.PG_CONFIG, '--pgxs']).stdout.trim()); // .../src/makefiles
  const tests = path.join(pgxs, '../test');
  const settings = {
    PATH: process.env.PATH, PERL5LIB: path.join(tests, 'perl'), PG_REGRESS: path.join(tests, 'regress/pg_regress'),
    TESTDATADIR: path.join(FOLDER, 'tmp_check'), TESTLOGDIR: path.join(FOLDER, 'tmp_check/log'), TESTDIR: FOLDER,
    LC_ALL: 'C', LANCEDB_CRASH_KEEP: path.join(FOLDER, 'kept'), LANCEDB_CRASH_ALL: process.env.LANCEDB_CRASH_ALL ?? '',
    LANCEDB_CRASH_ONLY: process.env.LANCEDB_CRASH_ONLY ?? '.',
  };
  const result = run([...runAs, 'env', ...Object.entries(settings).map(([k, v]) => `${k}=${v}`), 'perl', 't/crash.pl'], {cwd: FOLDER});
  const failed = (result.stdout.match(/^not ok .*$/gm) ?? []).length;
  if (failed > 0 || result.status !== 0) throw new Error(`crash.pl: ${failed} failed, status ${result.status}\n${result.stderr.slice(-3000)}`);
}

const plain = (value) => (value === null || value === undefined ? null : typeof value === 'object' ? Array.from(value) : value);

/** Rows in a form that does not depend on who read them; of the columns that PostgreSQL showed. */
function comparable(rows, names) {
  return rows.map((row) => JSON.stringify(names.map((name) => plain(row[name])))).sort();
}

function same(got, wanted, what) {
  const a = JSON.stringify(got), b = JSON.stringify(wanted);
  if (a !== b) throw new Error(`${what}: got ${a.slice(0, 300)}, wanted ${b.slice(0, 300)}`);
}

function check(rows, wanted, what) {
  const names = Object.keys(wanted[0] ?? {});
  same(comparable(rows, names), comparable(wanted, names), what);
}

/** What one crash left: read, written to, compacted and read again. */
async function examine(kept) {
  const expected = JSON.parse(fs.readFileSync(path.join(kept, 'expected.json'), 'utf8'));
  for (const lake of fs.readdirSync(path.join(kept, 'lake'))) {
    const db = await connect(path.join(kept, 'lake', lake));
    for (const [name, wanted] of Object.entries(expected)) {
      const table = await db.openTable(name);
      check(await table.query().limit(1e6).toArray(), wanted, 'rows');
      same(await table.countRows(), wanted.length, 'count');
      if (wanted.length === 0) continue;
      const [first] = wanted;
      await table.delete(`id = ${first.id}`);
      await table.add([{id: -7, word: 'LanceDB', v: [7, 7]}]);
      await table.optimize();
      const mine = Object.fromEntries(Object.keys(first).map((column) => [column, {id: -7, word: 'LanceDB', v: [7, 7]}[column] ?? null]));
      check(await table.query().limit(1e6).toArray(), [...wanted.filter((row) => row.id !== first.id), mine], 'rows after its own changes');
      await table.optimize({cleanupOlderThan: new Date(), deleteUnverified: true});
      const files = fs.readdirSync(path.join(kept, 'lake', lake, `${name}.lance`), {recursive: true});
      same(files.filter((file) => /^(data|_deletions)\/|tmp-/.test(file)).length, 1, `${files.join(' ')}: files after a cleanup`);
    }
  }
  return Object.keys(expected).length;
}

crash();
let passed = 0, failed = 0, tables = 0;
for (const name of fs.readdirSync(path.join(FOLDER, 'kept')).sort()) {
  if (!new RegExp(process.argv[2] ?? '').test(name)) continue;
  try {
    tables += await examine(path.join(FOLDER, 'kept', name));
    passed++;
  } catch (error) {
    failed++;
    console.log(`not ok ${name}: ${error.message}`);
  }
}
fs.rmSync(FOLDER, {recursive: true, force: true});
console.log(`crashes: ${passed} passed, ${failed} failed (${tables} tables)`);
process.exit(failed === 0 && tables > 0 ? 0 : 1);
