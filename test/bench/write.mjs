/* write.mjs -- times writing: PostgreSQL through psql, LanceDB in this process; run by write.sh. */
/*
 * node write.mjs FOLDER [PATTERN]      FOLDER holds the tables of bench.mjs; only works that match PATTERN
 */
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import arrow from '../interop/apache-arrow.mjs';
import {batch, connect} from '../interop/lance.mjs';

const [source, wanted = ''] = process.argv.slice(2);
const pattern = new RegExp(wanted);
const work = process.env.LANCEDB_WORK;
const ours = path.join(work, 'written');
const theirs = path.join(work, 'peer');
for (const folder of [ours, theirs]) {
  fs.mkdirSync(folder);
  fs.chmodSync(folder, 0o777);
}

function psql(sql) {
  return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'],
    {input: sql, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'inherit']}).trim();
}

/* The sum of what psql's \timing says of the statements after it. */
function timed(sql) {
  return psql(`\\timing on\n${sql}`).split('\n').map((l) => /^Time: ([\d.]+) ms/.exec(l)).filter(Boolean)
    .reduce((sum, m) => sum + Number(m[1]), 0);
}

async function clock(f) {
  const started = process.hrtime.bigint();
  await f();
  return Number(process.hrtime.bigint() - started) / 1e6;
}

const bytes = (folder) => Number(execFileSync('du', ['-sb', folder], {encoding: 'utf8'}).split('\t')[0]);
const out = [];
function report(name, {lancedb, heap, peer}, unit = 'ms') {
  const show = (x) => (x === undefined ? '-' : typeof x === 'number' ? x.toFixed(x < 100 ? 1 : 0) : x);
  out.push(`| ${name} | ${show(lancedb)} | ${show(heap)} | ${show(peer)} | ${unit} |`);
  console.error(out.at(-1));
}

psql(`CREATE EXTENSION lancedb;
  CREATE SERVER source FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '${source}');
  CREATE SERVER lake FOREIGN DATA WRAPPER lancedb_fdw OPTIONS (uri '${ours}');
  CREATE SCHEMA source; IMPORT FOREIGN SCHEMA public FROM SERVER source INTO source;`);
const from = await connect(source);
const db = await connect(theirs);

