#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""records.py BUILD [DIR...] [-p PROFILE...] [-r RULES] [-n NAME] [-e EVENT] [-j JOBS] [-v]

What Suricata writes of a capture and what this engine writes, record by record and field by field. A profile says
which records are written: `full` every type with all it can tell, `custom` with fields that are chosen one by one; both
of all captures below DIR (or CAPTURES) with RULES. `own` is as the settings, rules and arguments of each test say, where
DIR holds tests as verify.py runs them. Prints what differs, by the number of times that it does, an example with each.
Each line of ours must be JSON in UTF-8, no name in it twice in one object. Without Suricata or captures it says SKIP.
What Suricata said is kept in BUILD/records and asked again when version, rules or settings change.
What differs and stands in records.csv beside this file (event type, field, capture, why ours is right; each a pattern
with *) is counted apart."""

import argparse
import collections
import concurrent.futures
import csv
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import alerts  # pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILES = ('full', 'custom', 'own')
PAIRING_MAX = 400  # records of one kind and flow that are paired by likeness; more are paired in order
ABSENT = '(none)'
ICMP_ANSWERED = {0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145}

ALERT = {'payload': 'yes', 'payload-printable': 'yes', 'packet': 'yes', 'http-body': 'yes', 'http-body-printable': 'yes',
         'tagged-packets': 'yes', 'verdict': 'yes',
         'metadata': {'app-layer': 'true', 'flow': 'true',
                      'rule': {'metadata': 'true', 'raw': 'true', 'reference': 'true'}}}
PLAIN = [{name: {'enabled': 'yes'}} for name in (
    'rdp', 'nfs', 'smb', 'tftp', 'ike', 'dcerpc', 'krb5', 'bittorrent-dht', 'snmp', 'rfb', 'sip', 'ssh', 'http2',
    'ftp', 'dnp3', 'modbus', 'enip', 'netflow', 'metadata', 'flow')]
TYPES = {
    'full': [{'alert': ALERT},
             {'anomaly': {'enabled': 'yes', 'packethdr': 'yes',
                          'types': {'decode': 'yes', 'stream': 'yes', 'applayer': 'yes'}}},
             {'http': {'extended': 'yes', 'dump-all-headers': 'both'}},
             {'dns': {'version': '2'}},
             {'tls': {'extended': 'yes', 'session-resumption': 'yes', 'ja4': 'on'}},
             {'files': {'force-magic': 'no', 'force-hash': ['md5', 'sha1', 'sha256']}},
             {'drop': {'alerts': 'yes', 'flows': 'all', 'verdict': 'yes'}},
             {'smtp': {'extended': 'yes', 'md5': ['body', 'subject']}},
             {'quic': {'ja4': 'on'}}, {'dhcp': {'enabled': 'yes', 'extended': 'yes'}},
             {'mqtt': {'passwords': 'yes'}}, {'pgsql': {'enabled': 'yes', 'passwords': 'yes'}}] + PLAIN,
    'custom': [{'alert': {'metadata': 'no', 'tagged-packets': 'yes'}},
               {'anomaly': {'enabled': 'yes'}},
               {'http': {'custom': ['Accept-Encoding', 'Accept-Language', 'Authorization', 'Server', 'Cookie',
                                    'Content-Length', 'X-Forwarded-For', 'Date', 'Last-Modified']}},
               {'dns': {'version': '2', 'formats': ['grouped']}},
               {'tls': {'custom': ['subject', 'issuer', 'session_resumed', 'serial', 'fingerprint', 'sni', 'version',
                                   'not_before', 'not_after', 'certificate', 'chain', 'ja3', 'ja3s', 'ja4']}},
               {'files': {'force-magic': 'yes'}},
               {'drop': {'alerts': 'no', 'flows': 'start'}},
               {'smtp': {'custom': ['reply-to', 'bcc', 'message-id', 'subject', 'x-mailer', 'user-agent', 'received',
                                    'x-originating-ip', 'in-reply-to', 'references', 'importance', 'priority',
                                    'sensitivity', 'organization', 'content-md5', 'date', 'relays']}},
               {'dhcp': {'enabled': 'yes', 'extended': 'no'}}, {'mqtt': {}}],
}
HEADS = {'full': {'community-id': 'true', 'ethernet': 'yes', 'pcap-file': 'true', 'metadata': 'yes',
                  'xff': {'enabled': 'yes', 'mode': 'extra-data', 'deployment': 'reverse', 'header': 'X-Forwarded-For'}},
         'custom': {'metadata': 'no',
                    'xff': {'enabled': 'yes', 'mode': 'overwrite', 'deployment': 'forward', 'header': 'X-Forwarded-For'}}}


# --- settings ---

def everything_read(settings):
    """Debian's settings leave some protocols and fingerprints out."""
    protocols = settings['app-layer']['protocols']
    for protocol in protocols.values():
        if isinstance(protocol, dict) and protocol.get('enabled') == 'no':
            protocol['enabled'] = 'yes'
    protocols['tls'].update({'ja3-fingerprints': 'yes', 'ja4-fingerprints': 'yes'})
    protocols['smtp'].setdefault('mime', {})['body-md5'] = 'yes'


