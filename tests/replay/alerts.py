#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""alerts.py BUILD [CAPTURE|DIR...] [-r RULES] [-n NAME] [-v]

The same rules over the same captures by Suricata and by this engine: of each capture the set of (rule, flow) that was
alerted must be the same. Captures lie below CAPTURES (or DIR), rules in RULES; without them, or without Suricata, it
says SKIP. What Suricata said of a capture is kept in BUILD/alerts and asked again when either changes.
What differs and stands in alerts.csv beside this file (capture, sid, who told it, why ours is right) is counted apart.
"""

import argparse
import collections
import csv
import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(HERE, '..', '..', '..', 'shared', 'data')
SURICATA_YAML = '/etc/suricata/suricata.yaml'
ENDINGS = ('.pcap', '.pcapng', '.cap', '.trace')


def settings_write(path, classification):
    """Debian's settings with alerts alone; plain JSON is YAML, too."""
    import yaml  # pylint: disable=import-outside-toplevel
    with open(SURICATA_YAML, encoding='utf-8') as file:
        settings = yaml.load(file, yaml.BaseLoader)
    eve = {'enabled': 'yes', 'filetype': 'regular', 'filename': 'eve.json', 'types': [{'alert': {}}]}
    settings.update({'mpm-algo': 'hs', 'spm-algo': 'hs', 'outputs': [{'eve-log': eve}],
                     'classification-file': classification, 'stats': {'enabled': 'no'}})
    settings.setdefault('logging', {})['outputs'] = [{'console': {'enabled': 'yes'}}]
    settings.setdefault('threading', {})['detect-thread-ratio'] = '0.5'
    with open(path, 'w', encoding='utf-8') as file:
        file.write('%YAML 1.1\n---\n' + yaml.dump(settings, sort_keys=False))


def captures_find(places):
    found, seen = [], set()
    for place in places:
        paths = [place] if os.path.isfile(place) else sorted(
            os.path.join(root, name) for root, _, names in os.walk(place) for name in names
            if name.lower().endswith(ENDINGS))
        for path in paths:
            digest = digest_of(path)
            if digest not in seen:
                seen.add(digest)
                found.append((os.path.abspath(path), digest))
    return found


def digest_of(*paths):
    digest = hashlib.sha256()
    for path in paths:
        with open(path, 'rb') as file:
            digest.update(file.read())
    return digest.hexdigest()[:32]


def label(path):
    """A capture's name in the table: its folder and its file."""
    return '/'.join(path.split('/')[-2:])


def alerts_read(path):
    """(sid, protocol, both ends) of a file of records, whichever end spoke."""
    alerts = set()
    with open(path, encoding='utf-8', errors='replace') as lines:
        for line in lines:
            record = json.loads(line) if '"alert"' in line else {}
            if record.get('event_type') != 'alert':
                continue
            ends = sorted([(str(record.get('src_ip')), record.get('src_port', 0)),
                           (str(record.get('dest_ip')), record.get('dest_port', 0))])
            alerts.add((record['alert']['signature_id'],
                        f'{record.get("proto")} {ends[0][0]}:{ends[0][1]} {ends[1][0]}:{ends[1][1]}'))
    return alerts


