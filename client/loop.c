/* SPDX-License-Identifier: Apache-2.0 */
/* The loop, for programs that do not bring their own. */
#include "base/loop.h"

#include "parley.h"

#include "base/mem.h"


struct loop *parley_loop_open(void)
{
	return loop_uv_alloc();
}


void parley_loop_run(struct loop *l)
{
	loop_run(l);
}


void parley_loop_stop(struct loop *l)
{
	loop_stop(l);
}


void parley_loop_close(struct loop *l)
{
	mem_unref(l);
}
