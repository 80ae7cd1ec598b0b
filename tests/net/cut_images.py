#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after a power cut, from a record of cut(1), at each of its changes.

cut_images.py BASE RECORD OUT ACTION...
cut_images.py BASE RECORD OUT restore BACKUP

BASE is the folder as it was, on the disk, when the record's first mark was made; each later mark says
that one ACTION more was answered ("apply:NAME", "confirm:NAME", "rollback:NAME" as the journal will have
them, or "list:PREFIX"). For each moment between two changes three kinds of disk are made:

  kept    every change up to then has reached it: what a killed process leaves
  synced  only what was flushed has: bytes by fsync of their file, names by fsync of their folder. This is
          stricter than ext4 and xfs, which flush a new file's name with it.
  torn    between them: of the changes that were not flushed each sector of 512 bytes has reached it or
          not, by lot, and of the names a lot of the first; several times

Each is read by SQLite: pages whole, no entry missing, what was answered is there, and of what was not yet
answered the next at most. Of a restore: all is as before, or all is as in BACKUP, or the whole of BACKUP
lies ready for the agent's start to finish it. Some that differ are left in OUT, with a line each on
standard output: folder, newest policy. What this does not model: sectors that change though nobody wrote them, and disks
that say that they have flushed and have not.
"""
import hashlib
import json
import os
import random
import shutil
import sqlite3
import sys

SECTOR = 512
TORN = 6  # disks by lot at each moment
STARTS = 8  # disks on which an agent is started


class File:
    def __init__(self, content=b""):
        self.now = bytearray(content)
        self.flushed = bytes(content)
        self.pending = []  # (at, data) or (size, None)

    def write(self, at, data):
        if len(self.now) < at:
            self.now.extend(bytes(at - len(self.now)))
        self.now[at:at + len(data)] = data
        self.pending.append((at, data))

    def truncate(self, size):
        del self.now[size:]
        self.now.extend(bytes(size - len(self.now)))
        self.pending.append((size, None))

    def flush(self):
        self.flushed = bytes(self.now)
        self.pending = []

    def torn(self, lot):
        content = bytearray(self.flushed)
        for at, data in self.pending:
            if data is None:
                if lot.random() < 0.5:
                    del content[at:]
                    content.extend(bytes(at - len(content)))
                continue
            start = at
            while start < at + len(data):  # sector by sector
                end = min(start - start % SECTOR + SECTOR, at + len(data))
                if lot.random() < 0.5:
                    if len(content) < end:
                        content.extend(bytes(end - len(content)))
                    content[start:end] = data[start - at:end - at]
                start = end
        return bytes(content)


class Disk:
    def __init__(self, base):
        self.names = {}
        for folder, _, files in os.walk(base):
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), base)
                if not path.endswith("-shm"):
                    with open(os.path.join(base, path), "rb") as file:
                        self.names[path] = File(file.read())
        self.flushed = dict(self.names)
        self.pending = []  # (folder, path, file or None)

    def name_set(self, path, file):
        if file is None:
            self.names.pop(path, None)
        else:
            self.names[path] = file
        self.pending.append((os.path.dirname(path), path, file))

    def change(self, op):
        path, kind = op.get("path"), op["op"]
        if kind == "open":
            if op["created"]:
                self.name_set(path, File())
            else:
                self.names[path].truncate(0)
        elif kind == "write":
            if path in self.names:  # else: of a file that was unlinked while it was open
                self.names[path].write(op["at"], bytes.fromhex(op["data"]))
        elif kind == "truncate":
            if path in self.names:
                self.names[path].truncate(op["at"])
        elif kind == "rename":
            file = self.names[path]
            self.name_set(path, None)
            self.name_set(op["to"], file)
        elif kind == "unlink":
            self.name_set(path, None)
        elif kind == "sync":
            self.sync(path)

    def sync(self, path):
        if path in self.names:
            self.names[path].flush()
            return
        for folder, name, file in self.pending:
            if folder == path:
                self.flushed.pop(name, None)
                if file is not None:
                    self.flushed[name] = file
        self.pending = [p for p in self.pending if p[0] != path]

    def kept(self):
        return {path: bytes(file.now) for path, file in self.names.items()}

    def synced(self):
        return {path: file.flushed for path, file in self.flushed.items()}

    def torn(self, lot):
        names = dict(self.flushed)
        for _, path, file in self.pending[:lot.randint(0, len(self.pending))]:
            names.pop(path, None)
            if file is not None:
                names[path] = file
        return {path: file.torn(lot) for path, file in names.items()}


def image_write(image, to):
    shutil.rmtree(to, ignore_errors=True)
    os.makedirs(os.path.join(to, "lists"))
    for path, content in image.items():
        os.makedirs(os.path.dirname(os.path.join(to, path)), exist_ok=True)
        with open(os.path.join(to, path), "wb") as file:
            file.write(content)


def journal_read(folder):
    """Entries as (action:message, path), whether something waits; raises what is wrong."""
    db = sqlite3.connect(os.path.join(folder, "journal.db"))
    try:
        whole = db.execute("PRAGMA integrity_check").fetchall()
        assert whole == [("ok",)], whole
        rows = db.execute("SELECT entry.id, action, message, path, length(text) FROM entry JOIN text"
                          " ON text.id = text_id ORDER BY entry.id").fetchall()
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "a gap in the history"
        waits = db.execute("SELECT generation FROM wait").fetchall()
        return [(f"{row[1]}:{row[2]}", row[3]) for row in rows], bool(waits)
    finally:
        db.close()


def lists_read(folder):
    found = {}
    for name in os.listdir(os.path.join(folder, "lists")):
        if not name.endswith(".new"):  # half a file that nobody reads
            with open(os.path.join(folder, "lists", name), "rb") as file:
                found[name] = file.read()
    return found


class Actions:
    """What was asked of the agent, one after the other."""

    def __init__(self, actions, base):
        self.actions = actions
        self.count = len(actions)
        self.before = len(journal_read(base)[0])

    def check(self, folder, answered):
        return image_check(folder, self.actions, answered, self.before)


class Restore:
    """One restore of a backup."""

    def __init__(self, backup, base):
        self.count = 1
        self.old = (journal_read(base)[0], lists_read(base))
        with open(backup, "rb") as file:
            database = file.read()[116:]
        with open(os.path.join(base, "journal.db"), "wb") as file:  # base is a copy, and read by now
            file.write(database)
        if os.path.exists(os.path.join(base, "journal.db-wal")):
            os.unlink(os.path.join(base, "journal.db-wal"))
        db = sqlite3.connect(os.path.join(base, "journal.db"))
        lists = dict(db.execute("SELECT name, data FROM backup_file").fetchall())
        db.close()
        self.new = (journal_read(base)[0], lists)
        self.database = database

    def check(self, folder, answered):
        entries, lists = journal_read(folder)[0], lists_read(folder)
        ready = os.path.join(folder, "restore.db")
        new = entries[:len(self.new[0])] == self.new[0]
        if os.path.exists(ready):
            with open(ready, "rb") as file:
                assert file.read() == self.database, "what lies ready is not the backup"
            return self.new[0][-1][1]
        if new and lists == self.new[1]:
            assert len(entries) - len(self.new[0]) in (1, 0 if not answered else 1), "more entries"
            return self.new[0][-1][1]
        assert (entries, lists) == self.old, f"neither old nor new: {entries[-1]}, {sorted(lists)}"
        assert not answered, "the restore was answered, and is not there"
        return self.old[0][-1][1]


def hand_read(folder):
    path = os.path.join(folder, "lists", "blocked.hand")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [line.split()[1] for line in file.read().split("\n")[:-1] if line.startswith("+")]


def image_check(folder, actions, answered, before):
    """The newest policy's path."""
    entries, waits = journal_read(folder)
    journalled = [a for a in actions if not a.startswith("list:")]
    least = len([a for a in actions[:answered] if not a.startswith("list:")])
    most = len([a for a in actions[:answered + 1] if not a.startswith("list:")])
    new = [entry[0] for entry in entries[before:]]
    assert new == journalled[:len(new)], f"the journal has {new}"
    assert least <= len(new) <= most, f"{len(new)} entries, answered were {least}"
    assert waits == bool(new and new[-1].endswith(":waits") and new[-1].startswith("apply:")), \
        f"waits: {waits} after {new[-1:]}"
    listed = hand_read(folder)
    for action in actions[:answered]:
        if action.startswith("list:"):
            assert action[5:] in listed, f"{action} was answered, the file has {listed}"
    return entries[-1][1]


