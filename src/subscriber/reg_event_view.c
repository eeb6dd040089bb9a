/* SPDX-License-Identifier: Apache-2.0 */
/* The contacts of one user as registration documents tell them, and their way into the table. */
#include "subscriber/reg_event_view.h"

#include <errno.h>

#include "base/mem.h"
#include "sip/chars.h"
#include "sip/param.h"
#include "subscriber/reg_event.h"

/** A contact whose time differs by less is the same as before: documents round, and take a while. */
#define SAME_EXPIRY_MS 2000


static void row_drop(struct reg_event_view *v, size_t i)
{
	mem_free(v->row[i].text);
	v->row[i] = v->row[--v->rows];
	v->row[v->rows] = (struct reg_event_row){0};
}


void reg_event_view_flush(struct reg_event_view *v)
{
	while (v->rows)
		row_drop(v, v->rows - 1);
}


static void destroy(void *object)
{
	struct reg_event_view *v = object;

	registration_update_cancel(&v->update);
	reg_event_view_flush(v);
	mem_unref(v->aor);
	mem_unref(v->registrations);
}


int reg_event_view_alloc(struct reg_event_view **ret, struct registrations *rs, struct loop *loop,
			 struct str aor, uint32_t max_expires_s)
{
	struct reg_event_view *v = mem_alloc(sizeof(*v), destroy);

	if (!v)
		return -ENOMEM;
	v->registrations = mem_ref(rs);
	v->loop = loop;
	v->max_expires_s = max_expires_s;
	v->aor = str_dup(aor);
	if (!v->aor) {
		mem_unref(v);
		return -ENOMEM;
	}
	*ret = v;
	return 0;
}


/* ---- From the document ---- */

/* Some registrars leave the '+' of a feature tag out, which RFC 3840 10 writes in front of all but the
 * base tags. */
static bool lacks_plus(struct str name)
{
	return str_starts_nocase(name, STR("g.")) || str_eq_nocase(name, STR("sip.instance")) ||
	       str_eq_nocase(name, STR("sip.ice"));
}


static bool is_quoted(struct str value)
{
	return value.n >= 2 && value.p[0] == '"' &&
	       sip_quoted_end(value.p, value.p + value.n) == value.p + value.n;
}


static void put_param(struct buf *b, const struct reginfo_param *p)
{
	if (!sip_all_chars(p->name, SIP_CHAR_TOKEN))
		return;
	buf_puts(b, b->n ? STR(";") : STR(""));
	buf_puts(b, lacks_plus(p->name) ? STR("+") : STR(""));
	buf_puts(b, p->name);
	if (!p->value.n)
		return;
	buf_putc(b, '=');
	if (is_quoted(p->value) || sip_all_chars(p->value, SIP_CHAR_TOKEN))
		buf_puts(b, p->value);
	else
		sip_quote(p->value, b);
}


static void put_params(struct buf *b, const struct reginfo_contact *c)
{
	for (size_t i = 0; i < c->params_n; i++)
		put_param(b, &c->params[i]);
	if (!c->params_n)
		buf_puts(b, REG_EVENT_UNKNOWN_DEVICE);
}


struct str reg_event_instance(struct str params)
{
	struct str value;

	if (!sip_param(params, STR("+sip.instance"), &value) || value.n < 2 || value.p[0] != '"')
		return STR("");
	value = (struct str){value.p + 1, value.n - 2};
	if (value.n < 2 || value.p[0] != '<' || value.p[value.n - 1] != '>')
		return STR("");
	return (struct str){value.p + 1, value.n - 2};
}


static uint16_t q_of(struct str text)
{
	uint32_t q;

	return text.n && sip_qvalue_decode(text, &q) ? (uint16_t)q : 1000;
}


static struct str put_text(struct buf *b, struct str s)
{
	size_t at = b->n;

	buf_puts(b, s);
	return str_from(buf_str(b), at);
}


static int64_t expires_of(const struct reg_event_view *v, const struct reginfo_contact *c)
{
	uint64_t s = c->expires_s < v->max_expires_s ? c->expires_s : v->max_expires_s;

	return loop_wall_ms(v->loop) + (int64_t)s * 1000;
}


/* The texts of a row stand in one block, which grows no more once they are pointed at. */
static int row_make(struct reg_event_row *ret, const struct reg_event_view *v,
		    const struct reginfo_contact *c, const struct sip_source *from)
{
	struct reg_event_row r = {.text = mem_raw(REG_EVENT_TEXT_MAX)};
	struct registration_binding *b = &r.binding;
	struct buf text;

	if (!r.text)
		return -ENOMEM;
	buf_fixed(&text, r.text, REG_EVENT_TEXT_MAX);
	r.id = put_text(&text, c->id);
	b->contact = put_text(&text, c->uri);
	b->call_id = put_text(&text, c->call_id);
	size_t at = text.n;
	struct buf params;
	buf_fixed(&params, r.text + at, REG_EVENT_TEXT_MAX - at);
	put_params(&params, c);
	if (text.failed || params.failed) {
		mem_free(r.text);
		return -ENOBUFS;
	}
	b->params = buf_str(&params);
	b->instance = reg_event_instance(b->params);
	b->flags = registration_features(b->params);
	b->q = q_of(c->q);
	b->cseq = c->cseq < UINT32_MAX ? (uint32_t)c->cseq : 0;
	b->registered_ms = loop_wall_ms(v->loop);
	b->expires_ms = expires_of(v, c);
	b->peer = from->peer;
	b->kind = (uint8_t)from->kind;
	*ret = r;
	return 0;
}


