#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mix.py OUT DIR...

Makes the captures that the engine is measured with, in OUT: mix.pcap of what lies below DIR and of generated web, TLS
and DNS, a minute of it, twice with other hosts; dns.pcap of questions and answers alone; tls.pcap, one long download.
All is made of a fixed seed, but for the keys of TLS. Without captures in DIR it says so and ends with 77."""

import gzip
import hashlib
import os
import random
import ssl
import struct
import subprocess
import sys
import tempfile

LINK_ETHERNET, LINK_RAW, LINKS_RAW = 1, 101, (12, 14, 101, 228, 229)
FRAME_MAX = 1522
MIX_SECONDS = 60.0
MIX_COPIES = 2
SHARES = {'web': 1200, 'tls': 900, 'dns': 20000}  # conversations in a copy of the mix
DNS_PAIRS = 150000
ELEPHANT = 150 << 20
MSS = 1448
MAC = b'\2\0\0\0\0\1\2\0\0\0\0\2'


# --- reading ---

def pcap_frames(data):
    """(seconds, link, bytes) of each whole packet; nothing of a file whose packets were cut."""
    order = {b'\xd4\xc3\xb2\xa1': '<', b'\xa1\xb2\xc3\xd4': '>', b'\x4d\x3c\xb2\xa1': '<', b'\xa1\xb2\x3c\x4d': '>'}
    end = order.get(data[:4])
    if not end:
        return
    unit = 1e-9 if b'\x3c' in data[:4] else 1e-6
    link = struct.unpack_from(end + 'I', data, 20)[0] & 0xffff
    at = 24
    while at + 16 <= len(data):
        seconds, part, length, wire = struct.unpack_from(end + 'IIII', data, at)
        at += 16
        if length != wire or at + length > len(data):
            return
        yield seconds + part * unit, link, data[at:at + length]
        at += length


def ng_frames(data):
    """The same of pcap-ng: enhanced packet blocks, microseconds unless an interface says otherwise."""
    at, end, interfaces = 0, '<', []
    while at + 12 <= len(data):
        if data[at:at + 4] == b'\x0a\x0d\x0d\x0a':
            end = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>'
            interfaces = []
        kind, length = struct.unpack_from(end + 'II', data, at)
        body = data[at + 8:at + length - 4]
        if length < 12 or at + length > len(data):
            return
        if kind == 1:
            interfaces.append((struct.unpack_from(end + 'H', body)[0], ng_unit(body, end)))
        elif kind == 6:
            number, high, low, captured, wire = struct.unpack_from(end + 'IIIII', body)
            if captured != wire or number >= len(interfaces):
                return
            link, unit = interfaces[number]
            yield (high << 32 | low) * unit, link, body[20:20 + captured]
        at += length


def ng_unit(body, end):
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(end + 'HH', body, at)
        if code == 9 and length:
            bits = body[at + 4]
            return 2.0 ** -(bits & 127) if bits & 128 else 10.0 ** -bits
        if code == 0:
            break
        at += 4 + (length + 3 & ~3)
    return 1e-6


def ethernet(link, frame):
    if link == LINK_ETHERNET:
        return frame
    if link in LINKS_RAW and frame:
        return MAC + (b'\x86\xdd' if frame[0] >> 4 == 6 else b'\x08\x00') + frame
    return None


def capture_read(path):
    """One capture as a conversation: frames with their seconds from its beginning, half a minute at most."""
    with open(path, 'rb') as file:
        data = file.read()
    if data[:2] == b'\x1f\x8b':
        data = gzip.decompress(data)
    read = ng_frames if data[:4] == b'\x0a\x0d\x0d\x0a' else pcap_frames
    frames = [(time, ethernet(link, frame)) for time, link, frame in read(data)]
    frames = [(time, frame) for time, frame in frames if frame and 14 < len(frame) <= FRAME_MAX]
    if not frames:
        return []
    first = min(time for time, _ in frames)
    span = max(time for time, _ in frames) - first
    scale = min(1.0, 30.0 / span) if span > 0 else 1.0
    result, last = [], 0.0
    for time, frame in frames:
        last = max(last, (time - first) * scale)
        result.append((last, frame))
    return result


def captures_read(folders):
    found, seen = [], set()
    for folder in folders:
        for root, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(root, name)
                if not name.lower().endswith(('.pcap', '.pcapng', '.cap', '.trace', '.pcap.gz', '.pcapng.gz')):
                    continue
                try:
                    with open(path, 'rb') as file:
                        content = hashlib.sha256(file.read()).digest()
                    frames = capture_read(path) if content not in seen else []
                except (OSError, struct.error, EOFError, ValueError):
                    continue  # what no program wrote whole is no traffic
                seen.add(content)
                if frames:
                    found.append(frames)
    return found


# --- making ---

def checksum(data):
    if len(data) & 1:
        data += b'\0'
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def ip_frame(proto, source, target, number, head, data):
    length = 20 + len(head) + len(data)
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, length, number & 0xffff, 0x4000, 64, proto, 0, source, target)
    return MAC + b'\x08\x00' + ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:] + head + data


def udp_frame(source, sport, target, dport, number, data):
    head = struct.pack('>HHHH', sport, dport, 8 + len(data), 0)
    return ip_frame(17, source, target, number, head, data)


class Talk:
    """A TCP conversation whose ends say bytes in turn; frames come with a time of 1 ms each turn."""

    def __init__(self, client, sport, server, dport, dice):
        self.ends = [(client, sport), (server, dport)]
        self.seq = [dice.getrandbits(32), dice.getrandbits(32)]
        self.time, self.number, self.frames = 0.0, dice.getrandbits(16), []
        self.segment(0, 0x02)
        self.segment(1, 0x12)
        self.segment(0, 0x10)

    def segment(self, side, flags, data=b''):
        (source, sport), (target, dport) = self.ends[side], self.ends[1 - side]
        ack = self.seq[1 - side] if flags & 0x10 else 0
        head = struct.pack('>HHIIBBHHH', sport, dport, self.seq[side], ack, 5 << 4, flags, 64240, 0, 0)
        self.number += 1
        self.frames.append((self.time, ip_frame(6, source, target, self.number, head, data)))
        self.time += 0.00002
        self.seq[side] = self.seq[side] + len(data) + (1 if flags & 3 else 0) & 0xffffffff

    def say(self, side, data):
        self.time += 0.001
        for at in range(0, len(data), MSS):
            self.segment(side, 0x18 if at + MSS >= len(data) else 0x10, data[at:at + MSS])
            if at // MSS % 2:
                self.segment(1 - side, 0x10)
        self.segment(1 - side, 0x10)

    def end(self):
        self.segment(0, 0x11)
        self.segment(1, 0x11)
        self.segment(0, 0x10)
        return self.frames


SYLLABLES = 'ba co di fu ga he in jo ka li mo na or pe ra si to un ve wi cloud data shop news web mail tech'.split()
TOPS = ['com'] * 10 + ['net', 'org', 'io', 'de', 'co.jp', 'ne.jp', 'jp', 'info', 'xyz', 'ru', 'top']
FRONTS = ['www', 'www', 'cdn', 'api', 'static', 'mail', 'ns1', 'login', 'img', '']
AGENTS = ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
          'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'curl/7.88.1',
          'python-requests/2.31', 'Microsoft BITS/7.8']


def names_make(dice, count):
    return [''.join(dice.choices(SYLLABLES, k=dice.randint(2, 4))) + '.' + dice.choice(TOPS) for _ in range(count)]


def host_make(dice, names):
    front = dice.choice(FRONTS)
    name = names[min(int(dice.paretovariate(0.6)) - 1, len(names) - 1)]
    return front + '.' + name if front else name


def client_make(dice):
    return bytes((10, dice.randint(1, 250), dice.randint(0, 255), dice.randint(1, 254)))


def server_make(dice):
    return bytes((198, 18, dice.randint(0, 255), dice.randint(1, 254)))


def prose(dice, length):
    words = dice.choices(SYLLABLES, k=length // 4 + 1)
    return ' '.join(words).encode()[:length]


def body_make(dice):
    """(type, bytes): half of it text that compresses, half of it none."""
    length = min(400000, max(300, int(dice.lognormvariate(8.6, 1.3))))
    if dice.random() < 0.5:
        return 'text/html', b'<html><head><title>page</title></head><body>' + prose(dice, length) + b'</body></html>'
    return dice.choice(['image/png', 'application/octet-stream']), dice.randbytes(length)


def web_talk(dice, names):
    talk = Talk(client_make(dice), dice.randint(1024, 65535), server_make(dice), dice.choice([80, 80, 80, 8080]), dice)
    host, agent = host_make(dice, names), dice.choice(AGENTS)
    for _ in range(dice.choice([1, 1, 2, 3, 6])):
        kind, body = body_make(dice)
        path = '/' + '/'.join(dice.choices(SYLLABLES, k=dice.randint(1, 4))) + dice.choice(['', '.html', '.js', '.php'])
        path += f'?id={dice.randint(1, 9999)}' if dice.random() < 0.3 else ''
        talk.say(0, (f'GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n'
                     'Accept-Language: ja,en;q=0.8\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n').encode())
        packed = kind == 'text/html' and dice.random() < 0.7
        body = gzip.compress(body, 6, mtime=0) if packed else body
        talk.say(1, (f'HTTP/1.1 {dice.choice(["200 OK"] * 9 + ["404 Not Found"])}\r\nServer: nginx\r\n'
                     f'Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n'
                     + ('Content-Encoding: gzip\r\n' if packed else '') + '\r\n').encode() + body)
    return talk.end()


class Tls:
    """Both ends of TLS in this process: their bytes are real, their keys nobody's."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        key, cert = (os.path.join(self.folder.name, name) for name in ('key', 'cert'))
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', key, '-out', cert, '-days', '3650', '-subj', '/CN=www.bench.example'],
                       check=True, capture_output=True)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(cert, key)
        self.clients = []
        for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            client.check_hostname, client.verify_mode, client.maximum_version = False, ssl.CERT_NONE, version
            client.set_alpn_protocols(['h2', 'http/1.1'])
            self.clients.append(client)

    def talk(self, talk, dice, host, sizes):
        pipes = [[ssl.MemoryBIO(), ssl.MemoryBIO()] for _ in range(2)]  # of each end: in, out
        ends = [dice.choice(self.clients).wrap_bio(*pipes[0], server_hostname=host),
                self.server.wrap_bio(*pipes[1], server_side=True)]

        def carry(side):
            data = pipes[side][1].read()
            if data:
                talk.say(side, data)
                pipes[1 - side][0].write(data)

        for _ in range(4):
            for side in (0, 1):
                try:
                    ends[side].do_handshake()
                except ssl.SSLWantReadError:
                    pass
                carry(side)
        for size in sizes:
            ends[0].write(b'G' * dice.randint(200, 900))
            carry(0)
            while size > 0:
                ends[1].write(dice.randbytes(min(size, 65536)))
                size -= 65536
                carry(1)
        return talk.end()


