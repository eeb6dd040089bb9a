/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles in SQLite: several reads in one transaction, so that they are of one moment. */
#include "store/sqlite/connection.h"


int sqlite_profile_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char BEGIN[] = "BEGIN", END[] = "COMMIT";
	struct sqlite_run run;
	int r, ended;

	sqlite_begin_run(&run, c, BEGIN);
	r = sqlite_finish(&run);
	if (r)
		return r;
	r = store_profile_collect(c, j, store_sqlite_backend.op);
	sqlite_begin_run(&run, c, END);
	ended = sqlite_finish(&run);
	if (ended && !sqlite3_get_autocommit(c->db))
		(void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	return r ? r : ended;
}
