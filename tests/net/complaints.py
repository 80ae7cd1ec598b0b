#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""complaints.py list | run N SEKISHO INSTANCE WORK NS: the rows of complaints.test, and one of them put in force and
asked for. A row says of names and URLs which line of which list stops them (as "block:3"), or that they pass ("")."""
import json
import re
import subprocess
import sys

BOM = "\ufeff"
ZONE = "$TTL 60\n@ SOA localhost. root. 1 2 3 4 5\n"

# What; lists; what is to become of names and URLs.
ROWS = [
    ("hosts: a line is that name alone (StevenBlack/hosts#2492)",
     {"block": "0.0.0.0 www.blogspot.com\n127.0.0.1\tads.example\n"},
     {"www.blogspot.com": "block:1", "blogspot.com": "", "a.www.blogspot.com": "", "ads.example": "block:2"}),
    ("hosts: BOM, CRLF, IPv6, names of the machine, comments behind, capitals, several names",
     {"block": BOM + "# Title: x\r\n127.0.0.1 localhost\r\n::1 localhost\r\nfe80::1%lo0 localhost\r\n"
      "255.255.255.255 broadcasthost\r\n0.0.0.0 0.0.0.0\r\n0.0.0.0 Ads.Example # why.example\r\n:: six.example\r\n"
      "0.0.0.0 one.example two.example #three.example\r\n\r\n0.0.0.0 dot.example.\r\n"},
     {"ads.example": "block:7", "why.example": "", "six.example": "block:8", "one.example": "block:9",
      "two.example": "block:9", "three.example": "", "dot.example": "block:11", "x.ads.example": "", "example": ""}),
    ("an allow below a blocked parent (phantom/blocklist#1145)",
     {"block": "a.example\n", "good": "ok.a.example\n"},
     {"a.example": "block:1", "x.a.example": "block:1", "ok.a.example": "", "x.ok.a.example": ""}),
    ("a wildcard above, a name below, an exception between",
     {"block": "*.cdn.example\n*.w.example\nbad.ok.w.example\n", "good": "ok.w.example\n"},
     {"a.cdn.example": "block:1", "x.w.example": "block:2", "ok.w.example": "", "a.ok.w.example": "",
      "bad.ok.w.example": "block:3"}),
    ("U-labels and punycode of one name, capitals beyond ASCII (pi-hole#4447)",
     {"block": "日本語.example\nÄRGER.example\nxn--bcher-kva.example\n例え。example\n"},
     {"xn--wgv71a119e.example": "block:1", "日本語.example": "block:1", "xn--rger-koa.example": "block:2",
      "ärger.example": "block:2", "bücher.example": "block:3", "www.xn--r8jz45g.example": "block:4", "example": ""}),
    ("blanks of other kinds, as they are pasted along",
     {"block": "nb.example\u00a0\n\u200bzw.example\n  lead.example  \n\ttab.example\t\nlast.example"},
     {"nb.example": "block:1", "zw.example": "block:2", "lead.example": "block:3", "tab.example": "block:4",
      "last.example": "block:5"}),
    ("underscores, digits, hyphens at an end, dots behind",
     {"block": "_dmarc.u.example\nad_s.u.example\n123.example\n1-.example\nTrail.Example.\nads.123\n"},
     {"_dmarc.u.example": "block:1", "ad_s.u.example": "block:2", "u.example": "", "123.example": "block:3",
      "1-.example": "block:4", "trail.example.": "block:5", "TRAIL.example": "block:5"}),
    ("rules of browsers: those that a name cannot decide block nothing",
     {"block": "! Title: x\n||t.example^$third-party\n||p.example^$popup,script\n||d.example^$denyallow=x.d.example\n"
      "||c.example^$client=10.1.0.10\n||ad.example^$dnstype=AAAA\n||app.example^$app=x.exe\n||first.example^$~third-party\n"
      "||in.example^$domain=other.example\n||star*.example^\nexample.net##.ad\n||sure.example^\n"},
     {"t.example": "", "p.example": "", "d.example": "", "c.example": "", "ad.example": "", "app.example": "",
      "first.example": "", "in.example": "", "star1.example": "", "example.net": "", "x.sure.example": "block:12"}),
    ("rules of browsers: those that it can, however they end",
     {"block": "||a.example^\n||b.example\n||c.example^|\n||d.example^$all\n||e.example^$document\n||F.Example^$important\n"
      "||*.g.example^\n|h.example^\n||i.example^ ! why\n@@||ok.a.example^\n@@||no.f.example^\n"},
     {"a.example": "block:1", "x.b.example": "block:2", "c.example": "block:3", "d.example": "block:4", "e.example": "block:5",
      "no.f.example": "block:6", "x.g.example": "block:7", "g.example": "", "h.example": "block:8", "x.h.example": "",
      "i.example": "block:9", "ok.a.example": "", "x.ok.a.example": ""}),
    ("a list for browsers whose exceptions are in a list that allows",
     {"block": "||login.example^\n", "good": "@@||login.example^\n"},
     {"login.example": "", "x.login.example": ""}),
    ("public suffixes are held back, what is below them is not",
     {"block": "com\nco.uk\ngithub.io\nads.github.io\nevil.co.uk\n"},
     {"any.com": "", "any.co.uk": "", "me.github.io": "", "ads.github.io": "block:4", "x.evil.co.uk": "block:5"}),
    ("everything is no entry, in no spelling",
     {"block": "*\n.\n*.*\n||*^\n||^\n/.*/$important\n@@*\nreal.example\n"},
     {"any.example": "", "real.example": "block:8"}),
    ("one name in two lists of two categories: the first is named",
     {"block": "twice.example\n", "other": "twice.example\nonce.example\n"},
     {"twice.example": "block:1", "x.once.example": "other:2"}),
    ("marks of comments of all kinds, with a blank before and without",
     {"block": "# a\n; b\n! c\n// d\nend1.example # x\nend2.example#x\nend3.example ; x\nend4.example // x\n"},
     {"end1.example": "block:5", "end2.example": "block:6", "end3.example": "block:7", "end4.example": "block:8", "x": ""}),
    ("dnsmasq: both keys, the dot in front, exceptions, everything",
     {"block": "address=/a.example/\nlocal=/b.example/\nserver=/c.example/\naddress=/.d.example/0.0.0.0\n"
      "address=/e.example/f.example/::\naddress=/#/0.0.0.0\nserver=/ok.a.example/#\nserver=192.0.2.53\n"},
     {"a.example": "block:1", "x.b.example": "block:2", "c.example": "block:3", "d.example": "block:4",
      "e.example": "block:5", "x.f.example": "block:5", "ok.a.example": "", "any.example": ""}),
    ("unbound: zones with quotes and without, redirections, data",
     {"block": "server:\nlocal-zone: \"a.example\" always_null\nlocal-zone: b.example. always_nxdomain\n"
      "local-zone: 'c.example' redirect\nlocal-data: \"c.example A 0.0.0.0\"\nlocal-zone: \"ok.a.example\" transparent\n"
      "local-data: \"d.example. 60 IN A 127.0.0.1\"\nlocal-zone: \".\" refuse\n"},
     {"x.a.example": "block:2", "b.example": "block:3", "x.c.example": "block:4", "ok.a.example": "",
      "d.example": "block:7", "x.d.example": "", "any.example": ""}),
    ("RPZ: an apex of its own, names and what is below them, exceptions (unbound#1439)",
     {"block": ZONE + "@ NS localhost.\n@ A 192.0.2.1\na.example CNAME .\n*.a.example CNAME .\nb.example CNAME .\n"
      "*.c.example CNAME .\nok.a.example CNAME rpz-passthru.\n"},
     {"a.example": "block:5", "x.a.example": "block:6", "ok.a.example": "", "b.example": "block:7", "x.b.example": "",
      "x.c.example": "block:8", "c.example": ""}),
    ("squid's names, with a dot and without, one below another",
     {"block": ".a.example\nb.example\n.x.a.example\n"},
     {"a.example": "block:1", "y.a.example": "block:1", "x.a.example": "block:3", "b.example": "block:2"}),
    ("URLs: a host and a path, not a network (107.172.238.16/8)",
     {"block": "107.172.238.16/8\nhttp://page.example/x\ncat.example/dir/\nhttps://whole.example/\n"},
     {"http://107.172.238.16/8": "block:1", "http://107.1.1.1/": "", "http://page.example/x": "block:2",
      "http://page.example/y": "", "page.example": "", "http://www.cat.example/dir/z": "block:3", "cat.example": "",
      "whole.example": "block:4"}),
    ("URLs in other spellings are the same page",
     {"block": "http://page.example/a/b.html\nhttp://caf\u00e9.example/\n"},
     {"http://PAGE.example:80/a/b.html": "block:1", "http://page.example/a/./b.html": "block:1",
      "http://page.example/a/%62.html": "block:1", "http://page.example//a/b.html": "block:1", "http://page.example/A/b.html": "",
      "xn--caf-dma.example": "block:2"}),
    ("CSV with titles, JSON as feeds have it",
     {"block": "id,dateadded,url,status\n1,2024-01-01,http://bad.example/x.exe,online\n2,2024-01-01,http://worse.example/,online\n",
      "other": "[{\"domain\": \"json.example\", \"tag\": \"no.example\"},\n {\"domain\": \"more.example\"}]\n"},
     {"http://bad.example/x.exe": "block:2", "bad.example": "", "worse.example": "block:3", "json.example": "other:1",
      "more.example": "other:2", "no.example": ""}),
    ("rules of proxies (Surge, Clash): a name alone, a name and all below it",
     {"block": "DOMAIN,www.blogspot.com\nDOMAIN-SUFFIX,ads.example\nDOMAIN-KEYWORD,track\nIP-CIDR,192.0.2.0/24,no-resolve\n"
      "DOMAIN-SUFFIX,more.example,REJECT\n"},
     {"www.blogspot.com": "block:1", "x.www.blogspot.com": "", "x.ads.example": "block:2", "track.example": "", "track": "",
      "more.example": "block:5"}),
    ("hosts files with other zeros",
     {"block": "0 a.example\n000.000.000.000 b.example\n0.0.0.0\tc.example\n"},
     {"a.example": "block:1", "b.example": "block:2", "c.example": "block:3", "x.a.example": ""}),
    ("AdGuard's blocks that say how they answer, and what they answer otherwise",
     {"block": "||a.example^$dnsrewrite=NXDOMAIN;;\n||b.example^$dnsrewrite=0.0.0.0\n||c.example^$dnsrewrite=192.0.2.9\n"
      "||d.example^\n"},
     {"a.example": "block:1", "x.b.example": "block:2", "c.example": "", "d.example": "block:4"}),
    ("V2Ray's lists",
     {"block": "domain:a.example\nfull:b.example\nkeyword:track\ninclude:x\ndomain:c.example @ads\n"},
     {"x.a.example": "block:1", "b.example": "block:2", "x.b.example": "", "c.example": "block:5"}),
    ("allow lists in other formats than the list that blocks",
     {"block": "||a.example^\n||b.example^\n||c.example^\n", "good": "0.0.0.0 one.a.example\n0.0.0.0 b.example\n"},
     {"one.a.example": "", "x.one.a.example": "block:1", "b.example": "", "x.b.example": "block:2", "c.example": "block:3"}),
    ("names that browsers ask whether they may go around the resolver (hosts#1172)",
     {"block": "0.0.0.0 plain.example\n"},
     {"use-application-dns.net": "built-in-canaries:1", "mask.icloud.com": "built-in-canaries:2", "icloud.com": ""}),
]


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


class Row:
    def __init__(self, number, sekisho, instance, work, ns):
        self.what, self.lists, self.asked = ROWS[int(number)]
        self.command = [sekisho, "--instance", instance]
        self.work, self.ns, self.wrong = work, ns, 0

    def put_in_force(self):
        for name in "block", "other", "good":
            path = f"{self.work}/{name}.list"
            with open(path, "w", newline="") as out:
                out.write(self.lists.get(name, f"{name}.nothing.invalid\n"))
            done = run(*self.command, "list", "replace", name, path, "force")
            print(done.stdout, done.stderr, sep="", end="")
            if done.returncode:
                self.wrong += 1

    def body(self, *words):
        return run("ip", "netns", "exec", self.ns, *words)

    def question(self, name):
        out = self.body("dig", "+tries=2", "+time=3", "+noidnin" if name.isascii() else "+idnin", "@198.51.100.53", name).stdout
        status = re.search(r"status: (\w+)", out)
        return {"NOERROR": "passes", "NXDOMAIN": "blocked"}.get(status.group(1) if status else "", out)

    def page(self, url):
        host = re.match(r"\w+://([^/:]+)", url).group(1)
        to = [] if re.fullmatch(r"[\d.]+", host) else ["--resolve", "*:80:203.0.113.80"]
        if not to:
            to = ["--connect-to", "::203.0.113.80:80"]
        got = self.body("curl", "-sg", "--path-as-is", "-m", "8", "-o", "/dev/null", *to, url)
        return {0: "passes", 52: "passes", 56: "blocked"}.get(got.returncode, f"curl {got.returncode}")

    def hello(self, name):
        got = self.body("openssl", "s_client", "-connect", "203.0.113.80:443", "-servername", name.rstrip("."))
        return "passes" if "Cipher is TLS" in got.stdout or "Cipher is ECDHE" in got.stdout else "blocked"

    def explained(self, asked):
        said = json.loads(run(*self.command, "-j", "url", "explain", asked, "tenant", "alpha").stdout)
        because = said.get("url") or said["because"]
        at = because.get("list") or {}
        return said["verdict"], f"{at.get('name', '')}:{at.get('line') or ''}"

    def expect(self, what, got, want):
        if got != want:
            self.wrong += 1
            print(f"{what} is {got}, wanted {want}")

    def ask(self, asked, by):
        want = "blocked" if by else "passes"
        verdict, where = self.explained(asked)
        self.expect(f"explain {asked}", verdict, want)
        if by:
            self.expect(f"what decided of {asked}", where, by)
        if "://" in asked:
            self.expect(asked, self.page(asked), want)
            return
        self.expect(asked, self.question(asked), want)
        if asked.isascii():
            self.expect(f"TLS to {asked}", self.hello(asked), want)

    def all(self):
        self.put_in_force()
        for asked, by in self.asked.items():
            self.ask(asked, by)
        return self.wrong != 0


if sys.argv[1] == "list":
    print("\n".join(row[0] for row in ROWS))
else:
    sys.exit(Row(*sys.argv[2:]).all())
