/* SPDX-License-Identifier: Apache-2.0 */
/** The last answer on a connection whose bytes cannot be cut into messages any more. */
#ifndef SIP_REFUSE_STREAM_H
#define SIP_REFUSE_STREAM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/loop.h"

/** `part`: the message as far as it is here. False: it is nothing that can be answered. */
bool sip_refuse_stream(struct str part, uint16_t status, struct loop *loop, struct buf *out);

#endif