def settings_write(path, profile, classification):
    """Debian's settings with the records of a profile; plain JSON is YAML, too."""
    import yaml  # pylint: disable=import-outside-toplevel
    with open(alerts.SURICATA_YAML, encoding='utf-8') as file:
        settings = yaml.load(file, yaml.BaseLoader)
    eve = {'enabled': 'yes', 'filetype': 'regular', 'filename': 'eve.json', 'types': TYPES[profile]}
    settings.update({'outputs': [{'eve-log': {**eve, **HEADS[profile]}}], 'mpm-algo': 'hs', 'spm-algo': 'hs',
                     'classification-file': classification, 'stats': {'enabled': 'no'}})
    settings.setdefault('logging', {})['outputs'] = [{'console': {'enabled': 'yes'}}]
    everything_read(settings)
    with open(path, 'w', encoding='utf-8') as file:
        file.write('%YAML 1.1\n---\n' + yaml.dump(settings, sort_keys=False))


# --- all captures, with the same rules and settings ---

def theirs(work, captures, rules, settings):
    """Files of records, one for each capture."""
    version = subprocess.run(['suricata', '-V'], capture_output=True, text=True, check=True).stdout
    key = hashlib.sha256((version + alerts.digest_of(rules, settings)).encode()).hexdigest()[:16]
    kept = os.path.join(work, f'suricata-{key}')
    os.makedirs(kept, exist_ok=True)
    paths = {digest: os.path.join(kept, digest + '.json') for _, digest in captures}
    missing = [capture for capture in captures if not os.path.exists(paths[capture[1]])]
    if missing:
        suricata = alerts.Suricata(work, rules, settings)
        try:
            for (_, digest), path in suricata.inspect(missing):
                if os.path.exists(path):
                    os.rename(path, paths[digest])
                else:
                    with open(paths[digest], 'wb'):
                        pass
        finally:
            suricata.end()
    return [paths[digest] for _, digest in captures]


def all_compare(build, profile, captures, rules, classification):
    """Yields each capture's name, what differs, and how many records Suricata wrote."""
    work = os.path.join(os.path.abspath(build), 'records', profile)
    os.makedirs(work, exist_ok=True)
    settings = os.path.join(work, 'settings.yaml')
    settings_write(settings, profile, classification)
    of_theirs = theirs(work, captures, rules, settings)
    of_ours = alerts.ours_written(build, work, captures, rules, settings)
    for (path, _), mine, other in zip(captures, of_ours, of_theirs):
        other = records_read(other, False)
        yield alerts.label(path), list(compare(records_read(mine, False, True), other)), sum(map(len, other.values()))


# --- tests, each with its own ---

def run(words, test, out):
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    env = dict(os.environ, TZ='UTC', TEST_DIR=test['folder'], OUTPUT_DIR=out, SRCDIR='/etc/suricata',
               **{key: str(value) for key, value in (test.get('env') or {}).items()})
    words += [word.replace('${TEST_DIR}', test['folder']).replace('${OUTPUT_DIR}', out)
              .replace('${SRCDIR}', '/etc/suricata') for word in test['args']]
    result = subprocess.run(words, cwd=test['folder'], env=env, capture_output=True, timeout=120, check=False)
    path = os.path.join(out, 'eve.json')
    if result.returncode or not os.path.exists(path):
        raise RuntimeError(f'{words[0]}: exit {result.returncode}: {result.stderr[-300:].decode(errors="replace")}')
    return path


def test_theirs(test, out):
    """Runs Suricata, if what it said is not at hand."""
    path = os.path.join(out, 'eve.json')
    if not os.path.exists(path):
        words = ['suricata', '-r', test['pcap'], '-c', test['config'] or alerts.SURICATA_YAML, '-l', out,
                 '--runmode', 'single', '-S', test['rules'] or '/dev/null']
        if test['ips'] and '--simulate-ips' not in test['args']:
            words.append('--simulate-ips')
        run(words, test, out)
    return path


def test_ours(test, out):
    words = [test['program'], '-j', 'capture', 'inspect', test['pcap'], '--log-dir', out]
    for option in ('rules', 'config'):
        if test[option]:
            words += ['--' + option, test[option]]
    if test['ips'] and '--simulate-ips' not in test['args']:
        words.append('--ips')
    return run(words, test, out)


