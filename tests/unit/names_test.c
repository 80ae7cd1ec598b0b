// SPDX-License-Identifier: Apache-2.0
/*
 * Published lists of names and URLs to entries: rows of text, what must come out and what must be left
 * out for which reason; what users of other filters complained of.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names/names.h"
#include "names/suffix.h"
#include "text/address.h"

#define OWN "own answers, "

struct row {
	const char *what, *format; /* of what: OWN in front: the list's own addresses are taken */
	const char *text;
	/*
	 * In order, with a blank between: name is a suffix, =name the name alone, *.name what is below,
	 * name/path a page, name/path/ with what is below it; @ before it: an exception; :how behind it.
	 */
	const char *entries;
	const char *skips; /* "reason count ..." in the order of skips.def */
	const char *guess; /* NULL: the format that was said, else domains */
	size_t duplicate_cnt;
};

static const struct row rows[] = {
	/* --- plain names --- */
	{ "plain names, once each, in order", NULL, "b.example\na.example\nb.example\nB.EXAMPLE.\n",
	  "b.example a.example", .duplicate_cnt = 2 },
	{ "comments of every kind", NULL,
	  "# a\n; b\n! c\n// d\n\n \t\na.example # e\nb.example ; f\nc.example\t// g\n",
	  "a.example b.example c.example", .skips = NULL },
	{ "a second column", NULL, "a.example\t10\nb.example 9 more\n", "a.example b.example",
	  .skips = NULL },
	{ "byte order mark, CRLF, no end of the last line", NULL,
	  "\xef\xbb\xbf"
	  "a.example\r\nb.example \r\nc.example",
	  "a.example b.example c.example", .skips = NULL },
	{ "underscores and hyphens where DNS has them", NULL,
	  "_dmarc.a.example\n-x.example\nx-.example\na__b.c-.example\n",
	  "_dmarc.a.example -x.example x-.example a__b.c-.example", .skips = NULL },
	{ "a dot in front, = in front, a star in front", "domains",
	  ".a.example\n=b.example\n*.c.example\n*\na*.example\nx.*.example\n",
	  "a.example =b.example *.c.example", .skips = "pattern 2 everything 1" },
	{ "no names", NULL,
	  "a..example\n.\na.example..\n%20m.example\n40.70.42.104?rid=8i\nc.example?\na b.example\nz.example\n",
	  "z.example", .skips = "name 6 syntax 1" },
	{ "words of a text", "domains",
	  "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\na.example\nb.example,c.example\n"
	  "d.example, e.example\nf.example g.example\nh.example\ri.example\n",
	  "a.example", .skips = "name 1 syntax 5" },
	{ "a comment with no blank before it", NULL, "a.example#why\nb.example #why\nc.example# why\n",
	  "a.example b.example c.example", .skips = NULL },
	{ "labels of 63 and 64 bytes", NULL,
	  "a23456789b123456789c123456789d123456789e123456789f123456789g123.example\n"
	  "a23456789b123456789c123456789d123456789e123456789f123456789g1234.example\n",
	  "a23456789b123456789c123456789d123456789e123456789f123456789g123.example",
	  .skips = "name 1" },
	{ "addresses among names", NULL,
	  "192.0.2.1\na.example\n2001:db8::1\n192.0.2.0/24\n0x7f.1\n2130706433\n1.2.3.4.5\n",
	  "a.example", .skips = "address 5 name 1" },
	{ "letters beyond ASCII and punycode are one", NULL,
	  "日本語.example\nxn--wgv71a119e.example\nXN--WGV71A119E.EXAMPLE.\nＦＵＬＬ．example\nfaß.example\n"
	  "bu\xcc\x88"
	  "cher.example\nxn--bcher-kva.example\n",
	  "xn--wgv71a119e.example full.example xn--fa-hia.example xn--bcher-kva.example",
	  .duplicate_cnt = 3 },
	{ "mathematical letters are letters, one sign is not two names", NULL,
	  "p𝓸𝘳𝘯𝚔𝘢f.example\n℀.example\na.example\n", "pornkaf.example a.example", .skips = "name 1" },
	{ "bad UTF-8, letters of no name", NULL, "\xc3(.example\ni\xe2\x81\xa5.example\na.example\n",
	  "a.example", .skips = "utf8 1 idna 1" },
	{ "what strays in: hosts lines, URLs, rules", NULL,
	  "a.example\n0.0.0.0 b.example\nhttp://c.example/x\n||d.example^\n@@||e.example^\nf.example\n",
	  "a.example =b.example c.example/x d.example @e.example f.example", .skips = NULL,
	  .guess = "adblock" },
	{ "public suffixes", NULL,
	  "com\nco.jp\nblogspot.com\n=blogspot.com\na.blogspot.com\nx.ck\nwww.ck\n",
	  "=blogspot.com a.blogspot.com www.ck", .skips = "suffix 4" },
	{ "a list of domains said to be exact", "hosts", "a.example\nb.example\n",
	  "=a.example =b.example", .guess = "domains" },
	/* --- hosts --- */
	{ "hosts", NULL,
	  "127.0.0.1 localhost\n::1 localhost ip6-localhost\n255.255.255.255 broadcasthost\n"
	  "fe80::1%lo0 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 ads.example b.example # c\n"
	  "::1\td.example\n127.0.0.1  www.blogspot.com\n:: e.example\n",
	  "=ads.example =b.example =d.example =www.blogspot.com =e.example", .skips = "local 6",
	  .guess = "hosts" },
	{ "hosts lines that lead somewhere", NULL,
	  "192.0.2.1 router.example\n0.0.0.0 a.example\n0.0.0.0 192.0.2.9\n192.0.2.7\n0.0.0.0 b.example\n",
	  "=a.example =b.example", .skips = "address 2 elsewhere 1", .guess = "hosts" },
	{ OWN "hosts", "hosts",
	  "192.0.2.1 router.example\n2001:db8::1 six.example\n0.0.0.0 a.example\n",
	  "=router.example:192.0.2.1 =six.example:2001:db8::1 =a.example", .skips = NULL },
	{ "hosts with a comment in a name's place", NULL,
	  "0.0.0.0 a.example#x.example\n0.0.0.0 b.example c.example#d.example e.example\n0.0.0.0 #f.example\n",
	  "=a.example =b.example =c.example", .skips = "address 1", .guess = "hosts" },
	{ "a scheme inside a hosts line", NULL,
	  "0.0.0.0 a.example\n0.0.0.0 http://brandplan.com.tw/\n0.0.0.0 store.http://brandplan.com.tw/\n",
	  "=a.example", .skips = "name 2", .guess = "hosts" },
	/* --- wildcard --- */
	{ "wildcard", NULL,
	  "# Syntax: wildcard\n*.a.example\n*.b.example\nc.example\n*.*.d.example\n*.com\n",
	  "a.example b.example c.example", .skips = "pattern 1 suffix 1", .guess = "wildcard" },
	/* --- rules of browsers --- */
	{ "rules", NULL,
	  "[Adblock Plus 2.0]\n! c\n||a.example^\n||b.example\n||c.example^|\n@@||d.example^\n"
	  "||*.e.example^\n||f.example/\n|http://g.example/x|\n/^ad[0-9]+\\./\n@@/ok/\n",
	  "a.example b.example c.example @d.example *.e.example f.example g.example/x",
	  .guess = "adblock" },
	{ "rules with options", NULL,
	  "||a.example^$third-party\n||b.example^$important\n||c.example^$document,important\n"
	  "||d.example^$popup\n@@||e.example^$script,domain=x.example\n||f.example^$all\n@@||g.example^$document\n",
	  "b.example c.example f.example @g.example", .skips = "options 3", .guess = "adblock" },
	{ "rules about what a page shows", NULL,
	  "||a.example^\nb.example##.ad\nc.example#@#.ad\n##.x\nd.example#?#p:has(a)\ne.example#%#//s\n"
	  "f.example$$script\n# comment\n",
	  "a.example", .skips = "cosmetic 6", .guess = "adblock" },
	{ "rules that are patterns", NULL,
	  "[Adblock]\n/300x250.\n-ad-\n.jpg|\nexample.jp\n||a.*^\n||b*.example^\n||a.example^x\n://c.\n",
	  "", .skips = "pattern 8", .guess = "adblock" },
	{ "rules with a path", NULL,
	  "||a.example/ads/\n||www.b.example/x.js|\n||c.example/a*b\n@@||d.example/q?r\n",
	  "a.example/ads/ www.a.example/ads/ www.b.example/x.js www.b.example/x.js/ @d.example/q?r "
	  "@www.d.example/q?r",
	  .skips = "pattern 1", .guess = "adblock" },
	{ "a list of exceptions alone", NULL, "@@||a.example^\n@@||com^\n", "@a.example",
	  .skips = "suffix 1", .guess = "adblock" },
	/* --- dnsmasq --- */
	{ "dnsmasq", NULL,
	  "# c\naddress=/a.example/#\naddress=/b.example/c.example/0.0.0.0\naddress=/d.example/\n"
	  "address=/e.example/::\nlocal=/f.example/\nserver=/g.example/\nserver=/ok.a.example/#\n"
	  "server=/h.example/192.0.2.53\naddress=/i.example/192.0.2.1\naddress=/*.j.example/#\n"
	  "no-resolv\nconf-file=/x\naddress=/#/192.0.2.1\n",
	  "a.example b.example c.example d.example e.example f.example g.example @ok.a.example *.j.example",
	  .skips = "statement 1 elsewhere 2 directive 1 everything 1", .guess = "dnsmasq" },
	{ OWN "dnsmasq", "dnsmasq", "address=/a.example/192.0.2.1\naddress=/b.example/192.0.2.1\n",
	  "a.example:192.0.2.1 b.example:192.0.2.1", .skips = NULL },
	/* --- unbound --- */
	{ "unbound", NULL,
	  "server:\nlocal-zone: \"a.example.\" always_null\nlocal-zone: b.example static # c\n"
	  "local-zone: \"ok.a.example\" transparent\nlocal-data: \"c.example A 0.0.0.0\"\n"
	  "local-data: 'd.example. 60 IN AAAA ::'\nlocal-data: \"e.example A 192.0.2.1\"\n"
	  "local-data: \"f.example TXT x\"\nlocal-zone: \".\" static\nlocal-zone: g.example what\n"
	  "include: /x\nlocal-data-ptr: \"192.0.2.1 x\"\nhuh\n",
	  "a.example b.example @ok.a.example =c.example =d.example",
	  .skips = "statement 2 elsewhere 1 record 1 directive 1 everything 1 syntax 2",
	  .guess = "unbound" },
	{ OWN "unbound", "unbound", "local-data: \"a.example 30 A 192.0.2.1\"\n",
	  "=a.example:192.0.2.1", .skips = NULL },
	{ OWN "hosts: both families are one answer", "hosts",
	  "192.0.2.1 a.example b.example\n2001:db8::1 a.example\n192.0.2.9 a.example\n"
	  "2001:db8::2 c.example\n0.0.0.0 d.example\n192.0.2.1 e.example e.example\n",
	  "=a.example:192.0.2.1,2001:db8::1 =b.example:192.0.2.1 =c.example:2001:db8::2 =d.example "
	  "=e.example:192.0.2.1",
	  .duplicate_cnt = 1 },
	{ OWN "dnsmasq: both families are one answer", "dnsmasq",
	  "address=/a.example/192.0.2.1\naddress=/a.example/2001:db8::1\naddress=/b.example/#\n",
	  "a.example:192.0.2.1,2001:db8::1 b.example", .skips = NULL },
	/* --- BIND --- */
	{ "zones of BIND", NULL,
	  "// made by hand\nzone \"a.example\" { type master; notify no; file \"null.zone.file\"; };\n"
	  "zone \"B.Example.\" IN { type primary; file \"x\"; };\nzone c.example {\n\ttype master; // {\n"
	  "\tallow-query { any; };\n\tfile \"x\";\n};\nzone \"d.example\" { type master; file \"}\"; };\n"
	  "zone \"e.example\" { type forward; forwarders { 192.0.2.1; }; };\n"
	  "zone \"f.example\" { type slave; };\nzone \".\" { type hint; file \"root\"; };\n"
	  "zone \".\" { type master; };\nzone \"localhost\" { type master; };\nzone \"g.example\" { };\n"
	  "options {\n\tdirectory \"/x\";\n\tzone-statistics yes;\n};\ninclude \"/etc/x\";\n"
	  "view \"x\" {\nzone \"i.example\" { type master; };\n};\nzone \"h.example\" { type master;\n"
	  "zone \"j.example\" { type master; };\nzone \"k.example\" { type master;\n",
	  "a.example b.example c.example d.example i.example j.example",
	  .skips = "local 1 statement 2 elsewhere 2 directive 1 everything 1 syntax 3",
	  .guess = "bind" },
	/* --- RouterOS --- */
	{ "names of RouterOS", NULL,
	  "# a remark\n/ip dns static\nadd address=0.0.0.0 name=a.example\n"
	  "add address=240.0.0.1 name=\"b.example\" comment=\"x name=z.example\"\n"
	  "add match-subdomain=yes name=c.example type=NXDOMAIN\nadd address=127.0.0.1 \\\n"
	  "    name=d.example\nadd address=:: name=e.example type=AAAA\n"
	  "add address=192.0.2.1 name=f.example\nadd forward-to=192.0.2.1 name=g.example type=FWD\n"
	  "add cname=x name=h.example type=CNAME\nadd mx-exchange=x name=i.example type=MX\n"
	  "add address=0.0.0.0 disabled=yes name=j.example\nadd name=k.example\n"
	  "add address=0.0.0.0\nhuh\n/ip dns static add name=\"l.example\" address=0.0.0.0\n",
	  "=a.example =b.example c.example:nxdomain =d.example =e.example =l.example",
	  .skips = "statement 2 elsewhere 3 record 1 syntax 3", .guess = "mikrotik" },
	{ "address lists of RouterOS", NULL,
	  ":do { add list=bad address=a.example } on-error={}\n:do { add list=bad address=192.0.2.1 } on-error={}\n"
	  "/ip firewall address-list add address=\"b.example\" list=bad\n"
	  "/ip firewall address-list remove [find list=bad]\nadd list=bad\n",
	  "=a.example =b.example", .skips = "statement 1 address 1 syntax 1", .guess = "mikrotik" },
	{ OWN "names of RouterOS with addresses", "mikrotik",
	  "add name=a.example address=192.0.2.1\nadd name=b.example match-subdomain=yes address=2001:db8::1\n",
	  "=a.example:192.0.2.1 b.example:2001:db8::1", .skips = NULL },
	/* --- RPZ --- */
	{ "RPZ: actions", NULL,
	  "$TTL 300\n@ IN SOA localhost. root.localhost. (\n 1 ; serial\n 3600\n 600 86400 300 )\n"
	  "  IN NS localhost.\nnx.example CNAME .\n*.nx.example CNAME .\nnodata.example 60 IN CNAME *.\n"
	  "ok.example IN 60 CNAME rpz-passthru.\ndrop.example CNAME RPZ-Drop.\ntcp.example CNAME rpz-tcp-only.\n"
	  "old.example CNAME old.example.\nwalled.example CNAME garden.example.\nhere.example A 127.0.0.1\n",
	  "nx.example:nxdomain =nodata.example:nodata @=ok.example =drop.example:silence =tcp.example:tcp "
	  "@=old.example =here.example",
	  .skips = "zone 2 elsewhere 1", .guess = "rpz" },
	{ "RPZ: triggers", NULL,
	  "$ORIGIN rpz.example.\n@ SOA a. b. 1 2 3 4 5\n32.1.2.0.192.rpz-client-ip CNAME .\n"
	  "24.0.2.0.192.rpz-ip CNAME .\nns.bad.rpz-nsdname CNAME .\n32.1.2.0.192.rpz-nsip CNAME .\n"
	  "a.example CNAME .\n",
	  "=a.example:nxdomain", .skips = "zone 1 client_ip 1 ip 1 nsip 1 nsdname 1", .guess = "rpz" },
	{ "RPZ: owners", NULL,
	  "$ORIGIN rpz.example.\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\nb.example.rpz.example. CNAME .\n"
	  "$ORIGIN com.rpz.example.\nbad CNAME .\n*.bad CNAME .\nfar.away.example. CNAME .\n"
	  "$ORIGIN rpz.example.\n* CNAME .\n@ CNAME .\n\\095x.example CNAME .\na\\.b.example CNAME .\n",
	  "=a.example:nxdomain =b.example:nxdomain bad.com:nxdomain =_x.example:nxdomain",
	  .skips = "zone 2 everything 1 name 1 outside 1", .guess = "rpz" },
	{ "RPZ: plain records and others in turn", NULL,
	  "$ORIGIN rpz.example.\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\r\n*.a.example CNAME .\n"
	  " AAAA 2001:db8::1\nb.example. CNAME .\r\nc.example\tCNAME\t.\nd.rpz-ip CNAME .\nE.Example CNAME .\n"
	  "$ORIGIN example.\nx.rpz CNAME .\n$ORIGIN rpz.example.\nlocalhost CNAME .\nf.example CNAME .",
	  "a.example:nxdomain =c.example:nxdomain =e.example:nxdomain =x:nxdomain =localhost:nxdomain "
	  "=f.example:nxdomain",
	  .skips = "zone 1 elsewhere 1 ip 1 outside 1", .guess = "rpz" },
	{ "RPZ: owners whole where the zone has no name", NULL,
	  "$TTL 300\n@ IN SOA localhost. root. 1 2 3 4 5\na.example. CNAME .\n*.a.example. CNAME .\n",
	  "a.example:nxdomain", .skips = "zone 1", .guess = "rpz" },
	{ "RPZ: no SOA, an apex with data", NULL,
	  "a.example CNAME .\nb.example IN CNAME .\n@ A 192.0.2.1\n@ TXT \"x ; y\"\n",
	  "=a.example:nxdomain =b.example:nxdomain", .skips = "zone 2", .guess = "rpz" },
	{ OWN "RPZ: addresses", "rpz",
	  "$TTL 1h\n@ SOA a. b. 1 2 3 4 5\na.example A 192.0.2.1\n AAAA 2001:db8::1\nb.example A 192.0.2.2\n"
	  "b.example A 192.0.2.3\nc.example TXT \"data\"\n*.d.example 30 A 192.0.2.1\nd.example MX 1 a.\nd.example A 192.0.2.9\n",
	  "=a.example:192.0.2.1,2001:db8::1 =b.example:192.0.2.2 =c.example:nodata "
	  "*.d.example:192.0.2.1 =d.example:192.0.2.9",
	  .skips = "zone 1 record 3" },
	{ "RPZ: addresses that lead somewhere", "rpz",
	  "a.example A 192.0.2.1\nb.example A 0.0.0.0\n", "=b.example", .skips = "elsewhere 1" },
	{ "RPZ: what a zone file cannot do here", "rpz",
	  "$INCLUDE x\n$GENERATE 1-9 a$ CNAME .\na.example\nb.example CNAME\nc.example DNAME .\nd.example CNAME .\n"
	  "e.example WHAT x\n\"f.example\" CNAME .\n",
	  "=d.example:nxdomain =f.example:nxdomain", .skips = "record 1 directive 2 syntax 3" },
	/* --- URLs --- */
	{ "URLs with a scheme", NULL,
	  "http://a.example/x/y.php?z=1\nhttps://B.example/dir/\nhttp://c.example\nhttps://d.example/#f\n"
	  "http://e.example:8080/x\nhttp://f.example:8080\nftp://g.example/x\nhttp://u:p@h.example/%7Ei/../j\n",
	  "a.example/x/y.php?z=1 b.example/dir/ =c.example =d.example e.example/x f.example/ h.example/j",
	  .skips = "scheme 1", .guess = "urls" },
	{ "URLs without a scheme", NULL, "a.example/x\nwww.b.example/y/\nc.example/z?q\nd.example\n",
	  "a.example/x a.example/x/ www.a.example/x www.a.example/x/ www.b.example/y/ c.example/z?q "
	  "www.c.example/z?q d.example",
	  .guess = "urls" },
	{ "no network in a list of URLs", NULL,
	  "a.example/x/\n107.172.238.16/8\n192.0.2.7/16/42\n192.0.2.8\n",
	  "a.example/x/ www.a.example/x/ 107.172.238.16/8 107.172.238.16/8/ 192.0.2.7/16/42 "
	  "192.0.2.7/16/42/",
	  .skips = "address 1", .guess = "urls" },
	{ "URLs: addresses in all spellings", "urls",
	  "http://0x7f.1/a\nhttp://2130706433/a\nhttp://127.0.0.1/a\nhttp://[::ffff:127.0.0.1]/a\n"
	  "http://[2001:DB8:0::1]/a\nhttp://1.2.3.4.5/a\nhttp://09.1.1.1/a\nhttp://[::1/a\nhttp:///a\n",
	  "127.0.0.1/a [2001:db8::1]/a =a", .skips = "name 2 url 1", .duplicate_cnt = 3 },
	/* --- tables and objects --- */
	{ "csv with titles", NULL,
	  "date,URL,description\n2025/10/01 10:25:00,https://a.example/x,三井\n2025/10/01,http://b.example/,\"c, d\"\n",
	  "a.example/x =b.example", .skips = "titles 1", .guess = "csv" },
	{ "csv with titles in a comment, quoted", NULL,
	  "# id,dateadded,url,threat\n\"1\",\"2020-01-01\",\"http://a.example/x,y\",\"m.exe\"\n\n",
	  "a.example/x,y", .skips = "titles 1", .guess = "csv" },
	{ "csv without titles, by semicolons", NULL, "1;a.example;x\n2;b.example;y\n3\n",
	  "a.example b.example", .skips = "syntax 1", .guess = "csv" },
	{ "JSON, one document", NULL, "[\n\"a.example\",\n\"b.example/x\",\n\"192.0.2.1\"\n]\n",
	  "a.example b.example/x b.example/x/ www.b.example/x www.b.example/x/",
	  .skips = "address 1", .guess = "json" },
	{ "JSON, one object a line", NULL,
	  "{\"domain\":\"a.example\",\"n\":\"x\"}\n{\"url\":\"http://b.example/y\"}\n{\"type\":\"metadata\"}\n{bad\n",
	  "a.example b.example/y", .skips = "titles 1 syntax 1", .guess = "json" },
	{ "expressions", NULL, "(adultsight|adultsite)\n(^|[-\\?+=/_])(big|cyber)\n", "",
	  .guess = "expressions" },
	/* --- canaries --- */
	{ "canaries get no address", NULL, "use-application-dns.net\nicloud.com\nx.mask.icloud.com\n",
	  "use-application-dns.net:canary icloud.com x.mask.icloud.com =mask.icloud.com:canary "
	  "=mask-h2.icloud.com:canary =mask-api.icloud.com:canary",
	  .skips = NULL },
	{ "canaries that are allowed stay so", NULL,
	  "||icloud.com^\n@@||mask.icloud.com^\n||mask-h2.icloud.com^\n@@||mask-api.icloud.com^\n",
	  "icloud.com @mask.icloud.com mask-h2.icloud.com:canary @mask-api.icloud.com",
	  .guess = "adblock" },
	{ "nothing", NULL, "", "", .skips = NULL },
};

