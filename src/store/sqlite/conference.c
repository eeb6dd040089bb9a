/* SPDX-License-Identifier: Apache-2.0 */
/* Conferences that stand, in SQLite. */
#include <errno.h>

#include "store/sqlite/connection.h"


static int number_of(struct sqlite_connection *c, const char *sql, struct str id, int64_t *ret)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	if (id.n)
		sqlite_bind_str(&run, id);
	return sqlite_finish_number(&run, ret);
}


static int check_room(struct sqlite_connection *c, struct str id)
{
	static const char THERE[] = "SELECT count(*) FROM conference WHERE id = ?";
	static const char ALL[] = "SELECT count(*) FROM conference";
	int64_t n = 0;
	int r = number_of(c, THERE, id, &n);

	if (r || n)
		return r;
	r = number_of(c, ALL, STR(""), &n);
	return r || n < STORE_CONFERENCES_MAX ? r : -EDQUOT;
}


static int run_id(struct sqlite_connection *c, const char *sql, struct str id, bool must)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_str(&run, id);
	return must ? sqlite_finish_changed(&run) : sqlite_finish(&run);
}


static int remove_persons(struct sqlite_connection *c, struct str id)
{
	static const char SQL[] = "DELETE FROM conference_person WHERE conference = ?";

	return run_id(c, SQL, id, false);
}


static int add_person(struct sqlite_connection *c, struct str id, struct str who)
{
	static const char SQL[] =
		"INSERT OR IGNORE INTO conference_person (conference, who) VALUES (?, ?)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, id);
	sqlite_bind_str(&run, who);
	return sqlite_finish(&run);
}


static int write_conference(struct sqlite_connection *c, const struct store_conference *v)
{
	static const char SQL[] =
		"INSERT OR REPLACE INTO conference (id, kind, group_, founder, subject, since_ms, "
		"lapses_ms) VALUES (?, ?, ?, ?, ?, ?, 0)";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, v->id);
	sqlite_bind_int(&run, v->kind);
	sqlite_bind_str(&run, v->group);
	sqlite_bind_str(&run, v->founder);
	sqlite_bind_str(&run, v->subject);
	sqlite_bind_int(&run, v->since_ms);
	return sqlite_finish(&run);
}


int sqlite_conference_put(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_conference *v = &j->in.conference;
	int r = check_room(c, v->id);

	if (r)
		return r;
	r = write_conference(c, v);
	if (!r)
		r = remove_persons(c, v->id);
	for (size_t i = 0; !r && i < v->invited_n; i++)
		r = add_person(c, v->id, v->invited[i]);
	return r ? sqlite_spoil(c, r) : 0;
}


int sqlite_conference_invite(struct sqlite_connection *c, struct store_job *j)
{
	static const char THERE[] = "SELECT count(*) FROM conference WHERE id = ?";
	static const char PERSONS[] = "SELECT count(*) FROM conference_person WHERE conference = ?";
	static const char KNOWN[] =
		"SELECT count(*) FROM conference_person WHERE conference = ? AND who = ?";
	const struct store_conference *v = &j->in.conference;
	struct sqlite_run run;
	int64_t n = 0;
	int r = number_of(c, THERE, v->id, &n);

	if (r || !n)
		return r ? r : -ENOENT;
	sqlite_begin_run(&run, c, KNOWN);
	sqlite_bind_str(&run, v->id);
	sqlite_bind_str(&run, v->invited[0]);
	r = sqlite_finish_number(&run, &n);
	if (r || n)
		return r;
	r = number_of(c, PERSONS, v->id, &n);
	if (!r && n >= STORE_CONFERENCE_INVITED_MAX)
		return -EDQUOT;
	return r ? r : add_person(c, v->id, v->invited[0]);
}


int sqlite_conference_delete(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM conference WHERE id = ?";
	int r = run_id(c, SQL, j->in.conference.id, true);

	if (r)
		return r;
	r = remove_persons(c, j->in.conference.id);
	return r ? sqlite_spoil(c, r) : 0;
}


int sqlite_conference_lapse(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "UPDATE conference SET lapses_ms = ? WHERE lapses_ms = 0";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, j->in.now_ms);
	return sqlite_finish(&run);
}


static int read_lapsed(struct sqlite_connection *c, struct store_job *j, struct str *id)
{
	static const char SQL[] =
		"SELECT id FROM conference WHERE lapses_ms > 0 AND lapses_ms <= ? LIMIT ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, j->in.now_ms);
	sqlite_bind_int(&run, STORE_CONFERENCE_PURGE_MAX);
	while (j->found_n < STORE_CONFERENCE_PURGE_MAX && sqlite_next(&run))
		id[j->found_n++] = sqlite_column_str(&run, &j->arena);
	return sqlite_finish(&run);
}


int sqlite_conference_purge(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM conference WHERE id = ?";
	struct str *id = arena_alloc(&j->arena, STORE_CONFERENCE_PURGE_MAX * sizeof(*id));
	int r;

	if (!id)
		return -ENOMEM;
	r = read_lapsed(c, j, id);
	for (size_t i = 0; !r && i < j->found_n; i++) {
		r = run_id(c, SQL, id[i], false);
		if (!r)
			r = remove_persons(c, id[i]);
	}
	if (!r)
		return 0;
	j->found_n = 0;
	return sqlite_spoil(c, r);
}


static int read_persons(struct sqlite_connection *c, struct store_job *j,
			struct store_conference *to)
{
	static const char SQL[] =
		"SELECT who FROM conference_person WHERE conference = ? ORDER BY who";
	struct str *who = arena_alloc(&j->arena, STORE_CONFERENCE_INVITED_MAX * sizeof(*who));
	struct sqlite_run run;

	if (!who)
		return -ENOMEM;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, to->id);
	while (to->invited_n < STORE_CONFERENCE_INVITED_MAX && sqlite_next(&run))
		who[to->invited_n++] = sqlite_column_str(&run, &j->arena);
	to->invited = who;
	return sqlite_finish(&run);
}


int sqlite_conference_get(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "SELECT kind, group_, founder, subject, since_ms, lapses_ms "
				  "FROM conference WHERE id = ?";
	struct store_conference *to = arena_alloc(&j->arena, sizeof(*to));
	struct sqlite_run run;
	bool found;
	int r;

	if (!to)
		return -ENOMEM;
	*to = (struct store_conference){.id = j->in.conference.id};
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, to->id);
	found = sqlite_next(&run);
	if (found) {
		to->kind = (uint32_t)sqlite_column_int(&run);
		to->group = sqlite_column_str(&run, &j->arena);
		to->founder = sqlite_column_str(&run, &j->arena);
		to->subject = sqlite_column_str(&run, &j->arena);
		to->since_ms = sqlite_column_int(&run);
		to->lapses_ms = sqlite_column_int(&run);
	}
	r = sqlite_finish(&run);
	if (r || !found)
		return r ? r : -ENOENT;
	j->found = to;
	j->found_n = 1;
	return read_persons(c, j, to);
}
