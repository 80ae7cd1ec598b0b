#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""files.py DIR: captures that carry the EICAR test file in a zip in a zip, over HTTP, SMTP, FTP and SMB; a mail
whose text has the password; bombs. Nothing is taken from a network."""
import base64
import gzip
import io
import struct
import subprocess
import sys
import zipfile

from dialogue import Capture, Dialogue

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def zip_of(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def http(capture, sport, name, body):
    d = Dialogue(capture, sport, 80)
    d.client(b"GET /%s HTTP/1.1\r\nHost: files.example\r\n\r\n" % name)
    d.server(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
             % len(body) + body)
    d.close()


def smtp(capture, sport, text, name, attachment):
    d = Dialogue(capture, sport, 25)
    d.server(b"220 mail.example ESMTP\r\n")
    for line, reply in ((b"EHLO client.example", b"250 mail.example"), (b"MAIL FROM:<a@b.example>", b"250 ok"),
                        (b"RCPT TO:<c@d.example>", b"250 ok"), (b"DATA", b"354 go on")):
        d.client(line + b"\r\n")
        d.server(reply + b"\r\n")
    encoded = base64.encodebytes(attachment).replace(b"\n", b"\r\n")
    d.client(b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
             b"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n"
             b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + b"\r\n--=_b\r\n"
             b"Content-Type: application/zip; name=\"" + name + b"\"\r\nContent-Transfer-Encoding: base64\r\n"
             b"Content-Disposition: attachment; filename=\"" + name + b"\"\r\n\r\n" + encoded +
             b"--=_b--\r\n.\r\n")
    d.server(b"250 taken\r\n")
    d.client(b"QUIT\r\n")
    d.server(b"221 bye\r\n")
    d.close()


def ftp(capture, sport, name, body):
    d = Dialogue(capture, sport, 21)
    d.server(b"220 ready\r\n")
    for line, reply in ((b"USER anonymous", b"331 go on"), (b"PASS x", b"230 in"), (b"TYPE I", b"200 ok"),
                        (b"PASV", b"227 Entering Passive Mode (198,51,100,20,195,80)"),
                        (b"RETR " + name, b"150 here it comes")):
        d.client(line + b"\r\n")
        d.server(reply + b"\r\n")
    data = Dialogue(capture, sport + 1, 195 * 256 + 80)
    data.server(body)
    data.close()
    d.server(b"226 done\r\n")
    d.close()


def smb2(command, body, message, answers=False):
    head = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, command, 1, 1 if answers else 0, 0, message,
                       0, 1, 1, b"")
    packet = head + body
    return struct.pack("!I", len(packet)) + packet


def smb(capture, sport, name, body):
    """Negotiate, create, write, close of SMB 2.1 ([MS-SMB2] 2.2); the session itself is left out."""
    d = Dialogue(capture, sport, 445)
    guid = b"\x11" * 16
    path = name.decode().encode("utf-16-le")
    d.client(smb2(0, struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0, b"\x22" * 16, 0, 0x210), 0))
    d.server(smb2(0, struct.pack("<HHHH16sIIIIQQHHI", 65, 1, 0x210, 0, b"\x33" * 16, 0, 65536, 65536, 65536, 0, 0,
                                 128, 0, 0), 0, True))
    d.client(smb2(3, struct.pack("<HHHH", 9, 0, 72, 18) + "\\\\s\\share".encode("utf-16-le"), 1))
    d.server(smb2(3, struct.pack("<HBBIII", 16, 1, 0, 0, 0, 0), 1, True))
    d.client(smb2(5, struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019f, 0, 7, 2, 0, 120, len(path), 0, 0)
                  + path, 2))
    d.server(smb2(5, struct.pack("<HBBIQQQQQQII16sII", 89, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, guid, 0, 0), 2, True))
    d.client(smb2(9, struct.pack("<HHIQ16sIIHHI", 49, 112, len(body), 0, guid, 0, 0, 0, 0, 0) + body, 3))
    d.server(smb2(9, struct.pack("<HHIIHH", 17, 0, len(body), 0, 0, 0), 3, True))
    d.client(smb2(6, struct.pack("<HHI16s", 24, 0, 0, guid), 4))
    d.server(smb2(6, struct.pack("<HHIQQQQQQI", 60, 0, 0, 0, 0, 0, 0, 0, 0, 0), 4, True))
    d.close()


def locked(directory, password):
    """By Info-ZIP's zip, since Python writes no ciphers."""
    path = f"{directory}/eicar.com"
    with open(path, "wb") as out:
        out.write(EICAR)
    subprocess.run(["zip", "-q", "-j", "-P", password, f"{directory}/locked.zip", path], check=True)
    with open(f"{directory}/locked.zip", "rb") as archive:
        return archive.read()


def main():
    directory = sys.argv[1]
    nested = zip_of(("inner.zip", zip_of(("eicar.com", EICAR))), ("readme.txt", b"nothing here"))
    found, odd = Capture(), Capture()
    http(found, 40001, b"outer.zip", nested)
    smtp(found, 40002, b"see attached", b"outer.zip", nested)
    ftp(found, 40003, b"outer.zip", nested)
    smb(found, 40005, b"outer.zip", nested)
    http(found, 40006, b"outer.zip", nested)
    smtp(found, 40007, "パスワードは「Himitsu2024」です".encode(), b"locked.zip", locked(directory, "Himitsu2024"))
    smtp(found, 40008, b"the password comes later", b"locked.zip", locked(directory, "Himitsu2024"))
    found.write(f"{directory}/found.pcap")
    one = Capture()
    http(one, 42001, b"plain.txt", b"a text that nothing is wrong with")
    one.write(f"{directory}/one.pcap")
    http(odd, 41001, b"bomb.zip", zip_of(("bomb", bytes(8 << 20)), ("never", b"x")))
    deep = EICAR
    for _ in range(8):
        deep = zip_of(("deeper.zip", deep))
    http(odd, 41002, b"deep.zip", deep)
    http(odd, 41003, b"many.zip", zip_of(*((f"m{i}", b"x") for i in range(60))))
    http(odd, 41004, b"broken.gz", gzip.compress(bytes(i * i % 251 for i in range(9000)), mtime=0)[:150])
    http(odd, 41005, b"plain.txt", b"a text that nothing is wrong with")
    odd.write(f"{directory}/odd.pcap")


main()
