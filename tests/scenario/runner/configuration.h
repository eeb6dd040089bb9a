/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The server's configuration in a scenario: defaults fit for the virtual network, over them the file's
 * `config` blocks, over them the case's. A top-level key given later replaces the earlier one whole.
 */
#ifndef RUNNER_CONFIGURATION_H
#define RUNNER_CONFIGURATION_H

#include "scenario/runner/play.h"

/** The YAML for this case; `more` (may be NULL): a block that goes over all others. False: reported. */
bool scn_configuration(struct scn_play *p, const struct scn_text *more, struct str *ret);
/** Sets p->domain and the variables that come of it. */
void scn_configuration_domain(struct scn_play *p);
/** A real REGISTER, with digest; 200 is expected. False: reported. (play_send.c) */
bool scn_register(struct scn_peer *peer, const struct scn_line *line);

#endif
