#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""walk.py MANUAL FOLDER: the steps of a manual as files, in their order: NN.sh with the commands, NN.how
with the words behind the fence's "sh", NN.says with what the output must hold; files that the reader
is asked to write, under their names."""
import pathlib
import re
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
step = 0
for kind, words, body in re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)```$", text, re.M):
    if kind == "sh":
        step += 1
        (folder / f"{step:02}.sh").write_text(body)
        (folder / f"{step:02}.how").write_text(words)
        (folder / f"{step:02}.says").write_text("")
    elif kind == "text" and step:
        (folder / f"{step:02}.says").write_text(body)
    elif kind == "yaml" and words:
        (folder / words).write_text(body)
    else:
        sys.exit(f"{sys.argv[1]}: a block of kind {kind} {words} has no place in a walk")
if not step:
    sys.exit(f"{sys.argv[1]}: no step found")
