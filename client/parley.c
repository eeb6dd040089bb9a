/* SPDX-License-Identifier: Apache-2.0 */
/* An account: opened, wired to the engine, closed. */
#include "parley.h"

#include <errno.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/mem.h"
#include "client/account.h"
#include "client/exchange.h"
#include "client/notification.h"
#include "client/receive.h"
#include "client/removal.h"
#include "client/send.h"
#include "client/session.h"
#include "sip/resolver.h"
#include "sip/uri.h"

static struct counter *const counters[] = {
	&client_c_messages,
	&client_c_refused,
	&client_c_duplicates,
	&client_c_reports_dropped,
};


/* ---- Life ---- */

/* What refers to the engine, in the order in which it may go. */
static void shut(struct parley *p)
{
	timer_cancel(&p->quiet);
	registration_done(p);
	sessions_done(p);
	sendings_done(p);
	removals_forget(p);
	notification_done(p);
	for (struct list_link *k; (k = list_first(&p->exchanges));)
		list_remove(&p->exchanges, k);
	media_done(p);
	if (p->dialogs)
		sip_dialogs_close(p->dialogs);
	p->dialogs = mem_unref(p->dialogs);
	p->sip = mem_unref(p->sip);
	if (p->dns_ours && p->dns)
		p->dns->close(p->dns);
	p->dns = NULL;
}


static void destroy(void *object)
{
	struct parley *p = object;

	p->tls = mem_unref(p->tls);
	mem_unref(p->media_config);
	mem_unref(p->certificate_file);
	mem_unref(p->key_file);
	mem_unref(p->ca_file);
	mem_unref(p->aor);
	mem_unref(p->user);
	mem_unref(p->registrar);
	mem_unref(p->domain);
	mem_unref(p->auth_user);
	if (p->password)
		explicit_bzero(p->password, strlen(p->password));
	mem_unref(p->password);
	mem_unref(p->display_name);
	mem_unref(p->product);
	mem_unref(p->access_network);
	mem_unref(p->server);
	mem_unref(p->loop);
}


static void on_release(void *arg)
{
	struct parley *p = arg;

	shut(p);
	mem_unref(p);
}


void account_enter(struct parley *p)
{
	mem_ref(p);
	p->inside++;
}


void account_leave(struct parley *p)
{
	/* The engine is still on the stack: it goes at the end of this turn. */
	if (--p->inside == 0 && p->closed)
		loop_defer(p->loop, &p->release, on_release, p);
	mem_unref(p);
}


void parley_close(struct parley *p)
{
	if (!p || p->closed)
		return;
	p->closed = true;
	p->handler = NULL;
	if (!p->inside) {
		shut(p);
		mem_unref(p);
	}
}


/* ---- From the engine ---- */

static void on_request(struct sip_server_txn *st, const struct sip_msg *m,
		       const struct sip_source *src, void *arg)
{
	struct parley *p = arg;

	if (p->closed) {
		(void)sip_reply(st, 480, STR_NULL);
		return;
	}
	account_enter(p);
	if (!sip_dialogs_request(p->dialogs, st, m, src))
		receive_request(p, st, m, src);
	account_leave(p);
}


/* One that no call of ours waits for is a stray. */
static void on_ack(const struct sip_msg *m, const struct sip_source *src, void *arg)
{
	struct parley *p = arg;

	(void)src;
	if (p->closed)
		return;
	account_enter(p);
	(void)sip_dialogs_ack(p->dialogs, m);
	account_leave(p);
}


static void on_flow_closed(uint64_t flow, void *arg)
{
	struct parley *p = arg;

	if (p->closed)
		return;
	account_enter(p);
	registration_flow_closed(p, flow);
	account_leave(p);
}


static const struct sip_handler sip_handler = {
	.request = on_request,
	.ack = on_ack,
	.flow_closed = on_flow_closed,
};


/* ---- Opening: the names ---- */

