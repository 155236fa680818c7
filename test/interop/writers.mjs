/* writers.mjs -- LanceDB adds, updates, deletes and compacts beside sessions of PostgreSQL; neither side loses a row. */
/*
 * node writers.mjs     inside test/interop.sh. The sessions are those of test/t/model.pl, which compares every row of theirs
 * with a heap table and allows no error but 40001 and 40P01. Rows of LanceDB have the owner 99.
 */
import {spawn, execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import {connect} from './lance.mjs';

const ROOT = path.join(import.meta.dirname, '../..');
const OWNER = 99;
const MODEL = fs.readFileSync(path.join(ROOT, 'test/t/model.pl'));

/** LanceDB makes files that only their owner can read, so from here on this is a process of the server's user. */
function becomeServerUser() {
  const user = process.env.LANCEDB_RUNAS?.match(/-u (\S+)/)?.[1];
  process.chdir(os.tmpdir());
  if (!user) return;
  process.initgroups(user, user);
  process.setgid(user);
  process.setuid(user);
}

let passed = 0, failed = 0;
function report(good, what) {
  if (good) passed++;
  else failed++;
  if (!good) console.log(`not ok ${what}`);
}

function modelTest(folder, sessions) {
  const child = spawn('perl', ['-'], {env: {...process.env, LANCEDB_MODEL_URI: folder, LANCEDB_MODEL_SESSIONS: String(sessions)}});
  child.stdin.end(MODEL);
  const run = {output: '', done: false};
  child.stdout.on('data', (text) => (run.output += text));
  child.stderr.on('data', (text) => (run.output += text));
  run.ended = new Promise((resolve) => child.on('close', (status) => { run.done = true; resolve(status); }));
  return run;
}

function isTable(folder) {
  const versions = path.join(folder, '_versions');
  return fs.existsSync(versions) && fs.readdirSync(versions).some((name) => name.endsWith('.manifest'));
}

async function openWhenMade(folder, run) {
  const db = await connect(folder);
  for (;;) {
    const [made] = fs.readdirSync(folder).filter((name) => isTable(path.join(folder, name)));
    if (made) return db.openTable(made.replace(/\.lance$/, ''));
    if (run.done) throw new Error(`no table was made\n${run.output.slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const row = ([id, price]) => ({id, owner: OWNER, word: `l${id}`, price, tags: ['lance', null], v: [id, -id, 0.5]});

/** One change of LanceDB, and of what it should have afterwards (prices by id). Gives what it says when it gives up. */
async function change(table, mine, turn) {
  await table.checkoutLatest();
  try {
    if (turn % 8 === 7) {
      await table.optimize();
    } else if (turn % 8 === 4) {
      const changed = [...mine.keys()].filter((id) => id % 4 === turn % 3);
      await table.update({where: `owner = ${OWNER} AND id % 4 = ${turn % 3}`, valuesSql: {price: 'price + 1'}});
      changed.forEach((id) => mine.set(id, mine.get(id) + 1));
    } else if (turn % 3 === 2) {
      const gone = [...mine.keys()].filter((id) => id % 5 === turn % 5);
      await table.delete(`owner = ${OWNER} AND id % 5 = ${turn % 5}`);
      gone.forEach((id) => mine.delete(id));
    } else {
      const ids = Array.from({length: 1 + (turn % 7)}, (_, i) => [turn * 10 + i, i / 4]);
      await table.add(ids.map(row));
      ids.forEach(([id, price]) => mine.set(id, price));
    }
    return null;
  } catch (error) {
    if (!/conflict|concurrent|retry/i.test(error.message)) throw error;
    return error.message;
  }
}

async function readMine(table) {
  await table.checkoutLatest();
  return (await table.query().where(`owner = ${OWNER}`).limit(1e6).toArray())
    .map((r) => JSON.stringify([r.id, r.word, r.price, [...r.tags], [...r.v]])).sort();
}

const wanted = (mine) => [...mine].map(row).map((r) => JSON.stringify([r.id, r.word, r.price, r.tags, r.v])).sort();

async function play(sessions) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lancedb-writers-'));
  const run = modelTest(folder, sessions);
  const table = await openWhenMade(folder, run);
  const mine = new Map();
  const gaveUp = [];
  let turn = 0;
  for (; !run.done; turn++) {
    const message = await change(table, mine, turn);
    if (message) gaveUp.push(message);
    const now = await readMine(table);
    if (JSON.stringify(now) !== JSON.stringify(wanted(mine))) {
      report(false, `${sessions} sessions: LanceDB has ${now.length} rows of ${mine.size} after turn ${turn}`);
      break;
    }
  }
  const status = await run.ended;
  const counts = {ok: (run.output.match(/^ok /gm) ?? []).length, bad: (run.output.match(/^not ok /gm) ?? []).length};
  report(status === 0 && counts.ok > 3, `${sessions} sessions: ${counts.bad} of theirs failed\n${run.output.slice(-3000)}`);
  report(turn > 5, `${sessions} sessions: LanceDB had ${turn} turns`);
  const end = await readMine(table);
  report(JSON.stringify(end) === JSON.stringify(wanted(mine)), `${sessions} sessions: rows of LanceDB in the end`);
  const seen = execFileSync('psql', ['-XAtq', '-c', `SELECT json_build_array(id, word, price, tags, v) FROM model.l WHERE owner = ${OWNER}`], {encoding: 'utf8'});
  const theirs = seen.split('\n').filter(Boolean).map((line) => JSON.stringify(JSON.parse(line))).sort();
  report(JSON.stringify(theirs) === JSON.stringify(end), `${sessions} sessions: PostgreSQL reads them, too`);
  const open = execFileSync('psql', ['-XAtq', '-c', 'SELECT count(*) FROM lancedb.unresolved'], {encoding: 'utf8'});
  report(open === '0\n', `${sessions} sessions: nothing is unresolved`);
  const versions = await table.version();
  const errors = run.output.match(/^# .*: (\d+) errors, all allowed/m)?.[1];
  console.log(`writers: ${sessions} sessions, ${turn} turns of LanceDB (${gaveUp.length} given up), ${versions} versions, ${errors} errors of sessions`);
  execFileSync('psql', ['-Xq', '-c', 'SET client_min_messages = warning', '-c', 'DROP SERVER model CASCADE', '-c', 'DROP SCHEMA model CASCADE']);
  fs.rmSync(folder, {recursive: true, force: true});
}

becomeServerUser();
for (const sessions of [2, 4]) await play(sessions);
console.log(`writers: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