def tls_talk(dice, names, tls):
    talk = Talk(client_make(dice), dice.randint(1024, 65535), server_make(dice), dice.choice([443, 443, 443, 8443]), dice)
    sizes = [min(600000, int(dice.lognormvariate(9.2, 1.3))) for _ in range(dice.choice([1, 1, 2, 4]))]
    return tls.talk(talk, dice, host_make(dice, names), sizes)


def labels(name):
    return b''.join(bytes([len(part)]) + part.encode() for part in name.split('.') if part) + b'\0'


def answers_make(dice, name, kind):
    if kind in (1, 28):
        owner, records = b'\xc0\x0c', []
        if dice.random() < 0.35:
            alias = labels(f'e{dice.randint(1, 9999)}.cdn-{name}')
            records.append(owner + struct.pack('>HHIH', 5, 1, 300, len(alias)) + alias)
            owner = alias
        size = 4 if kind == 1 else 16
        for _ in range(dice.choice([1, 1, 1, 2, 4])):
            records.append(owner + struct.pack('>HHIH', kind, 1, dice.choice([30, 300, 3600]), size)
                           + dice.randbytes(size))
        return records
    if kind == 16:
        text = b'\x1bv=spf1 include:_spf.x.y ~all'
        return [b'\xc0\x0c' + struct.pack('>HHIH', 16, 1, 300, len(text)) + text]
    return []