static const char *how_text(const struct name_list *list, const struct name_entry *entry, char *to)
{
	static const char *const hows[] = { "",	    ":nxdomain", ":nodata", ":sinkhole", ":silence",
					    ":tcp", "",		 ":spare",  ":canary" };
	const struct sek_name_answer *answer;
	char *at = to;

	if (entry->how != SEK_NAME_LOCAL)
		return hows[entry->how];
	answer = &list->answers[entry->answer - 1];
	if (answer->flags & SEK_NAME_HAS4) {
		const uint8_t *b = (const uint8_t *)&answer->ip4;

		at += sprintf(at, ":%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	}
	if (answer->flags & SEK_NAME_HAS6) {
		char six[64];

		sprintf(at, "%c%s", at == to ? ':' : ',', address_print(&answer->ip6, six));
	}
	return to;
}

static char *entries_text(const struct name_list *list)
{
	static const char *const marks[] = { "?", "=", "*.", "", "", "" };
	size_t cap = 64 + list->text_len + list->cnt * 160, len = 0;
	char *text = calloc(1, cap), how[160];

	for (size_t i = 0; i < list->cnt; i++) {
		const struct name_entry *entry = &list->entries[i];

		len += snprintf(text + len, cap - len, "%s%s%s%.*s%.*s%s", i ? " " : "",
				entry->allow ? "@" : "", marks[entry->kind], entry->host_len,
				name_host(list, entry), entry->path_len, name_path(list, entry),
				how_text(list, entry, how));
	}
	return text;
}

static const char *skips_text(const struct name_list *list, char *to, size_t cap)
{
	static const char *const ids[] = {
#define NAME_SKIP(id, class, what) #id,
#include "names/skips.def"
#undef NAME_SKIP
	};
	size_t len = 0;

	to[0] = 0;
	for (size_t i = 0; i < NAME_SKIP_CNT; i++)
		if (list->skip_cnts[i])
			len += snprintf(to + len, cap - len, "%s%s %zu", len ? " " : "", ids[i],
					list->skip_cnts[i]);
	return to;
}

static void row_is_read(const struct row *row, const char *text, size_t len)
{
	struct name_read_options options = { .format = row->format,
					     .own_answers = !strncmp(row->what, OWN, strlen(OWN)) };
	const char *guess = row->guess ? row->guess : row->format ? row->format : "domains";
	struct name_list list = {};
	char skips[512], *entries;
	struct diag diag;
	int err;

	diag_init(&diag);
	err = name_list_parse(text, len, "list", &options, &list, &diag);
	if (err == -ENODATA && !row->entries[0])
		err = 0;
	entries = entries_text(&list);
	skips_text(&list, skips, sizeof(skips));
	if (err || (list.format && strcmp(entries, row->entries) != 0) ||
	    (list.format && strcmp(skips, row->skips ? row->skips : "") != 0) ||
	    list.duplicate_cnt != row->duplicate_cnt ||
	    (!row->format && list.format && strcmp(list.format, guess) != 0)) {
		diag_print(&diag, stdout);
		fail_msg("%s: %d as %s:\n\"%s\", left out: %s, twice: %zu; expected\n\"%s\", %s",
			 row->what, err, list.format, entries, skips, list.duplicate_cnt,
			 row->entries, row->skips ? row->skips : "");
	}
	for (size_t i = 1; i < list.skip_cnt; i++)
		assert_true(list.skips[i - 1].line <= list.skips[i].line);
	free(entries);
	name_list_free(&list);
	diag_free(&diag);
}

static void formats_are_read(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_is_read(&rows[i], rows[i].text, strlen(rows[i].text));
}

/* Held back unless the policy says that they are meant. */
static void public_suffixes_are_taken_where_they_are_meant(void **state)
{
	static const char text[] = "jp\n*.go.jp\n||co.jp^\nexample.co.jp\n";

	for (int meant = 0; meant < 2; meant++) {
		struct name_read_options options = { .format = "domains", .public_suffixes = meant };
		struct name_list list = {};
		struct diag diag;

		diag_init(&diag);
		assert_int_equal(
			name_list_parse(text, sizeof(text) - 1, "list", &options, &list, &diag), 0);
		assert_int_equal(list.cnt, meant ? 4 : 1);
		assert_int_equal(list.skip_cnts[NAME_SKIP_suffix], meant ? 0 : 3);
		name_list_free(&list);
		diag_free(&diag);
	}
}

static void canaries_are_a_list(void **state)
{
	struct name_list list = {};

	assert_int_equal(name_list_canaries(&list), 0);
	for (size_t i = 0; name_canaries[i]; i++) {
		assert_true(i < list.cnt);
		assert_int_equal(list.entries[i].kind, NAME_SELF);
		assert_int_equal(list.entries[i].how, SEK_NAME_CANARY);
		assert_memory_equal(name_host(&list, &list.entries[i]), name_canaries[i],
				    list.entries[i].host_len);
	}
	assert_int_equal(list.skip_cnt, 0);
	name_list_free(&list);
}

/* Every format with carriage returns, and behind a line of a megabyte and one with bytes of 0. */
static void line_ends_and_long_lines_change_nothing(void **state)
{
	size_t long_len = 1 << 20;
	char *text = malloc(long_len + 65536);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = 0;

		for (const char *at = rows[i].text; *at; at++) {
			if (*at == '\n' && (at == rows[i].text || at[-1] != '\r'))
				text[len++] = '\r';
			text[len++] = *at;
		}
		row_is_read(&rows[i], text, len);
	}
	memset(text, 'x', long_len);
	memcpy(text + long_len, "\na\0b.example\nc.example\n", 23);
	row_is_read(&(struct row){ "a long line", "domains", "", "c.example", .skips = "name 2" },
		    text, long_len + 23);
	row_is_read(&(struct row){ "a long line", "hosts", "", "=c.example", .skips = "name 2" },
		    text, long_len + 23);
	free(text);
}

static void expressions_are_kept(void **state)
{
	const char *text = "||a.example^\n/^ad[0-9]+\\./\n@@/ok/\n";
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse(text, strlen(text), "list", NULL, &list, &diag), 0);
	assert_int_equal(list.regex_cnt, 2);
	assert_memory_equal(list.text + list.regexes[0].at, "^ad[0-9]+\\.", list.regexes[0].len);
	assert_int_equal(list.regexes[0].line, 2);
	assert_false(list.regexes[0].allow);
	assert_memory_equal(list.text + list.regexes[1].at, "ok", list.regexes[1].len);
	assert_true(list.regexes[1].allow);
	name_list_free(&list);
	diag_free(&diag);
}

