/* roundtrip.mjs -- PostgreSQL writes, LanceDB reads and changes, PostgreSQL reads and changes again. */
/*
 * For a table that LanceDB wrote, an empty one of the same schema is filled by INSERT .. SELECT. What
 * LanceDB then returns for the copy must be what PostgreSQL returns for it, and what PostgreSQL
 * returns for the original; so after every further step by either side.
 */
import {execFileSync} from 'node:child_process';
import path from 'node:path';

import {writeExpectation} from './expectation.mjs';
import {lancedb, snapshot} from './lance.mjs';

const STABLE = {new_table_enable_stable_row_ids: 'true'};
/* LanceDB builds no vector index on fewer rows than this */
const FEWEST_ROWS_FOR_INDEX = 256;

/* What LanceDB 0.37.1 says when it rewrites dictionary columns that are all null, and packed structs with text. */
const LANCEDB_CANNOT = /out of bounds: 0 \(should be in \[0, -1\]\)|StringArray data should contain 2 buffers only/;

const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const identifier = (text) => `"${text.replaceAll('"', '""')}"`;

/** One copy of one table: what went wrong, as lines. */
export async function roundtrip(db, folder, {name, storage, stable}, psql) {
  const copy = `${name}_${stable ? 'stable' : 'copy'}`;
  const relation = {original: `roundtrip.${identifier(`${copy} o`)}`, copy: `roundtrip.${identifier(copy)}`};
  const source = `roundtrip.${identifier(`${copy} s`)}`;
  const differences = [];
  /* a vector with gaps is none for PostgreSQL: those of the original are left out */
  const whole = (alias) => (f) => (/^FixedSizeList\[\d+\]<(Float|Int|Uint)/.test(String(f.type))
    ? `CASE WHEN array_position(${alias}.${identifier(f.name)}, NULL) IS NULL THEN ${alias}.${identifier(f.name)} END AS ${identifier(f.name)}`
    : `${alias}.${identifier(f.name)}`);
  const share = () => execFileSync('chmod', ['-R', 'a+rwX', path.join(folder, `${copy}.lance`)]);
  let checked = 0;
  const check = async (step, handle, mayChangeNothing = false) => {
    if (await handle.version() === checked) {
      if (!mayChangeNothing) differences.push(`${step}: no new version`);
      return;
    }
    checked = await handle.version();
    const file = path.join(folder, `${copy}_${step}.json`);
    writeExpectation(folder, `${copy}_${step}`, {storage}, [await snapshot(handle)]);
    execFileSync('chmod', ['a+r', file]);
    const lines = psql(`SET timezone = 'UTC'; SELECT golden.check('interop', ${quote(copy)}, ${quote(file)})`).trim();
    if (lines !== '') differences.push(`after ${step}:`, ...lines.split('\n'));
  };

  const original = await db.openTable(name);
  const schema = await original.schema();
  await db.createEmptyTable(copy, schema, {
    storageOptions: {newTableDataStorageVersion: storage, ...(stable ? STABLE : {})}});
  share();
  const key = identifier(schema.fields[0].name);
  const rest = schema.fields.slice(1).map((f) => identifier(f.name)).map((c) => `, ${c}`).join('');

  const lost = psql(`SET timezone = 'UTC'; CREATE FOREIGN TABLE ${source} () SERVER interop OPTIONS (table ${quote(name)});
    CREATE VIEW ${relation.original} AS SELECT ${schema.fields.map(whole('s')).join(', ')} FROM ${source} AS s;
    CREATE FOREIGN TABLE ${relation.copy} () SERVER interop OPTIONS (table ${quote(copy)});
    INSERT INTO ${relation.copy} SELECT * FROM ${relation.original};
    SELECT (SELECT count(*) FROM (SELECT t::text FROM ${relation.original} t EXCEPT ALL SELECT t::text FROM ${relation.copy} t) AS lost),
           (SELECT count(*) FROM (SELECT t::text FROM ${relation.copy} t EXCEPT ALL SELECT t::text FROM ${relation.original} t) AS made)`).trim();
  if (lost !== '0|0') differences.push(`rows of the original lost|rows made up: ${lost}`);
  const handle = await db.openTable(copy);
  await check('INSERT', handle);

  /* its own tables cannot be rewritten by LanceDB either then */
  const work = async (change) => {
    try {
      await change(handle);
    } catch (e) {
      if (!LANCEDB_CANNOT.test(e.message)) throw e;
    }
  };
  await handle.delete(`${schema.fields[0].name} % 3 = 0`);
  await work((t) => t.update({where: `${schema.fields[0].name} % 5 = 1`,
    valuesSql: {[schema.fields[0].name]: `${schema.fields[0].name} + 1000000`}}));
  share();
  await check('LanceDB delete and update', handle);
  await handle.createIndex(schema.fields[0].name, {config: lancedb.Index.btree()});
  const vectors = schema.fields.filter((f) => /^FixedSizeList\[\d+\]<Float32>$/.test(String(f.type)) && /v$|^f32/.test(f.name));
  const rows = await handle.countRows();
  if (vectors.length > 0 && rows >= FEWEST_ROWS_FOR_INDEX) {
    await handle.createIndex(vectors[0].name, {config: lancedb.Index.ivfFlat({numPartitions: 2})});
  }
  share();

  psql(`DELETE FROM ${relation.copy} WHERE ${key} % 7 = 2;
    UPDATE ${relation.copy} SET ${key} = ${key} + 2000000 WHERE ${key} % 5 = 2;
    INSERT INTO ${relation.copy} SELECT ${key} + 3000000${rest} FROM ${relation.original} WHERE ${key} % 11 = 4`);
  await handle.checkoutLatest();
  await check('DELETE, UPDATE and INSERT', handle, rows === 0);
  const counted = await handle.countRows(`${schema.fields[0].name} >= 0`);
  const scanned = Number(psql(`SELECT count(*) FROM ${relation.copy} WHERE ${key} >= 0`));
  if (counted !== scanned) differences.push(`rows found through the index: ${counted}, by a scan: ${scanned}`);

  await work((t) => t.optimize());
  share();
  await check('LanceDB optimize', handle, true);
  return differences;
}
