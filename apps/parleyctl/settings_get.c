/* SPDX-License-Identifier: Apache-2.0 */
/* parleyctl settings get USER: a user's service settings, of all devices together. */
#include "settings.h"


int ctl_settings_get(struct ctl *c)
{
	return ctl_settings(c, "GET", NULL);
}