def dns_talk(dice, names, client):
    name = host_make(dice, names)
    if dice.random() < 0.02:
        name = f'{dice.getrandbits(48):012x}.{name}'
    kind = dice.choices([1, 28, 65, 16, 15, 12], [60, 22, 10, 4, 2, 2])[0]
    number, port, server = dice.getrandbits(16), dice.randint(1024, 65535), bytes((8, 8, dice.choice([4, 8]), 8))
    edns = b'\0\0\x29\x10\0\0\0\0\0\0\0' if dice.random() < 0.6 else b''
    question = labels(name) + struct.pack('>HH', kind, 1)
    code = 3 if dice.random() < 0.08 else 0
    answers = [] if code else answers_make(dice, name, kind)
    ask = struct.pack('>HHHHHH', number, 0x0100, 1, 0, 0, 1 if edns else 0) + question + edns
    say = (struct.pack('>HHHHHH', number, 0x8180 | code, 1, len(answers), 0, 1 if edns else 0) + question
           + b''.join(answers) + edns)
    return [(0.0, udp_frame(client, port, server, 53, number, ask)),
            (0.004, udp_frame(server, 53, client, port, number, say))]


# --- mixing ---

def is_private(address):
    return (address[0] == 10 or address[:2] == b'\xc0\xa8' or (address[0] == 172 and 16 <= address[1] < 32))


