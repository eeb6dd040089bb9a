/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS server that is a text. */
#include "lib/virtual_dns.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/timer.h"

#define ZONE_RECORDS_MAX 512
#define TTL_S 300
#define FIELDS_MAX 10

enum line_kind { LINE_RECORD, LINE_DELAY, LINE_ERROR };

struct zone_line {
	enum line_kind kind;
	struct str name; /* in the zone's text */
	struct dns_record record;
	uint32_t delay_ms;
	int error;
};

struct virtual_dns {
	struct dns base;
	struct loop *loop;
	char *text;
	struct zone_line *lines;
	size_t lines_n;
	struct list questions;
	size_t asked;
};

struct question {
	struct list_link link;
	struct virtual_dns *v;
	struct timer timer;
	char *name;
	enum dns_type type;
	dns_answer_cb *answer;
	void *arg;
};


/* ---- The zone ---- */

static size_t fields_of(struct str line, struct str *ret)
{
	ptrdiff_t comment = str_find(line, '#');
	size_t n = 0;

	if (comment >= 0)
		line = str_upto(line, (size_t)comment);
	for (size_t i = 0; i < line.n && n < FIELDS_MAX;) {
		size_t from = i;

		while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
			i++;
		if (i > from)
			ret[n++] = (struct str){line.p + from, i - from};
		else
			i++;
	}
	return n;
}


static bool number(struct str s, uint16_t *ret)
{
	uint32_t v;

	if (!str_u32(s, &v) || v > UINT16_MAX)
		return false;
	*ret = (uint16_t)v;
	return true;
}


static bool read_srv(struct dns_record *r, const struct str *f, size_t n)
{
	r->type = DNS_SRV;
	if (n != 4 || !number(f[0], &r->priority) || !number(f[1], &r->weight) ||
	    !number(f[2], &r->port))
		return false;
	r->target = f[3];
	return true;
}


static bool read_naptr(struct dns_record *r, const struct str *f, size_t n)
{
	r->type = DNS_NAPTR;
	if (n != 5 || !number(f[0], &r->priority) || !number(f[1], &r->weight))
		return false;
	r->flags = f[2];
	r->service = f[3];
	r->target = f[4];
	return true;
}


static bool read_address(struct dns_record *r, enum dns_type type, const struct str *f, size_t n)
{
	r->type = type;
	return n == 1 && addr_decode(&r->addr, f[0], 0) == 0 &&
	       (r->addr.sa.sa_family == AF_INET6) == (type == DNS_AAAA);
}


static bool read_error(struct zone_line *l, const struct str *f, size_t n)
{
	l->kind = LINE_ERROR;
	if (n != 1)
		return false;
	if (str_eq(f[0], STR("timeout")))
		l->error = -ETIMEDOUT;
	else if (str_eq(f[0], STR("servfail")))
		l->error = -EAGAIN;
	else if (str_eq(f[0], STR("refused")))
		l->error = -ECONNREFUSED;
	return l->error != 0;
}


static bool read_line(struct zone_line *l, const struct str *f, size_t n)
{
	struct str type;

	l->name = *f++;
	n--;
	l->record.ttl_s = TTL_S;
	if (n && str_u32(*f, &l->record.ttl_s)) {
		f++;
		n--;
	}
	if (!n)
		return false;
	type = *f++;
	n--;
	if (str_eq(type, STR("SRV")))
		return read_srv(&l->record, f, n);
	if (str_eq(type, STR("NAPTR")))
		return read_naptr(&l->record, f, n);
	if (str_eq(type, STR("A")))
		return read_address(&l->record, DNS_A, f, n);
	if (str_eq(type, STR("AAAA")))
		return read_address(&l->record, DNS_AAAA, f, n);
	if (str_eq(type, STR("ERROR")))
		return read_error(l, f, n);
	l->kind = LINE_DELAY;
	return str_eq(type, STR("DELAY")) && n == 1 && str_u32(f[0], &l->delay_ms);
}


