/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Requests that come: whom they are for, what is answered (RFC 4975 7.3).
 */
#ifndef MSRP_RECEIVE_H
#define MSRP_RECEIVE_H

#include "msrp/connection.h"

extern const struct msrp_parser_ops msrp_receive_ops;

/** What was gathered of a body is not needed any more. */
void msrp_gathered_drop(struct msrp_connection *c);
/** The request under way on `c` will not end: its handler is told. */
void msrp_receive_break(struct msrp_connection *c);

#endif
