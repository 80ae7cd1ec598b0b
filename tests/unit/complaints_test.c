// SPDX-License-Identifier: Apache-2.0
/*
 * What users of other filters complained of, as rows: a list as it was, a name or a URL, and whether that is
 * blocked. Each names where it was reported. Formats are found out, as for a list that nobody described.
 */
#include "unit/namemade.h"

#include "names/find.h"
#include "names/url.h"

static const struct row {
	const char *where;
	const char *list; /* that blocks */
	const char *allow; /* a list that allows beside it; NULL: none */
	const char *blocked, *passes; /* names and URLs, apart by blanks */
} rows[] = {
	{ "StevenBlack/hosts#2492: a hosts line takes no other name", "0.0.0.0 www.blogspot.com\n",
	  NULL, "www.blogspot.com", "blogspot.com a.www.blogspot.com" },
	{ "phantom/blocklist#1145: an allow below a blocked parent", "a.example\n",
	  "ok.a.example\n", "a.example x.a.example", "ok.a.example x.ok.a.example" },
	{ "pi-hole#4447: letters beyond ASCII", "日本語.jp\n\xef\xbc\xa1.example\n", NULL,
	  "xn--wgv71a119e.jp a.example", "jp" },
	{ "pi-hole#5267: rules about elements name nothing to block",
	  "||ads.example^\nfandom.example##.featured-video__wrapper\nb.example#@#.ad\nc.example#?#div\n",
	  NULL, "ads.example", "fandom.example b.example c.example" },
	{ "pi-hole#1256: names that begin with a dot", ".doubleclick.com\n.a.example\n", NULL,
	  "doubleclick.com x.a.example", "com" },
	{ "pi-hole#650: what a page's source leaves among the lines",
	  "a.example\n}).filter('#comments').click();\nhref=\"http://goo.example/9Cydh\"\nb.example\n",
	  NULL, "a.example b.example", "goo.example goo.example/9Cydh" },
	{ "PiHoleBlocklist#109: exceptions in a list for several programs",
	  "||a.example^\n@@||ok.a.example^\n", NULL, "a.example", "ok.a.example" },
	{ "AdGuardHome#3396: a star inside a name is no name", "||github*^$important\n||a.example^\n",
	  NULL, "a.example", "github.com api.github.com githubapp.com" },
	{ "AdGuardHome#3396: exceptions in a list that allows are what it allows",
	  "login.example\nb.example\n", "@@||login.example^\n@@|b.example^\n", "x.b.example",
	  "login.example b.example" },
	{ "AdGuardHome#2923: everything but some",
	  "*$denyallow=com|net\n||*^$client=10.0.0.1\n/.*/\n||a.example^\n", NULL, "a.example",
	  "b.example c.org" },
	{ "AdGuardHome#2811: a hosts line below a name leaves the name alone",
	  "127.0.0.1 minorshort.weixin.qq.example\n", NULL, "minorshort.weixin.qq.example",
	  "weixin.qq.example qq.example" },
	{ "pi-hole#4701: names that end in a dot", "mail.forblown.example.\nb.example.\n", NULL,
	  "mail.forblown.example b.example. x.b.example", "forblown.example" },
	{ "pi-hole#718: names behind the mark of a comment",
	  "rcsmetrics.example #Corriere.example\nesm1.example #Dealer.example\n", NULL,
	  "rcsmetrics.example esm1.example", "corriere.example dealer.example" },
	{ "hosts#2898: blanks before the mark of a comment",
	  "  # Title: x.example\n# a.example\n\t# b.example\n0.0.0.0 c.example\n", NULL,
	  "c.example", "x.example a.example b.example" },
	{ "dns-blocklists#5543: an exception for one name alone",
	  "||a.example^\n@@|ok.a.example^\n@@||all.a.example^\n", NULL, "a.example x.ok.a.example",
	  "ok.a.example all.a.example x.all.a.example" },
	{ "dns-blocklists#5543: a rule for one name alone", "|a.example^\n||b.example^\n", NULL,
	  "a.example b.example x.b.example", "x.a.example" },
	{ "dns-blocklists#108: words behind an exception",
	  "||services.example^\n@@||www.services.example^$important ! Referral\n||b.example^ ! why\n",
	  NULL, "services.example b.example", "www.services.example" },
	{ "dns-blocklists#206: stars within names",
	  "||a.example^\n||adx-*.b.example^\n||s*block.example^\n||adserver.*.c.example^\n", NULL,
	  "a.example", "b.example adx-1.b.example block.example c.example" },
	{ "hosts-blocklists#137: an exception of dnsmasq",
	  "address=/chat.example/0.0.0.0\naddress=/chat.example/::\nserver=/api.chat.example/#\n",
	  NULL, "chat.example x.chat.example", "api.chat.example x.api.chat.example" },
	{ "AdGuardHome#897: a script's rule is not its site's",
	  "||stern.example/gujAd.js$match-case\n||commsvc.stern.example^$important\n", NULL,
	  "commsvc.stern.example", "stern.example www.stern.example" },
	{ "AdGuardHome#3115: capitals", "0.0.0.0 Ads.Example\n0.0.0.0 B.EXAMPLE\n", NULL,
	  "ads.example ADS.example b.Example", "example" },
	{ "DnsServer#1433: an exception of a list of one's own", "mypc.example\n",
	  "@@||my.mypc.example^\n", "mypc.example x.mypc.example",
	  "my.mypc.example x.my.mypc.example" },
	{ "AdGuardHome#2521: everything is no entry", "||*.*\n||*^\n*.*\n||a.example^\n", NULL,
	  "a.example", "b.example" },
	{ "AdGuardHome#7118: all kinds of requests",
	  "||a.example^$all\n||b.example^$all,important\n||test.*^$all\n", NULL,
	  "a.example x.b.example", "test.example" },
	{ "freshtomato-arm#45: a parent that is allowed frees not what is listed below",
	  "adservice.google.example\n", "google.example\n", "adservice.google.example",
	  "google.example www.google.example" },
	{ "dnscrypt-proxy#117: below a name that is listed", "github.example\n",
	  "api.github.example\n", "github.example x.github.example", "api.github.example" },
	{ "files from Windows: marks of order and ends of lines",
	  "\xef\xbb\xbf"
	  "0.0.0.0 a.example\r\n0.0.0.0 b.example\r\n",
	  NULL, "a.example b.example", "example" },
	{ "AdGuardHome#6979: a rule that takes another back, before it or behind",
	  "||b.example^$badfilter\n||a.example^\n||b.example^\n||c.example^$important\n"
	  "||c.example^$important,badfilter\n||d.example^$dnsrewrite=127.0.0.1,$badfilter\n"
	  "@@||x.a.example^\n@@||x.a.example^$badfilter\n",
	  NULL, "a.example x.a.example", "b.example c.example d.example" },
	{ "AdGuardHome#3825: a block below an exception",
	  "@@||fake.example^$important\n||sub.fake.example^$important\n", NULL, "sub.fake.example",
	  "fake.example www.fake.example" },
	{ "AdGuardSDNSFilter#505: a rule for a path is not one for its host",
	  "||mangaqq.example/qc-new/*\n||a.example^\n", NULL,
	  "a.example http://mangaqq.example/qc-new/x", "mangaqq.example http://mangaqq.example/x" },
	{ "blocky#956, hosts of oisd: comments of rules", "! Title: x\n! a.example\n||b.example^\n",
	  NULL, "b.example", "a.example" },
	{ "blocky#859, blokada#766: comments behind names",
	  "growsumo.example #PartnerStack - Tracker\na.example\t# y\n", NULL,
	  "growsumo.example a.example", "y" },
	{ "blokada#766: comments behind names of a hosts file",
	  "0.0.0.0 a.example  #[Tracking.Cookie]\n0.0.0.0 b.example\t# c.example\n", NULL,
	  "a.example b.example", "c.example" },
	{ "blocky#991: labels that begin or end with a hyphen",
	  "0.0.0.0 -043ns11.net.daraz.example\n0.0.0.0 a-.example\n", NULL,
	  "-043ns11.net.daraz.example a-.example", "net.daraz.example" },
	{ "blocky#1718: rules whatever the file is called", "||0-01x-m.554217.example^\n", NULL,
	  "0-01x-m.554217.example www.0-01x-m.554217.example", "554217.example" },
	{ "qutebrowser#3765: many names in a line, and those of the machine",
	  "127.0.0.1 localhost localhost.localdomain\n::1 localhost ip6-localhost ip6-loopback\n"
	  "0.0.0.0 a.example b.example\n",
	  NULL, "a.example b.example", "localhost ip6-localhost" },
	{ "hostsblock#24, uBlock#1440: addresses among the names",
	  "0.0.0.0 0.0.0.0\n0.0.0.0 0.0.0.0 www.zergnet.example\n127.0.0.1 a.example 127.0.0.1 b.example\n",
	  NULL, "www.zergnet.example a.example b.example", "zergnet.example" },
	{ "Anti-WebMiner#17: heads of sections are no names",
	  "[Anti-WebMiner]\nVersion=1.86\n[Hosts]\n0.0.0.0 a.example\n0.0.0.0 b.example\n0.0.0.0 c.example\n",
	  NULL, "a.example b.example c.example", "hosts 1.86" },
	{ "opnsense#824: a category's name is what is below it, too",
	  "amazingyoutube.example\nyoutube.example\n", NULL, "youtube.example www.youtube.example",
	  "myyoutube.example" },
	{ "opnsense#825: URLs of a category", "a.example/x/y\nb.example/z.html\nc.example/~me\n", NULL,
	  "http://a.example/x/y http://a.example/x/y/z http://www.b.example/z.html http://c.example/%7Eme",
	  "a.example http://a.example/x http://b.example/ c.example" },
	{ "Ultimate.Hosts.Blacklist#277: squid's names with a dot, one below another",
	  ".stats.ynet.example\n.ynet.example\n", NULL,
	  "stats.ynet.example ynet.example a.ynet.example", "net.example" },
	{ "url-cheatsheet#8: a dot behind the name", "portswigger.example\n", NULL,
	  "portswigger.example. http://portswigger.example./x HTTP://PortSwigger.Example:80/",
	  "example" },
	{ "e2guardian#604: a page within what is allowed", "http://search.example/search\n",
	  "search.example\n", "http://search.example/search http://search.example/search?q=x",
	  "search.example http://search.example/" },
	{ "squidGuard: names and ports in URLs",
	  "http://a.example:8080/x\nhttp://user:pw@b.example/y\n", NULL,
	  "http://a.example/x http://b.example/y http://me@b.example/y", "a.example b.example" },
	{ "unbound#935: exceptions of a zone, in any order",
	  "$TTL 60\n@ SOA a. b. 1 2 3 4 5\nwww.a.example CNAME rpz-passthru.\n*.a.example CNAME .\n"
	  "*.b.example CNAME .\nwww.b.example CNAME rpz-passthru.\n",
	  NULL, "x.a.example x.b.example", "www.a.example www.b.example a.example" },
	{ "unbound#219: triggers of name servers are not names",
	  "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n*.parking.example.rpz-nsdname CNAME .\na.example CNAME .\n",
	  NULL, "a.example", "parking.example x.parking.example" },
	{ "pdns#2780: a record outside the zone ends nothing",
	  "$ORIGIN rpz.test.\n$TTL 60\n@ SOA a. b. 1 2 3 4 5\na.example CNAME .\nout.of.zone. CNAME .\n"
	  "b.example CNAME .\n",
	  NULL, "a.example b.example", "out.of.zone" },
	{ "unbound#1439: an apex with records of its own",
	  "$ORIGIN rpz.test.\n$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ A 192.0.2.1\n@ NS localhost.\na.example CNAME .\n",
	  NULL, "a.example", "b.example test" },
	{ "unbound#1332: another name in place of an answer is not served, and blocks nothing",
	  "$TTL 60\n@ SOA a. b. 1 2 3 4 5\nwww.a.example CNAME garden.test.\nb.example CNAME .\n",
	  NULL, "b.example", "www.a.example garden.test" },
	{ "Ultimate.Hosts.Blacklist#536: pictures in a head",
	  "#     / / \\ \\ | __| | '_ ` _ \\ / _` | __/ _ \\      #\n0.0.0.0 a.example\n", NULL,
	  "a.example", "b.example" },
	{ "dnscrypt-proxy: patterns and times",
	  "=only.example\nads.*\n*sex*\n*.youtube.* @time-to-sleep\na.example\n", NULL,
	  "only.example a.example",
	  "x.only.example ads.example sussex.ac.uk www.youtube.com youtube.com" },
	{ "lists from Windows: carriage returns, a mark in front, no end of the last line",
	  "\xef\xbb\xbf"
	  "a.example\r\nb.example\r\nc.example",
	  NULL, "a.example b.example c.example", "example" },
	{ "doh lists: names with an underscore", "_dns.a.example\nb_c.example\n", NULL,
	  "_dns.a.example b_c.example", "a.example" },
	{ "AdguardForAndroid#833: what is important beats an exception, an important exception beats that",
	  "||a.example^$important\n@@||a.example^\n||b.example^$important\n@@||b.example^$important\n"
	  "||c.example^\n@@||c.example^\n",
	  NULL, "a.example x.a.example", "b.example x.b.example c.example" },
	{ "AdGuardHome#4862: what is important counts for all below it, whatever stands first",
	  "@@||ok.a.example^\n||a.example^$important\n||ads.b.example^\n@@||b.example^$important\n"
	  "||c.example^$important\n@@||ok.c.example^$important\n||x.ok.c.example^\n||d.example^$important\n"
	  "@@||d.example/page/\n@@|e.example^$important\n||e.example^\n",
	  NULL, "ok.a.example c.example x.c.example http://d.example/page/ x.e.example",
	  "ads.b.example ok.c.example x.ok.c.example e.example" },
	{ "AdGuardHome#2010: an important exception in a list of one's own",
	  "||gm99.example^\n||b.example^\n", "@@||gm99.example^$important\n", "b.example",
	  "gm99.example www.gm99.example" },
	{ "AdGuardHome#721: expressions with options are no names",
	  "/ads/$important\n/track/$third-party\n||a.example^\n", NULL, "a.example",
	  "ads track ads.example" },
	{ "uBlock: 3p is third-party, 1p its contrary",
	  "||a.example^$3p\n||b.example^$1p\n||c.example^\n", NULL, "c.example",
	  "a.example b.example" },
	{ "indonesianadblockrules#239, adblock-dns-server#187: words behind rules",
	  "||a.example^ # why\n||b.example^\t! why\n", NULL, "a.example b.example", "why" },
	{ "1Hosts#2119: a zone without a name is no entry, nor are all",
	  "local-zone: \"a.example\" always_null\nlocal-zone: \"\" always_null\nlocal-zone: \".\" static\n",
	  NULL, "a.example", "b.example" },
	{ "unbound#819: a zone of one type of questions",
	  "local-zone: \"a.example\" block_a\nlocal-zone: \"b.example\" static\n", NULL,
	  "b.example", "a.example" },
	{ "blocky#1837: stars in a hosts file",
	  "192.168.1.152 *.cdn.example\n0.0.0.0 *.b.example\n0.0.0.0 *\n0.0.0.0 ads*.c.example\n",
	  NULL, "x.b.example x.y.b.example", "b.example x.cdn.example c.example ads1.c.example" },
	{ "blockconvert#17: stars at an end or within",
	  "adservice.google.*\nzzxosget.example*.crisp.chat\na.example\n", NULL, "a.example",
	  "adservice.google.com google.com crisp.chat" },
	{ "MetaMask/eth-phishing-detect#7079: what is listed as no enemy, what looks alike",
	  "{\"version\": 2, \"tolerance\": 1,\n\"fuzzylist\": [\"etherscan.example\"],\n"
	  "\"whitelist\": [\"ok.bad.example\", \"good.example\"],\n\"blacklist\": [\"bad.example\"]}\n",
	  NULL, "bad.example x.bad.example", "etherscan.example ok.bad.example good.example" },
	{ "ThreatFox: reports and tags are about an entry",
	  "{\"data\": [{\"ioc\": \"bad.example\", \"tags\": [\"c2.example\"],\n"
	  "\"references\": [\"https://blog.example/bad\"]}]}\n",
	  NULL, "bad.example", "c2.example blog.example https://blog.example/bad" },
	{ "disconnect: categories that hold the entries",
	  "{\"categories\": {\"Advertising\": [{\"X\": {\"https://x.example/\": [\"ads.example\"]}}]}}\n",
	  NULL, "ads.example", "x.example" },
	{ "pi-hole/FTL#2837, kjd/idna#61, erlang-idna#37: signs that registries sell and browsers ask for",
	  "\xf0\x9f\x8d\x86\xf0\x9f\xa5\xb5.ws\n\xe2\x98\x95\xf0\x9f\xa6\x8a\xe2\x9c\x88\xef\xb8\x8f.ws\n"
	  "\xf0\x9f\x91\x81\xf0\x9f\x91\x84\xf0\x9f\x91\x81.fm\nI\xe2\x9d\xa4.example\n",
	  NULL, "xn--gi8h42h.ws xn--53hy7af013i.ws xn--mp8hai.fm xn--i-7iq.example", "ws fm example" },
	{ "Spamhaus' asn_drop: who holds a network is no name to block",
	  "{\"asn\":932,\"rir\":\"arin\",\"domain\":\"xn.example\",\"cc\":\"US\",\"asname\":\"XNNET\"}\n"
	  "{\"domain\":\"a.example\"}\n",
	  NULL, "a.example", "xn.example" },
	{ "StevenBlack/hosts#2492, with tabs: a hosts line takes no other name, and loses none",
	  "127.0.0.1\twww.blogspot.com\n127.0.0.1\tb.example\tc.example\n::1\td.example\t# e.example\n",
	  NULL, "www.blogspot.com b.example c.example d.example",
	  "a.www.blogspot.com x.b.example e.example" },
	{ "names in a row", "a.example, b.example, c.example\nd.example, e.example, f.example\n",
	  NULL, "a.example b.example c.example d.example e.example f.example", "example" },
	{ "names with a reason behind a tab", "a.example\tphishing\t2024\nb.example\tmalware\t2023\n",
	  NULL, "a.example x.b.example", "phishing malware" },
	{ "dnsmasq's blanks around =, names without a dot, a slash that is missing",
	  "address = /a.example/0.0.0.0\naddress=//192.0.2.1\nlocal=/b.example\nserver=192.0.2.53\n"
	  "local = /c.example/d.example/\n",
	  NULL, "a.example x.a.example c.example d.example", "b.example" },
	{ "a zone whose SOA alone names it",
	  "$TTL 60\nrpz.test. SOA a. b. 1 2 3 4 5\nbad.example CNAME .\nevil.example.rpz.test. CNAME .\n",
	  NULL, "bad.example evil.example", "x.bad.example rpz.test" },
	{ "a zone as pdnsutil shows it, without dots",
	  "$ORIGIN .\nrpz.test 3600 IN SOA a b 1 2 3 4 5\nrpz.test 3600 IN NS a\nevil.example.rpz.test 60 IN CNAME .\n",
	  NULL, "evil.example", "evil.example.rpz.test" },
	{ "hagezi/dns-blocklists#4947: an address with a hole",
	  "102.204..15\n192.0.2.1\na.example\n", NULL, "a.example", "15" },
	{ "pfBlockerNG#1256, #1476: public suffixes of any depth",
	  "com.br\nact.edu.au\npvt.k12.ma.us\nx.com.br\n", NULL, "x.com.br a.x.com.br",
	  "y.com.br z.act.edu.au com.br" },
	{ "pi-hole#5322: addresses among rules", "||2znp09oa.example^\n||35.186.219.42^\n", NULL,
	  "2znp09oa.example", "http://35.186.219.42/" },
	{ "block#529: an owner outside a zone ends nothing behind it",
	  "$ORIGIN extreme.\n$TTL 60\n@ SOA a. b. 1 2 3 4 5\nbutton.blogs.yandex. CNAME .\na.example CNAME .\n",
	  NULL, "a.example", "button.blogs.yandex" },
	{ "pdns#5265: another name that begins with a star",
	  "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n"
	  "evil.example CNAME *.garden.test.\nb.example CNAME .\n",
	  NULL, "b.example", "evil.example garden.test" },
	{ "opnsense#4694: a name and one below it in another category",
	  "ads.foo.example\nfoo.example\n", NULL, "x.foo.example ads.foo.example foo.example",
	  "example" },
	{ "browsers' and squid's pages with a star behind", "http://a.example/*\nb.example/dir/*\n",
	  NULL, "a.example http://a.example/x http://b.example/dir/x/y",
	  "b.example http://b.example/dir2" },
	{ "dnscrypt-proxy, e2guardian: hours and other files are not of a list of names",
	  "facebook.example @work\n#time: 9 0 17 0 01234\n.Include</etc/e2guardian/list>\n**\n*ip\na.example\n",
	  NULL, "a.example", "facebook.example b.example" },
	{ "blanks that are pasted along: of web pages, of Japanese editors, none at all",
	  "nb.example\xc2\xa0\n\xe3\x80\x80wide.example\xe3\x80\x80\n\xe2\x80\x8bzero.example\r\n",
	  NULL, "nb.example x.wide.example zero.example", "example" },
	{ "hosts files with other zeros", "0 a.example\n000.000.000.000 b.example\n0\tc.example\n",
	  NULL, "a.example b.example c.example", "x.a.example example" },
	{ "AdGuardHome: blocks that say how they answer",
	  "||a.example^$dnsrewrite=NXDOMAIN;;\n||b.example^$dnsrewrite=0.0.0.0\n||c.example^$dnsrewrite=REFUSED\n"
	  "||d.example^$dnsrewrite=192.0.2.9\n||e.example^$dnsrewrite=NOERROR;CNAME;x.example\n@@||f.a.example^$dnsrewrite=NXDOMAIN;;\n",
	  NULL, "a.example x.b.example c.example f.a.example", "d.example e.example" },
	{ "Surge, Clash: a name alone, one and all below it, what is no name",
	  "DOMAIN,www.blogspot.example\nDOMAIN-SUFFIX,ads.example\nDOMAIN-KEYWORD,track\nIP-CIDR,192.0.2.0/24,no-resolve\n"
	  "DOMAIN-SUFFIX,more.example,REJECT\n",
	  NULL, "www.blogspot.example x.ads.example more.example",
	  "x.www.blogspot.example track domain-suffix" },
	{ "Clash's files", "payload:\n  - DOMAIN-SUFFIX,a.example\n  - DOMAIN,b.example\n", NULL,
	  "x.a.example b.example", "x.b.example payload" },
	{ "Quantumult", "host-suffix,a.example,reject\nHOST-KEYWORD,b,reject\nhost,c.example,reject\n",
	  NULL, "x.a.example c.example", "x.c.example b" },
	{ "titles that look like them", "domain,seen\na.example,2024\nb.example,2023\n", NULL,
	  "a.example x.b.example", "domain" },
	{ "V2Ray's lists",
	  "# ads\ndomain:a.example\nfull:b.example\nkeyword:track\ninclude:other\n"
	  "domain:c.example @ads\nd.example\n",
	  NULL, "x.a.example b.example c.example x.d.example", "x.b.example track other" },
	{ "HaGeZi: whole top-level domains need to be meant", "zip\n||mov^\na.example\n", NULL,
	  "a.example", "x.zip x.mov" },
};

