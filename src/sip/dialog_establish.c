/* SPDX-License-Identifier: Apache-2.0 */
/* What the other side's messages make of a dialog: its tag, its route set, its target; and our Contact. */
#include "sip/dialog.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/compose.h"
#include "sip/dialog_state.h"
#include "sip/name_addr.h"


/* RFC 3261 12.2, RFC 3311 (UPDATE), RFC 6665 3.1 and 3.2, RFC 3515 (REFER). */
bool dialog_refreshes(enum sip_method m)
{
	return m == SIP_INVITE || m == SIP_UPDATE || m == SIP_SUBSCRIBE || m == SIP_NOTIFY ||
	       m == SIP_REFER;
}


int dialog_target_of(struct str *ret, const struct sip_msg *m)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_CONTACT);
	struct sip_name_addr a;
	struct sip_uri uri;
	struct str value;

	*ret = STR_NULL;
	if (!sip_values_next(&v, &value))
		return 0;
	if (sip_name_addr_decode(&a, value) || a.star || sip_uri_decode(&uri, a.uri) ||
	    (uri.scheme != SIP_URI_SIP && uri.scheme != SIP_URI_SIPS))
		return -EBADMSG;
	*ret = a.uri;
	return 0;
}


int dialog_set_target(struct sip_dialog *d, const struct sip_msg *m)
{
	struct str target;
	int err = dialog_target_of(&target, m);

	return err || !target.n ? err : dialog_text(d, &d->target, target);
}


static int routes_gather(struct str list[static SIP_DIALOG_ROUTES_MAX], const struct sip_msg *m,
			 size_t *n)
{
	struct sip_values v = sip_values_first(m, SIP_HDR_RECORD_ROUTE);
	struct sip_name_addr a;
	struct sip_uri uri;
	struct str value;

	for (*n = 0; sip_values_next(&v, &value); (*n)++) {
		if (*n == SIP_DIALOG_ROUTES_MAX || sip_name_addr_decode(&a, value) || a.star ||
		    sip_uri_decode(&uri, a.uri))
			return -EBADMSG;
		list[*n] = value;
	}
	return 0;
}


int dialog_route_of(struct buf *text, const struct sip_msg *m, bool reverse)
{
	struct str list[SIP_DIALOG_ROUTES_MAX];
	size_t n;
	int err;

	if (m->first[SIP_HDR_RECORD_ROUTE] == SIP_LINE_NONE)
		return 0;
	err = routes_gather(list, m, &n);
	for (size_t i = 0; !err && i < n; i++) {
		buf_puts(text, i ? STR(", ") : STR(""));
		buf_puts(text, list[reverse ? n - 1 - i : i]);
	}
	if (!err && text->failed)
		err = text->n < SIP_DIALOG_ROUTE_TEXT_MAX / 2 ? -ENOMEM : -EBADMSG;
	return err;
}


static int set_route(struct sip_dialog *d, const struct sip_msg *m, bool reverse)
{
	struct buf text = BUF_INIT(SIP_DIALOG_ROUTE_TEXT_MAX);
	int err = dialog_route_of(&text, m, reverse);

	if (!err)
		err = dialog_text(d, &d->route, buf_str(&text));
	buf_done(&text);
	return err;
}


/* The tag comes last: with it the dialog is known to the table. */
static int establish(struct sip_dialog *d, const struct sip_msg *m, struct str tag)
{
	int err = set_route(d, m, !m->request);

	if (!err)
		err = dialog_set_target(d, m);
	if (!err)
		err = dialog_text(d, &d->remote_tag, tag);
	return err;
}


int sip_dialog_confirm(struct sip_dialog *d, const struct sip_msg *m)
{
	int err;

	if (d->state != SIP_DIALOG_INITIAL)
		return -EALREADY;
	err = establish(d, m, m->request ? m->from_tag : m->to_tag);
	if (!err)
		dialog_move(d, SIP_DIALOG_CONFIRMED);
	return err;
}


/* ---- Responses to INVITE ---- */