static int put_account(struct parley *p, const char *text, struct buf *error)
{
	char aor_text[ACCOUNT_TEXT_MAX], registrar_text[ACCOUNT_TEXT_MAX];
	struct buf aor, registrar;
	struct sip_uri u;

	buf_fixed(&aor, aor_text, sizeof(aor_text));
	buf_fixed(&registrar, registrar_text, sizeof(registrar_text));
	if (!text || sip_uri_decode(&u, str_of(text)) ||
	    (u.scheme != SIP_URI_SIP && u.scheme != SIP_URI_SIPS) || !u.user.n || !u.host.n ||
	    u.headers.n) {
		buf_printf(error, "'%s' is no account: write sip:NAME@DOMAIN", text ? text : "");
		return -EINVAL;
	}
	buf_puts(&registrar, STR("sip:"));
	buf_puts(&registrar, u.host_v6 ? STR("[") : STR(""));
	buf_puts(&registrar, u.host);
	buf_puts(&registrar, u.host_v6 ? STR("]") : STR(""));
	if (u.port)
		buf_printf(&registrar, ":%u", u.port);
	buf_puts(&aor, STR("sip:"));
	buf_puts(&aor, u.user);
	buf_putc(&aor, '@');
	buf_puts(&aor, str_from(buf_str(&registrar), 4));

	/* check_texts has seen to it that they fit. */
	p->user = str_dup(u.user);
	p->aor = str_dup(buf_str(&aor));
	p->registrar = str_dup(buf_str(&registrar));
	p->domain = str_dup(u.host);
	return p->user && p->aor && p->registrar && p->domain ? 0 : -ENOMEM;
}


/* Digest authentication knows the name unescaped. */
static int put_auth_user(struct parley *p, const char *given)
{
	char text[ACCOUNT_TEXT_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	if (given)
		buf_puts(&b, str_of(given));
	else
		sip_unescape(str_of(p->user), &b);
	p->auth_user = str_dup(buf_str(&b));
	return p->auth_user ? 0 : -ENOMEM;
}


static bool put_text(char **ret, const char *text)
{
	if (!text)
		return true;
	*ret = str_dup(str_of(text));
	return *ret != NULL;
}


static int put_server(struct parley *p, const char *text, enum sip_transport_kind *ret_kind,
		      struct buf *error)
{
	char uri_text[ACCOUNT_TEXT_MAX];
	struct sip_uri decoded;
	struct addr a;
	struct buf uri;
	int err = 0;

	buf_fixed(&uri, uri_text, sizeof(uri_text));
	*ret_kind = SIP_TRANSPORT_OTHER;
	p->server_given = text != NULL;
	if (text)
		err = account_server_decode(&uri, ret_kind, str_of(text), error);
	else
		buf_puts(&uri, str_of(p->registrar));
	/* RFC 3263 4.1: "if the target is a numeric IP address, the client SHOULD use UDP" */
	if (!err && *ret_kind == SIP_TRANSPORT_OTHER && !sip_uri_decode(&decoded, buf_str(&uri)) &&
	    !addr_decode(&a, decoded.host, 0))
		*ret_kind = SIP_UDP;
	if (err)
		return err;
	p->server = str_dup(buf_str(&uri));
	return p->server ? 0 : -ENOMEM;
}


/* A header value that would break out of its line, or a text that no peer would take. */
static int check_texts(const struct parley_params *params, struct buf *error)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{"display name", params->display_name}, {"authentication name", params->auth_user},
		{"product", params->product},           {"access network", params->access_network},
		{"password", params->password},         {"device", params->device},
		{"account", params->account},           {"server", params->server},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *t = texts[i].text;

		if (!t)
			continue;
		for (const char *c = t; *c; c++) {
			if ((unsigned char)*c < 0x20 || *c == 0x7f) {
				buf_printf(error, "the %s holds a control character",
					   texts[i].name);
				return -EINVAL;
			}
		}
		if (strlen(t) > ACCOUNT_TEXT_MAX / 2) {
			buf_printf(error, "the %s is too long", texts[i].name);
			return -EINVAL;
		}
	}
	return 0;
}


