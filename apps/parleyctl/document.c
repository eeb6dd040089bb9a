/* SPDX-License-Identifier: Apache-2.0 */
/* Where a document is. */
#include "document.h"


bool ctl_document_path(const struct ctl *c, struct buf *out)
{
	return ctl_path(out, "/v1/users/", c->args[0], "/documents/") &&
	       ctl_path(out, "", c->args[1], "/") && ctl_path(out, "", c->args[2], "");
}
