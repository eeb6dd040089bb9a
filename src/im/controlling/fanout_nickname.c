/* SPDX-License-Identifier: Apache-2.0 */
/* NICKNAME (RFC 7701 7): a participant's name in this conference, the only one of that name. */
#include <errno.h>

#include "base/mem.h"
#include "im/controlling/fanout_state.h"
#include "im/controlling/nickname.h"

/* A folded character may be longer than it was. */
#define KEY_MAX (2 * NICKNAME_MAX)


static bool is_named(struct str key, struct str name)
{
	char text[KEY_MAX];
	struct buf b;

	buf_fixed(&b, text, sizeof(text));
	return name.n && !nickname_prepare(name, NULL, &b) && !b.failed && str_eq(buf_str(&b), key);
}


/*
 * 7.1: 425 when it is "a reserved word ... or that particular value is already in use by another user". What others
 * are shown by is reserved for them: their nickname, their display name, their address.
 */
static bool is_others(const struct fanout_seat *seat, struct str key)
{
	for (struct list_link *k = list_first(&seat->f->seats); k;
	     k = list_next(&seat->f->seats, k)) {
		const struct fanout_seat *other = container_of(k, struct fanout_seat, link);
		const struct fanout_person *p = other->person;

		if (str_eq(p->who, seat->person->who))
			continue;
		if ((other->nickname_key && str_eq(str_of(other->nickname_key), key)) ||
		    is_named(key, p->display_name) || is_named(key, p->shown))
			return true;
	}
	return false;
}


/* 7.2: "A new nickname comes into effect and the old one is released only after" it is accepted. */
static uint16_t set(struct fanout_seat *seat, struct str name, struct str key)
{
	char *shown = name.n ? str_dup(name) : NULL, *k = name.n ? str_dup(key) : NULL;

	if (name.n && (!shown || !k)) {
		mem_unref(shown);
		mem_unref(k);
		return 413;
	}
	mem_unref(seat->nickname);
	mem_unref(seat->nickname_key);
	seat->nickname = shown;
	seat->nickname_key = k;
	if (seat->f->handler->nickname)
		seat->f->handler->nickname(seat, fanout_seat_nickname(seat), seat->arg);
	return 200;
}


static uint16_t judge(struct fanout_seat *seat, const struct msrp_frame *f)
{
	char name[NICKNAME_MAX + 1], shown[NICKNAME_MAX + 1], key[KEY_MAX];
	struct buf n, s, k;

	/* 7.1: "If not allowed, the MSRP switch MUST reject the request with a 403 response" */
	if (!seat->f->nicknames || !seat->in)
		return 403;
	if (!f->has_nickname)
		return 424;
	buf_fixed(&n, name, sizeof(name));
	buf_fixed(&s, shown, sizeof(shown));
	buf_fixed(&k, key, sizeof(key));
	msrp_nickname_decode(f->use_nickname, &n);
	if (n.failed)
		return 424;
	if (!n.n) /* 7.3: an empty one takes it back */
		return set(seat, STR_NULL, STR_NULL);
	if (nickname_prepare(buf_str(&n), &s, &k) || s.failed || k.failed)
		return 424;
	return is_others(seat, buf_str(&k)) ? 425 : set(seat, buf_str(&s), buf_str(&k));
}


uint16_t fanout_nickname_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
				 void *arg)
{
	struct fanout_seat *seat = mem_ref(arg);
	uint16_t status = 501;

	(void)s;
	(void)body;
	if (r->frame->method == MSRP_METHOD_NICKNAME)
		status = judge(seat, r->frame);
	mem_unref(seat);
	return status;
}