def main():
    base, record, out, actions = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    with open(record, encoding="utf-8") as file:
        ops = [json.loads(line) for line in file]
    ops = ops[[op["op"] for op in ops].index("mark") + 1:]
    disk, lot = Disk(base), random.Random(1)
    work = os.path.join(out, "work")
    image_write(disk.kept(), work)
    asked = Restore(actions[1], work) if actions[0] == "restore" else Actions(actions, work)
    answered, made, seen, starts = 0, 0, set(), []
    for number in range(len(ops) + 1):
        kinds = [("kept", disk.kept()), ("synced", disk.synced())]
        kinds += [(f"torn{i}", disk.torn(lot)) for i in range(TORN)]
        for kind, image in kinds:
            made += 1
            key = hashlib.sha256(repr(sorted(image.items())).encode()).digest() + bytes([answered])
            if key in seen:
                continue
            seen.add(key)
            image_write(image, work)
            try:
                newest = asked.check(work, answered)
            except Exception as error:
                where = ops[number - 1] if number else {}
                sys.exit(f"after change {number} ({where.get('op')} {where.get('path')}), {kind}: {error}")
            image_write(image, os.path.join(out, f"{number:03d}-{kind}"))
            starts.append((f"{number:03d}-{kind}", newest))
        if number < len(ops):
            if ops[number]["op"] == "mark":
                answered += 1
            else:
                disk.change(ops[number])
    if answered != asked.count:
        sys.exit(f"{answered} actions were answered of {asked.count}")
    changes = len([op for op in ops if op["op"] != "mark"])
    print(f"{changes} changes, {made} disks, {len(seen)} differ", file=sys.stderr)
    for i in range(STARTS):
        print(*starts[i * (len(starts) - 1) // (STARTS - 1)])


main()
