// SPDX-License-Identifier: Apache-2.0
/*
 * Words of rules, one row each: a conversation through the whole engine, and whether the rule is told. What is
 * told was compared with Suricata 7.0.10 over the same bytes; a comment says where that one tells less.
 */
#include "unit/conversations.h"
#include "unit/rulesmade.h"

struct row {
	int of;
	const char *proto; /* of the rule; NULL: the conversation's */
	const char *body;
	bool told;
};

static const struct row rows[] = {
	{ DHCP, NULL, "dhcp.leasetime:3600;", true },
	{ DHCP, NULL, "dhcp.leasetime:>3600;", false },
	{ DHCP, NULL, "dhcp.leasetime:3599<>3601;", true },
	{ DHCP, NULL, "dhcp.renewal_time:1800;", true },
	{ DHCP, NULL, "dhcp.renewal_time:<1800;", false },
	{ DHCP, NULL, "dhcp.rebinding_time:3150;", true },
	{ DHCP, NULL, "dhcp.rebinding_time:!3150;", false },
	{ SNMP, NULL, "snmp.version:2;", true },
	{ SNMP, NULL, "snmp.version:1;", false },
	{ SNMP, NULL, "snmp.version:>1;", true },
	{ SNMP, NULL, "snmp.community; content:\"public\"; bsize:6;", true },
	{ SNMP, NULL, "snmp.community; content:\"private\";", false },
	{ SNMP, NULL, "snmp.pdu_type:0;", true },
	{ SNMP, NULL, "snmp.pdu_type:2;", true },
	{ SNMP, NULL, "snmp.pdu_type:3;", false },
	{ SNMP, NULL, "snmp.usm; content:\"p\";", false },
	{ SNMP3, NULL, "snmp.version:3;", true },
	{ SNMP3, NULL, "snmp.usm; content:\"operator\"; bsize:8;", true },
	{ SNMP3, NULL, "snmp.usm; content:\"root\";", false },
	{ SNMP3, NULL, "snmp.pdu_type:1;", true },
	{ SNMP3, NULL, "snmp.community; content:\"o\";", false },
	{ SNMP3_NOBODY, NULL, "snmp.version:3;", true },
	{ SNMP3_NOBODY, NULL, "snmp.usm; bsize:0;", false },
	{ SNMP3_NOBODY, NULL, "snmp.usm; content:!\"x\";", false },
	{ RFB, NULL, "rfb.name; content:\"desk\"; bsize:4;", true },
	{ RFB, NULL, "rfb.name; content:\"tower\";", false },
	{ RFB, NULL, "rfb.sectype:2;", true },
	{ RFB, NULL, "rfb.sectype:1;", false },
	{ RFB, NULL, "rfb.sectype:>1;", true },
	{ RFB, NULL, "rfb.secresult:ok;", true },
	{ RFB, NULL, "rfb.secresult:fail;", false },
	{ RFB, NULL, "rfb.secresult:toomany;", false },
	{ KRB5, NULL, "krb5_msg_type:10;", true },
	{ KRB5, NULL, "krb5_msg_type:30;", true },
	{ KRB5, NULL, "krb5_msg_type:11;", false },
	{ KRB5, NULL, "krb5_err_code:25;", true },
	{ KRB5, NULL, "krb5_err_code:24;", false },
	{ KRB5, NULL, "krb5_err_code:6;", false },
	{ KRB5_TICKET, NULL, "krb5_msg_type:11;", true },
	{ KRB5_TICKET, NULL, "krb5.cname; content:\"alice\"; bsize:5;", true },
	{ KRB5_TICKET, NULL, "krb5.cname; content:\"bob\";", false },
	{ KRB5_TICKET, NULL, "krb5.sname; content:\"krbtgt\";", true },
	{ KRB5_TICKET, NULL, "krb5.sname; content:\"EXAMPLE.COM\"; bsize:11;", true },
	{ KRB5_TICKET, NULL, "krb5.sname; content:\"host\";", false },
	{ KRB5_TICKET, NULL, "krb5.ticket_encryption:rc4-hmac;", true },
	{ KRB5_TICKET, NULL, "krb5.ticket_encryption:weak;", true },
	{ KRB5_TICKET, NULL, "krb5.ticket_encryption:17;", false },
	{ SIP, NULL, "sip.method; content:\"INVITE\"; bsize:6;", true },
	{ SIP, NULL, "sip.method; content:\"BYE\";", false },
	{ SIP, NULL, "sip.uri; content:\"sip|3a|bob@example.com\"; bsize:19;", true },
	{ SIP, NULL, "sip.uri; content:\"carol\";", false },
	{ SIP, NULL, "sip.protocol; content:\"SIP/2.0\"; bsize:7;", true },
	{ SIP, NULL, "sip.protocol; content:\"SIP/3\";", false },
	{ SIP, NULL,
	  "sip.request_line; content:\"INVITE sip|3a|bob@example.com SIP/2.0\"; startswith;", true },
	{ SIP, NULL, "sip.request_line; content:\"Ringing\";", false },
	{ SIP, NULL, "sip.stat_code; content:\"180\"; bsize:3;", true },
	{ SIP, NULL, "sip.stat_code; content:\"200\";", false },
	{ SIP, NULL, "sip.stat_msg; content:\"Ringing\"; bsize:7;", true },
	{ SIP, NULL, "sip.stat_msg; content:\"OK\";", false },
	{ SIP, NULL, "sip.response_line; content:\"SIP/2.0 180 Ringing\";", true },
	{ SIP, NULL, "sip.response_line; content:\"INVITE\";", false },
	{ IKE, NULL, "ike.exchtype:34;", true },
	{ IKE, NULL, "ike.exchtype:35;", false },
	{ IKE, NULL, "ike.exchtype:>33;", true },
	{ IKE, NULL, "ike.init_spi; content:\"0101010101010101\";", true },
	{ IKE, NULL, "ike.init_spi; content:\"02\";", false },
	{ IKE, NULL, "ike.resp_spi; content:\"0202020202020202\";", true },
	{ IKE, NULL, "ike.resp_spi; content:\"0303\";", false },
	{ IKE, NULL, "ike.chosen_sa_attribute:alg_enc=12;", true },
	{ IKE, NULL, "ike.chosen_sa_attribute:alg_enc=11;", false },
	{ IKE, NULL, "ike.chosen_sa_attribute:alg_dh=14;", true },
	/* of IKE 1 alone there, from here on */
	{ IKE, NULL, "ike.key_exchange_payload_length:8;", true },
	{ IKE, NULL, "ike.key_exchange_payload_length:12;", false },
	{ IKE, NULL, "ike.nonce_payload_length:16;", true },
	{ IKE, NULL, "ike.nonce_payload_length:<16;", false },
	{ IKE, NULL, "ike.key_exchange_payload; content:\"KKKK\";", true },
	{ IKE, NULL, "ike.nonce_payload; content:\"NNNN\";", true },
	{ IKE, NULL, "ike.nonce_payload; content:\"K\";", false },
	{ IKE, NULL, "ike.vendor; content:\"76656e646f722d6964\";", true },
	{ IKE, NULL, "ike.vendor; content:\"ff\";", false },
	{ ENIP, NULL, "enip_command:101;", true },
	{ ENIP, NULL, "enip_command:111;", true },
	{ ENIP, NULL, "enip_command:99;", false },
	{ ENIP, NULL, "cip_service:14;", true },
	{ ENIP, NULL, "cip_service:14,1;", true },
	{ ENIP, NULL, "cip_service:14,2;", false },
	{ ENIP, NULL, "cip_service:16;", false },
	{ MQTT, NULL, "mqtt.type:CONNECT;", true },
	{ MQTT, NULL, "mqtt.type:PUBLISH;", true },
	{ MQTT, NULL, "mqtt.type:PINGREQ;", false },
	{ MQTT, NULL, "mqtt.connect.clientid; content:\"sensor\"; bsize:6;", true },
	{ MQTT, NULL, "mqtt.connect.username; content:\"user\";", true },
	{ MQTT, NULL, "mqtt.connect.password; content:\"secret\";", true },
	{ MQTT, NULL, "mqtt.connect.willtopic; content:\"will/topic\";", true },
	{ MQTT, NULL, "mqtt.connect.willmessage; content:\"gone\";", true },
	{ MQTT, NULL, "mqtt.connect.flags:username,password,will;", true },
	{ MQTT, NULL, "mqtt.connect.flags:will_retain;", false },
	/* never told there, whatever is asked */
	{ MQTT, NULL, "mqtt.connack.session_present:yes;", true },
	{ MQTT, NULL, "mqtt.connack.session_present:no;", false },
	{ MQTT, NULL, "mqtt.subscribe.topic; content:\"a/b\"; bsize:3;", true },
	{ MQTT, NULL, "mqtt.unsubscribe.topic; content:\"a/b\"; bsize:3;", true },
	{ MQTT, NULL, "mqtt.unsubscribe.topic; content:\"a/c\";", false },
	{ MQTT, NULL, "mqtt.publish.topic; content:\"a/c\";", true },
	{ MQTT, NULL, "mqtt.publish.message; content:\"hello\";", true },
	{ MQTT, NULL, "mqtt.reason_code:2;", true },
	{ MQTT, NULL, "mqtt.reason_code:3;", false },
	{ MQTT, NULL, "mqtt.protocol_version:4;", true },
	{ MQTT, NULL, "mqtt.protocol_version:5;", false },
	{ MQTT, NULL, "mqtt.qos:1;", true },
	{ MQTT, NULL, "mqtt.qos:2;", false },
	{ MQTT, NULL, "mqtt.flags:retain;", true },
	{ MQTT, NULL, "mqtt.flags:dup;", false },
	{ MQTT_UNNAMED, NULL, "mqtt.connect.clientid; bsize:0;", false },
	{ MQTT_UNNAMED, NULL, "mqtt.type:CONNECT;", true },
	{ MQTT_UNNAMED, NULL, "mqtt.connect.clientid; content:!\"x\";", false },
	{ DNP3, NULL, "dnp3_func:read;", true },
	{ DNP3, NULL, "dnp3_func:1;", true },
	{ DNP3, NULL, "dnp3_func:write;", false },
	{ DNP3, NULL, "dnp3_func:response;", true },
	{ DNP3, NULL, "dnp3_ind:device_restart;", true },
	{ DNP3, NULL, "dnp3_ind:need_time;", false },
	{ DNP3, NULL, "dnp3_obj:60,2;", true },
	{ DNP3, NULL, "dnp3_obj:60,3;", true },
	{ DNP3, NULL, "dnp3_obj:60,4;", false },
	{ DNP3, NULL, "dnp3_obj:1,2;", true },
	{ DNP3, NULL, "dnp3_data; content:\"|3c 02 06|\";", true },
	{ DNP3, NULL, "dnp3.data; content:\"|ff|\";", false },
	{ MODBUS, NULL, "modbus:function 3;", true },
	{ MODBUS, NULL, "modbus:function 4;", false },
	{ MODBUS, NULL, "modbus:access read holding, address 99<>102;", true },
	{ MODBUS, NULL, "modbus:access read holding, address 90;", false },
	{ MODBUS, NULL, "modbus:access write holding, address 10, value 300;", false },
	{ MODBUS, NULL, "modbus:access write holding, address 10, value <300;", false },
	{ MODBUS, NULL, "modbus:unit 10;", true },
	{ MODBUS, NULL, "modbus:unit 11;", false },
	{ MODBUS, NULL, "modbus:function public;", true },
	{ MODBUS, NULL, "modbus:function user;", false },
	{ MODBUS, NULL, "modbus:unit 10, function 16;", true },
	{ NFS, NULL, "nfs.version:3;", true },
	{ NFS, NULL, "nfs.version:2;", false },
	{ NFS, NULL, "nfs.version:3-5;", true },
	{ NFS, NULL, "nfs.version:2<>3;", true },
	{ NFS, NULL, "nfs.version:0<>2;", false },
	{ NFS, NULL, "nfs.version:!0<>2;", true },
	{ NFS, NULL, "nfs.version:0-3;", true },
	{ NFS, NULL, "nfs_procedure:1;", true },
	{ NFS, NULL, "nfs_procedure:3;", false },
	{ RPC, "udp", "rpc:100000,2,3;", true },
	{ RPC, "udp", "rpc:100000,*,*;", true },
	{ RPC, "udp", "rpc:100000,2;", true },
	{ RPC, "udp", "rpc:100000,3,*;", false },
	{ RPC, "udp", "rpc:100000,*,4;", false },
	{ RPC, "udp", "rpc:100003,*,*;", false },
	{ HTTP, NULL, "content:\"k=v\"; http_cookie;", true },
	{ HTTP, NULL, "content:\"s=t\"; http_cookie;", true },
	{ HTTP, NULL, "content:\"z=v\"; http_cookie;", false },
	{ HTTP, NULL, "content:\"abcdefg\"; http_client_body;", true },
	{ HTTP, NULL, "content:\"hello\"; http_client_body;", false },
	{ HTTP, NULL, "content:\"hello\"; http_server_body;", true },
	{ HTTP, NULL, "flow:to_server; content:\"X-Mark|3a| yes|0d 0a|\"; http_header;", true },
	{ HTTP, NULL, "flow:to_server; content:\"x-mark\"; http_header;", false },
	{ HTTP, NULL, "flow:to_server; content:\"X-Mark|3a| yes|0d 0a|\"; http_raw_header;", true },
	{ HTTP, NULL, "flow:to_client; content:\"X-Mark\"; http_raw_header;", false },
	{ HTTP, NULL, "content:\"/a/doc.pdf?x=1\"; http_raw_uri;", true },
	{ HTTP, NULL, "content:\"/b/\"; http_raw_uri;", false },
	{ HTTP, NULL, "content:\"Fine\"; http_stat_msg;", true },
	{ HTTP, NULL, "content:\"Bad\"; http_stat_msg;", false },
	{ HTTP, NULL, "content:\"404\"; http_stat_code;", true },
	{ HTTP, NULL, "content:\"500\"; http_stat_code;", false },
	{ HTTP, NULL, "content:\"example.com\"; http_host;", true },
	{ HTTP, NULL, "content:\"example.org\"; http_host;", false },
	{ HTTP, NULL, "content:\"Example.COM|3a|80\"; http_raw_host;", true },
	{ HTTP, NULL, "content:\"example.com|3a|\"; http_raw_host;", false },
	{ HTTP, NULL, "file.name; content:\"doc.pdf\";", true },
	{ HTTP, NULL, "file.name; content:\"doc.doc\";", false },
	{ HTTP, NULL, "filename:\"doc.pdf\";", true },
	{ HTTP, NULL, "filename:\"other\";", false },
	{ HTTP, NULL, "fileext:\"pdf\";", true },
	{ HTTP, NULL, "fileext:\"doc\";", false },
	{ HTTP, NULL, "fileext:pdf;", true },
	{ HTTP, NULL, "filename:other;", false },
	{ HTTP, NULL, "filemagic:\"PDF\";", true },
	{ HTTP, NULL, "filemagic:\"ZIP\";", false },
	{ HTTP, NULL, "file.magic; content:\"PDF document\";", true },
	{ HTTP, NULL, "file.magic; content:\"ZIP\";", false },
	{ HTTP, NULL, "filesize:14;", true },
	{ HTTP, NULL, "filesize:7;", true },
	{ HTTP, NULL, "filesize:>14;", false },
	{ HTTP, NULL, "filesize:10<>20;", true },
	{ HTTP, NULL, "filesize:14<>20;", false },
	{ HTTP, NULL, "filesize:<1KiB;", true },
	{ HTTP, NULL, "filesize:>1kb;", false },
	{ HTTP, NULL, "filesize:1kb<>2mb;", false },
	{ HTTP, NULL, "file.data; content:\"hello\";", true },
	{ HTTP, NULL, "file.data; content:\"abcdefg\";", true },
	{ HTTP, NULL, "file.data; content:\"%PDF\"; pkt_data; content:\"HTTP/1.1\";", true },
	{ HTTP, NULL, "filemd5:sums.md5;", true },
	{ HTTP, NULL, "filesha1:sums.sha1;", true },
	{ HTTP, NULL, "filesha256:sums.sha256;", true },
	/* of the second request: what was looked at of the stream before is nothing to a buffer of it */
	{ HTTP, "tcp", "content:\"POST /up\";", true },
	{ HTTP, NULL, "http.method; content:\"POST\"; bsize:4;", true },
	{ HTTP, NULL, "urilen:14;", true },
	{ HTTP, NULL, "urilen:3;", true },
	{ HTTP, NULL, "urilen:>20;", false },
	{ HTTP, NULL, "urilen:2<>4;", true },
	{ FTP, NULL, "ftpbounce;", true },
	{ FTP, NULL, "content:\"USER\";", true },
	{ FTP, NULL, "content:\"nothing\";", false },
	{ FTP, "tcp", "app-layer-protocol:ftp;", true },
	{ HTTP2, NULL, "http2.frametype:SETTINGS;", true },
	{ HTTP2, NULL, "http2.frametype:GOAWAY;", true },
	{ HTTP2, NULL, "http2.frametype:PING;", false },
	{ HTTP2, NULL, "http2.errorcode:CANCEL;", true },
	{ HTTP2, NULL, "http2.errorcode:PROTOCOL_ERROR;", true },
	{ HTTP2, NULL, "http2.errorcode:REFUSED_STREAM;", false },
	{ HTTP2, NULL, "http2.priority:200;", true },
	{ HTTP2, NULL, "http2.priority:>200;", false },
	{ HTTP2, NULL, "http2.window:4096;", true },
	{ HTTP2, NULL, "http2.window:<4096;", false },
	{ HTTP2, NULL, "http2.settings:SETTINGS_MAX_CONCURRENT_STREAMS=100;", true },
	{ HTTP2, NULL, "http2.settings:SETTINGS_MAX_CONCURRENT_STREAMS>100;", false },
	{ HTTP2, NULL, "http2.settings:SETTINGS_ENABLE_PUSH;", true },
	{ HTTP2, NULL, "http2.settings:SETTINGS_MAX_FRAME_SIZE;", false },
	{ HTTP2, NULL, "http2.settings:settings_enable_push=0;", true },
	{ HTTP2, NULL, "http2.header_name; content:\"|3a|method\";", true },
	{ HTTP2, NULL, "http2.header_name; content:\"cookie\";", false },
	{ HTTP2, NULL, "http.method; content:\"GET\";", true },
	{ HTTP2, NULL, "http.host; content:\"example.com\";", true },
	{ HTTP2, NULL, "http.request_header; content:\"|3a|authority|3a 20|example.com\";", true },
	{ HTTP2, NULL, "http.request_header; content:\"cookie\";", false },
	{ HTTP2, NULL, "http2.size_update:64;", false },
	{ SMTP, "tcp", "app-layer-protocol:smtp;", true },
	{ SMTP, "tcp", "app-layer-protocol:ftp;", false },
	{ SMTP, "tcp", "app-layer-protocol:!http;", true },
	{ SMTP, NULL, "file.data; content:\"x\";", false },
	{ TLS, NULL, "tls.version:1.2;", true },
	{ TLS, NULL, "tls.version:1.3;", false },
	{ TLS, NULL, "ssl_version:tls1.2;", true },
	{ TLS, NULL, "ssl_version:tls1.0;", false },
	{ TLS, NULL, "ssl_version:sslv3,tls1.2;", true },
	{ TLS, NULL, "ssl_state:client_hello;", true },
	/* there of the last message alone */
	{ TLS, NULL, "ssl_state:server_hello;", true },
	{ TLS, NULL, "ssl_state:unknown;", false },
	{ TLS, NULL, "tls.sni; content:\"mail.example.jp\"; bsize:15;", true },
	{ TLS, NULL, "tls.subject:\"CN=mail.example.jp\";", true },
	{ TLS, NULL, "tls.subject:\"CN=other\";", false },
	{ TLS, NULL, "tls.subject:!\"CN=other\";", true },
	{ TLS, NULL, "tls.issuerdn:\"O=Saga\";", true },
	{ TLS, NULL, "tls.issuerdn:\"O=Fukuoka\";", false },
	{ TLS, NULL,
	  "tls.fingerprint:\"30:af:5e:af:27:34:85:d1:5f:f3:1f:1e:de:aa:fe:93:2f:a7:17:8f\";", true },
	{ TLS, NULL,
	  "tls.fingerprint:\"30:af:5e:af:27:34:85:d1:5f:f3:1f:1e:de:aa:fe:93:2f:a7:17:80\";", false },
	{ TLS, NULL,
	  "tls.fingerprint:!\"30:af:5e:af:27:34:85:d1:5f:f3:1f:1e:de:aa:fe:93:2f:a7:17:80\";", true },
	{ TLS, NULL, "tls_cert_valid;", true },
	{ TLS, NULL, "tls_cert_expired;", false },
	{ TLS, NULL, "tls_cert_notbefore:>2020-01-01;", true },
	{ TLS, NULL, "tls_cert_notbefore:<2020-01-01;", false },
	{ TLS, NULL, "tls_cert_notafter:>2100-01-01;", true },
	{ TLS, NULL, "tls_cert_notafter:<2100-01-01;", false },
	{ TLS, NULL, "tls.cert_subject; content:\"O=Saga\";", true },
	{ TLS, NULL, "tls.cert_issuer; content:\"C=JP\";", true },
	{ TLS, NULL, "tls.cert_issuer; content:\"C=US\";", false },
	{ TLS, NULL, "tls.cert_serial; content:\"5C|3a|19|3a|B7\"; bsize:8;", true },
	{ TLS, NULL,
	  "tls.cert_fingerprint; content:\"30|3a|af|3a|5e|3a|af|3a|27|3a|34|3a|85|3a|d1|3a|5f|3a|f3|3a|1f|3a|1e|3a|de|3a|aa|3a|fe|3a|93|3a|2f|3a|a7|3a|17|3a|8f\"; bsize:59;",
	  true },
	{ TLS, NULL, "tls.certs; content:\"mail.example.jp\";", true },
	{ TLS, NULL, "tls.certs; content:\"web.example.jp\";", false },
	{ TLS, NULL, "tls.cert_chain_len:1;", true },
	{ TLS, NULL, "tls.cert_chain_len:>1;", false },
	{ TLS, NULL, "tls.random_time; bsize:4;", true },
	{ TLS, NULL, "tls.random_bytes; bsize:28;", true },
	{ TLS, NULL, "tls.random_bytes; bsize:27;", false },
	{ TLS, NULL, "tls.random; bsize:32;", true },
	{ TLS, NULL, "ja3.hash; bsize:32;", true },
	{ TLS, NULL, "ja3s.hash; bsize:32;", true },
	{ TLS, NULL, "ja3s.hash; content:\"00000000000000000000000000000000\";", false },
	{ TLS, NULL, "ja3s.string; content:\"771,49195,\"; startswith;", true },
	{ TLS, NULL, "ja3s.string; content:\"769,\"; startswith;", false },
	{ TLS, NULL, "ja4.hash; content:\"t12d\"; startswith;", true },
	{ TLS, NULL, "ja4.hash; content:\"t13\"; startswith;", false },
	{ TLS13, NULL, "tls.cert_chain_len:0;", true },
	{ TLS13, NULL, "tls.cert_chain_len:<2;", true },
	{ TLS13, NULL, "tls.cert_chain_len:1;", false },
	{ TLS13, NULL, "tls.version:1.3;", true },
	{ TLS13, NULL, "ssl_version:tls1.3;", true },
	{ TLS13, NULL, "tls.cert_subject; content:\"Saga\";", false },
	{ SMB, NULL, "smb.share; content:\"docs\"; endswith;", true },
	{ SMB, NULL, "smb.share; content:\"|5c 5c|srv|5c|docs\"; bsize:10;", true },
	{ SMB, NULL, "smb.share; content:\"home\";", false },
	{ SMB, NULL, "smb.named_pipe; content:\"IPC$\"; endswith;", true },
	{ SMB, NULL, "smb.named_pipe; content:\"docs\";", false },
	{ SMB, NULL, "smb.ntlmssp_user; content:\"hanako\"; bsize:6;", true },
	{ SMB, NULL, "smb.ntlmssp_user; content:\"taro\";", false },
	{ SMB, NULL, "smb.ntlmssp_domain; content:\"SAGA\"; bsize:4;", true },
	{ SMB, NULL, "smb.ntlmssp_domain; content:\"FUKUOKA\";", false },
	{ FTPDATA, "ftp-data", "ftpdata_command:retr;", true },
	{ FTPDATA, "ftp-data", "ftpdata_command:stor;", false },
	{ FTPDATA, "ftp-data", "file.data; content:\"contents\";", true },
	{ FTPDATA, "ftp-data", "filename:\"a.txt\";", true },
	{ FTPDATA, "ftp-data", "filename:\"b.txt\";", false },
};