/* Another To tag: another dialog, with our half of the first. */
static struct sip_dialog *fork_make(const struct sip_dialog *d)
{
	struct sip_dialog *f = dialog_alloc(d->dialogs);

	if (!f)
		return NULL;
	f->secure = d->secure;
	f->has_hop = d->has_hop;
	f->hop = d->hop;
	f->hop.host = STR_NULL;
	f->local_cseq = d->local_cseq;
	if (dialog_pack(f, &(struct dialog_texts){
				   .call_id = d->call_id,
				   .local_tag = d->local_tag,
				   .local = d->local,
				   .remote = d->remote,
				   .target = d->target,
				   .contact_user = d->contact_user,
				   .contact_params = d->contact_params,
				   .hop_host = d->hop.host,
			   }))
		return mem_unref(f);
	return f;
}


static struct sip_dialog *fork_of(struct sip_dialog *d, struct sip_dialog_request *r,
				  const struct sip_msg *m)
{
	struct sip_dialog *f = dialog_find(d->dialogs, d->call_id, d->local_tag, m->to_tag);

	if (f)
		return mem_ref(f);
	if (r->forks == SIP_DIALOG_FORKS_MAX)
		return NULL;
	r->forks++;
	f = fork_make(d);
	if (f && establish(f, m, m->to_tag))
		return mem_unref(f);
	if (f)
		dialog_enter(f);
	return f;
}


/* 13.2.2.4: "If the dialog identifier in the 2xx response matches the dialog identifier of an existing
 * dialog, the dialog MUST be transitioned to the "confirmed" state, and the route set for the dialog
 * MUST be recomputed based on the 2xx response". */
static bool advance(struct sip_dialog *d, const struct sip_msg *m)
{
	enum sip_dialog_state to = m->status < 200 ? SIP_DIALOG_EARLY : SIP_DIALOG_CONFIRMED;

	if (d->state != SIP_DIALOG_INITIAL && d->state != SIP_DIALOG_EARLY)
		return true;
	if ((to == SIP_DIALOG_CONFIRMED || !d->remote_tag.n) && establish(d, m, m->to_tag))
		return false;
	if (sm_may(&sip_dialog_machine, d->state, to))
		dialog_move(d, to);
	return true;
}


struct sip_dialog *dialog_of_response(struct sip_dialog *d, struct sip_dialog_request *r,
				      const struct sip_msg *m)
{
	struct sip_dialog *which;

	if (r->method != SIP_INVITE || r->established || m->status <= 100 || m->status >= 300 ||
	    (m->status < 200 && !m->to_tag.n))
		return mem_ref(d);
	/* One that was given up meanwhile, because another fork was first, begins anew. */
	if (d->state != SIP_DIALOG_TERMINATED &&
	    (!d->remote_tag.n || str_eq(d->remote_tag, m->to_tag)))
		which = mem_ref(d);
	else
		which = fork_of(d, r, m);
	if (which && !advance(which, m))
		which = mem_unref(which);
	return which;
}


/* ---- Contact ---- */

static void put_uri(struct buf *b, const struct sip_dialog *d, struct str uri)
{
	struct str rest = str_from(uri, (size_t)(str_find(uri, ':') + 1));
	ptrdiff_t transport = str_find_str(rest, STR(";transport="));

	buf_puts(b, d->secure ? STR("sips:") : STR("sip:"));
	if (d->contact_user.n) {
		sip_escape_user(d->contact_user, b);
		buf_putc(b, '@');
	}
	/* RFC 3261 26.2.2: transport=tls is deprecated, and says nothing more beside sips. */
	buf_puts(b, d->secure && transport >= 0 ? str_upto(rest, (size_t)transport) : rest);
}


void dialog_put_contact(struct buf *b, const struct sip_dialog *d, const struct sip_hop *hop)
{
	buf_puts(b, STR("Contact: <"));
	put_uri(b, d, sip_transports_uri(sip_transports(d->dialogs->sip), hop));
	buf_putc(b, '>');
	buf_puts(b, d->contact_params);
	buf_puts(b, STR("\r\n"));
}
