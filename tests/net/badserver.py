#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""badserver.py cut|drip PORT: answers every request by HTTP with a list that never ends well: cut in the
middle, or a byte every two seconds."""
import socket
import sys
import threading
import time


def answer(kind, peer):
    with peer:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n198.51.100.1\n")
        if kind == "cut":
            return
        while True:
            time.sleep(2)
            peer.sendall(b"1")


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    server = socket.create_server(("127.0.0.1", port))
    while True:
        peer, _ = server.accept()
        threading.Thread(target=answer, args=(kind, peer), daemon=True).start()


main()