/* --- frames of a conversation --- */

#define CLIENT_PORT 40000
#define BESIDE_PORT 30001 /* that the server of FTP announces */

struct ends {
	const struct conversation *of;
	bool beside;
	uint32_t next[SIDES]; /* sequence numbers */
};

static void ports_put(uint8_t head[4], const struct ends *ends, enum side side)
{
	uint16_t ports[SIDES] = { [FROM_CLIENT] = htons(CLIENT_PORT + ends->beside),
				  [FROM_SERVER] = htons(ends->beside ? BESIDE_PORT : ends->of->port) };

	memcpy(head, &ports[side], 2);
	memcpy(head + 2, &ports[other_side(side)], 2);
}

static void segment_give(struct run *run, struct ends *ends, enum side side, uint8_t flags,
			 struct slice bytes)
{
	uint8_t head[20] = { 0 };
	uint32_t seq = htonl(ends->next[side]), ack = htonl(ends->next[other_side(side)]);
	struct made_frame frame;

	ports_put(head, ends, side);
	memcpy(head + 4, &seq, 4);
	memcpy(head + 8, &ack, 4);
	head[12] = 5 << 4;
	head[13] = flags;
	head[14] = 0xff;
	made_ether(&frame, 0x0800);
	made_ipv4(&frame, IPPROTO_TCP, sizeof(head) + bytes.len, 0, side == FROM_SERVER);
	made_put(&frame, head, sizeof(head));
	made_put(&frame, bytes.at, bytes.len);
	take(run, &frame);
	ends->next[side] += (uint32_t)bytes.len + ((flags & 3) != 0); /* SYN and FIN count */
}

