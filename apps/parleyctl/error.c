/* SPDX-License-Identifier: Apache-2.0 */
/* How a failure is told. */
#include <stdarg.h>
#include <stdio.h>

#include "ctl.h"


int ctl_error(const char *remedy, const char *what, ...)
{
	va_list ap;

	fputs("parleyctl: ", stderr);
	va_start(ap, what);
	vfprintf(stderr, what, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", remedy);
	return CTL_FAILED;
}


int ctl_no_memory(void)
{
	return ctl_error("free some, and try again", "there is no memory");
}
