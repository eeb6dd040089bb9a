/* SPDX-License-Identifier: Apache-2.0 */
/* The table of dialogs, their usages, and requests that come inside them. */
#include "sip/dialog.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/dialog_state.h"
#include "sip/name_addr.h"

struct counter sip_c_dialogs_made = COUNTER("sip.dialog.made", "dialogs begun, by us or by others");
struct counter sip_c_dialogs_stray = COUNTER("sip.dialog.stray",
					     "requests inside dialogs that do not exist: 481");
struct counter sip_c_dialogs_unordered =
	COUNTER("sip.dialog.unordered", "requests inside dialogs with a CSeq that is too low: 500");
static struct counter open_now = GAUGE("sip.dialog.open", "dialogs that are not terminated");

static const struct sm_state states[] = {
	[SIP_DIALOG_INITIAL] = {"initial", SM_TO(SIP_DIALOG_EARLY) | SM_TO(SIP_DIALOG_CONFIRMED) |
						   SM_TO(SIP_DIALOG_TERMINATED)},
	[SIP_DIALOG_EARLY] = {"early", SM_TO(SIP_DIALOG_CONFIRMED) | SM_TO(SIP_DIALOG_TERMINATED)},
	[SIP_DIALOG_CONFIRMED] = {"confirmed", SM_TO(SIP_DIALOG_TERMINATED)},
	[SIP_DIALOG_TERMINATED] = {"terminated", 0},
};
const struct sm_table sip_dialog_machine = SM_TABLE("dialog", states);


void dialog_move(struct sip_dialog *d, enum sip_dialog_state to)
{
	sm_move(&sip_dialog_machine, &d->state, to);
}


static void text_free(struct sip_dialog *d, struct str s)
{
	if (!d->text || s.p < d->text || s.p >= d->text + d->text_n)
		mem_free((char *)s.p);
}


int dialog_text(struct sip_dialog *d, struct str *slot, struct str value)
{
	char *p = NULL;

	if (str_eq(*slot, value))
		return 0;
	if (value.n) {
		p = mem_raw(value.n);
		if (!p)
			return -ENOMEM;
		memcpy(p, value.p, value.n);
	}
	text_free(d, *slot);
	*slot = (struct str){p, value.n};
	return 0;
}


int dialog_pack(struct sip_dialog *d, const struct dialog_texts *t)
{
	const struct {
		struct str *slot;
		struct str value;
	} all[] = {
		{&d->call_id, t->call_id},
		{&d->local_tag, t->local_tag},
		{&d->remote_tag, t->remote_tag},
		{&d->local, t->local},
		{&d->remote, t->remote},
		{&d->target, t->target},
		{&d->route, t->route},
		{&d->contact_user, t->contact_user},
		{&d->contact_params, t->contact_params},
		{&d->hop.host, t->hop_host},
	};
	const size_t n = sizeof(all) / sizeof(all[0]);
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		d->text_n += all[i].value.n;
	d->text = mem_raw(d->text_n + 1);
	if (!d->text)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!all[i].value.n)
			continue;
		memcpy(d->text + at, all[i].value.p, all[i].value.n);
		*all[i].slot = (struct str){d->text + at, all[i].value.n};
		at += all[i].value.n;
	}
	return 0;
}


/* ---- The table ---- */

static uint64_t hash_of(const struct sip_dialogs *ds, struct str call_id, struct str local)
{
	uint64_t a = hash_bytes(&ds->table.key, call_id.p, call_id.n);
	uint64_t b = hash_bytes(&ds->table.key, local.p, local.n);

	return a ^ (b << 32 | b >> 32);
}


struct sip_dialog *dialog_find(struct sip_dialogs *ds, struct str call_id, struct str local,
			       struct str remote)
{
	struct hash_link *l = hash_first(&ds->table, hash_of(ds, call_id, local));

	for (; l; l = hash_next(l)) {
		struct sip_dialog *d = container_of(l, struct sip_dialog, link);

		if (str_eq(d->call_id, call_id) && str_eq(d->local_tag, local) &&
		    str_eq(d->remote_tag, remote))
			return d;
	}
	return NULL;
}


/* Inside a dialog, or from the other side whose tag is not known yet. A peer of RFC 2543 has no tag. */
static struct sip_dialog *find_for(struct sip_dialogs *ds, const struct sip_msg *m)
{
	struct sip_dialog *d = dialog_find(ds, m->call_id, m->to_tag, m->from_tag);

