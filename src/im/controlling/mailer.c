/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to many: the life of the mailer, what is counted, and who has more to post. */
#include "im/controlling/mailer.h"

#include <errno.h>

#include "base/counter.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"
#include "im/own.h"

static struct counter tallies[MAILER_COUNTS] = {
	[MAILER_POSTED] = COUNTER("mailing.posted", "messages accepted for several recipients"),
	[MAILER_SERVED] = COUNTER("mailing.served",
				  "copies of them that were accepted for a recipient"),
	[MAILER_FAILED] = COUNTER("mailing.failed", "copies that no recipient got"),
	[MAILER_RETRIED] = COUNTER("mailing.retried", "copies that rest until they are sent again"),
	[MAILER_UNSETTLED] = COUNTER("mailing.unsettled",
				     "outcomes the store did not take: sent again after a restart"),
	[MAILER_WAITING] = GAUGE("mailing.waiting", "copies that wait or are being sent"),
};


void mailer_counters_register(void)
{
	counter_register(tallies, MAILER_COUNTS);
}


void mailer_tally(enum mailer_count c)
{
	counter_add(&tallies[c], 1);
}


void mailer_tally_waiting(const struct mailer *m)
{
	counter_set(&tallies[MAILER_WAITING], (int64_t)m->waiting);
}


/* ---- How much there is ---- */

bool mailer_full(const struct mailer *m, size_t recipients, size_t bytes)
{
	return m->stopped || m->loading || m->waiting + recipients > MAILER_WAITING_MAX ||
	       m->bytes + bytes > MAILER_BYTES_MAX;
}


size_t mailer_waiting(const struct mailer *m)
{
	return m->waiting + m->postings.count + m->lingering.count;
}


/* ---- Who has more to post ---- */

void mailer_linger(struct mailer *m, struct mailer_linger *l, void (*over)(void *arg), void *arg)
{
	l->over = over;
	l->arg = arg;
	list_append(&m->lingering, &l->link);
}


void mailer_linger_end(struct mailer *m, struct mailer_linger *l)
{
	if (!list_linked(&l->link))
		return;
	list_remove(&m->lingering, &l->link);
	l->over(l->arg);
}


/* ---- Life ---- */

static void on_registration(struct registration_listener *l, enum registration_event e,
			    const struct registration *user, const struct registration_binding *b)
{
	struct mailer *m = l->arg;

	(void)b;
	if (!m->stopped && (e == REGISTRATION_REGISTERED || e == REGISTRATION_REFRESHED))
		mailer_outlet_wake(m, registration_aor(user));
}


static void mailer_destroy(void *object)
{
	struct mailer *m = object;

	mailer_stop(m);
	if (m->p.registrations)
		registrations_unlisten(m->p.registrations, &m->listener);
	mem_unref(m->p.registrations);
	hash_done(&m->outlets);
	hash_done(&m->senders);
	mem_unref(m->p.store);
	mem_unref(m->p.own);
}


int mailer_alloc(struct mailer **ret, const struct mailer_params *p)
{
	struct mailer *m = mem_alloc(sizeof(*m), mailer_destroy);

	if (!m)
		return -ENOMEM;
	m->p = *p;
	m->p.store = mem_ref(p->store);
	m->p.own = mem_ref(p->own);
	m->p.registrations = mem_ref(p->registrations);
	m->loop = sip_loop(p->sip);
	m->listener = (struct registration_listener){.changed = on_registration, .arg = m};
	if (p->registrations)
		registrations_listen(p->registrations, &m->listener);
	list_init(&m->ready);
	list_init(&m->postings);
	list_init(&m->settlings);
	list_init(&m->lingering);
	if (hash_init(&m->outlets, 64) || hash_init(&m->senders, 64)) {
		mem_unref(m);
		return -ENOMEM;
	}
	*ret = m;
	return 0;
}


void mailer_start(struct mailer *m)
{
	mailer_load_start(m);
}


void mailer_stop(struct mailer *m)
{
	m->stopped = true;
	while (list_first(&m->lingering))
		mailer_linger_end(m, container_of(list_first(&m->lingering), struct mailer_linger,
						  link));
	mailer_load_stop(m);
	mailer_postings_drop(m);
	mailer_settlings_drop(m);
	mailer_outlets_close(m);
}
