/* SPDX-License-Identifier: Apache-2.0 */
/* What the last process has left in the store: read page by page, and sent. */
#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "im/controlling/mailer_state.h"

/** The store could not be read: again after this. */
#define LOAD_AGAIN_MS (10 * 1000)

static void load_next(struct mailer *m);


static void on_load_again(struct timer *t, void *arg)
{
	(void)t;
	load_next(arg);
}


static void load_later(struct mailer *m, int error)
{
	log_warning("mailing", "what waits for its recipients cannot be read: %s",
		    strerror(-error));
	timer_start(&m->load_again, loop_timers(m->loop), LOAD_AGAIN_MS, on_load_again, m);
}


static int take(struct mailer *m, const struct store_mailing *r)
{
	struct mail *l;

	if (!r->recipients_n)
		return 0;
	l = mail_alloc(m, r);
	if (!l)
		return -ENOMEM;
	mailer_outlets_take(l);
	mem_unref(l);
	return 0;
}


static void on_loaded(struct store_request *q, int error, void *arg)
{
	struct mailer *m = arg;
	size_t n = 0;
	const struct store_mailing *r = error ? NULL : store_mailing_result(q, &n);

	for (size_t i = 0; !error && i < n; i++) {
		error = take(m, &r[i]);
		if (error)
			break;
		m->loaded = r[i].id;
		if (m->last_id < r[i].id)
			m->last_id = r[i].id;
	}
	mailer_outlets_pump(m);
	if (error)
		load_later(m, error);
	else if (n)
		load_next(m);
	else
		m->loading = false;
}


static void load_next(struct mailer *m)
{
	int err = store_mailing_list(m->p.store, &m->load, m->loaded, STORE_MAILING_PAGE_MAX,
				     on_loaded, m);

	if (err)
		load_later(m, err);
}


void mailer_load_start(struct mailer *m)
{
	m->loading = true;
	load_next(m);
}


void mailer_load_stop(struct mailer *m)
{
	timer_cancel(&m->load_again);
	store_cancel(&m->load);
}
