/* generate.mjs -- writes test/data: small golden datasets, and what LanceDB reads from them. */
/*
 * node generate.mjs [name...]     all datasets, or only those named
 *
 * Each dataset is test/data/<name>.lance with test/data/<name>.json beside it, see expectation.mjs.
 */
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import * as datasets from './datasets.mjs';
import {writeExpectation} from './expectation.mjs';
import {connect} from './lance.mjs';

const DATA = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../data');
/* Manifests of branches and clones hold the absolute path of the table that they share files with. */
const WORK = '/tmp/lancedb-golden';

const only = process.argv.slice(2);
fs.rmSync(WORK, {recursive: true, force: true});
const db = await connect(WORK);

function save(name, storage, snapshots, more = {}) {
  fs.rmSync(path.join(DATA, `${name}.lance`), {recursive: true, force: true});
  fs.cpSync(path.join(WORK, `${name}.lance`), path.join(DATA, `${name}.lance`), {recursive: true});
  writeExpectation(DATA, name, {storage, ...more}, snapshots);
  console.log(name);
}

const plan = [];
for (const storage of ['2.0', '2.1', '2.2']) {
  const suffix = storage.replace('.', '');
  for (const maker of ['types', 'strings', 'nested', 'vectors', 'encodings']) plan.push([`${maker}_${suffix}`, maker, storage]);
}
plan.push(
  ['blobs_20', 'blobs', '2.0'], ['blobs_21', 'blobs', '2.1'],
  ['large_list_20', 'largeList', '2.0'], ['large_list_21', 'largeList', '2.1'],
  ['history', 'history', '2.1'],
  ['history_20', 'history', '2.0'],
  ['history_stable', 'history', '2.1', {new_table_enable_stable_row_ids: 'true'}],
  ['retyped', 'retyped', '2.1'],
  ['fragments', 'fragments', '2.1'], ['bitmap_deletions', 'bitmap', '2.1'], ['empty', 'empty', '2.1'],
  ['filters', 'filters', '2.1'],
  ['refs', 'refs', '2.1', {folder: WORK}],
  ['refused_legacy', 'refused', 'legacy'], ['refused_23', 'refused', '2.3'],
);
for (const [name, maker, storage, options] of plan) {
  if (only.length > 0 && !only.includes(name)) continue;
  try {
    const {snapshots, clone} = await datasets[maker](db, name, storage, options);
    save(name, storage, snapshots, clone ? {folder: WORK} : {});
    if (clone) save(`${name}_clone`, storage, clone, {folder: WORK});
  } catch (e) {
    throw new Error(`${name}: ${e.message}`, {cause: e});
  }
}
fs.rmSync(WORK, {recursive: true, force: true});
