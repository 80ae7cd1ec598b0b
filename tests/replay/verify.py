#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify.py BUILD [DIR] [-g GROUP] [-n NAME] [-j JOBS] [-o OUT] [-v]

Runs `sekisho capture inspect` over a tree of the public suricata-verify tests: in DIR (or SURICATA_VERIFY) one folder
a test, with its capture, rules, settings and an expect.json that says what to run and how often which record must
come. Prints what fails, by groups, and a tally; speaks one line of TAP. Without the tree it says SKIP.
What fails and stands in differences.csv beside this file (test, why ours is right) is counted apart."""

import argparse
import collections
import concurrent.futures
import csv
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SUFFIXES = {
    '__find': lambda value, wanted: value.find(wanted) >= 0,
    '__contains': lambda value, wanted: wanted in value,
    '__startswith': lambda value, wanted: value.startswith(wanted),
    '__endswith': lambda value, wanted: value.endswith(wanted),
    '__gt': lambda value, wanted: value > wanted,
    '__gte': lambda value, wanted: value >= wanted,
    '__lt': lambda value, wanted: value < wanted,
    '__lte': lambda value, wanted: value <= wanted,
}


def value_at(path, value):
    """What a path of names, [numbers] and __len leads to in a record; None: nothing."""
    for name in path.split('.'):
        if name in SUFFIXES:
            break
        if name == '__len':
            return len(value) if hasattr(value, '__len__') else -1
        name, number = re.fullmatch(r'(.*?)(?:\[(\d+)\])?', name).groups()
        if not isinstance(value, (dict, list)) or name not in value:
            return None
        value = value[name]
        if number is not None:
            if not isinstance(value, list) or int(number) >= len(value):
                return None
            value = value[int(number)]
    return value


def field_matches(record, path, wanted):
    if path in ('has-key', 'not-has-key'):
        names = wanted if isinstance(wanted, list) else [wanted]
        return all((value_at(name, record) is None) == (path == 'not-has-key') for name in names)
    value = value_at(path, record)
    compare = SUFFIXES.get(path.rsplit('.', 1)[-1], lambda a, b: a == b)
    try:
        return bool(compare(value, wanted))
    except (TypeError, AttributeError):
        return False


def record_matches(record, fields):
    return all(field_matches(record, path, wanted) for path, wanted in fields.items())


def command(program, test, folder, out):
    """The words of a test: Suricata's arguments are words of ours, but for what has none to say."""
    words = [program, '-j', 'capture', 'inspect', os.path.join(folder, test['pcap']), '--log-dir', out]
    if test.get('rules'):
        words += ['--rules', os.path.join(folder, test['rules'])]
    if test.get('config'):
        words += ['--config', os.path.join(folder, test['config'])]
    if test.get('ips') and '--simulate-ips' not in test['args']:
        words.append('--ips')
    for argument in test['args']:
        words.append(argument.replace('${TEST_DIR}', folder).replace('${OUTPUT_DIR}', out)
                     .replace('${SRCDIR}', '/etc/suricata'))
    return words


def records_read(path):
    with open(path, encoding='utf-8') as lines:
        return [json.loads(line) for line in lines if line.strip()]


def test_run(program, folder, out_root, keep):
    """Returns the test's group and what was wrong."""
    name = os.path.basename(folder)
    with open(os.path.join(folder, 'expect.json'), encoding='utf-8') as text:
        test = json.load(text)
    out = os.path.join(out_root, name)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    env = dict(os.environ, TZ='UTC', TEST_DIR=folder, OUTPUT_DIR=out,
               **{key: str(value) for key, value in (test.get('env') or {}).items()})
    wrong = []
    try:
        run = subprocess.run(command(program, test, folder, out), cwd=folder, env=env, capture_output=True,
                             timeout=60, check=False)
        if run.returncode:
            words = (run.stdout + run.stderr)[-2000:].decode(errors='replace').strip().splitlines()
            wrong.append(f'exit {run.returncode}: {words[-1] if words else ""}')
        records = records_read(os.path.join(out, 'eve.json'))
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        return name, test['group'], wrong + [str(error)]
    for check in test['checks']:
        count = sum(record_matches(record, check['match']) for record in records)
        if count != check['count']:
            wrong.append(f'{count} instead of {check["count"]}: {json.dumps(check["match"])}')
    if not wrong and not keep:
        shutil.rmtree(out)
    return name, test['group'], wrong


def tests_find(tree, group, part):
    found = []
    for path in sorted(glob.glob(os.path.join(tree, '*', 'expect.json'))):
        folder = os.path.dirname(path)
        if part and part not in os.path.basename(folder):
            continue
        if group:
            with open(path, encoding='utf-8') as text:
                if json.load(text)['group'] != group:
                    continue
        found.append(folder)
    return found


def differences_read():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'differences.csv')
    with open(path, encoding='utf-8') as lines:
        return {row['test']: row['reason'] for row in csv.DictReader(lines)}


def report(results, verbose):
    """Returns how many passed, failed, and failed for a reason that is told."""
    passed, failed = collections.Counter(), collections.defaultdict(list)
    differences, explained = differences_read(), 0
    for name, group, wrong in results:
        if wrong and name in differences:
            explained += 1
            print(f'# {group}: {name} differs: {differences[name]}')
        elif wrong:
            failed[group].append((name, wrong))
        else:
            passed[group] += 1
    for group in sorted(failed):
        for name, wrong in failed[group]:
            shown = wrong if verbose else wrong[:1]
            print(f'# {group}: {name}: ' + '\n#     '.join(words if verbose else words[:220] for words in shown))
    for group in sorted(set(passed) | set(failed)):
        print(f'# {group:14} {passed[group]:5} passed {len(failed[group]):5} failed')
    return sum(passed.values()), sum(map(len, failed.values())), explained


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('tree', nargs='?', default=os.environ.get('SURICATA_VERIFY', ''))
    parser.add_argument('-g', '--group', help='only this group')
    parser.add_argument('-n', '--name', help='only tests with this in their name')
    parser.add_argument('-j', '--jobs', type=int, default=2)
    parser.add_argument('-o', '--out', help='folder for what the failed ones wrote')
    parser.add_argument('-k', '--keep', action='store_true', help='keep what the others wrote too')
    parser.add_argument('-v', '--verbose', action='store_true', help='every check that failed')
    options = parser.parse_args()
    print('1..1')
    tests = tests_find(os.path.abspath(options.tree), options.group, options.name) if options.tree else []
    if not tests:
        print('ok 1 - suricata-verify # SKIP no tree of its tests (DIR or SURICATA_VERIFY)')
        return 0
    program = os.path.join(os.path.abspath(options.build), 'sekisho')
    out = os.path.abspath(options.out) if options.out else tempfile.mkdtemp(prefix='verify.')
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda folder: test_run(program, folder, out, options.keep), tests))
    passed, failed, explained = report(results, options.verbose)
    if not options.out and not options.keep:
        shutil.rmtree(out, ignore_errors=True)
    print(f'{"not ok" if failed else "ok"} 1 - suricata-verify: {passed} of {len(results)} passed, '
          f'{explained} differ for a reason')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
