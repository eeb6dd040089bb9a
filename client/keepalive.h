/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Keep-alives on the way to the server, so that what lies between does not forget us (RFC 5626 3.5).
 */
#ifndef CLIENT_KEEPALIVE_H
#define CLIENT_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/timer.h"
#include "sip/sip.h"

struct parley;

/** RFC 5626 4.4.1: "120 seconds (95 seconds for the lower bound)". */
#define KEEPALIVE_STREAM_MS 120000
#define KEEPALIVE_STREAM_LOWER_MS 95000
/** 4.4.2: "a random number between 24 and 29 seconds". */
#define KEEPALIVE_UDP_MS 29000
#define KEEPALIVE_UDP_LOWER_MS 24000
/** A Flow-Timer below this is not followed: it would be a flood. */
#define KEEPALIVE_LEAST_S 5

struct keepalive {
	struct timer timer;
	struct sip_hop hop;
	char host[SIP_HOST_MAX]; /**< that hop.host points into */
	uint32_t upper_ms, lower_ms;
};

/** From the 200 to a REGISTER: starts over, or stops where none are needed. */
void keepalive_start(struct parley *p, const struct sip_hop *hop, const struct sip_msg *m);
void keepalive_stop(struct parley *p);

#endif
