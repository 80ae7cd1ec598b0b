#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""pieces.py DESTINATION ORDER...: an echo request of 4,000 bytes in three fragments, sent in the
order given (0 1 2 is as usual). Exits 0 when it is answered within ten seconds."""
import os
import random
import socket
import struct
import sys
import time


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main():
    destination, order = sys.argv[1], [int(word) for word in sys.argv[2:]]
    ident, number = os.getpid() & 0xFFFF, random.randrange(65536)
    body = bytes(range(250)) * 16
    echo = struct.pack("!BBHHH", 8, 0, 0, ident, 1) + body
    echo = echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]
    pieces = [(start, echo[start:start + 1480]) for start in range(0, len(echo), 1480)]

    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    answers = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    answers.settimeout(0.2)
    for index in order:
        start, data = pieces[index]
        more = 0x2000 if start + len(data) < len(echo) else 0
        out.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), number, more | start // 8,
                               64, 1, 0, b"\0" * 4, socket.inet_aton(destination)) + data,
                   (destination, 0))
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            packet = answers.recv(65536)
        except socket.timeout:
            continue
        if packet[20] == 0 and struct.unpack("!H", packet[24:26])[0] == ident:
            return 0 if packet[28:] == body else 1
    print("no answer to pieces in the order", *order)
    return 1


sys.exit(main())
