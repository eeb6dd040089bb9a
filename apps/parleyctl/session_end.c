/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl session end ID: ends a session on both sides. */
#include "change.h"


int ctl_session_end(struct ctl *c)
{
	return ctl_change_delete(c, "/v1/sessions/", "ended", "ended");
}