class Suricata:
    """One process for all captures, asked over its socket: rules are loaded once."""

    def __init__(self, work, rules, settings):
        self.work, self.path = work, os.path.join(work, 'socket')
        self.out = os.path.join(work, 'theirs')
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        with open(os.path.join(work, 'suricata.log'), 'wb') as log:
            self.process = subprocess.Popen(
                ['suricata', f'--unix-socket={self.path}', '-S', rules, '-c', settings, '-k', 'none', '-l', self.out],
                stdout=log, stderr=log)
        self.socket = None
        while self.socket is None:
            if self.process.poll() is not None:
                raise RuntimeError(f'suricata ended: {log.name}')
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(self.path)
            except OSError:
                self.socket = None
                time.sleep(0.2)
        self.ask({'version': '0.2'})

    def ask(self, message):
        self.socket.sendall(json.dumps(message).encode() + b'\n')
        text = b''
        while not text.endswith(b'\n'):
            text += self.socket.recv(65536)
        answer = json.loads(text)
        if answer.get('return') != 'OK':
            raise RuntimeError(f'suricata: {answer}')
        return answer.get('message')

    def inspect(self, captures):
        """Hands over all; yields each with the file of its records when it is through."""
        for number, (path, _) in enumerate(captures):
            folder = os.path.join(self.out, str(number))
            os.makedirs(folder)
            self.ask({'command': 'pcap-file', 'arguments': {'filename': path, 'output-dir': folder}})
        while self.ask({'command': 'pcap-file-number'}) or self.ask({'command': 'pcap-current'}) != 'None':
            time.sleep(0.5)
        for number, capture in enumerate(captures):
            yield capture, os.path.join(self.out, str(number), 'eve.json')

    def end(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()


def theirs(work, captures, rules, settings):
    version = subprocess.run(['suricata', '-V'], capture_output=True, text=True, check=True).stdout
    key = hashlib.sha256((version + digest_of(rules, settings)).encode()).hexdigest()[:16]
    kept = os.path.join(work, f'suricata-{key}')
    os.makedirs(kept, exist_ok=True)
    missing = [capture for capture in captures if not os.path.exists(os.path.join(kept, capture[1] + '.json'))]
    if missing:
        suricata = Suricata(work, rules, settings)
        try:
            for (_, digest), path in suricata.inspect(missing):
                alerts = sorted(alerts_read(path)) if os.path.exists(path) else []
                with open(os.path.join(kept, digest + '.json'), 'w', encoding='utf-8') as file:
                    json.dump(alerts, file)
        finally:
            suricata.end()
    result = []
    for _, digest in captures:
        with open(os.path.join(kept, digest + '.json'), encoding='utf-8') as file:
            result.append({tuple(alert) for alert in json.load(file)})
    return result


def ours_written(build, work, captures, rules, settings):
    """Files of records, one for each capture."""
    out, cache = os.path.join(work, 'ours'), os.path.join(work, 'cache')
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    os.makedirs(cache, exist_ok=True)
    run = subprocess.run([os.path.join(build, 'tests/replay/captures'), settings, rules, cache, '1', 'each', out,
                          *[path for path, _ in captures]], capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError('captures: ' + run.stderr.strip()[-500:])
    return [os.path.join(out, f'{number}.json') for number in range(len(captures))]


def ours(build, work, captures, rules, settings):
    return [alerts_read(path) for path in ours_written(build, work, captures, rules, settings)]


def differences_read():
    with open(os.path.join(HERE, 'alerts.csv'), encoding='utf-8') as lines:
        return {(row['capture'], int(row['sid']), row['told_by']): row['reason'] for row in csv.DictReader(lines)}


def compare(captures, of_ours, of_theirs, verbose):
    """Returns how many alerts both told, how many one alone without a reason, and with one."""
    reasons, both, wrong, explained = differences_read(), 0, 0, collections.Counter()
    for (path, _), mine, other in zip(captures, of_ours, of_theirs):
        both += len(mine & other)
        for who, only in (('sekisho', mine - other), ('suricata', other - mine)):
            for sid, flow in sorted(only):
                reason = reasons.get((label(path), sid, who))
                if reason:
                    explained[reason] += 1
                else:
                    wrong += 1
                if verbose or not reason:
                    print(f'# {label(path)}: {sid} of {flow} is told by {who} alone' + (f': {reason}' if reason else ''))
    for reason, count in explained.most_common():
        print(f'# {count} differ: {reason}')
    return both, wrong, sum(explained.values())


def rules_write(rules, path):
    opened = gzip.open if rules.endswith('.gz') else open
    with opened(rules, 'rb') as source, open(path, 'wb') as target:
        shutil.copyfileobj(source, target)


def classification_of(rules):
    """The one that came with the rules, or else Debian's."""
    beside = os.path.join(os.path.dirname(os.path.abspath(rules)), 'classification.config')
    return beside if os.path.exists(beside) else '/etc/suricata/classification.config'


def missing(captures, rules):
    if not shutil.which('suricata'):
        return 'suricata is not installed'
    if not os.path.exists(rules):
        return 'no rules (RULES=FILE)'
    return None if captures else 'no captures (CAPTURES=DIR:DIR...)'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('places', nargs='*', default=os.environ.get('CAPTURES', SHARED).split(':'))
    parser.add_argument('-r', '--rules', default=os.environ.get('RULES', os.path.join(SHARED, 'ids/rules/et-open.rules.gz')))
    parser.add_argument('-n', '--name', default='', help='only captures with this in their path')
    parser.add_argument('-v', '--verbose', action='store_true', help='also what differs for a reason')
    options = parser.parse_args()
    captures = [found for found in captures_find(options.places) if options.name in found[0]]
    why = missing(captures, options.rules)
    print('1..1')
    if why:
        print(f'ok 1 - alerts equal Suricata\'s # SKIP {why}')
        return 0
    work = os.path.abspath(os.path.join(options.build, 'alerts'))
    os.makedirs(work, exist_ok=True)
    rules, settings = os.path.join(work, 'all.rules'), os.path.join(work, 'alerts.yaml')
    rules_write(options.rules, rules)
    settings_write(settings, classification_of(options.rules))
    of_theirs = theirs(work, captures, rules, settings)
    of_ours = ours(options.build, work, captures, rules, settings)
    both, wrong, explained = compare(captures, of_ours, of_theirs, options.verbose)
    print(f'{"not ok" if wrong else "ok"} 1 - alerts of {len(captures)} captures equal Suricata\'s: {both} of both, '
          f'{explained} differ for a reason, {wrong} without')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