/* The two lists of a row as a table. */
struct tried {
	struct name_list lists[2];
	struct name_memory memory;
	struct name_table table;
};

static void tried_open(const struct row *row, struct tried *tried)
{
	const char *const texts[] = { row->list, row->allow };
	struct name_source sources[2];
	size_t cnt = row->allow ? 2 : 1;
	struct diag diag;

	*tried = (struct tried){};
	for (size_t i = 0; i < cnt; i++) {
		const struct name_read_options options = { .allow = i };

		diag_init(&diag);
		if (name_list_parse(texts[i], strlen(texts[i]), "list", &options, &tried->lists[i],
				    &diag)) {
			diag_print(&diag, stdout);
			fail_msg("%s: list %zu cannot be read", row->where, i);
		}
		diag_free(&diag);
		sources[i] = (struct name_source){ .list = &tried->lists[i], .number = (uint8_t)i };
	}
	assert_int_equal(name_table_made(sources, cnt, &tried->memory, &tried->table), 0);
}

static void tried_close(struct tried *tried)
{
	name_table_free(&tried->table);
	name_memory_free(&tried->memory);
	for (int i = 0; i < 2; i++)
		name_list_free(&tried->lists[i]);
}

static bool blocked(const struct tried *tried, const char *word, size_t len)
{
	static const struct sek_name_phase phase = { .block = 1, .allow = 2 };
	const struct name_view view = { .table = &tried->table };
	struct name_asked asked;
	struct url url;

	/* As requests are spelt before they are looked up. */
	assert_int_equal(url_normalise(word, len, &url), 0);
	asked = (struct name_asked){ .host = url.host.text, .host_len = url.host.len };
	if (memchr(word, '/', len)) {
		asked.path = url.target;
		asked.path_len = url.target_len;
	}
	return name_decide(&view, &asked, 1, &phase, NULL).opinion == SEK_NAME_BLOCK;
}