static void datagram_give(struct run *run, const struct ends *ends, enum side side, struct slice bytes)
{
	uint8_t head[8] = { 0 };
	uint16_t len = htons((uint16_t)(sizeof(head) + bytes.len));
	struct made_frame frame;

	ports_put(head, ends, side);
	memcpy(head + 4, &len, 2);
	made_ether(&frame, 0x0800);
	made_ipv4(&frame, IPPROTO_UDP, sizeof(head) + bytes.len, 0, side == FROM_SERVER);
	made_put(&frame, head, sizeof(head));
	made_put(&frame, bytes.at, bytes.len);
	take(run, &frame);
}

static void connection_open(struct run *run, struct ends *ends)
{
	const struct slice nothing = slice("", 0);

	segment_give(run, ends, FROM_CLIENT, 0x02, nothing);
	segment_give(run, ends, FROM_SERVER, 0x12, nothing);
	segment_give(run, ends, FROM_CLIENT, 0x10, nothing);
}

static void connection_close(struct run *run, struct ends *ends)
{
	const struct slice nothing = slice("", 0);

	segment_give(run, ends, FROM_CLIENT, 0x11, nothing);
	segment_give(run, ends, FROM_SERVER, 0x11, nothing);
	segment_give(run, ends, FROM_CLIENT, 0x10, nothing);
}

