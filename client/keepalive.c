/* SPDX-License-Identifier: Apache-2.0 */
/* Keep-alives on the way to the server. */
#include "client/keepalive.h"

#include "client/account.h"
#include "sip/msg.h"


/*
 * A double CRLF. On a connection that is the ping of RFC 5626 4.4.1; a connection whose other end is gone
 * fails by it, since unacknowledged bytes fail it (base/loop.h), and registration.c hears of that. In a
 * datagram it is no more than something that passes the NAT and is ignored: RFC 5626 has STUN for this,
 * which tells a changed address too, and which few servers answer.
 */
static void on_time(struct timer *t, void *arg)
{
	struct parley *p = arg;
	struct keepalive *k = &p->registration.keepalive;
	uint64_t span = k->upper_ms - k->lower_ms + 1;

	account_enter(p);
	(void)sip_transport_send(sip_transports(p->sip), &k->hop, "\r\n\r\n", 4);
	timer_start(t, loop_timers(p->loop), k->lower_ms + loop_random_u64(p->loop) % span, on_time,
		    p);
	account_leave(p);
}


/* The server saw another address than the one we send from. */
static bool behind_nat(struct parley *p, const struct sip_hop *hop, const struct sip_msg *m)
{
	struct str ours = sip_transports_sent_by(sip_transports(p->sip), hop);
	ptrdiff_t colon = str_rfind(ours, ':');
	struct str host = str_upto(ours, colon < 0 ? ours.n : (size_t)colon);
	struct str port = colon < 0 ? STR_NULL : str_from(ours, (size_t)colon + 1);
	uint32_t number = 0;

	if (host.n && host.p[0] == '[')
		host = str_range(host.p + 1, host.p + host.n - 1);
	if (m->via.received.p && !str_eq_nocase(m->via.received, host))
		return true;
	return m->via.rport_value && str_u32(port, &number) && number != m->via.rport_value;
}


static bool intervals(struct parley *p, const struct sip_hop *hop, const struct sip_msg *m)
{
	struct keepalive *k = &p->registration.keepalive;
	uint32_t flow_timer_s;

	if (hop->kind == SIP_UDP && !behind_nat(p, hop, m))
		return false;
	k->upper_ms = hop->kind == SIP_UDP ? KEEPALIVE_UDP_MS : KEEPALIVE_STREAM_MS;
	k->lower_ms = hop->kind == SIP_UDP ? KEEPALIVE_UDP_LOWER_MS : KEEPALIVE_STREAM_LOWER_MS;
	/* RFC 5626 4.4: "randomly distributed between 80% and 100% of the server-provided time". */
	if (str_u32(sip_msg_header(m, SIP_HDR_FLOW_TIMER), &flow_timer_s) &&
	    flow_timer_s >= KEEPALIVE_LEAST_S && flow_timer_s < k->upper_ms / 1000) {
		k->upper_ms = flow_timer_s * 1000;
		k->lower_ms = k->upper_ms / 5 * 4;
	}
	return true;
}


void keepalive_start(struct parley *p, const struct sip_hop *hop, const struct sip_msg *m)
{
	struct keepalive *k = &p->registration.keepalive;
	struct buf host;

	if (!hop || !intervals(p, hop, m)) {
		keepalive_stop(p);
		return;
	}
	k->hop = *hop;
	buf_fixed(&host, k->host, sizeof(k->host));
	buf_puts(&host, hop->host);
	k->hop.host = (struct str){k->host, host.n};
	timer_start(&k->timer, loop_timers(p->loop),
		    k->lower_ms + loop_random_u64(p->loop) % (k->upper_ms - k->lower_ms + 1),
		    on_time, p);
}


void keepalive_stop(struct parley *p)
{
	timer_cancel(&p->registration.keepalive.timer);
}
