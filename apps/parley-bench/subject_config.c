/* SPDX-License-Identifier: Apache-2.0 */
/* What the subjects are told: as little as the work needs, to each the kindest. */

#include "subject_config.h"

#include <stdio.h>

static const char parley_yaml[] = "domain: ims.example.org\n"
				  "core: ims\n"
				  "listen: [udp:127.0.0.1:5060, tcp:127.0.0.1:5060]\n"
				  "ims: {peers: [127.0.0.1], next-hop: 'sip:127.0.0.1:5080'}\n"
				  "store: '%s%s%s'\n"
				  "deferred: {quota: 0%s}\n"
				  "admin: {listen: 127.0.0.1:8089}\n"
				  "log: {level: notice}\n"
				  "%s"
				  /* what Kamailio keeps by default: answers for 5 s */
				  "timers: {linger: 5s}\n";

const char subject_ejabberd_yaml[] =
	"hosts: [localhost]\nloglevel: error\n"
	"listen:\n"
	"  - {port: 5222, ip: \"127.0.0.1\", module: ejabberd_c2s, max_stanza_size: 262144, "
	"shaper: none,\n"
	"     access: all}\n"
	"auth_method: anonymous\nanonymous_protocol: sasl_anon\nallow_multiple_connections: true\n"
	"modules:\n"
	"  mod_muc:\n"
	"    history_size: 0\n    max_users: 2000\n    min_message_interval: 0\n"
	"    min_presence_interval: 0\n    access: all\n    access_create: all\n"
	"    default_room_options: {anonymous: false, max_users: 2000}\n";

static const char parley_media[] = "msrp: {listen: [tcp:127.0.0.1:2855]}\n"
				   "media-path: always\n"
				   /* a disk is not filled for it */
				   "history: {messages: 0, size: 1000000000}\n"
				   "policy: {session: {max-size: 2000000000}}\n";

/* No service, no database, its fast allocator, shared memory touched beforehand. */
static const char kamailio_cfg[] =
	"#!KAMAILIO\n"
	"debug=-1\nlog_stderror=no\nfork=yes\n"
	"%s"
	"shm_force_alloc=yes\nauto_aliases=no\ndns=no\nrev_dns=no\n"
	"loadmodule \"kex.so\"\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\n"
	"loadmodule \"rr.so\"\nloadmodule \"pv.so\"\nloadmodule \"maxfwd.so\"\n"
	"loadmodule \"textops.so\"\nloadmodule \"siputils.so\"\n"
	"modparam(\"rr\", \"enable_double_rr\", 0)\n"
	"%s"
	"request_route {\n"
	"  if (!mf_process_maxfwd_header(\"10\")) { sl_send_reply(\"483\",\"Too Many Hops\"); "
	"exit; }\n"
	"  %s\n"
	"  exit;\n"
	"}\n"
	"%s";

static const char kamailio_udp[] =
	"children=1\nlisten=udp:127.0.0.1:5060\ndisable_tcp=yes\nmaxbuffer=4194304\nudp4_raw=0\n";

static const char kamailio_tcp[] = "listen=tcp:127.0.0.1:5060\ntcp_children=1\n";

/* Its read buffer must hold a whole frame: it gathers each. */
static const char kamailio_msrp[] =
	"listen=tcp:127.0.0.1:2855\nchildren=1\ntcp_children=1\ntcp_accept_no_cl=yes\n"
	"tcp_rd_buf_size=65536\ntcp_conn_wq_max=8388608\ntcp_wq_max=33554432\n"
	"tcp_connection_lifetime=3605\n";

static const char kamailio_msrp_route[] =
	"event_route[msrp:frame-in] {\n"
	"  msrp_reply_flags(\"1\");\n"
	"  if (!msrp_is_reply() && $msrp(method) == \"SEND\") msrp_reply(\"200\", \"OK\");\n"
	"  msrp_relay();\n"
	"}\n";


void subject_parley_yaml(char *out, size_t room, const char *dir, const struct traffic *t)
{
	bool disk = t->deferred || t->on_disk;

	/* Kamailio keeps nothing for the silent: what is compared there is transactions. */
	snprintf(out, room, parley_yaml, disk ? "sqlite:" : "memory:", disk ? dir : "",
		 disk ? "/parley.db" : "", t->load == LOAD_SILENT ? ", after-failure: false" : "",
		 t->session || t->msrp || t->members ? parley_media : "");
}


static const char *kamailio_transport(const struct traffic *t)
{
	if (t->msrp)
		return kamailio_msrp;
	return t->tcp ? kamailio_tcp : kamailio_udp;
}


static const char *kamailio_action(const struct traffic *t)
{
	if (t->deferred)
		return "t_newtran();\n  if (m_store(\"$ru\")) t_reply(\"202\", \"Accepted\"); else "
		       "t_reply(\"503\", \"Not Stored\");";
	if (t->session)
		return "loose_route();\n  if (is_method(\"INVITE\")) record_route();\n  t_relay();";
	return "loose_route();\n  t_relay();";
}


void subject_kamailio_cfg(char *out, size_t room, const char *dir, const struct traffic *t)
{
	char modules[1024] = "";

	if (t->deferred)
		snprintf(modules, sizeof(modules),
			 "loadmodule \"db_sqlite.so\"\nloadmodule \"msilo.so\"\n"
			 "modparam(\"msilo\", \"db_url\", \"sqlite:///%s/msilo.sqlite\")\n"
			 "modparam(\"msilo\", \"check_time\", 3600)\n"
			 "modparam(\"msilo\", \"clean_period\", 1000)\n",
			 dir);
	else if (t->msrp)
		snprintf(modules, sizeof(modules), "loadmodule \"msrp.so\"\n");
	snprintf(out, room, kamailio_cfg, kamailio_transport(t), modules, kamailio_action(t),
		 t->msrp ? kamailio_msrp_route : "");
}
