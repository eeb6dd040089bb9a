/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the commands about documents share.
 */
#ifndef PARLEYCTL_DOCUMENT_H
#define PARLEYCTL_DOCUMENT_H

#include "ctl.h"

/** "/v1/users/USER/documents/AUID/NAME" of the first three arguments. False: too long, and told. */
bool ctl_document_path(const struct ctl *c, struct buf *out);

#endif
