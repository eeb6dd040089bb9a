/* SPDX-License-Identifier: Apache-2.0 */
/* Prints parley.yaml(5): run while building. */
#include <stdio.h>

#include "server/config.h"


int main(void)
{
	struct buf out = BUF_INIT(CONFIG_TEXT_MAX);
	int status = 1;

	config_man(&out);
	if (!out.failed && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0)
		status = 0;
	buf_done(&out);
	return status;
}
