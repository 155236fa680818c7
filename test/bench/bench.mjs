/* bench.mjs -- makes the tables of the benchmark with LanceDB and times LanceDB on them. */
/*
 * node bench.mjs make FOLDER SCALE      tables vectors, prices and pieces, and queries.f32
 * node bench.mjs time FOLDER WORK       the median in ms; WORK is exact, count, scan or limit
 */
import fs from 'node:fs';
import path from 'node:path';

import arrow from '../interop/apache-arrow.mjs';
import {random, vector} from '../interop/columns.mjs';
import {batch, connect, create} from '../interop/lance.mjs';

const DIMENSION = 768;
const QUERIES = 64;
const [verb, folder, detail] = process.argv.slice(2);
const db = await connect(folder);

/* Points around 1,000 centres, as embeddings are: neighbours are neither random nor all the same. */
function clusteredVectors(count, next) {
  const unit = () => next() / 4294967296 - 0.5;
  const centres = Float32Array.from({length: 1000 * DIMENSION}, unit);
  const out = new Float32Array(count * DIMENSION);
  for (let i = 0; i < count; i++) {
    const centre = (next() % 1000) * DIMENSION;
    for (let d = 0; d < DIMENSION; d++) out[i * DIMENSION + d] = centres[centre + d] + 0.7 * unit();
  }
  return out;
}

function vectorTable(firstId, values) {
  const count = values.length / DIMENSION;
  const type = vector(DIMENSION);
  const child = arrow.makeData({type: type.children[0].type, length: values.length, nullCount: 0, data: values});
  const ids = arrow.makeData({type: new arrow.Int64(), length: count, nullCount: 0,
    data: BigInt64Array.from({length: count}, (_, i) => BigInt(firstId + i))});
  const schema = new arrow.Schema([new arrow.Field('id', new arrow.Int64(), false), new arrow.Field('v', type, false)]);
  const data = arrow.makeData({type: new arrow.Struct(schema.fields), length: count, nullCount: 0,
    children: [ids, arrow.makeData({type, length: count, nullCount: 0, child})]});
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, data)]);
}

const priceColumns = (from, count, next) => [
  {name: 'id', type: new arrow.Int64(), nullable: false, values: Array.from({length: count}, (_, i) => String(from + i))},
  {name: 'price', type: new arrow.Float64(), values: Array.from({length: count}, () => (next() % 100000) / 100)},
  {name: 'title', type: new arrow.Utf8(), values: Array.from({length: count}, (_, i) => `article number ${from + i}`)},
];

async function make(scale) {
  const next = random(1);
  const vectorCount = Math.round(200000 * scale);
  const step = 20000;
  /* one pool of centres for rows and queries alike */
  const all = clusteredVectors(vectorCount + QUERIES, next);
  fs.writeFileSync(path.join(folder, 'queries.f32'), Buffer.from(all.buffer, vectorCount * DIMENSION * 4));
  let vectors;
  for (let at = 0; at < vectorCount; at += step) {
    const part = vectorTable(at, all.subarray(at * DIMENSION, Math.min(at + step, vectorCount) * DIMENSION));
    if (vectors) await vectors.add(part);
    else vectors = await db.createTable('vectors', part);
  }
  const priceCount = Math.round(1000000 * scale);
  const prices = await create(db, 'prices', priceColumns(0, Math.min(100000, priceCount), next));
  for (let at = 100000; at < priceCount; at += 100000) {
    await prices.add(batch(priceColumns(at, Math.min(100000, priceCount - at), next)));
  }
  const pieces = await create(db, 'pieces', priceColumns(0, 100, next));
  for (let i = 1; i < Math.max(2, Math.round(1000 * scale)); i++) await pieces.add(batch(priceColumns(i * 100, 100, next)));
}

async function median(repetitions, run) {
  const times = [];
  for (let i = -2; i < repetitions; i++) {
    const start = process.hrtime.bigint();
    await run(i + 2);
    if (i >= 0) times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return times.sort((a, b) => a - b)[repetitions >> 1];
}

async function measure(work) {
  const queries = new Float32Array(new Uint8Array(fs.readFileSync(path.join(folder, 'queries.f32'))).buffer);
  const query = (i) => queries.subarray((i % QUERIES) * DIMENSION, (i % QUERIES + 1) * DIMENSION);
  const vectors = await db.openTable('vectors');
  const prices = await db.openTable('prices');
  const pieces = await db.openTable('pieces');
  const works = {
    exact: [15, (i) => vectors.query().nearestTo(query(i)).bypassVectorIndex().select(['id', '_distance']).limit(10).toArrow()],
    count: [15, () => prices.countRows('price < 500')],
    scan: [5, async () => {
      let rows = 0;
      for await (const part of prices.query().limit(100000000)) rows += part.numRows;
      if (rows === 0) throw new Error('the scan returned nothing');
    }],
    limit: [15, () => pieces.query().limit(1).toArrow()],
  };
  console.log((await median(...works[work])).toFixed(3));
}

if (verb === 'make') {
  fs.mkdirSync(folder, {recursive: true});
  await make(Number(detail));
} else {
  await measure(detail);
}
