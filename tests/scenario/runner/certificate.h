/* SPDX-License-Identifier: Apache-2.0 */
/** A certificate of its own for each case that uses TLS; it is its own authority, and peers share it. */
#ifndef RUNNER_CERTIFICATE_H
#define RUNNER_CERTIFICATE_H

#include "base/str.h"

/** Writes DIRECTORY/server.pem and server.key for this domain, once. */
void scn_certificate_write(struct str directory, struct str domain);

#endif