/* Each message is acknowledged before the next one. */
static void message_give(struct run *run, struct ends *ends, const struct said *said)
{
	const struct slice bytes = slice(said->bytes, said->len);

	if (ends->of->transport == IPPROTO_UDP) {
		datagram_give(run, ends, said->from, bytes);
		return;
	}
	segment_give(run, ends, said->from, 0x18, bytes);
	segment_give(run, ends, other_side(said->from), 0x10, slice("", 0));
}

static void conversation_give(struct run *run, const void *what)
{
	const struct conversation *of = what;
	struct ends ends = { .of = of, .next = { 1000, 6000 } };
	struct ends beside = { .of = of, .beside = true, .next = { 100, 600 } };
	bool tcp = of->transport == IPPROTO_TCP;

	if (tcp)
		connection_open(run, &ends);
	for (size_t i = 0; i < of->cnt; i++) {
		if (!of->said[i].beside) {
			message_give(run, &ends, &of->said[i]);
			continue;
		}
		connection_open(run, &beside);
		message_give(run, &beside, &of->said[i]);
		connection_close(run, &beside);
	}
	if (tcp)
		connection_close(run, &ends);
}

/* --- the rows --- */

/* Of "%PDF-1.4 hello", that the conversation of HTTP carries. */
static const struct {
	const char *name, *sum;
} sums[] = {
	{ "sums.md5", "183b148a9dae94a7844a8351b1fc2d59\n" },
	{ "sums.sha1", "a2435d8dea4e941250e1c666f6a01afb41274ecf\n" },
	{ "sums.sha256", "f31cdee0b4d4fdae0638872f6bb7d0e6ee041386a9055d5e64c25d9d35dc88d1\n" },
};

