# SPDX-License-Identifier: Apache-2.0
"""Captures of TCP dialogues, made without a network: who says what, in what order. Checksums are right, times
are fixed, so a capture is the same each time."""
import ipaddress
import struct

CLIENT, SERVER = 0, 1


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    """Frames of raw IPv4 (LINKTYPE_RAW), a millisecond between two."""

    def __init__(self):
        self.frames = []

    def add(self, packet):
        self.frames.append(packet)

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))
            for number, frame in enumerate(self.frames):
                out.write(struct.pack("<IIII", 1700000000 + number // 1000, number % 1000 * 1000,
                                      len(frame), len(frame)) + frame)


class Dialogue:
    """One connection of a capture: opened when made; say() as often as wanted; close()."""
    MSS = 1400

    def __init__(self, capture, sport, dport, client="192.0.2.10", server="198.51.100.20"):
        self.capture = capture
        self.addresses = [ipaddress.IPv4Address(a).packed for a in (client, server)]
        self.ports = [sport, dport]
        self.next = [1000, 5000]
        self.send(CLIENT, 0x02)
        self.send(SERVER, 0x12)
        self.send(CLIENT, 0x10)

    def send(self, who, flags, data=b""):
        other = 1 - who
        tcp = struct.pack("!HHIIBBHHH", self.ports[who], self.ports[other], self.next[who],
                          self.next[other] if flags & 0x10 else 0, 0x50, flags, 65535, 0, 0) + data
        pseudo = self.addresses[who] + self.addresses[other] + struct.pack("!BBH", 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0)
        ip += self.addresses[who] + self.addresses[other]
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.capture.add(ip + tcp)
        self.next[who] += len(data) + (1 if flags & 0x03 else 0)

    def say(self, who, data):
        for at in range(0, len(data), self.MSS):
            self.send(who, 0x18, data[at:at + self.MSS])
            self.send(1 - who, 0x10)

    def client(self, data):
        self.say(CLIENT, data)

    def server(self, data):
        self.say(SERVER, data)

    def close(self):
        self.send(CLIENT, 0x11)
        self.send(SERVER, 0x11)
        self.send(CLIENT, 0x10)
