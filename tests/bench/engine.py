#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Suricata's and our engine over the same captures, with the same rules and settings. Called by rows_engine.c:

engine.py BUILD ready                              makes captures, rules and settings; 77: this machine cannot
engine.py BUILD ours|theirs CAPTURE KIND WORKERS   KIND: eve, nolog, norules, cold (ours: nothing compiled is kept)

A run prints seconds of start, wall and CPU seconds of processing, peak memory in MiB, bytes, packets and the share of
rules that were taken. CAPTURES and RULES of the environment say where captures and rules lie."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.path.join(HERE, '..', '..', '..', 'shared', 'data', 'ids')
CAPTURES = os.environ.get('CAPTURES', SHARED).split(':')
RULES = os.environ.get('RULES', os.path.join(SHARED, 'rules', 'et-open.rules.gz'))
SURICATA_YAML = '/etc/suricata/suricata.yaml'
CANNOT = 77
TICK = os.sysconf('SC_CLK_TCK')


def cannot(why):
    print(why)
    sys.exit(CANNOT)


class Place:
    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.dir = os.path.join(self.build, 'engine-bench')

    def file(self, name):
        return os.path.join(self.dir, name)


# --- what both are given ---

def settings_write(place):
    """Debian's settings with the records of an alerting site, or none; plain JSON is YAML, too."""
    import yaml  # pylint: disable=import-outside-toplevel
    with open(SURICATA_YAML, encoding='utf-8') as file:
        settings = yaml.load(file, yaml.BaseLoader)
    types = [{'alert': {'tagged-packets': 'no'}}, {'http': {'extended': 'yes'}}, 'dns', {'tls': {'extended': 'yes'}},
             {'files': {'force-magic': 'no'}}]
    eve = [{'eve-log': {'enabled': 'yes', 'filetype': 'regular', 'filename': 'eve.json', 'types': types}}]
    settings.update({'mpm-algo': 'hs', 'spm-algo': 'hs', 'classification-file': place.file('classification.config')})
    settings['stats'] = {'enabled': 'no'}
    settings['unix-command'] = {'enabled': 'no'}
    settings.setdefault('logging', {})['outputs'] = [{'console': {'enabled': 'yes'}}]
    for name, outputs in (('eve', eve), ('nolog', [])):
        settings['outputs'] = outputs
        with open(place.file(f'{name}.yaml'), 'w', encoding='utf-8') as file:
            file.write('%YAML 1.1\n---\n' + yaml.dump(settings, sort_keys=False))


def rules_write(place):
    opened = gzip.open if RULES.endswith('.gz') else open
    with opened(RULES, 'rb') as source, open(place.file('all.rules'), 'wb') as target:
        shutil.copyfileobj(source, target)
    classes = os.path.join(os.path.dirname(RULES), 'classification.config')
    shutil.copy(classes if os.path.exists(classes) else '/etc/suricata/classification.config',
                place.file('classification.config'))


def ready(place):
    if not shutil.which('suricata'):
        cannot('suricata is not installed')
    if not os.path.exists(RULES):
        cannot('no rules (RULES=FILE)')
    os.makedirs(place.dir, exist_ok=True)
    if not os.path.exists(place.file('mix.pcap')):
        made = subprocess.run([os.path.join(HERE, 'mix.py'), place.dir, *CAPTURES], capture_output=True, text=True,
                              check=False)
        if made.returncode:
            cannot((made.stdout + made.stderr).strip().splitlines()[-1] + ' (CAPTURES=DIR:DIR...)')
    rules_write(place)
    settings_write(place)


# --- a run ---

def capture_size(path):
    with open(path, 'rb') as file:
        data = file.read()
    at, packets, size = 24, 0, 0
    while at + 16 <= len(data):
        length = int.from_bytes(data[at + 8:at + 12], 'little')
        at, packets, size = at + 16 + length, packets + 1, size + length
    return packets, size


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
        words = file.read().rsplit(')', 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def peak_mib(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return int(re.search(r'VmHWM:\s+(\d+)', file.read())[1]) / 1024


def log_dir(place, name):
    path = place.file(name)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def words_common(place, capture, kind):
    settings = place.file('nolog.yaml' if kind == 'nolog' else 'eve.yaml')
    rules = '/dev/null' if kind == 'norules' else place.file('all.rules')
    return ['-r', place.file(capture + '.pcap'), '-S', rules, '-c', settings, '-k', 'none']


def ours(place, capture, kind, workers):
    """What the program itself counts; the peak is asked while it is not yet waited for."""
    cache = place.file('cold' if kind == 'cold' else 'cache')
    if kind == 'cold':
        shutil.rmtree(cache, ignore_errors=True)
    words = words_common(place, capture, kind)
    command = [os.path.join(place.build, 'sekishod'), 'inspect', '--json', f'--file={words[1]}', f'--rules={words[3]}',
               f'--config={words[5]}', '--checksums=none', f'--threads={workers}', f'--data-dir={cache}',
               f'--log-dir={log_dir(place, "ours")}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        text = process.stdout.read()
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError('sekishod: ' + (text + said)[-150:].decode(errors='replace'))
    told = json.loads(text)
    rules = told['rules']
    asked = rules['taken'] + rules['refused']
    return (told['start_seconds'], told['seconds'], told['cpu_seconds'], usage.ru_maxrss / 1024,
            rules['taken'] / asked if asked else 1)


def theirs(place, capture, kind, workers):
    mode = ['--runmode', 'single' if workers == 1 else 'autofp']
    command = ['suricata', '-v', *words_common(place, capture, kind), *mode, '-l', log_dir(place, 'theirs')]
    begun = os.times().elapsed
    started = ended = cpu = used = peak = 0
    rules, lines = 1, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            lines.append(line)
            if 'Engine started' in line:
                started, cpu = os.times().elapsed, cpu_seconds(process.pid)
            if 'read 1 file' in line:
                ended, used, peak = os.times().elapsed, cpu_seconds(process.pid), peak_mib(process.pid)
            loaded = re.search(r'(\d+) rules successfully loaded, (\d+) rules failed', line)
            if loaded and int(loaded[1]) + int(loaded[2]):
                rules = int(loaded[1]) / (int(loaded[1]) + int(loaded[2]))
    if not started or not ended:
        raise RuntimeError('suricata: ' + ''.join(lines)[-150:])
    return started - begun, ended - started, used - cpu, peak, rules


def run(place, words):
    who, capture, kind, workers = words
    take = ours if who == 'ours' else theirs
    start, wall, cpu, peak, rules = take(place, capture, kind, int(workers))
    packets, size = capture_size(place.file(capture + '.pcap'))  # last: a child's peak counts from its parent's memory
    print(f'{start:.6f} {wall:.6f} {cpu:.6f} {peak:.3f} {size} {packets} {rules:.6f}')


def main():
    place = Place(sys.argv[1])
    if sys.argv[2] == 'ready':
        ready(place)
        return 0
    try:
        run(place, sys.argv[2:])
    except RuntimeError as error:
        print(' '.join(str(error).split()))
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
