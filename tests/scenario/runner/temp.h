/* SPDX-License-Identifier: Apache-2.0 */
/** Files of one case: a directory of its own, and the TLS that its certificate gives. */
#ifndef RUNNER_TEMP_H
#define RUNNER_TEMP_H

#include "scenario/runner/play.h"

/** Made when first asked for. */
struct str scn_temp(struct scn_play *p);
void scn_temp_remove(struct scn_play *p);
/**
 * TLS of the peers, whether they connect or listen: the certificate of the case, which they also trust.
 * The server gets the same one (its files are {tmp}/server.pem and {tmp}/server.key). Borrowed.
 */
struct tls_config *scn_tls(struct scn_play *p);

#endif
