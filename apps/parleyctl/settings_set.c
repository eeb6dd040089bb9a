/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl settings set USER NAME=on|off …: changes them on all devices. */
#include "settings.h"
#include "values.h"


int ctl_settings_set(struct ctl *c)
{
	json_t *values;
	int status = ctl_values(c, 1, &values);

	return status == CTL_OK ? ctl_settings(c, "PUT", values) : status;
}