static int put_names(struct parley *p, const struct parley_params *params,
		     enum sip_transport_kind *kind, struct buf *error)
{
	int err = check_texts(params, error);

	if (!err)
		err = put_account(p, params->account, error);
	if (!err)
		err = put_server(p, params->server, kind, error);
	if (!err)
		err = put_auth_user(p, params->auth_user);
	if (err)
		return err;
	if (!put_text(&p->password, params->password) ||
	    !put_text(&p->access_network, params->access_network) ||
	    !put_text(&p->certificate_file, params->certificate_file) ||
	    !put_text(&p->key_file, params->key_file) || !put_text(&p->ca_file, params->ca_file) ||
	    !put_text(&p->display_name, params->display_name ? params->display_name : "") ||
	    !put_text(&p->product, params->product ? params->product : "Parley/" PARLEY_VERSION))
		return -ENOMEM;
	account_make_instance(p, str_of(params->device ? params->device : ""));
	account_put_random(p, p->token, sizeof(p->token) - 1);
	return 0;
}


/* ---- Opening: the sockets ---- */

/* Datagrams and plain connections belong together: what is too large for the one takes the other
 * (RFC 3261 18.1.1). */
static int listen_kinds(struct parley *p, enum sip_transport_kind kind, const struct addr *local)
{
	struct sip_transports *t = sip_transports(p->sip);
	int err = 0;

	if (kind == SIP_UDP || kind == SIP_TRANSPORT_OTHER)
		err = sip_transports_listen_both(t, local, STR_NULL);
	else if (kind == SIP_TCP)
		err = sip_transports_listen(t, SIP_TCP, local, STR_NULL, NULL);
	if (!err && (kind == SIP_TLS || kind == SIP_TRANSPORT_OTHER) && p->tls)
		err = sip_transports_listen(t, SIP_TLS, local, STR_NULL, p->tls);
	return err;
}


/* Where the server is not known by address yet, both families are tried for the way out. */
static int listen_outwards(struct parley *p, enum sip_transport_kind kind)
{
	static const struct str far_away[] = {STR_INIT("192.0.2.1"), STR_INIT("2001:db8::1")};
	static const struct str loopback[] = {STR_INIT("127.0.0.1")};
	struct addr peer, local;
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		if (addr_decode(&peer, far_away[i], 9) || account_local_towards(&local, &peer) ||
		    listen_kinds(p, kind, &local))
			continue;
		any = true;
	}
	if (any)
		return 0;
	return addr_decode(&local, loopback[0], 0) ? -EINVAL : listen_kinds(p, kind, &local);
}


static int listen_all(struct parley *p, const char *local_text, enum sip_transport_kind kind,
		      struct buf *error)
{
	struct addr local, peer;
	struct sip_uri uri;
	int err;

	if (local_text) {
		if (addr_decode_hostport(&local, str_of(local_text)) &&
		    addr_decode(&local, str_of(local_text), 0)) {
			buf_printf(error, "'%s' is no numeric address to receive on", local_text);
			return -EINVAL;
		}
		p->local = local;
		p->local_known = true;
		err = listen_kinds(p, kind, &local);
	} else if (!sip_uri_decode(&uri, str_of(p->server)) &&
		   !addr_decode(&peer, uri.host, uri.port ? uri.port : 5060)) {
		err = account_local_towards(&local, &peer);
		if (!err)
			err = listen_kinds(p, kind, &local);
	} else {
		err = listen_outwards(p, kind);
	}
	if (err && err != -ENOMEM)
		buf_printf(error, "cannot receive: %s", strerror(-err));
	return err;
}


