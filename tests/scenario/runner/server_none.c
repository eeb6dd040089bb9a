/* SPDX-License-Identifier: Apache-2.0 */
/* No server: for the tests of the runner itself. */
#include "scenario/runner/server.h"

#include <errno.h>

#include "scenario/runner/play.h"


struct scn_server *scn_server_start(struct scn_play *p, const struct scn_line *line,
				    struct str yaml)
{
	(void)yaml;
	scn_fail(p, line, "this runner has no server: say `server none`");
	return NULL;
}


void scn_server_stop(struct scn_play *p, struct scn_server *s)
{
	(void)p;
	(void)s;
}


bool scn_server_restart(struct scn_play *p, const struct scn_line *line)
{
	return scn_fail(p, line, "there is no server");
}


int scn_server_reload(struct scn_play *p, struct str yaml, struct buf *why)
{
	(void)p;
	(void)yaml;
	(void)why;
	return -ENOENT;
}


bool scn_server_addr(const struct scn_server *s, enum scn_over over, int family, struct addr *ret)
{
	(void)s;
	(void)family;
	(void)over;
	(void)ret;
	return false;
}


bool scn_server_is_at(const struct scn_server *s, const struct addr *a)
{
	(void)s;
	(void)a;
	return false;
}


struct scn_admin_answer scn_server_admin(struct scn_play *p, struct str method, struct str path,
					 struct str body)
{
	(void)p;
	(void)method;
	(void)path;
	(void)body;
	return (struct scn_admin_answer){0};
}


int scn_server_store_count(struct scn_play *p, struct str kind, struct str user, uint64_t *ret)
{
	(void)p;
	(void)kind;
	(void)user;
	(void)ret;
	return -ENOENT;
}


struct dns *scn_zone_open(struct scn_play *p, struct str zone, struct str *why)
{
	(void)p;
	(void)zone;
	*why = STR_NULL;
	return NULL;
}