/* A list of sums stands beside the rules. */
static void sums_path(size_t i, char *path, size_t size)
{
	snprintf(path, size, "%.*s/%s", (int)(strrchr(rules_path, '/') - rules_path), rules_path,
		 sums[i].name);
}

static void rules_text(int of, char *text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].of != of)
			continue;
		len += (size_t)snprintf(text + len, size - len,
					"alert %s any any -> any any (%s sid:%zu;)\n",
					rows[i].proto ? rows[i].proto : conversations[of].proto,
					rows[i].body, i + 1);
		assert_true(len < size);
	}
}

static void words_test(void **state)
{
	char text[16384], path[128];

	for (size_t i = 0; i < COUNT(sums); i++) {
		sums_path(i, path, sizeof(path));
		file_write(path, sums[i].sum);
	}
	for (int of = 0; of < CONVERSATIONS; of++) {
		struct run run = { .number = 0 };

		rules_text(of, text, sizeof(text));
		rules_run(&run, text, true, conversation_give, &conversations[of]);
		for (size_t i = 0; i < COUNT(rows); i++)
			if (rows[i].of == of &&
			    (run.lines.bytes && told_of(&run.lines, (unsigned int)i + 1)) !=
				    rows[i].told)
				fail_msg("%s: %s is %stold", conversations[of].proto, rows[i].body,
					 rows[i].told ? "not " : "");
		free(run.lines.bytes);
	}
	for (size_t i = 0; i < COUNT(sums); i++) {
		sums_path(i, path, sizeof(path));
		remove(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_test),
	};

	return cmocka_run_group_tests(tests, rules_file_make, rules_file_drop);
}
