/* odd.mjs -- writes test/data/odd: tables whose names or values PostgreSQL cannot have as they are. */
/*
 * node odd.mjs
 *
 * names: columns called like system columns, longer than 63 bytes, or with quotes and spaces.
 * unnamed: a column whose name is empty, and one whose name has no equivalent in LATIN1.
 * Two tables whose own names are the same in their first 63 bytes. values: in row n, column cn
 * holds what no PostgreSQL value can be. broken: a manifest that is none.
 */
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import arrow from './apache-arrow.mjs';
import {connect, create} from './lance.mjs';

const FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../data/odd');
const int32 = (name, values) => ({name, type: new arrow.Int32(), values});
const long = 'long_name_'.repeat(7);
const timestamp = (unit, zone) => new arrow.Timestamp(unit, zone);
const {TimeUnit} = arrow;

fs.rmSync(FOLDER, {recursive: true, force: true});
const db = await connect(FOLDER);

await create(db, 'names', [
  int32('id', [1, 2]), int32('ctid', [10, 20]), int32('xmin', [11, 21]), int32('tableoid', [12, 22]),
  int32('ctid_1', [13, 23]), int32(`${long}a`, [14, 24]), int32(`${long}b`, [15, 25]),
  int32('with "quotes", and spaces', [16, 26]), int32('Übergröße', [17, 27]), int32('SELECT', [18, 28]),
]);
await create(db, 'unnamed', [
  int32('', [1, 2]), int32('column', [3, 4]), int32('名', [5, 6]),
]);
await create(db, `${long}one`, [int32('id', [1])]);
await create(db, `${long}two`, [int32('id', [2])]);

const seconds = (year) => BigInt(Date.UTC(2000, 0, 1) / 1000) + BigInt(Math.round((year - 2000) * 365.2425)) * 86400n;
await create(db, 'values', [
  int32('id', [0, 1, 2, 3, 4, 5, 6, 7]),
  {name: 'c1', type: new arrow.Utf8(), values: ['fine', 'nul \u0000 here', 'ä', 'ä', 'ä', 'ä', 'ä', 'äö']},
  {name: 'c2', type: timestamp(TimeUnit.SECOND, null),
    values: ['0', '0', (seconds(300000)).toString(), '0', '0', '0', '0', '0']},
  {name: 'c3', type: timestamp(TimeUnit.MICROSECOND, 'UTC'),
    values: ['0', '0', '0', '-9223372036854775808', '0', '0', '0', '0']},
  {name: 'c4', type: new arrow.DateDay(), values: ['0', '0', '0', '0', '-2147483648', '0', '0', '0']},
  {name: 'c5', type: new arrow.DurationSecond(),
    values: ['0', '0', '0', '0', '0', '9223372036854775807', '0', '0']},
  {name: 'c6', type: new arrow.Utf8(),
    values: ['{"a": 1}', '1', 'null', '[]', '""', 'true', '{"a": ', '{}']},
  {name: 'c7', type: new arrow.Utf8(), values: [...Array(7).fill('66e1b57e-33c0-4a4f-9d4f-7f4f2a5b6c7d'), 'no uuid']},
]);

fs.mkdirSync(path.join(FOLDER, 'broken.lance', '_versions'), {recursive: true});
fs.writeFileSync(path.join(FOLDER, 'broken.lance', '_versions', '1.manifest'), 'this is no manifest at all, but it is long enough to look like one');
