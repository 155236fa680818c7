/* expectation.mjs -- the JSON file that says what a dataset must read as. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * <folder>/<name>.json: {dataset, ...more, snapshots: [{version | tag | branch, schema, rows}]}, one row
 * a line. Rows hold plain values as arrow.mjs describes them; test/golden.sql compares tables with them.
 * Datasets whose manifests hold an absolute path say in "folder" where they must lie.
 */
export function writeExpectation(folder, name, more, snapshots) {
  const out = fs.openSync(path.join(folder, `${name}.json`), 'w');
  fs.writeSync(out, `${JSON.stringify({dataset: name, ...more}).slice(0, -1)},"snapshots":[\n`);
  snapshots.forEach(({rows, ...head}, i) => {
    const lines = rows.map((r) => `  ${JSON.stringify(r)}`).join(',\n');
    fs.writeSync(out, `${JSON.stringify(head).slice(0, -1)},"rows":[\n${lines}\n]}${i + 1 < snapshots.length ? ',' : ''}\n`);
  });
  fs.writeSync(out, ']}\n');
  fs.closeSync(out);
}
