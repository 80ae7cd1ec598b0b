# SPDX-License-Identifier: Apache-2.0
"""
Many connections to a web server at once: all are open before any asks and until all have asked, each asks twice, and
has what it asked for both times. many.py HOST CONNECTIONS FILE: the file that the server has as /many. Says how many failed, and why.
"""
import asyncio
import collections
import resource
import sys

OPENING = 200  # at the same time: a server's backlog is not what is asked here,
ASKING = 100  # nor what becomes of so many first windows that all meet in one queue


async def ask(reader, writer, host, wanted):
    writer.write(f"GET /many HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head.split(b"\r\n")[0].decode())
    if await reader.readexactly(len(wanted)) != wanted:
        raise ValueError("other bytes")


async def visit(host, wanted, door, turn, opened, all_open):
    try:
        async with door:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(host, 80), 60)
    finally:
        opened.release()
    await all_open.wait()
    for _ in range(2):
        async with turn:
            await asyncio.wait_for(ask(reader, writer, host, wanted), 60)
    return writer


async def main(host, cnt, wanted):
    door, turn, opened = asyncio.Semaphore(OPENING), asyncio.Semaphore(ASKING), asyncio.Semaphore(0)
    all_open = asyncio.Event()
    visits = [asyncio.create_task(visit(host, wanted, door, turn, opened, all_open)) for _ in range(cnt)]
    for _ in range(cnt):
        await opened.acquire()
    print(f"{cnt} connections are open", flush=True)
    all_open.set()
    ends = await asyncio.gather(*visits, return_exceptions=True)
    failed = collections.Counter(f"{type(e).__name__} {e}" for e in ends if isinstance(e, Exception))
    for why, times in failed.items():
        print(f"{times} failed: {why}")
    return 1 if failed else 0


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with open(sys.argv[3], "rb") as file:
        sys.exit(asyncio.run(main(sys.argv[1], int(sys.argv[2]), file.read())))