/* A backslash of a script of RouterOS is no part of what it stands in front of. */
static void expressions_of_scripts_are_plain(void **state)
{
	static const char want[] = "^ad[0-9]\\.example$";
	const char *text =
		"add regexp=\"^ad[0-9]\\\\.example\\$\" type=NXDOMAIN\nadd regexp=\"x\" type=FWD\n";
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse(text, strlen(text), "list", NULL, &list, &diag), 0);
	assert_int_equal(list.regex_cnt, 1);
	assert_int_equal(list.regexes[0].len, strlen(want));
	assert_memory_equal(list.text + list.regexes[0].at, want, strlen(want));
	name_list_free(&list);
	diag_free(&diag);
}

/* Two lines that are one entry are told apart: each by what it says. */
static void each_line_of_a_pair_is_known(void **state)
{
	static const struct {
		const char *text;
		uint32_t self, below;
	} pairs[] = {
		{ "a.example CNAME .\n*.a.example CNAME .\n", 3, 4 },
		{ "*.a.example CNAME .\n; a remark\na.example CNAME .\n", 5, 3 },
		{ "a.example CNAME .\n*.b.example CNAME .\n*.a.example CNAME .\n", 3, 5 },
		{ "*.a.example CNAME .\n*.b.example CNAME .\na.example CNAME .\n", 5, 3 },
		{ "a.example A 0.0.0.0\n AAAA ::\n*.a.example A 0.0.0.0\n", 3, 5 },
	};
	static const char head[] = "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n";
	char text[256];

	assert_int_equal(sizeof(struct name_entry), 16);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct name_entry *entry;
		struct name_list list;
		struct diag diag;

		diag_init(&diag);
		snprintf(text, sizeof(text), "%s%s", head, pairs[i].text);
		assert_int_equal(name_list_parse(text, strlen(text), "list", NULL, &list, &diag), 0);
		entry = &list.entries[0];
		assert_int_equal(entry->kind, NAME_SUFFIX);
		assert_int_equal(name_entry_line(entry, true), pairs[i].self);
		assert_int_equal(name_entry_line(entry, false), pairs[i].below);
		name_list_free(&list);
		diag_free(&diag);
	}
}

