#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cutpieces.py SOURCE DESTINATION PORT FILE [FROM:TO[:BYTE]|wait:SECONDS]...: a UDP datagram that holds FILE, as
the fragments named, in that order: bytes FROM to TO of it, its UDP header included, or so many of BYTE. A piece
that ends before the datagram does says that there is more."""
import os
import socket
import struct
import sys
import time


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def main():
    source, destination = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
    with open(sys.argv[4], "rb") as file:
        held = file.read()
    head = struct.pack("!HHH", 40000, int(sys.argv[3]), 8 + len(held))
    front = source + destination + struct.pack("!BBH", 0, 17, 8 + len(held))
    datagram = head + struct.pack("!H", checksum(front + head + b"\0\0" + held)) + held
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    ident = int.from_bytes(os.urandom(2), "big") or 1
    for word in sys.argv[5:]:
        parts = word.split(":")
        if parts[0] == "wait":
            time.sleep(float(parts[1]))
            continue
        start, end = int(parts[0]), min(int(parts[1]), len(datagram))
        data = bytes([int(parts[2])]) * (end - start) if len(parts) > 2 else datagram[start:end]
        more = 0x2000 if end < len(datagram) else 0
        out.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), ident, more | start // 8, 64, 17, 0,
                               source, destination) + data, (sys.argv[2], 0))


main()
