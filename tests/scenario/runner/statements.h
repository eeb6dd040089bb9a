/* SPDX-License-Identifier: Apache-2.0 */
/** The tables of statements: each row is a form of the language and what it does. */
#ifndef RUNNER_STATEMENTS_H
#define RUNNER_STATEMENTS_H

#include "scenario/runner/form.h"

extern const struct scn_form scn_client_forms[]; /**< play_client.c: the bundled client */
extern const struct scn_form scn_group_forms[];  /**< play_group.c: the same in groups */
extern const struct scn_form scn_acts[];         /**< play_send.c: what peers do */
extern const struct scn_form scn_expectations[]; /**< play_receive.c: what they see */
extern const struct scn_form
	scn_affairs[]; /**< play_world.c: time, store, counters, operator, network */

#endif