static int open_tls(struct parley *p, const struct parley_params *params,
		    enum sip_transport_kind kind, struct buf *error)
{
	if (kind != SIP_TLS && kind != SIP_TRANSPORT_OTHER)
		return 0;
	return tls_config_alloc(&p->tls,
				&(struct tls_params){
					.ca_file = params->ca_file,
					.flags = params->tls_no_verify ? TLS_INSECURE_NO_VERIFY : 0,
				},
				error);
}


static int open_dns(struct parley *p, struct dns *given)
{
	struct sip_uri uri;
	struct addr a;

	p->dns = given;
	if (given || (!sip_uri_decode(&uri, str_of(p->server)) && !addr_decode(&a, uri.host, 0)))
		return 0;
	p->dns_ours = true;
	return dns_cares_open(&p->dns, p->loop);
}


static int open_engine(struct parley *p, const struct parley_params *params,
		       enum sip_transport_kind kind, struct buf *error)
{
	char text[ACCOUNT_TEXT_MAX];
	struct buf product;
	int err = open_tls(p, params, kind, error);

	if (!err)
		err = open_dns(p, params->dns);
	if (err)
		return err;
	buf_fixed(&product, text, sizeof(text));
	account_put_product(p, &product);
	err = sip_alloc(&p->sip, &(struct sip_params){
					 .loop = p->loop,
					 .dns = p->dns,
					 .timers = SIP_TIMERS_DEFAULT,
					 .server = buf_str(&product),
					 .handler = &sip_handler,
					 .arg = p,
				 });
	if (err)
		return err;
	if (p->tls)
		sip_transports_set_client_tls(sip_transports(p->sip), p->tls);
	p->call_profile = (struct sip_invite_profile){.allow = account_allowed(),
						      .handler = &session_leg_handler};
	err = sip_dialogs_alloc(&p->dialogs, p->sip);
	if (err)
		return err;
	return listen_all(p, params->local, kind, error);
}


static int open_all(struct parley *p, const struct parley_params *params, struct buf *error)
{
	enum sip_transport_kind kind;
	int err;

	p->loop = mem_ref(params->loop);
	p->ims = params->ims;
	p->reports_only = params->reports_only;
	p->expires_s = params->expires_s ? params->expires_s : ACCOUNT_EXPIRES_S;
	p->handler = params->handler;
	p->arg = params->arg;
	p->media_tls = params->media_tls;
	p->tls_no_verify = params->tls_no_verify;
	list_init(&p->sessions);
	list_init(&p->exchanges);
	list_init(&p->sendings);
	list_init(&p->reports);
	list_init(&p->removals);
	if (p->expires_s < REGISTRATION_EXPIRES_MIN_S ||
	    p->expires_s > REGISTRATION_EXPIRES_MAX_S) {
		buf_printf(error, "a registration lasts %u seconds to 7 days",
			   REGISTRATION_EXPIRES_MIN_S);
		return -EINVAL;
	}
	err = put_names(p, params, &kind, error);
	if (!err)
		err = open_engine(p, params, kind, error);
	if (!err)
		registration_init(p);
	return err;
}


int parley_open(struct parley **ret, const struct parley_params *params, char *error)
{
	char text[PARLEY_ERROR_MAX];
	struct parley *p;
	struct buf b;
	int err;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		counter_register(counters[i], 1);
	sip_dialogs_counters_register();
	sip_invite_counters_register();
	buf_fixed(&b, text, sizeof(text));
	p = params->loop ? mem_alloc(sizeof(*p), destroy) : NULL;
	err = p ? open_all(p, params, &b) : params->loop ? -ENOMEM : -EINVAL;
	if (!err) {
		*ret = p;
		return 0;
	}
	if (p) {
		shut(p);
		mem_unref(p);
	}
	if (error) {
		if (!b.n)
			buf_puts(&b, str_of(strerror(-err)));
		memcpy(error, text, b.n < sizeof(text) ? b.n : sizeof(text) - 1);
		error[b.n < sizeof(text) ? b.n : sizeof(text) - 1] = '\0';
	}
	return err;
}