def test_compare(test, work):
    out = os.path.join(work, test['label'])
    try:
        other = records_read(test_theirs(test, os.path.join(out, 'theirs')))
        mine = records_read(test_ours(test, os.path.join(out, 'ours')), strict=True)
    except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        return test['label'], [('', '', 'does not run', str(error)[:400])], 0
    return test['label'], list(compare(mine, other)), sum(map(len, other.values()))


def tests_find(places, name, program):
    found = []
    for folder in sorted(os.path.dirname(os.path.join(root, 'expect.json')) for place in places
                         for root, _, names in os.walk(os.path.abspath(place)) if 'expect.json' in names):
        if name not in folder:
            continue
        with open(os.path.join(folder, 'expect.json'), encoding='utf-8') as text:
            test = json.load(text)
        for file in ('pcap', 'rules', 'config'):
            test[file] = os.path.join(folder, test[file]) if test.get(file) else None
        test.update(label=os.path.basename(folder), folder=folder, program=program)
        found.append(test)
    return found


# --- records ---

def flatten(value, path, to):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            flatten(inner, f'{path}.{name}' if path else name, to)
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            flatten(inner, f'{path}[{number}]', to)
    else:
        to[path] = value
    return to


def key_of(record):
    """Records with the same key may be each other's counterpart."""
    ends = sorted([f'{record.get("src_ip")}:{record.get("src_port")}', f'{record.get("dest_ip")}:{record.get("dest_port")}'])
    kind = str(record.get('event_type'))
    inner = record.get(kind) if isinstance(record.get(kind), dict) else {}
    about = inner.get('signature_id') or inner.get('event')
    if kind == 'fileinfo' and record.get('app_proto') != 'http2':  # whose files have no name in Suricata's
        about = inner.get('filename')
    if kind == 'frame':
        about = inner.get('type')
    return kind, str(about or ''), ' '.join([str(record.get('proto'))] + ends)


def names_once(members):
    names = [name for name, _ in members]
    if len(names) != len(set(names)):
        raise ValueError(f'a name stands twice: {names}')
    return dict(members)


def has_answer(record):
    """Of ICMP without an answer Suricata's community_id has other numbers than type and code."""
    return record.get('proto') not in ('ICMP', 'IPv6-ICMP') or record.get('icmp_type') in ICMP_ANSWERED


def records_read(path, has_clock=True, strict=False):
    """By key; of the statistics the last one. Bytes that are no UTF-8 are told apart, too; strict: they raise. Asked
    over its socket, Suricata's clock stands at a capture's first packet when it ends the flows: has_clock False."""
    records = collections.defaultdict(list)
    with open(path, encoding='utf-8', errors='strict' if strict else 'surrogateescape') as lines:
        for line in lines:
            record = json.loads(line, object_pairs_hook=names_once if strict else None)
            if record.get('event_type') == 'stats':
                record['stats'].pop('uptime', None)
                record.pop('timestamp', None)
                records[key_of(record)] = []
            if not has_clock and 'pcap_cnt' not in record:
                record.pop('timestamp', None)
            if 'parent_id' in record:
                record['parent_id'] = True  # as flow_id, a number of each one's own
            if record.get('src_ip') == record.get('dest_ip') or not has_answer(record):
                record.pop('community_id', None)  # ports decide then: Suricata compares them with their bytes turned
            records[key_of(record)].append(flatten(record, '', {}))
    return records


def distance(a, b):
    return sum(a.get(path, ABSENT) != b.get(path, ABSENT) for path in a.keys() | b.keys() if path != 'flow_id')


def alike(mine, other):
    """Takes those out that say the same, each once. Returns the pairs."""
    waiting, found, left = collections.defaultdict(list), [], []
    for record in other:
        waiting[json.dumps({**record, 'flow_id': None}, sort_keys=True)].append(record)
    for record in mine:
        same = waiting[json.dumps({**record, 'flow_id': None}, sort_keys=True)]
        if same:
            found.append((record, same.pop(0)))
        else:
            left.append(record)
    return found, left, [record for records in waiting.values() for record in records]


def pairs(mine, other):
    """Those that say the same, then those that are most alike, then those without a counterpart."""
    found, mine, other = alike(mine, other)
    if len(mine) > PAIRING_MAX or len(other) > PAIRING_MAX:
        shortest = min(len(mine), len(other))
        return found + list(zip(mine, other)), mine[shortest:], other[shortest:]
    while mine and other:
        record = mine.pop(0)
        best = min(range(len(other)), key=lambda number: distance(record, other[number]))
        found.append((record, other.pop(best)))
    return found, mine, other


def same_type(a, b):
    return type(a) is type(b) or ABSENT in (a, b)


def name_of(path):
    """A field without its numbers: dns.answers[].rrname."""
    for digit in '0123456789':
        path = path.replace(f'[{digit}', '[').replace(f'{digit}]', ']')
    while any(f'[{digit}' in path for digit in '0123456789'):
        for digit in '0123456789':
            path = path.replace(f'[{digit}', '[')
    return path