/* The distance of two lines that are far apart is not kept. */
static void of_lines_far_apart_the_first_is_known(void **state)
{
	char text[1024] = "$TTL 60\na.example CNAME .\n";
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	for (int i = 0; i < NAME_LATER_MAX; i++)
		strcat(text, "; a remark\n");
	strcat(text, "*.a.example CNAME .\n");
	assert_int_equal(name_list_parse(text, strlen(text), "list", NULL, &list, &diag), 0);
	assert_int_equal(list.cnt, 1);
	assert_int_equal(list.entries[0].kind, NAME_SUFFIX);
	assert_int_equal(name_entry_line(&list.entries[0], true), 2);
	assert_int_equal(name_entry_line(&list.entries[0], false), 2);
	name_list_free(&list);
	diag_free(&diag);
}

static void what_is_left_out_is_told_with_place(void **state)
{
	const char *text = "a.example\n# c\n192.0.2.1\nc?\nd?\ne?\nb.example\n";
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse(text, strlen(text), "feed.txt", NULL, &list, &diag), 0);
	assert_int_equal(diag.error_cnt, 0);
	assert_int_equal(list.line_cnt, 7);
	assert_int_equal(list.entries[1].line, 7);
	assert_string_equal(diag.entries[0].file, "feed.txt");
	assert_int_equal(diag.entries[0].line, 3);
	assert_non_null(strstr(diag.entries[0].text, "192.0.2.1"));
	assert_int_equal(diag.entries[1].line, 4);
	assert_non_null(strstr(diag.entries[diag.cnt - 1].text, "3 left out (line 4, 5, 6)"));
	name_list_free(&list);
	diag_free(&diag);
}