static void words_are(const struct row *row, const struct tried *tried, const char *words, bool wanted)
{
	while (*words) {
		size_t len = strcspn(words, " ");

		if (blocked(tried, words, len) != wanted)
			fail_msg("%s: %.*s is %s", row->where, (int)len, words,
				 wanted ? "not blocked" : "blocked");
		words += len + (words[len] == ' ');
	}
}

static void complaints_are_heard(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tried tried;

		tried_open(&rows[i], &tried);
		words_are(&rows[i], &tried, rows[i].blocked, true);
		words_are(&rows[i], &tried, rows[i].passes, false);
		tried_close(&tried);
	}
}

/* AdGuardHome#6979 as well: one that takes nothing back is told, with its line. */
static void idle_badfilter_is_told(void **state)
{
	static const char text[] = "||a.example^\n||b.example^$badfilter\n||a.example^$badfilter\n"
				   "@@||c.example^$badfilter\n||c.example^\n";
	const struct name_read_options options = {};
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse(text, strlen(text), "list", &options, &list, &diag), 0);
	assert_int_equal(list.skip_cnts[NAME_SKIP_idle], 2);
	assert_int_equal(list.skip_cnt, 2);
	assert_int_equal(list.skips[0].line, 2);
	assert_int_equal(list.skips[1].line, 4);
	assert_int_equal(list.cnt, 1);
	name_list_free(&list);
	diag_free(&diag);
}

