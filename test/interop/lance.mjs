/* lance.mjs -- LanceDB as the tests drive it: create a table from columns, read everything back. */
import * as lancedb from '@lancedb/lancedb';
import path from 'node:path';

import {describeSchema, rows, table} from './arrow.mjs';

export {lancedb};

/** A folder of tables. LanceDB takes a relative path that starts with "db" for a cloud address. */
export const connect = (folder) => lancedb.connect(path.resolve(folder));

/** A table from columns as columns.mjs makes them; those with `sql` are added by LanceDB itself. */
export async function create(db, name, columns, storage = '2.1', options = {}) {
  const made = await db.createTable(name, table(columns.filter((c) => !c.sql)), {
    storageOptions: {newTableDataStorageVersion: storage, ...options},
  });
  const added = columns.filter((c) => c.sql).map((c) => ({name: c.name, valueSql: c.sql}));
  if (added.length > 0) await made.addColumns(added);
  return made;
}

/** What the handle's version holds, as LanceDB returns it: {version, schema, rows}. */
export async function snapshot(handle, {select} = {}) {
  let query = handle.query().limit(10000000);
  if (select) query = query.select(select);
  const result = await query.toArrow();
  return {version: await handle.version(), schema: describeSchema(result.schema), rows: rows(result)};
}

export function batch(columns) {
  return table(columns);
}