static void nothing_readable_is_an_error(void **state)
{
	struct name_read_options rpz2 = { .format = "rpz2" };
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse("192.0.2.1\n", 10, "list", NULL, &list, &diag), -ENODATA);
	assert_int_equal(name_list_parse("a.example", 9, "list", &rpz2, &list, &diag), -ENOENT);
	assert_non_null(strstr(diag.entries[diag.cnt - 1].hint, "adblock"));
	assert_int_equal(name_list_read("/nonexistent/list", NULL, &list, &diag), -ENOENT);
	assert_int_equal(diag.error_cnt, 3);
	diag_free(&diag);
}

static void a_list_may_not_shrink(void **state)
{
	static const struct {
		size_t before, after, bad;
		int err;
	} cases[] = {
		{ 0, 0, 0, -ENODATA },	 { 0, 1, 0, 0 },	   { 100, 50, 0, 0 },
		{ 100, 49, 0, -ERANGE }, { 99, 49, 0, -ERANGE },   { 99, 50, 0, 0 },
		{ 10, 100, 0, 0 },	 { 10, 10, 11, -EBADMSG }, { 10, 10, 10, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct name_list before = { .cnt = cases[i].before };
		struct name_list after = { .cnt = cases[i].after,
					   .format = "domains",
					   .skip_cnts[NAME_SKIP_name] = cases[i].bad,
					   /* what is understood and left out counts for nothing */
					   .skip_cnts[NAME_SKIP_options] = 1000 };
		struct diag diag;

		diag_init(&diag);
		assert_int_equal(name_list_may_replace(&before, &after, "list", &diag), cases[i].err);
		assert_int_equal(diag.error_cnt, cases[i].err ? 1 : 0);
		diag_free(&diag);
	}
}

/* Read in parts by several threads it is the same list, in the same order, with the same lines. */
static void parts_are_one_list(void **state)
{
	size_t cap = 4 << 20, len = 0;
	char *text = malloc(cap);
	struct name_list lists[2];
	struct diag diag;

	for (int i = 0; len + 200 < cap; i++) {
		if (i % 1000 == 7)
			len += snprintf(text + len, cap - len, "no?name%d\n", i);
		else if (i % 500 == 9)
			len += snprintf(text + len, cap - len, "||r%d.example^$popup\n/x%d/\n", i, i);
		else
			len += snprintf(text + len, cap - len, "0.0.0.0 h%d.example\n", i % 90000);
	}
	len += snprintf(text + len, cap - len, "icloud.com\n");
	diag_init(&diag);
	for (unsigned int n = 0; n < 2; n++) {
		struct name_read_options options = { .format = "domains", .thread_cnt = 1 + 6 * n };

		assert_int_equal(name_list_parse(text, len, "list", &options, &lists[n], &diag), 0);
	}
	assert_int_equal(lists[0].cnt, lists[1].cnt);
	assert_int_equal(lists[0].line_cnt, lists[1].line_cnt);
	assert_int_equal(lists[0].duplicate_cnt, lists[1].duplicate_cnt);
	assert_int_equal(lists[0].skip_cnt, lists[1].skip_cnt);
	for (size_t i = 0; i < lists[0].skip_cnt; i++)
		assert_true(lists[0].skips[i].line == lists[1].skips[i].line &&
			    lists[0].skips[i].skip == lists[1].skips[i].skip);
	for (size_t i = 0, j = 0; i < lists[0].cnt; i++, j++) {
		const struct name_entry *a = &lists[0].entries[i], *b = &lists[1].entries[j];

		/* Canaries follow the first part. */
		for (; i < lists[0].cnt && a->how == SEK_NAME_CANARY; a = &lists[0].entries[i])
			i++;
		for (; j < lists[1].cnt && b->how == SEK_NAME_CANARY; b = &lists[1].entries[j])
			j++;
		if (i == lists[0].cnt)
			break;
		assert_true(a->line == b->line && a->kind == b->kind && a->host_len == b->host_len);
		assert_memory_equal(name_host(&lists[0], a), name_host(&lists[1], b), a->host_len);
	}
	name_list_free(&lists[0]);
	name_list_free(&lists[1]);
	diag_free(&diag);
	free(text);
}

static void suffixes_are_known(void **state)
{
	static const struct {
		const char *host, *registered;
		bool public;
	} cases[] = {
		{ "www.example.com", "example.com", false },
		{ "example.com", "example.com", false },
		{ "com", "com", true },
		{ "a.b.example.co.jp", "example.co.jp", false },
		{ "co.jp", "co.jp", true },
		{ "b.c.kobe.jp", "b.c.kobe.jp", false },
		{ "c.kobe.jp", "c.kobe.jp", true },
		{ "x.city.kobe.jp", "city.kobe.jp", false },
		{ "xn--55qx5d.cn", "xn--55qx5d.cn", true },
		{ "a.github.io", "a.github.io", false },
		{ "www.unlisted-top", "www.unlisted-top", false },
	};
	struct name_suffixes *suffixes;

	assert_int_equal(name_suffixes_open("/nonexistent", &suffixes), -ENOENT);
	if (access(NAME_SUFFIX_FILE, R_OK)) {
		print_message("SKIP: no public suffixes at " NAME_SUFFIX_FILE "\n");
		skip();
	}
	assert_int_equal(name_suffixes_open(NULL, &suffixes), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].host);

		assert_int_equal(name_suffix_is_public(suffixes, cases[i].host, len),
				 cases[i].public);
		assert_string_equal(cases[i].host +
					    name_suffix_registered(suffixes, cases[i].host, len),
				    cases[i].registered);
	}
	assert_false(name_suffix_is_public(NULL, "com", 3));
	name_suffixes_free(suffixes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_read),
		cmocka_unit_test(public_suffixes_are_taken_where_they_are_meant),
		cmocka_unit_test(canaries_are_a_list),
		cmocka_unit_test(line_ends_and_long_lines_change_nothing),
		cmocka_unit_test(expressions_are_kept),
		cmocka_unit_test(expressions_of_scripts_are_plain),
		cmocka_unit_test(each_line_of_a_pair_is_known),
		cmocka_unit_test(of_lines_far_apart_the_first_is_known),
		cmocka_unit_test(what_is_left_out_is_told_with_place),
		cmocka_unit_test(nothing_readable_is_an_error),
		cmocka_unit_test(a_list_may_not_shrink),
		cmocka_unit_test(parts_are_one_list),
		cmocka_unit_test(suffixes_are_known),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
