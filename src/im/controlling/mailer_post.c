/* SPDX-License-Identifier: Apache-2.0 */
/* A message to many on its way to the disk: posted when it is there. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"

/** One posting on its way to the disk. */
struct posting {
	struct list_link link;
	struct mailer *m;
	struct mailer_posting *p; /**< NULL: nobody wants to know */
	struct mail *mail;
	struct store_request r;
};


static void posting_destroy(void *object)
{
	struct posting *g = object;

	store_cancel(&g->r);
	list_remove(&g->m->postings, &g->link);
	if (g->p)
		g->p->impl = NULL;
	mem_unref(g->mail);
}


static void on_posted(struct store_request *r, int error, void *arg)
{
	struct posting *g = arg;
	struct mailer *m = g->m;
	struct mailer_posting *p = g->p;

	(void)r;
	if (!error) {
		mailer_tally(MAILER_POSTED);
		if (p && p->settled) {
			p->watched = g->mail;
			g->mail->watch = p;
			g->mail->left = g->mail->record.recipients_n;
		}
		mailer_outlets_take(g->mail);
	} else {
		log_error("mailing", "a message to %zu recipients cannot be written: %s",
			  g->mail->record.recipients_n, strerror(-error));
	}
	mem_ref(m);
	mem_unref(g);
	if (p)
		p->posted(p, error, p->arg);
	mailer_outlets_pump(m);
	mem_unref(m);
}


/* In the order of posting, also over a restart and when the clock goes back. */
static uint64_t next_id(struct mailer *m)
{
	int64_t now = loop_wall_ms(m->loop);
	uint64_t id = now > 0 ? (uint64_t)now << 10 : 1;

	m->last_id = id > m->last_id ? id : m->last_id + 1;
	return m->last_id;
}


int mailer_post(struct mailer *m, const struct store_mailing *what, struct mailer_posting *p,
		mailer_posted_cb *posted, void *arg)
{
	struct posting *g;
	int err = -ENOMEM;

	if (mailer_full(m, what->recipients_n, what->body.n))
		return -ENOBUFS;
	if (mail_over_quota(m, what))
		return -EDQUOT;
	g = mem_alloc(sizeof(*g), posting_destroy);
	if (!g)
		return -ENOMEM;
	g->m = m;
	list_append(&m->postings, &g->link);
	g->mail = mail_alloc(m, what);
	if (g->mail) {
		g->mail->fresh = true;
		g->mail->record.id = next_id(m);
		if (!what->file.n)
			g->mail->record.size = what->body.n;
		err = store_mailing_add(m->p.store, &g->r, &g->mail->record, on_posted, g);
	}
	if (err) {
		mem_unref(g);
		return err;
	}
	if (posted) {
		*p = (struct mailer_posting){
			.impl = g, .posted = posted, .settled = p->settled, .arg = arg};
		g->p = p;
	}
	return 0;
}


void mailer_posting_cancel(struct mailer_posting *p)
{
	struct posting *g = p->impl;
	struct mail *l = p->watched;

	if (g)
		g->p = NULL;
	if (l)
		l->watch = NULL;
	p->impl = p->watched = NULL;
}


void mailer_postings_drop(struct mailer *m)
{
	for (struct list_link *l; (l = list_first(&m->postings));)
		mem_unref(container_of(l, struct posting, link));
}
