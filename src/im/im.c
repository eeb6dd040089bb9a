/* SPDX-License-Identifier: Apache-2.0 */
/* The service: hands each request to the function that plays the role. */

#include "im/im.h"

#include <errno.h>

#include "base/mem.h"
#include "im/participating/participating.h"

struct im {
	struct im_events events;
	struct im_log log;
	struct participating *participating;
};


static void destroy(void *object)
{
	struct im *im = object;

	mem_unref(im->participating);
}


int im_alloc(struct im **ret, const struct im_params *p)
{
	struct im *im = mem_alloc(sizeof(*im), destroy);

	if (!im)
		return -ENOMEM;
	im_events_init(&im->events);
	im_events_log(&im->events, &im->log, p->log_addresses);
	int err = participating_alloc(&im->participating, p, &im->events);
	if (err) {
		mem_unref(im);
		return err;
	}
	*ret = im;
	return 0;
}


struct im_events *im_events(struct im *im)
{
	return &im->events;
}


void im_receive(struct im *im, struct im_request *r)
{
	participating_receive(im->participating, r);
}


size_t im_under_way(const struct im *im)
{
	return participating_under_way(im->participating);
}