def compare(mine, other):
    """Yields (event type, field, how, example) for each that differs."""
    flows = {}
    for key in sorted(mine.keys() | other.keys()):
        found, mine_alone, other_alone = pairs(mine.get(key, []), other.get(key, []))
        about = key[1] if key[0] in ('anomaly', 'alert') else ''
        for record in mine_alone:
            yield key[0], about, 'only ours', json.dumps(record)[:600]
        for record in other_alone:
            yield key[0], about, 'only theirs', json.dumps(record)[:600]
        for a, b in found:
            if flows.setdefault(b.get('flow_id'), a.get('flow_id')) != a.get('flow_id'):
                yield key[0], 'flow_id', 'other flow', f'{b.get("timestamp")} {key[2]}'
            for path in sorted((a.keys() | b.keys()) - {'flow_id'}):
                x, y = a.get(path, ABSENT), b.get(path, ABSENT)
                if x != y or not same_type(x, y):
                    how = 'not in ours' if x is ABSENT else 'not in theirs' if y is ABSENT else 'other'
                    yield key[0], name_of(path), how, f'{str(x)[:300]} | {str(y)[:300]}  ({key[1]} {key[2]})'


# --- report ---

class Reasons:
    def __init__(self, path):
        with open(path, encoding='utf-8') as lines:
            self.rows = list(csv.DictReader(lines))

    def find(self, event_type, field, capture):
        for row in self.rows:
            if (fnmatch.fnmatchcase(event_type, row['event_type']) and fnmatch.fnmatchcase(capture, row['capture'])
                    and fnmatch.fnmatchcase(field.replace('[]', ''), row['field'])):
                return row['reason']
        return None


def report(results, wanted, verbose):
    reasons = Reasons(os.path.join(HERE, 'records.csv'))
    wrong, examples, explained, records = collections.Counter(), {}, collections.Counter(), 0
    for label, differences, cnt in results:
        records += cnt
        for event_type, field, how, example in differences:
            what = (event_type, field, how)
            reason = reasons.find(event_type, field or how, label)
            if reason:
                explained[reason] += 1
            elif not wanted or wanted == event_type:
                wrong[what] += 1
                examples.setdefault(what, {}).setdefault(label, example)
    for what, cnt in wrong.most_common():
        print(f'# {cnt:5} times in {len(examples[what]):3} captures: {" ".join(word for word in what if word)}')
        for label, example in list(examples[what].items())[:8 if verbose else 1]:
            print(f'#        {label}: {example}')
    if verbose:
        for reason, cnt in explained.most_common():
            print(f'# {cnt} differ: {reason}')
    return wrong, sum(explained.values()), records


def options_read():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('places', nargs='*', default=os.environ.get('CAPTURES', alerts.SHARED).split(':'))
    parser.add_argument('-p', '--profile', action='append', choices=PROFILES, help='only these')
    parser.add_argument('-r', '--rules', default=os.environ.get(
        'RULES', os.path.join(alerts.SHARED, 'ids/rules/et-open.rules.gz')))
    parser.add_argument('-n', '--name', default='', help='only captures with this in their path')
    parser.add_argument('-e', '--event', help='only records of this type')
    parser.add_argument('-j', '--jobs', type=int, default=2)
    parser.add_argument('-v', '--verbose', action='store_true', help='more examples; what differs for a reason')
    return parser.parse_args()


def results_of(options, profile, captures):
    work = os.path.join(os.path.abspath(options.build), 'records')
    os.makedirs(work, exist_ok=True)
    if profile == 'own':
        tests = tests_find(options.places, options.name, os.path.join(os.path.abspath(options.build), 'sekisho'))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            return list(pool.map(lambda test: test_compare(test, os.path.join(work, profile)), tests))
    rules = os.path.join(work, 'all.rules')
    alerts.rules_write(options.rules, rules)
    return list(all_compare(options.build, profile, captures, rules, alerts.classification_of(options.rules)))


def main():
    options = options_read()
    profiles = options.profile or PROFILES
    captures = [found for found in alerts.captures_find(options.places) if options.name in found[0]]
    why = alerts.missing(captures, options.rules)
    print(f'1..{len(profiles)}')
    failed = False
    for number, profile in enumerate(profiles, 1):
        if why:
            print(f'ok {number} - records # SKIP {why}')
            continue
        results = results_of(options, profile, captures)
        wrong, explained, records = report(results, options.event, options.verbose)
        failed = failed or bool(wrong)
        print(f'{"not ok" if wrong else "ok"} {number} - {profile}: of {records} records of {len(results)} captures '
              f'{explained} fields differ for a reason, {len(wrong)} kinds of difference without')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