	if (d && (m->from_tag.n || d->state != SIP_DIALOG_INITIAL))
		return d;
	if (m->method != SIP_NOTIFY)
		return NULL;
	d = dialog_find(ds, m->call_id, m->to_tag, STR_NULL);
	return d && d->state == SIP_DIALOG_INITIAL ? d : NULL;
}


void dialog_enter(struct sip_dialog *d)
{
	hash_insert(&d->dialogs->table, &d->link, hash_of(d->dialogs, d->call_id, d->local_tag));
	list_append(&d->dialogs->all, &d->in_all);
	counter_add(&open_now, 1);
	counter_add(&sip_c_dialogs_made, 1);
}


void dialog_terminate(struct sip_dialog *d)
{
	if (d->state == SIP_DIALOG_TERMINATED)
		return;
	dialog_move(d, SIP_DIALOG_TERMINATED);
	if (!list_linked(&d->in_all))
		return;
	hash_remove(&d->dialogs->table, &d->link);
	list_remove(&d->dialogs->all, &d->in_all);
	counter_add(&open_now, -1);
}


/* ---- One dialog ---- */

static void destroy(void *object)
{
	struct sip_dialog *d = object;

	dialog_terminate(d);
	text_free(d, d->remote_tag);
	text_free(d, d->target);
	text_free(d, d->route);
	text_free(d, d->contact_user);
	text_free(d, d->contact_params);
	mem_free(d->text);
	mem_unref(d->dialogs);
}


struct sip_dialog *dialog_alloc(struct sip_dialogs *ds)
{
	struct sip_dialog *d = mem_alloc_in(ds->slab, sizeof(*d), destroy);

	if (!d)
		return NULL;
	d->dialogs = mem_ref(ds);
	list_init(&d->usages);
	return d;
}


void dialog_put_chance(struct sip_dialogs *ds, struct buf *b)
{
	buf_puthex(b, loop_random_u64(ds->loop), SIP_DIALOG_TAG_N);
}


static bool is_sips(struct str uri)
{
	return str_starts_nocase(uri, STR("sips:"));
}


/* 12.1.2: "If the request has a Request-URI or a topmost Route header field value with a SIPS URI, the
 * Contact header field MUST contain a SIPS URI." */
static bool wants_sips(struct str target, struct str route)
{
	struct str rest = route, top;
	struct sip_name_addr a;

	if (is_sips(target))
		return true;
	return sip_value_cut(&rest, &top) && sip_name_addr_decode(&a, top) == 0 && is_sips(a.uri);
}


/* Its name comes with the other texts: a connection over TLS that is opened anew needs it (RFC 5922 7.3). */
static struct str hop_copy(struct sip_dialog *d, const struct sip_hop *hop)
{
	if (!hop)
		return STR_NULL;
	d->hop = *hop;
	d->hop.host = STR_NULL;
	d->has_hop = true;
	return hop->kind == SIP_TLS ? hop->host : STR_NULL;
}


/* With a Call-ID and a tag of our own, or those that the caller has made. */
static int of_params(struct sip_dialog *d, const struct sip_dialog_params *p, struct str target)
{
	char names[3 * SIP_DIALOG_TAG_N];
	struct buf b;

	buf_fixed(&b, names, sizeof(names));
	for (int i = 0; i < 3; i++)
		dialog_put_chance(d->dialogs, &b);
	d->secure = wants_sips(target, p->route);
	return dialog_pack(
		d, &(struct dialog_texts){
			   .call_id = p->call_id.n ? p->call_id
						   : str_from(buf_str(&b), SIP_DIALOG_TAG_N),
			   .local_tag = p->local_tag.n ? p->local_tag
						       : str_upto(buf_str(&b), SIP_DIALOG_TAG_N),
			   .local = p->local,
			   .remote = p->remote,
			   .target = target,
			   .route = p->route,
			   .contact_user = p->contact_user,
			   .contact_params = p->contact_params,
			   .hop_host = hop_copy(d, p->hop),
		   });
}


