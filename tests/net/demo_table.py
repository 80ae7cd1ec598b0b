#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""demo_table.py DIR: the demo's table from the JSON that the clients and the gateway left in DIR.
Exits 1 when a client got what it should not, or did not get what it should."""
import json
import sys
import unicodedata

SINKHOLE = "192.0.2.10"  # of policy/saga
CURL_RESET = 56  # what curl says of a connection that was reset


def load(folder, name):
    with open(f"{folder}/{name}.json", encoding="utf-8") as file:
        return json.load(file)


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cell(text, columns, right=False):
    gap = " " * max(0, columns - width(text))
    return gap + text if right else text + gap


def mbit(bits):
    return f"{bits / 1e6:.0f}"


def tick(good):
    return "ok" if good else "NO"


def stopped_of(stats, tenant):
    """What was refused to a body, by reason, the most first."""
    reasons = {}
    for row in stats["rows"]:
        if row["tenant"] == tenant and row["verdict"] == "drop":
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["packets"]
    return ", ".join(f"{name} {count}" for name, count in sorted(reasons.items(), key=lambda r: -r[1]))


def deciders_of(events, tenant):
    """Which lists and rules decided refusals of a body."""
    names = set()
    for event in events["events"]:
        if event.get("tenant") == tenant and event.get("event_type") == "drop":
            if event.get("list"):
                names.add("list " + event["list"])
            elif event.get("rule"):
                names.add("rule " + event["rule"])
    return ", ".join(sorted(names))


def main():
    folder = sys.argv[1]
    tenants = {t["id"]: t for t in load(folder, "tenants")["tenants"]}
    rates = {(r["tenant"], r["dir"]): r for r in load(folder, "rates")["rates"]}
    stats, events = load(folder, "stats"), load(folder, "events")
    with open(f"{folder}/clients.json", encoding="utf-8") as file:
        clients = [json.loads(line) for line in file]
    columns = [("body", 26), ("web4", 5), ("web6", 5), ("dns", 4), ("ping", 5), ("Mbit/s", 7),
               ("limit", 6), ("listed", 8), ("telnet", 8), ("name", 8), ("site", 7)]
    print("  " + " ".join(cell(name, size) for name, size in columns) + " stopped (packets), by")
    good = True
    for client in clients:
        tenant = tenants[client["id"]]
        name = tenant["tenant"]
        limit = rates[(name, "out")]["bits_per_s"]
        fine = {
            "web4": client["web4"] == "200", "web6": client["web6"] == "200",
            "dns": client["dns"] == "203.0.113.80", "ping": client["ping4"] and client["ping6"],
            "listed": client["listed"] == "000", "telnet": not client["telnet"],
            "name": client["name"] in ("NXDOMAIN,", f"NOERROR,{SINKHOLE}"), "site": client["site"] == CURL_RESET,
        }
        good = good and all(fine.values()) and client["bps"] > 0
        cells = [cell(f"{tenant['title']} {name}", 26), cell(tick(fine["web4"]), 5),
                 cell(tick(fine["web6"]), 5), cell(tick(fine["dns"]), 4), cell(tick(fine["ping"]), 5),
                 cell(mbit(client["bps"]), 6, True) + " ", cell(mbit(limit), 5, True) + " ",
                 cell("stopped" if fine["listed"] else "PASSED", 8),
                 cell("stopped" if fine["telnet"] else "PASSED", 8),
                 cell(("sinkhole" if SINKHOLE in client["name"] else "no such") if fine["name"] else "PASSED", 8),
                 cell("reset" if fine["site"] else "PASSED", 7)]
        print("  " + " ".join(cells) + f" {stopped_of(stats, name)} | {deciders_of(events, name)}")
    print("\n  Everything that the gateway counted:")
    for verdict in stats["verdicts"]:
        print(f"    {verdict['verdict']:<8} {verdict['packets']:>10} packets {verdict['bytes']:>14} bytes")
    return 0 if good else 1


sys.exit(main())
