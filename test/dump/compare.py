#!/usr/bin/python3
"""compare.py -- holds what ldb_dump prints against golden files: compare.py build/ldb_dump file.json ..."""
import json
import os
import subprocess
import sys


def ordered(value, kind):
    """Structs as lists of their fields' values, the way ldb_dump prints them; floats as ldb_dump rounds them."""
    if value is None:
        return None
    name = kind['name']
    if name == 'struct':
        return [ordered(value.get(f['name']), f['type']) for f in kind['fields']]
    if name in ('list', 'large_list', 'fixed_size_list'):
        return [ordered(item, kind['item']) for item in value]
    if name == 'map':
        return [[ordered(k, kind['key']), ordered(v, kind['value'])] for k, v in value]
    if name == 'dictionary':
        return ordered(value, kind['item'])
    return value


def dump(tool, folder, snapshot):
    command = [tool]
    for key, option in (('version', '-v'), ('tag', '-t'), ('branch', '-b')):
        if snapshot.get(key) is not None and not (key == 'version' and snapshot.get('tag') is not None):
            command += [option, str(snapshot[key])]
    done = subprocess.run(command + [folder], capture_output=True)
    if done.returncode != 0:
        return done.stderr.decode().strip()
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def differences(snapshot, rows):
    fields = snapshot['schema']
    if len(rows) != len(snapshot['rows']):
        yield f"{len(rows)} rows, not {len(snapshot['rows'])}"
        return
    shown = set()
    for number, (have, want) in enumerate(zip(rows, snapshot['rows'])):
        for field, x, y in zip(fields, have, want):
            y = ordered(y, field['type'])
            if x != y and field['name'] not in shown:
                shown.add(field['name'])
                yield f"row {number} column {field['name']}: {str(x)[:100]} not {str(y)[:100]}"


def main(tool, files):
    bad = values = 0
    for path in files:
        golden = json.load(open(path))
        for snapshot in golden.get('snapshots', []):
            label = f"{os.path.basename(path)} {snapshot.get('version')} {snapshot.get('tag') or snapshot.get('branch') or ''}"
            rows = dump(tool, os.path.join(os.path.dirname(path), golden['dataset'] + '.lance'), snapshot)
            found = [rows] if isinstance(rows, str) else list(differences(snapshot, rows))
            values += len(snapshot['rows']) * len(snapshot['schema'])
            bad += len(found)
            for line in found:
                print(f"{label}: {line}")
    print(f"{values} values, {bad} differences")
    return bad != 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