int sip_dialog_alloc(struct sip_dialog **ret, struct sip_dialogs *ds,
		     const struct sip_dialog_params *p)
{
	struct str target = p->target.n ? p->target : p->remote;
	struct sip_dialog *d;
	struct sip_uri uri;

	if (sip_uri_decode(&uri, p->local) || sip_uri_decode(&uri, p->remote) ||
	    sip_uri_decode(&uri, target))
		return -EBADMSG;
	if (ds->closed || ds->table.count >= SIP_DIALOGS_MAX)
		return ds->closed ? -ECANCELED : -ENOBUFS;
	d = dialog_alloc(ds);
	if (!d)
		return -ENOMEM;
	int err = of_params(d, p, target);
	if (err) {
		mem_unref(d);
		return err;
	}
	dialog_enter(d);
	*ret = d;
	return 0;
}


/* 12.1.1. */
static int of_request(struct sip_dialog *d, struct sip_server_txn *st, const struct sip_msg *m,
		      const struct sip_dialog_params *p)
{
	struct buf route = BUF_INIT(SIP_DIALOG_ROUTE_TEXT_MAX);
	struct dialog_texts t = {
		.call_id = m->call_id,
		.local_tag = sip_server_txn_to_tag(st),
		.remote_tag = m->from_tag,
		.local = m->to_uri,
		.remote = m->from_uri,
		.contact_user = p ? p->contact_user : STR_NULL,
		.contact_params = p ? p->contact_params : STR_NULL,
		.hop_host = hop_copy(d, p ? p->hop : NULL),
	};
	int err = dialog_target_of(&t.target, m);

	if (!err && !t.target.n)
		err = -EBADMSG;
	if (!err)
		err = dialog_route_of(&route, m, false);
	t.route = buf_str(&route);
	if (!err)
		err = dialog_pack(d, &t);
	buf_done(&route);
	d->remote_cseq = m->cseq.number;
	d->has_remote_cseq = true;
	d->secure = wants_sips(m->uri, d->route);
	return err;
}


int sip_dialog_accept(struct sip_dialog **ret, struct sip_dialogs *ds, struct sip_server_txn *st,
		      const struct sip_msg *m, const struct sip_source *src,
		      const struct sip_dialog_params *p)
{
	struct sip_dialog *d;

	(void)src;
	if (ds->closed || ds->table.count >= SIP_DIALOGS_MAX)
		return ds->closed ? -ECANCELED : -ENOBUFS;
	d = dialog_alloc(ds);
	if (!d)
		return -ENOMEM;
	int err = of_request(d, st, m, p);
	if (err) {
		mem_unref(d);
		return err;
	}
	dialog_enter(d);
	*ret = d;
	return 0;
}


enum sip_dialog_state sip_dialog_state(const struct sip_dialog *d)
{
	return d->state;
}


struct str sip_dialog_call_id(const struct sip_dialog *d)
{
	return d->call_id;
}


struct str sip_dialog_local_tag(const struct sip_dialog *d)
{
	return d->local_tag;
}


struct str sip_dialog_remote_tag(const struct sip_dialog *d)
{
	return d->remote_tag;
}


struct str sip_dialog_target(const struct sip_dialog *d)
{
	return d->target;
}


struct str sip_dialog_route(const struct sip_dialog *d)
{
	return d->route;
}


struct str sip_dialog_local(const struct sip_dialog *d)
{
	return d->local;
}


struct str sip_dialog_remote(const struct sip_dialog *d)
{
	return d->remote;
}


const struct sip_hop *sip_dialog_hop(const struct sip_dialog *d)
{
	return d->has_hop && !d->route.n ? &d->hop : NULL;
}


int sip_dialog_set_contact_params(struct sip_dialog *d, struct str params)
{
	return str_eq(d->contact_params, params) ? 0 : dialog_text(d, &d->contact_params, params);
}


int sip_dialog_set_contact_user(struct sip_dialog *d, struct str user)
{
	return dialog_text(d, &d->contact_user, user);
}


/* ---- Usages ---- */

void sip_dialog_join(struct sip_dialog *d, struct sip_dialog_usage *u,
		     const struct sip_dialog_usage_handler *h, void *arg)
{
	u->dialog = mem_ref(d);
	u->handler = h;
	u->arg = arg;
	list_append(&d->usages, &u->link);
}


void sip_dialog_leave(struct sip_dialog_usage *u)
{
	struct sip_dialog *d = u->dialog;

	if (!d)
		return;
	list_remove(&d->usages, &u->link);
	u->dialog = NULL;
	if (list_empty(&d->usages))
		dialog_terminate(d);
	mem_unref(d);
}


/* ---- Requests inside a dialog ---- */

