/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's desk: the conferences whose focus this server is. */
#include <errno.h>

#include "im/controlling/controlling.h"
#include "server/operator_desk.h"

struct showing {
	admin_conference_cb *each;
	admin_person_cb *person;
	void *arg;
};


static void show(const struct conference_info_row *c, void *arg)
{
	const struct showing *to = arg;

	to->each(
		&(struct admin_conference){
			.id = c->id,
			.number = c->number,
			.kind = str_of(c->kind),
			.identity = c->identity,
			.group = c->group,
			.founder = c->founder,
			.subject = c->subject,
			.since_ms = c->since_ms,
			.participants = c->participants,
			.connected = c->connected,
			.watchers = c->watchers,
			.messages = c->messages,
			.copies = c->copies,
		},
		to->arg);
}


static void show_person(const struct conference_person_row *p, void *arg)
{
	const struct showing *to = arg;

	to->person(
		&(struct admin_person){
			.address = p->who,
			.anonymous = p->anonymous,
			.status = str_of(p->status),
			.since_ms = p->since_ms,
			.messages = p->messages,
			.bytes = p->bytes,
		},
		to->arg);
}


static int list(uint64_t after, size_t limit, admin_conference_cb *each, admin_done_cb *done,
		void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct showing to = {.each = each, .arg = done_arg};

	(void)why;
	if (o->p.controlling)
		controlling_list(o->p.controlling, after, limit, show, &to);
	done(0, done_arg);
	return 0;
}


static int show_one(struct str id, admin_conference_cb *each, admin_person_cb *person,
		    admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	struct showing to = {.each = each, .person = person, .arg = done_arg};
	int err = -ENOENT;

	(void)why;
	if (o->p.controlling)
		err = controlling_show(o->p.controlling, id, show, show_person, &to);
	done(err == -ENOENT ? -ENODATA : err, done_arg);
	return 0;
}


static int end(struct str id, admin_done_cb *done, void *done_arg, struct buf *why, void *arg)
{
	struct operator_desk *o = arg;
	int err = o->p.controlling ? controlling_end(o->p.controlling, id) : -ENOENT;

	(void)why;
	done(err == -ENOENT ? -ENODATA : err, done_arg);
	return 0;
}


void operator_conference_services(struct admin_services *s)
{
	s->conferences = (struct admin_conferences){.list = list, .show = show_one, .end = end};
}