/* Not more than it needs, for as long as it lives. */
static void row_shrink(struct reg_event_row *r)
{
	size_t n = (size_t)(r->binding.params.p + r->binding.params.n - r->text);
	char *p = mem_raw(n ? n : 1);

	if (!p)
		return;
	memcpy(p, r->text, n);
#define MOVED(s) ((s).p ? (struct str){p + ((s).p - r->text), (s).n} : (s))
	struct registration_binding *b = &r->binding;
	bool has_instance = b->instance.n > 0;
	r->id = MOVED(r->id);
	b->contact = MOVED(b->contact);
	b->call_id = MOVED(b->call_id);
	b->params = MOVED(b->params);
	if (has_instance)
		b->instance = MOVED(b->instance);
#undef MOVED
	mem_free(r->text);
	r->text = p;
}


static size_t row_find(const struct reg_event_view *v, struct str id)
{
	size_t i = 0;

	while (i < v->rows && !str_eq(v->row[i].id, id))
		i++;
	return i;
}


static bool has_way(struct str uri)
{
	struct sip_uri u;

	return sip_uri_decode(&u, uri) == 0 &&
	       (u.scheme == SIP_URI_SIP || u.scheme == SIP_URI_SIPS);
}


int reg_event_view_apply(struct reg_event_view *v, const struct reginfo_contact *c,
			 const struct sip_source *from)
{
	struct reg_event_row fresh;
	size_t i = row_find(v, c->id);
	int err;

	if (c->state != REGINFO_ACTIVE || c->expires_s == 0 || !has_way(c->uri)) {
		if (i < v->rows)
			row_drop(v, i);
		return 0;
	}
	if (i == REGISTRATION_DEVICES_MAX)
		return -ENOBUFS;
	err = row_make(&fresh, v, c, from);
	if (err)
		return err;
	row_shrink(&fresh);
	mem_free(v->row[i].text);
	v->row[i] = fresh;
	if (i == v->rows)
		v->rows++;
	return 0;
}


/* ---- Into the table ---- */

static bool in_rows(const struct reg_event_view *v, const struct registration_binding *b)
{
	for (size_t i = 0; i < v->rows; i++)
		if (str_eq(v->row[i].binding.contact, b->contact))
			return true;
	return false;
}


static const struct registration_binding *of_contact(const struct registration *now,
						     struct str contact)
{
	size_t n = now ? registration_count(now) : 0;

	for (size_t i = 0; i < n; i++)
		if (str_eq(registration_binding(now, i)->contact, contact))
			return registration_binding(now, i);
	return NULL;
}


static bool unchanged(const struct registration_binding *old, const struct registration_binding *b)
{
	int64_t moved = old->expires_ms - b->expires_ms;

	return str_eq(old->params, b->params) && old->q == b->q && moved < SAME_EXPIRY_MS &&
	       moved > -SAME_EXPIRY_MS;
}


static int prepare(struct registration_update *u, const struct registration *now, void *arg)
{
	struct reg_event_view *v = arg;
	size_t n = now ? registration_count(now) : 0;
	int err = 0;

	for (size_t i = 0; i < n; i++)
		if (!in_rows(v, registration_binding(now, i)))
			registration_update_remove(u, registration_binding(now, i));
	for (size_t i = 0; !err && i < v->rows; i++) {
		const struct registration_binding *b = &v->row[i].binding;
		const struct registration_binding *old = of_contact(now, b->contact);

		if (!old || !unchanged(old, b))
			err = registration_update_set(u, old, b);
	}
	return err;
}


/* When the store failed, the next document tries again. */
static void done(struct registration_update *u, int error, void *arg)
{
	struct reg_event_view *v = arg;

	(void)u;
	(void)error;
	v->busy = false;
	if (v->again)
		reg_event_view_sync(v);
	else if (v->leaving)
		mem_unref(v);
}


static const struct registration_update_handler handler = {.prepare = prepare, .done = done};


void reg_event_view_sync(struct reg_event_view *v)
{
	v->again = v->busy;
	if (v->busy)
		return;
	v->busy = registrations_update(v->registrations, &v->update, str_of(v->aor), &handler, v) ==
		  0;
	if (!v->busy && v->leaving)
		mem_unref(v);
}


void reg_event_view_leave(struct reg_event_view *v)
{
	v->leaving = true;
	reg_event_view_flush(v);
	reg_event_view_sync(v);
}
