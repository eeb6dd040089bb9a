/* SPDX-License-Identifier: Apache-2.0 */
/* How a failure is told. */
#include <stdarg.h>
#include <stdio.h>

#include "ctl.h"


__attribute__((format(printf, 2, 0))) static void tell(const char *remedy, const char *what,
						       va_list ap)
{
	fputs("parleyctl: ", stderr);
	vfprintf(stderr, what, ap);
	fprintf(stderr, ": %s\n", remedy);
}


int ctl_error(const char *remedy, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	tell(remedy, what, ap);
	va_end(ap);
	return CTL_FAILED;
}


int ctl_usage(const char *remedy, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	tell(remedy, what, ap);
	va_end(ap);
	return CTL_USAGE;
}


int ctl_no_memory(void)
{
	return ctl_error("free some, and try again", "there is no memory");
}