/* Expressions as squid's users and Pi-hole's write them, by how many are taken and what is told of the rest. */
static void settings_of_expressions_are_told(void **state)
{
	static const struct {
		const char *text;
		size_t cnt, statements, options;
		const char *first;
	} cases[] = {
		{ "-i\n(^|\\.)ads[0-9]\\.\n+i\nb\\.example$\n", 2, 2, 0, "(^|\\.)ads[0-9]\\." },
		{ "^a\\.example$;reply=192.0.2.9;reply=fd17::1\n", 1, 0, 0,
		  "^a\\.example$" }, /* FTL#2013 */
		{ "^b\\.example$;querytype=!A,AAAA\n^c\\.example$\n(^|\\.)d\\.example$;invert\n", 1,
		  0, 2, "^c\\.example$" }, /* FTL#1527 */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct name_list list;
		struct diag diag;

		diag_init(&diag);
		assert_int_equal(name_list_parse(cases[i].text, strlen(cases[i].text), "list", NULL,
						 &list, &diag),
				 0);
		assert_int_equal(list.regex_cnt, cases[i].cnt);
		assert_int_equal(list.cnt, 0);
		assert_int_equal(list.skip_cnts[NAME_SKIP_statement], cases[i].statements);
		assert_int_equal(list.skip_cnts[NAME_SKIP_options], cases[i].options);
		assert_int_equal(list.regexes[0].len, strlen(cases[i].first));
		assert_memory_equal(list.text + list.regexes[0].at, cases[i].first,
				    strlen(cases[i].first));
		name_list_free(&list);
		diag_free(&diag);
	}
}

/* What an important rule beats is told, in the order of the list with all else. */
static void overruled_is_told(void **state)
{
	static const char text[] = "@@||ok.a.example^\n||b.example^$third-party\n||a.example^\n"
				   "||a.example^$important\n||c.example^$client=x\n";
	static const uint32_t lines[] = { 1, 2, 5 };
	struct name_list list;
	struct diag diag;

	diag_init(&diag);
	assert_int_equal(name_list_parse(text, strlen(text), "list", NULL, &list, &diag), 0);
	assert_int_equal(list.cnt, 1);
	assert_int_equal(list.duplicate_cnt, 1);
	assert_int_equal(list.skip_cnt, 3);
	assert_int_equal(list.skips[0].skip, NAME_SKIP_overruled);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(list.skips[i].line, lines[i]);
	name_list_free(&list);
	diag_free(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaints_are_heard),
		cmocka_unit_test(idle_badfilter_is_told),
		cmocka_unit_test(overruled_is_told),
		cmocka_unit_test(settings_of_expressions_are_told),
	};

	return cmocka_run_group_tests_name("complaints", tests, NULL, NULL);
}