async function copying() {
  const file = path.join(work, 'vectors.copy');
  psql(`COPY (SELECT id, v FROM source.vectors) TO '${file}' (FORMAT binary);
    CREATE FOREIGN TABLE vectors (id bigint NOT NULL, v real[] OPTIONS (dim '768')) SERVER lake;
    CREATE UNLOGGED TABLE heap_vectors (id bigint NOT NULL, v real[]);
    ALTER TABLE heap_vectors ALTER v SET STORAGE EXTERNAL;`);
  const rows = Number(psql('SELECT count(*) FROM source.vectors'));
  const rate = (ms) => Math.round(rows / ms * 1000);
  const whole = await (await from.openTable('vectors')).query().limit(1e9).toArrow();
  const heap = timed(`COPY heap_vectors FROM '${file}' (FORMAT binary);`);
  const lancedb = timed(`COPY vectors FROM '${file}' (FORMAT binary);`);
  const peer = await clock(() => db.createTable('vectors', whole));
  report(`COPY BINARY, ${rows} x 768 real[]; LanceDB: createTable`, {lancedb: rate(lancedb), heap: rate(heap), peer: rate(peer)}, 'rows/s');
  const target = fs.mkdtempSync(path.join(work, 'core-'));
  const files = execFileSync('build/ldb_copy', [path.join(source, 'vectors.lance'), target], {encoding: 'utf8'});
  const seconds = [...files.matchAll(/"seconds": ([\d.]+)/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  report('the same data, core writer alone', {lancedb: Math.round(rows / seconds), peer: rate(peer)}, 'rows/s');
  report('its fragments', {lancedb: psql("SELECT count(*) FROM lancedb.fragments('vectors')")}, '');
  report('its size', {lancedb: bytes(path.join(ours, 'vectors.lance')) / 1e6, peer: bytes(path.join(theirs, 'vectors.lance')) / 1e6}, 'MB');
  psql('DROP TABLE heap_vectors');
}

async function appending() {
  psql(`CREATE FOREIGN TABLE appended (id bigint NOT NULL, price double precision, title text) SERVER lake;
    CREATE TABLE heap_appended (id bigint NOT NULL, price double precision, title text);`);
  const insert = (table) => Array.from({length: 1000}, (_, k) =>
    `INSERT INTO ${table} SELECT i, i / 8.0, 'article number ' || i FROM generate_series(${k * 100}, ${k * 100 + 99}) AS i;`).join('\n');
  const rows = (k) => batch([
    {name: 'id', type: new arrow.Int64(), nullable: false, values: Array.from({length: 100}, (_, i) => String(k * 100 + i))},
    {name: 'price', type: new arrow.Float64(), values: Array.from({length: 100}, (_, i) => (k * 100 + i) / 8)},
    {name: 'title', type: new arrow.Utf8(), values: Array.from({length: 100}, (_, i) => `article number ${k * 100 + i}`)}]);
  const batches = Array.from({length: 1000}, (_, k) => rows(k));
  const heap = timed(insert('heap_appended'));
  const lancedb = timed(insert('appended'));
  const table = await db.createTable('appended', batches[0]);
  const peer = await clock(async () => { for (const b of batches) await table.add(b); });
  report('1,000 transactions of 100 rows', {lancedb, heap, peer});
}

async function changing() {
  psql(`CREATE FOREIGN TABLE prices (id bigint NOT NULL, price double precision, title text) SERVER lake;
    INSERT INTO prices SELECT * FROM source.prices;
    CREATE TABLE heap_prices AS SELECT * FROM source.prices; VACUUM ANALYZE heap_prices;`);
  const table = await db.createTable('prices', await (await from.openTable('prices')).query().limit(1e9).toArrow());
  const version = psql("SELECT max(version) FROM lancedb.versions('prices')");
  const first = await table.version();
  report('size of 1,000,000 prices', {lancedb: bytes(path.join(ours, 'prices.lance')) / 1e6, peer: bytes(path.join(theirs, 'prices.lance')) / 1e6}, 'MB');
  for (const [share, condition] of [['9 %, a range', 'id BETWEEN 1000 AND 90999'], ['1 %', 'id % 100 = 7'], ['50 %', 'id % 2 = 1'], ['1 row', 'id = 500000']]) {
    for (const [verb, sql, call] of [
      ['DELETE', (t) => `DELETE FROM ${t} WHERE ${condition};`, () => table.delete(condition)],
      ['UPDATE', (t) => `UPDATE ${t} SET price = price + 1 WHERE ${condition};`, () => table.update({where: condition, valuesSql: {price: 'price + 1'}})]]) {
      const heap = timed(`BEGIN; ${sql('heap_prices')} ROLLBACK;`);
      const lancedb = timed(sql('prices'));
      const peer = await clock(call);
      report(`${verb} of ${share} of 1,000,000`, {lancedb, heap, peer});
      const restore = timed(`SELECT lancedb.restore('prices', ${version});`);
      if (share === '50 %' && verb === 'DELETE') report('restore of 1,000,000 rows', {lancedb: restore});
      await table.checkout(first);
      await table.restore();
    }
  }
  psql('CREATE UNIQUE INDEX ON prices (id); CREATE UNIQUE INDEX ON heap_prices (id)');
  const upsert = (t) => `INSERT INTO ${t} SELECT i * 1999 + 1, 0, 'upserted' FROM generate_series(1, 1000) AS i ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price, title = EXCLUDED.title;`;
  const fresh = batch([
    {name: 'id', type: new arrow.Int64(), nullable: false, values: Array.from({length: 1000}, (_, i) => String((i + 1) * 1999 + 1))},
    {name: 'price', type: new arrow.Float64(), values: Array.from({length: 1000}, () => 0)},
    {name: 'title', type: new arrow.Utf8(), values: Array.from({length: 1000}, () => 'upserted')}]);
  const heap = timed(upsert('heap_prices'));
  const lancedb = timed(upsert('prices'));
  const peer = await clock(() => table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(fresh));
  report('1,000 upserts in one statement into 1,000,000', {lancedb, heap, peer});
  const one = (t) => Array.from({length: 20}, (_, i) => `INSERT INTO ${t} VALUES (${i * 40000 + 11}, 1, 'x') ON CONFLICT (id) DO UPDATE SET price = EXCLUDED.price;`).join('\n');
  report('one upsert, of 20 in a session', {lancedb: timed(one('prices')) / 20, heap: timed(one('heap_prices')) / 20});
}

for (const [name, f] of Object.entries({copying, appending, changing})) if (pattern.test(name)) await f();
console.log(`\n| work | lancedb | heap table | LanceDB | |\n|---|---|---|---|---|\n${out.join('\n')}`);
