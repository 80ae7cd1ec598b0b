#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the bars of a screen stand. columns.py LEAST < SCREEN: each line with three bars or more is a row;
at least LEAST of them, each with its bars at the same columns of the terminal, or it says which not."""
import re
import sys
import unicodedata


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


BAR = re.compile(r"\[[| ]+\]")
rows = []
for line in sys.stdin.read().splitlines():
    bars = [width(line[:bar.start()]) for bar in BAR.finditer(line)]
    if len(bars) >= 3:
        rows.append((bars, line))
least = int(sys.argv[1])
if len(rows) < least:
    sys.exit(f"{len(rows)} rows with bars, not {least}")
crooked = [line for bars, line in rows if bars != rows[0][0]]
if crooked:
    sys.exit("not in its columns:\n" + "\n".join([rows[0][1]] + crooked))
