/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The notice of failure that a sender asked for (RFC 5438 8.2): an IMDN in CPIM, on its way back. How it gets there is
 * its maker's affair: a deferred message's is deferred itself (im/deferred/notice.c), a mailing's is a mailing
 * (im/controlling/mailer_message.c).
 */
#ifndef IM_FAILURE_NOTICE_H
#define IM_FAILURE_NOTICE_H

#include "base/buf.h"
#include "body/cpim.h"

/** A notice is small: two addresses, a Message-ID and the frame. */
#define FAILURE_NOTICE_MAX 16384

struct failure_notice {
	const struct cpim *of; /**< the message that failed; its head */
	struct str recipient;  /**< who has not got it, in whose name the notice is */
	struct str sender;     /**< who asked, should From in CPIM be unreadable */
	struct str id;         /**< Message-ID of the notice */
	int64_t now_ms;
};

/** The CPIM object, of type message/cpim. */
void failure_notice_encode(const struct failure_notice *n, struct buf *out);

#endif
