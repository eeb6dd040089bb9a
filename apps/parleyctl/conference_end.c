/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl conference end ID: hangs up on everybody in it. */
#include "change.h"


int ctl_conference_end(struct ctl *c)
{
	return ctl_change_delete(c, "/v1/conferences/", "ended", "ended");
}
