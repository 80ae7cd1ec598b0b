#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""badserver.py PORT: answers requests by HTTP with a list that never ends well. What is wrong with it the path
says, which is asked for without a condition: see answers()."""
import gzip
import itertools
import socket
import sys
import threading
import time

LINES = b"".join(b"198.51.100.%d\n" % i for i in range(1, 11))
PACKED = gzip.compress(b"".join(b"198.51.%d.%d\n" % (i, i * 7 % 256) for i in range(256)))


def head(*lines):
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: text/plain", *lines, b"", b""))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def answers(kind, times):
    """What is sent of this kind, piece by piece, when it was asked for so many times before."""
    if kind == "cut":  # its length promises more
        yield head(b"Content-Length: 100000") + LINES[:13]
    elif kind == "half":  # whole the first time, cut from then on
        yield head(b"Content-Length: %d" % len(LINES)) + (LINES if not times else LINES[:len(LINES) * 3 // 4])
    elif kind == "chunked":  # the last chunk never comes
        yield head(b"Transfer-Encoding: chunked") + chunk(LINES[:65]) + chunk(LINES[65:])
    elif kind == "gzip":  # packed on the way, and its end is missing, which its length does not say
        yield head(b"Content-Encoding: gzip", b"Content-Length: %d" % (len(PACKED) - 40)) + PACKED[:-40]
    elif kind == "endless":  # as fast as it is taken
        yield head(b"Transfer-Encoding: chunked")
        for i in itertools.count():
            yield chunk(b"".join(b"198.51.%d.%d\n" % (i % 256, j) for j in range(256)))
    elif kind == "drip":  # a byte every two seconds
        yield head(b"Content-Length: 100000") + LINES[:13]
        while True:
            time.sleep(2)
            yield b"1"


def serve(peer, asked):
    with peer:
        kind = peer.recv(65536).split(b" ")[1].split(b"/")[1].decode()
        times = asked.get(kind, 0)
        asked[kind] = times + 1
        try:
            for piece in answers(kind, times):
                peer.sendall(piece)
        except OSError:
            pass  # nobody wants the rest


def main():
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    asked = {}
    while True:
        peer, _ = server.accept()
        threading.Thread(target=serve, args=(peer, asked), daemon=True).start()


main()
