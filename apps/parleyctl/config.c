/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl config: the effective configuration. */
#include "ctl.h"


int ctl_config(struct ctl *c)
{
	struct buf text = BUF_INIT(CTL_REPLY_MAX);
	int status = ctl_ask_text(c, c->json ? "/v1/config" : "/v1/config?format=yaml", &text);

	if (status == CTL_OK)
		status = ctl_print(&text);
	buf_done(&text);
	return status;
}