/* Nobody else can be meant by a Request-URI of ours that names no user. */
static bool is_for_us(const struct sip_dialogs *ds, const struct sip_msg *m)
{
	struct sip_uri uri;

	if (m->first[SIP_HDR_ROUTE] != SIP_LINE_NONE || sip_uri_decode(&uri, m->uri) || uri.user.n)
		return false;
	return (uri.scheme == SIP_URI_SIP || uri.scheme == SIP_URI_SIPS) &&
	       sip_transports_is_ours(sip_transports(ds->sip), &uri);
}


/* 12.2.2: "If the remote sequence number was not empty, but the sequence number of the request is lower
 * than the remote sequence number, the request is out of order and MUST be rejected with a 500". The
 * same number again, in another transaction, is a request that another path has brought already. */
static bool in_order(struct sip_dialog *d, const struct sip_msg *m)
{
	if (d->has_remote_cseq && m->cseq.number <= d->remote_cseq)
		return false;
	d->remote_cseq = m->cseq.number;
	d->has_remote_cseq = true;
	return true;
}


static bool offered(struct sip_dialog *d, struct sip_server_txn *st, const struct sip_msg *m,
		    const struct sip_source *src)
{
	struct list_link *l, *next;

	for (l = list_first(&d->usages); l; l = next) {
		struct sip_dialog_usage *u = container_of(l, struct sip_dialog_usage, link);

		next = list_next(&d->usages, l);
		if (u->handler->request(u, st, m, src, u->arg))
			return true;
	}
	return false;
}


static void nobodys(struct sip_server_txn *st, const struct sip_msg *m)
{
	switch (m->method) {
	case SIP_OPTIONS:
		(void)sip_reply(st, 200, STR_NULL);
		break;
	case SIP_SUBSCRIBE:
		/* RFC 6665 4.5.2: "it may choose to fail the SUBSCRIBE request with a 403 (Forbidden)
		 * response. The error text of such 403 responses SHOULD indicate that dialog sharing is
		 * not supported." */
		(void)sip_respond(
			st, &(struct sip_response){.status = 403,
						   .reason = STR("Dialog Sharing Not Supported")});
		break;
	default:
		(void)sip_reply(st, 481, STR_NULL);
	}
}


static void take(struct sip_dialog *d, struct sip_server_txn *st, const struct sip_msg *m,
		 const struct sip_source *src)
{
	/* CANCEL reaches us only when there is nothing to cancel. */
	if (m->method == SIP_CANCEL) {
		(void)sip_reply(st, 481, STR_NULL);
		return;
	}
	if (!in_order(d, m)) {
		counter_add(&sip_c_dialogs_unordered, 1);
		(void)sip_reply(st, 500, STR_NULL);
		return;
	}
	mem_ref(d);
	if (!offered(d, st, m, src))
		nobodys(st, m);
	mem_unref(d);
}


bool sip_dialogs_request(struct sip_dialogs *ds, struct sip_server_txn *st, const struct sip_msg *m,
			 const struct sip_source *src)
{
	struct sip_dialog *d;

	if (!m->to_tag.n)
		return false;
	d = find_for(ds, m);
	if (d) {
		take(d, st, m, src);
		return true;
	}
	if (!is_for_us(ds, m))
		return false;
	counter_add(&sip_c_dialogs_stray, 1);
	(void)sip_reply(st, 481, STR_NULL);
	return true;
}


bool sip_dialogs_ack(struct sip_dialogs *ds, const struct sip_msg *m)
{
	struct sip_dialog *d = m->to_tag.n ? dialog_find(ds, m->call_id, m->to_tag, m->from_tag)
					   : NULL;
	struct list_link *l, *next;

	if (!d)
		return m->to_tag.n && is_for_us(ds, m);
	mem_ref(d);
	for (l = list_first(&d->usages); l; l = next) {
		struct sip_dialog_usage *u = container_of(l, struct sip_dialog_usage, link);

		next = list_next(&d->usages, l);
		if (u->handler->ack && u->handler->ack(u, m, u->arg))
			break;
	}
	mem_unref(d);
	return true;
}


/* ---- Answers ---- */

static void put_answer_lines(struct buf *b, const struct sip_dialog *d, struct sip_server_txn *st,
			     const struct sip_msg *m, const struct sip_response *r)
{
	const struct sip_source *src = sip_server_txn_source(st);
	struct sip_hop back = {.kind = src->kind, .addr = src->peer, .socket = src->socket};

	/* 12.1.1: "the UAS MUST copy all Record-Route header field values from the request into the
	 * response […] and MUST maintain the order of those values. The UAS MUST add a Contact". */
	if (r->status > 100 && r->status < 300) {
		if (!m->to_tag.n)
			sip_put_copy(b, m, SIP_HDR_RECORD_ROUTE);
		if (dialog_refreshes(m->method))
			dialog_put_contact(b, d, &back);
	}
	buf_puts(b, r->headers);
}


