/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: jobs in groups, one connection each, in a worker thread or at the end of the turn. */
#include "store/lane.h"

#include <errno.h>

/** Bytes of the sentence for the operator. */
#define WHY_MAX 512


static void free_jobs(struct list *jobs)
{
	for (struct list_link *k; (k = list_first(jobs));) {
		struct store_job *j = container_of(k, struct store_job, link);

		list_remove(jobs, k);
		store_job_free(j);
	}
}


static void lane_free(struct store_lane *l)
{
	free_jobs(&l->queue);
	free_jobs(&l->group);
	if (l->connection)
		l->backend->close(l->connection);
	buf_done(&l->why);
	mem_unref(l);
}


/* ---- In the worker ---- */

/** Failures of one request alone, as opposed to those of the store. */
static bool harmless(int error)
{
	switch (error) {
	case 0:
	case -ENOENT:
	case -EEXIST:
	case -EINVAL:
	case -ENOBUFS:
	case -EDQUOT:
	case -ESTALE:
		return true;
	default:
		return false;
	}
}


static void note(struct store_lane *l, int error)
{
	if (harmless(error) || l->trouble)
		return;
	l->trouble = error;
	l->backend->explain(l->connection, error, &l->why);
}


static void fail_all(struct store_lane *l, int error)
{
	for (struct list_link *k = list_first(&l->group); k; k = list_next(&l->group, k))
		container_of(k, struct store_job, link)->error = error;
}


/** Each job of the group in turn; the error that took the transaction with it, or 0. */
static int run_jobs(struct store_lane *l)
{
	for (struct list_link *k = list_first(&l->group); k; k = list_next(&l->group, k)) {
		struct store_job *j = container_of(k, struct store_job, link);

		j->error = l->backend->op[j->op](l->connection, j);
		note(l, j->error);
		if (j->error && l->writes && l->backend->lost(l->connection))
			return j->error;
	}
	return 0;
}


static void run_group(struct store_lane *l)
{
	int error;

	l->trouble = 0;
	buf_clear(&l->why);
	if (!l->writes) {
		run_jobs(l);
		return;
	}

	error = l->backend->begin(l->connection);
	if (!error) {
		error = run_jobs(l);
		if (error)
			l->backend->rollback(l->connection);
		else
			error = l->backend->commit(l->connection);
	}
	if (!error)
		return;
	/* An error that is harmless to others is not when it took them along. */
	if (harmless(error))
		error = -EIO;
	note(l, error);
	fail_all(l, error);
}


/* ---- On the loop ---- */

/** Up to a group's worth from the queue. */
static void take_group(struct store_lane *l)
{
	while (l->group.count < STORE_GROUP_MAX) {
		struct list_link *k = list_first(&l->queue);

		if (!k)
			return;
		list_remove(&l->queue, k);
		list_append(&l->group, k);
	}
}


/** The store is gone and nobody waits: what was asked for is done here and now. */
static void finish(struct store_lane *l)
{
	while (!list_empty(&l->queue) && l->writes) {
		take_group(l);
		run_group(l);
		free_jobs(&l->group);
	}
	lane_free(l);
}


/* The request is idle before `done` is called, which may free it or use it anew. */
static void answer(struct store_job *j)
{
	struct store_request *r = j->request;

	if (!r)
		return;
	j->request = NULL;
	r->job = NULL;
	r->found = j->error ? NULL : j->found;
	r->found_n = j->error ? 0 : j->found_n;
	r->done(r, j->error, r->arg);
}


static void answer_group(struct store_lane *l)
{
	for (struct list_link *k; (k = list_first(&l->group));) {
		struct store_job *j = container_of(k, struct store_job, link);

		list_remove(&l->group, k);
		answer(j);
		store_job_free(j);
	}
}


static void group_done(struct store_lane *l)
{
	struct store *s = l->store;

	if (s) {
		mem_ref(s);
		if (l->writes || l->trouble)
			store_lane_report(s, l->trouble, buf_str(&l->why));
		answer_group(l);
		mem_unref(s);
	}

	l->busy = false;
	if (l->store)
		store_lane_kick(l);
	else
		finish(l);
}


static void work_run(struct work *w)
{
	run_group(container_of(w, struct store_lane, work));
}


static void work_done(struct work *w)
{
	group_done(container_of(w, struct store_lane, work));
}


static void turn_cb(void *arg)
{
	struct store_lane *l = arg;

	if (l->held) {
		l->busy = false;
		return;
	}
	take_group(l);
	run_group(l);
	group_done(l);
}


static void late_cb(struct timer *t, void *arg)
{
	(void)t;
	turn_cb(arg);
}


/* There was no memory for a worker: those that wait are told so, rather than to wait for better times. */
static void refuse_cb(void *arg)
{
	struct store_lane *l = arg;

	take_group(l);
	fail_all(l, -ENOMEM);
	l->trouble = 0;
	group_done(l);
}


static void put_back(struct store_lane *l)
{
	while (!list_empty(&l->group)) {
		struct list_link *k = l->group.head.prev;

		list_remove(&l->group, k);
		list_prepend(&l->queue, k);
	}
}


static void start_worker(struct store_lane *l)
{
	take_group(l);
	l->work.run = work_run;
	l->work.done = work_done;
	if (!loop_work(l->loop, &l->work))
		return;

	put_back(l);
	loop_defer(l->loop, &l->turn, refuse_cb, l);
}


void store_lane_kick(struct store_lane *l)
{
	if (l->busy || l->held || list_empty(&l->queue))
		return;

	l->busy = true;
	if (l->backend->threads)
		start_worker(l);
	else if (l->delay_ms)
		timer_start(&l->late, loop_timers(l->loop), l->delay_ms, late_cb, l);
	else
		loop_defer(l->loop, &l->turn, turn_cb, l);
}


void store_lane_add(struct store_lane *l, struct store_job *j)
{
	j->lane = l;
	list_append(&l->queue, &j->link);
	store_lane_kick(l);
}


int store_lane_open(struct store_lane **ret, struct store *s, struct loop *loop,
		    const struct store_backend *backend, struct str where, bool writes,
		    struct buf *why)
{
	struct store_lane *l = mem_alloc(sizeof(*l), NULL);
	int r;

	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->backend = backend;
	l->store = s;
	l->writes = writes;
	list_init(&l->queue);
	list_init(&l->group);
	buf_init(&l->why, WHY_MAX);
	r = backend->open(&l->connection, where, !writes, why);
	if (r) {
		lane_free(l);
		return r;
	}

	*ret = l;
	return 0;
}


static void forget_requests(struct list *jobs)
{
	for (struct list_link *k = list_first(jobs); k; k = list_next(jobs, k)) {
		struct store_job *j = container_of(k, struct store_job, link);

		if (j->request)
			j->request->job = NULL;
		j->request = NULL;
	}
}


void store_lane_close(struct store_lane *l)
{
	bool waiting = timer_running(&l->late) || list_linked(&l->turn.link);

	if (!l->store)
		return;
	forget_requests(&l->queue);
	forget_requests(&l->group);
	timer_cancel(&l->late);
	loop_defer_cancel(l->loop, &l->turn);
	l->store = NULL;
	if (!l->busy || waiting)
		finish(l);
}