int virtual_dns_set_zone(struct virtual_dns *v, struct str zone)
{
	struct zone_line *lines = mem_raw(ZONE_RECORDS_MAX * sizeof(*lines));
	char *text = str_dup(zone);
	struct str rest = {text, zone.n}, fields[FIELDS_MAX];
	size_t count = 0;
	int err = lines && text ? 0 : -ENOMEM;

	while (!err && rest.p) {
		size_t n = fields_of(str_cut(&rest, '\n'), fields);

		if (!n)
			continue;
		if (count == ZONE_RECORDS_MAX) {
			err = -EINVAL;
			break;
		}
		memset(&lines[count], 0, sizeof(lines[count]));
		if (!read_line(&lines[count++], fields, n))
			err = -EINVAL;
	}
	if (err) {
		mem_free(lines);
		mem_unref(text);
		return err;
	}
	mem_free(v->lines);
	mem_unref(v->text);
	v->lines = lines;
	v->lines_n = count;
	v->text = text;
	return 0;
}


/* ---- Questions ---- */

static void question_destroy(void *object)
{
	struct question *q = object;

	timer_cancel(&q->timer);
	list_remove(&q->v->questions, &q->link);
	mem_unref(q->name);
}


static void on_time(struct timer *t, void *arg)
{
	struct question *q = arg;
	struct virtual_dns *v = mem_ref(q->v);
	struct dns_record records[DNS_RECORDS_MAX];
	int error = -ENOENT;
	size_t n = 0;

	(void)t;
	for (size_t i = 0; i < v->lines_n; i++) {
		struct zone_line *l = &v->lines[i];

		if (!str_eq_nocase(l->name, str_of(q->name)) || l->kind == LINE_DELAY)
			continue;
		error = l->error;
		if (l->kind == LINE_RECORD && l->record.type == q->type && n < DNS_RECORDS_MAX)
			records[n++] = l->record;
		if (error)
			break;
	}
	q->answer(error, records, error ? 0 : n, q->arg);
	mem_unref(q);
	mem_unref(v);
}


static uint32_t delay_of(const struct virtual_dns *v, struct str name)
{
	uint32_t ms = 0;

	for (size_t i = 0; i < v->lines_n; i++) {
		const struct zone_line *l = &v->lines[i];

		if (!str_eq_nocase(l->name, name))
			continue;
		if (l->kind == LINE_DELAY)
			ms = l->delay_ms;
		else if (l->error == -ETIMEDOUT)
			ms = VIRTUAL_DNS_TIMEOUT_MS;
	}
	return ms;
}


static void *ask(struct dns *d, struct str name, enum dns_type type, dns_answer_cb *answer,
		 void *arg)
{
	struct virtual_dns *v = container_of(d, struct virtual_dns, base);
	struct question *q = mem_alloc(sizeof(*q), question_destroy);

	if (!q)
		return NULL;
	q->v = v;
	list_append(&v->questions, &q->link);
	q->name = str_dup(name);
	if (!q->name)
		return mem_unref(q);
	q->type = type;
	q->answer = answer;
	q->arg = arg;
	v->asked++;
	timer_start(&q->timer, loop_timers(v->loop), delay_of(v, name), on_time, q);
	return q;
}


static void cancel(struct dns *d, void *query)
{
	(void)d;
	mem_unref(query);
}


static void close_nothing(struct dns *d)
{
	(void)d;
}


static void destroy(void *object)
{
	struct virtual_dns *v = object;

	for (struct list_link *k; (k = list_first(&v->questions));)
		mem_unref(container_of(k, struct question, link));
	mem_free(v->lines);
	mem_unref(v->text);
	mem_unref(v->loop);
}


int virtual_dns_alloc(struct virtual_dns **ret, struct loop *loop, struct str zone)
{
	struct virtual_dns *v = mem_alloc(sizeof(*v), destroy);
	int err;

	if (!v)
		return -ENOMEM;
	list_init(&v->questions);
	v->base = (struct dns){ask, cancel, close_nothing};
	v->loop = mem_ref(loop);
	err = virtual_dns_set_zone(v, zone);
	if (err) {
		mem_unref(v);
		return err;
	}
	*ret = v;
	return 0;
}


struct dns *virtual_dns_port(struct virtual_dns *v)
{
	return &v->base;
}


size_t virtual_dns_asked(const struct virtual_dns *v)
{
	return v->asked;
}


size_t virtual_dns_waiting(const struct virtual_dns *v)
{
	return v->questions.count;
}