void dialog_answered(struct sip_dialog *d, const struct sip_msg *m, uint16_t status)
{
	enum sip_dialog_state to = status < 200 ? SIP_DIALOG_EARLY : SIP_DIALOG_CONFIRMED;

	if (status <= 100 || status >= 300)
		return;
	if (sm_may(&sip_dialog_machine, d->state, to))
		dialog_move(d, to);
	/* 12.2.2: "If a particular request is accepted by the UAS, all the state changes associated with
	 * it are performed." Without memory for it the old target stays. */
	if (m && status >= 200 && m->to_tag.n && dialog_refreshes(m->method))
		(void)dialog_set_target(d, m);
}


int sip_dialog_reply(struct sip_dialog *d, struct sip_server_txn *st, const struct sip_response *r)
{
	struct buf *lines = &d->dialogs->lines;
	struct sip_response full = *r;
	struct sip_msg storage;
	const struct sip_msg *m = sip_server_txn_message(st, &storage);

	if (!m)
		return -EALREADY;
	buf_clear(lines);
	put_answer_lines(lines, d, st, m, r);
	full.headers = buf_str(lines);
	if (!m->to_tag.n && r->status > 100)
		full.to_tag = d->local_tag;
	mem_ref(d);
	/* The request is gone once it is finally answered: what it changes is done before. */
	int err = lines->failed ? -ENOBUFS : 0;
	if (!err)
		dialog_answered(d, m, r->status);
	if (!err)
		err = sip_respond(st, &full);
	mem_unref(d);
	return err;
}


/* ---- Life of the table ---- */

static void table_destroy(void *object)
{
	struct sip_dialogs *ds = object;

	dialog_acks_end(ds);
	hash_done(&ds->table);
	buf_done(&ds->message);
	buf_done(&ds->lines);
	mem_unref(ds->slab);
	mem_unref(ds->loop);
}


int sip_dialogs_alloc(struct sip_dialogs **ret, struct sip *s)
{
	struct sip_dialogs *ds = mem_alloc(sizeof(*ds), table_destroy);
	int err;

	if (!ds)
		return -ENOMEM;
	ds->sip = s;
	ds->loop = mem_ref(sip_loop(s));
	list_init(&ds->all);
	list_init(&ds->acks);
	buf_init(&ds->message, SIP_MESSAGE_MAX);
	buf_init(&ds->lines, SIP_MESSAGE_MAX);
	ds->slab = slab_alloc();
	err = ds->slab ? hash_init(&ds->table, 64) : -ENOMEM;
	if (err) {
		mem_unref(ds);
		return err;
	}
	loop_random(sip_loop(s), &ds->table.key, sizeof(ds->table.key));
	*ret = ds;
	return 0;
}


void sip_dialogs_counters_register(void)
{
	counter_register(&sip_c_dialogs_made, 1);
	counter_register(&sip_c_dialogs_stray, 1);
	counter_register(&sip_c_dialogs_unordered, 1);
	counter_register(&open_now, 1);
}


static void usages_end(struct sip_dialog *d)
{
	struct list_link *l;

	mem_ref(d);
	while ((l = list_first(&d->usages))) {
		struct sip_dialog_usage *u = container_of(l, struct sip_dialog_usage, link);

		list_remove(&d->usages, l);
		u->dialog = NULL;
		mem_unref(d);
		u->handler->ended(u, -ECANCELED, u->arg);
	}
	dialog_terminate(d);
	mem_unref(d);
}


void sip_dialogs_close(struct sip_dialogs *ds)
{
	struct list_link *l;

	ds->closed = true;
	while ((l = list_first(&ds->all)))
		usages_end(container_of(l, struct sip_dialog, in_all));
	dialog_acks_end(ds);
}


size_t sip_dialogs_count(const struct sip_dialogs *ds)
{
	return ds->table.count;
}


struct sip *sip_dialogs_sip(const struct sip_dialogs *ds)
{
	return ds->sip;
}


struct loop *sip_dialogs_loop(const struct sip_dialogs *ds)
{
	return ds->loop;
}
