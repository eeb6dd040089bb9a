/* SPDX-License-Identifier: Apache-2.0 */
/* How many received a message: what is asked of the far side, and what its reports say. */
#include "im/participating/delivery_report.h"

#include "base/mem.h"

/** Room to begin with: a client that chats has one or two under way. */
#define ROOM_FIRST 4

/** A message whose report is due. */
struct due {
	uint64_t id; /* hash of its Message-ID */
	bool report; /* the client asked for one, too */
	bool count;  /* and for the number */
};

struct delivery_reports {
	struct hash_key key;
	enum msrp_sent_count how;
	bool client_asks; /* it has asked for a report of some message */
	uint16_t n, room;
	struct due *due; /* the oldest first */
};


static void destroy(void *object)
{
	struct delivery_reports *d = object;

	mem_free(d->due);
}


struct delivery_reports *delivery_reports_alloc(enum im_sent_count how, const struct hash_key *key)
{
	struct delivery_reports *d = mem_alloc(sizeof(*d), destroy);

	if (!d)
		return NULL;
	d->how = how == IM_SENT_COUNT_PARAMETER ? MSRP_SENT_COUNT_PARAMETER
						: MSRP_SENT_COUNT_HEADER;
	d->key = *key;
	return d;
}


size_t delivery_reports_due(const struct delivery_reports *d)
{
	return d->n;
}


/* ---- What is remembered ---- */

/* The latest is what is looked for as a rule. */
static struct due *find(const struct delivery_reports *d, uint64_t id)
{
	for (uint16_t i = d->n; i-- > 0;) {
		if (d->due[i].id == id)
			return &d->due[i];
	}
	return NULL;
}


static void forget(struct delivery_reports *d, const struct due *x)
{
	size_t i = (size_t)(x - d->due);

	d->n--;
	memmove(&d->due[i], &d->due[i + 1], (d->n - i) * sizeof(*d->due));
}


static bool make_room(struct delivery_reports *d)
{
	size_t room = d->room ? 2u * d->room : ROOM_FIRST;
	struct due *due;

	if (d->n < d->room)
		return true;
	if (d->n == DELIVERY_REPORTS_MAX) {
		forget(d, d->due);
		return true;
	}
	due = mem_resize(d->due, room * sizeof(*due));
	if (!due)
		return false;
	d->due = due;
	d->room = (uint16_t)room;
	return true;
}


/* ---- Asking ---- */

/*
 * OPF-DR-2, OPF-DR-3. One that was pushed out while its chunks still come is remembered again, and what is asked
 * stays the same.
 */
enum msrp_sent_count delivery_reports_ask(struct delivery_reports *d, const struct msrp_frame *f)
{
	uint64_t id = hash_bytes(&d->key, f->message_id.p, f->message_id.n);
	struct due *x = find(d, id);

	if (!f->message_id.n)
		return MSRP_SENT_COUNT_AS_IT_CAME;
	if (!x) {
		if (!make_room(d))
			return MSRP_SENT_COUNT_AS_IT_CAME;
		x = &d->due[d->n++];
		*x = (struct due){.id = id};
	}
	x->report |= f->success_report;
	x->count |= f->include_sent_count;
	d->client_asks |= f->success_report;
	return d->how;
}


/* ---- Hearing ---- */

/* RFC 4975 7.1.2: the Byte-Range of a report says what it is about. */
static bool is_whole(const struct msrp_frame *f)
{
	return f->range.start <= 1 &&
	       (f->range.total == MSRP_RANGE_UNKNOWN || f->range.end == MSRP_RANGE_UNKNOWN ||
		f->range.end >= f->range.total);
}


static bool is_success(const struct msrp_frame *f)
{
	return f->report_namespace == 0 && f->report_status == 200;
}


/* OPF-DR-4: "Malformed/negative/absent value => not counted". OPF-DR-5. */
struct delivery_report delivery_reports_arrived(struct delivery_reports *d,
						const struct msrp_frame *f)
{
	struct due *x = find(d, hash_bytes(&d->key, f->message_id.p, f->message_id.n));
	struct delivery_report r = {MSRP_REPORT_WITHOUT_COUNT, false, 0};
	bool passes = d->client_asks, plain = true;

	if (x) {
		r.counted = f->has_distribution_count && is_whole(f);
		r.recipients = f->distribution_count;
		passes = x->report;
		plain = !x->count;
		if (is_whole(f))
			forget(d, x);
	}
	if (!passes && is_success(f))
		r.fate = MSRP_REPORT_STAYS;
	else if (!plain)
		r.fate = MSRP_REPORT_PASSES;
	return r;
}