def address_of(copy, source, address, known):
    """Another host of the body's for each copy of a conversation, so that flows never meet."""
    if not copy or not is_private(address):
        return address
    key = (copy, source, address)
    if key not in known:
        digest = hashlib.sha256(b'%d.%d.' % (copy, source) + address).digest()
        known[key] = bytes((10, digest[0], digest[1], 1 + digest[2] % 254))
    return known[key]


def frame_of(copy, source, frame, known):
    """The frame with the copy's addresses. Sums of the transport are not kept: nobody checks them here."""
    at = 18 if frame[12:14] == b'\x81\x00' else 14
    if frame[at - 2:at] != b'\x08\x00' or len(frame) < at + 20:
        return frame
    old = frame[at + 12:at + 16], frame[at + 16:at + 20]
    new = tuple(address_of(copy, source, address, known) for address in old)
    if new == old:
        return frame
    length = (frame[at] & 15) * 4
    head = frame[at:at + 10] + b'\0\0' + new[0] + new[1] + frame[at + 20:at + length]
    return frame[:at] + head[:10] + struct.pack('>H', checksum(head)) + head[12:] + frame[at + length:]


def pcap_write(path, frames):
    count = size = 0
    with open(path + '.part', 'wb', 1 << 22) as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, LINK_ETHERNET))
        for time, frame in frames:
            out.write(struct.pack('<IIII', 1700000000 + int(time), int(time % 1 * 1e6), len(frame), len(frame)))
            out.write(frame)
            count, size = count + 1, size + len(frame)
    os.rename(path + '.part', path)
    print(f'{path}: {count} packets, {size} bytes')


def mix_make(path, talks, dice):
    events, known = [], {}
    for copy in range(MIX_COPIES):
        for source, frames in enumerate(talks):
            start = dice.uniform(0, MIX_SECONDS / 2)
            events += [(start + time, copy, source, number) for number, (time, _) in enumerate(frames)]
    events.sort()
    pcap_write(path, ((time, frame_of(copy, source, talks[source][number][1], known))
                      for time, copy, source, number in events))


def dns_make(path, dice, names):
    clients = [client_make(dice) for _ in range(2000)]

    def frames():
        for number in range(DNS_PAIRS):
            for time, frame in dns_talk(dice, names, clients[number % len(clients)]):
                yield number * 0.0002 + time / 40, frame

    pcap_write(path, frames())


def tls_make(path, dice, tls):
    talk = Talk(client_make(dice), 40000, server_make(dice), 443, dice)
    pcap_write(path, tls.talk(talk, dice, 'www.bench.example', [ELEPHANT]))


def main():
    out, folders = sys.argv[1], sys.argv[2:]
    talks = captures_read(folders)
    if not talks:
        print(f'no captures below {" ".join(folders) or "any folder"}')
        return 77
    dice, tls = random.Random(7), Tls()
    names = names_make(dice, 8000)
    talks += [web_talk(dice, names) for _ in range(SHARES['web'])]
    talks += [tls_talk(dice, names, tls) for _ in range(SHARES['tls'])]
    talks += [dns_talk(dice, names, client_make(dice)) for _ in range(SHARES['dns'])]
    os.makedirs(out, exist_ok=True)
    dns_make(os.path.join(out, 'dns.pcap'), dice, names)
    tls_make(os.path.join(out, 'tls.pcap'), dice, tls)
    mix_make(os.path.join(out, 'mix.pcap'), talks, dice)
    return 0


if __name__ == '__main__':
    sys.exit(main())
