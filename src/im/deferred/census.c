/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through all users with messages. */
#include "im/deferred/census.h"

#include "im/deferred/addressee.h"

static void walk(struct census *c);


static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	walk(arg);
}


static void later(struct census *c, uint64_t ms)
{
	timer_start(&c->timer, loop_timers(c->d->loop), ms, on_timer, c);
}


static void ended(struct census *c)
{
	c->walking = false;
	buf_clear(&c->after);
	if (c->wanted)
		later(c, CENSUS_AGAIN_MS);
}


static bool is_ours_to_push(const struct deferred *d, struct str user)
{
	/* Without `push` only what goes to another domain leaves by itself: nobody registers there. */
	return d->config.push || !im_addresses_serve(&d->addresses, user);
}


static void on_users(struct store_request *r, int error, void *arg)
{
	struct census *c = arg;
	size_t n = 0;
	const struct store_waiting_user *u = error ? NULL : store_deferred_users_result(r, &n);

	if (error) {
		later(c, CENSUS_AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_ours_to_push(c->d, u[i].user))
			(void)addressee_wake(c->d, u[i].user, 0, QUEUE_FOUND);
	}
	if (n < STORE_PAGE_MAX) {
		ended(c);
		return;
	}
	buf_clear(&c->after);
	buf_puts(&c->after, u[n - 1].user);
	walk(c);
}


static void walk(struct census *c)
{
	if (!c->walking) {
		c->walking = true;
		c->wanted = false;
		buf_clear(&c->after);
	}
	if (c->d->line.count > CENSUS_LINE_MAX)
		later(c, CENSUS_WAIT_MS);
	else if (store_deferred_users(c->d->store, &c->read, buf_str(&c->after), STORE_PAGE_MAX,
				      on_users, c))
		later(c, CENSUS_AGAIN_MS);
}


void census_start(struct census *c, struct deferred *d)
{
	c->d = d;
	buf_init(&c->after, SIP_AOR_MAX);
	walk(c);
}


void census_stop(struct census *c)
{
	timer_cancel(&c->timer);
	store_cancel(&c->read);
	buf_done(&c->after);
	c->wanted = c->walking = false;
}


void census_want(struct census *c)
{
	c->wanted = true;
	if (c->d && !c->walking && !timer_running(&c->timer))
		later(c, CENSUS_AGAIN_MS);
}
