/* SPDX-License-Identifier: Apache-2.0 */
/* System messages in SQLite. */
#include <errno.h>

#include "store/sqlite/connection.h"

#define COLUMNS                                                                                \
	"aor, id, text, choices, required, timeout_s, created_ms, delivered_ms, answered_ms, " \
	"answer, "                                                                             \
	"cleared"
#define SELECT "SELECT " COLUMNS " FROM system_message WHERE "

/** Of one message, as it stands in its column. */
#define CHOICES_MAX (STORE_CHOICES_MAX * (STORE_CHOICE_LEN_MAX + 1))


static void take_choices(struct store_system_message *m, struct str rest)
{
	while (rest.n && m->choices < STORE_CHOICES_MAX)
		m->choice[m->choices++] = str_cut(&rest, '\n');
}


static void take(struct sqlite_run *run, struct arena *a, struct store_system_message *m)
{
	m->aor = sqlite_column_str(run, a);
	m->id = sqlite_column_str(run, a);
	m->text = sqlite_column_str(run, a);
	take_choices(m, sqlite_column_str(run, a));
	m->required = sqlite_column_int(run) != 0;
	m->timeout_s = (uint32_t)sqlite_column_int(run);
	m->created_ms = sqlite_column_int(run);
	m->delivered_ms = sqlite_column_int(run);
	m->answered_ms = sqlite_column_int(run);
	m->answer = sqlite_column_str(run, a);
	m->cleared = sqlite_column_int(run) != 0;
}


/* The rows of `run` into the job. */
static int take_all(struct sqlite_run *run, struct store_job *j, size_t max)
{
	struct store_system_message *to = arena_alloc(&j->arena, max * sizeof(*to));

	if (!to && !run->error)
		run->error = -ENOMEM;
	j->found = to;
	while (j->found_n < max && sqlite_next(run))
		take(run, &j->arena, &to[j->found_n++]);
	return sqlite_finish(run);
}


static int insert(struct sqlite_connection *c, const struct store_system_message *m)
{
	static const char SQL[] = "INSERT INTO system_message (" COLUMNS ") "
				  "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, '', 0)";
	char storage[CHOICES_MAX];
	struct sqlite_run run;
	struct buf choices;

	buf_fixed(&choices, storage, sizeof(storage));
	for (unsigned i = 0; i < m->choices; i++) {
		buf_puts(&choices, m->choice[i]);
		buf_putc(&choices, '\n');
	}
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, m->aor);
	sqlite_bind_str(&run, m->id);
	sqlite_bind_str(&run, m->text);
	sqlite_bind_str(&run, buf_str(&choices));
	sqlite_bind_int(&run, m->required);
	sqlite_bind_int(&run, m->timeout_s);
	sqlite_bind_int(&run, m->created_ms);
	return sqlite_finish(&run);
}


static int count(struct sqlite_connection *c, struct str aor, int64_t *ret)
{
	static const char SQL[] = "SELECT count(*) FROM system_message WHERE aor = ?";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	return sqlite_finish_number(&run, ret);
}


/* Room for one more: the oldest that is settled (store_system_message_settled) goes. */
static int drop_settled(struct sqlite_connection *c, struct str aor)
{
	static const char SQL[] =
		"DELETE FROM system_message WHERE rowid = "
		"(SELECT rowid FROM system_message WHERE aor = ? AND (cleared OR answer <> '' "
		"OR (delivered_ms > 0 AND NOT required)) ORDER BY created_ms, id LIMIT 1)";
	struct sqlite_run run;
	int r;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, aor);
	r = sqlite_finish_changed(&run);
	return r == -ENOENT ? -EDQUOT : r;
}


int sqlite_system_message_add(struct sqlite_connection *c, struct store_job *j)
{
	const struct store_system_message *m = &j->in.system_message;
	int r = sqlite_savepoint(c);
	int64_t n = 0;

	if (r)
		return r;
	r = insert(c, m);
	if (!r)
		r = count(c, m->aor, &n);
	if (!r && n > STORE_SYSTEM_MESSAGES_MAX)
		r = drop_settled(c, m->aor);
	return sqlite_release(c, r);
}


int sqlite_system_message_mark_delivered(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] =
		"UPDATE system_message "
		"SET delivered_ms = CASE delivered_ms WHEN 0 THEN ? ELSE delivered_ms END "
		"WHERE aor = ? AND id = ?";
	const struct store_system_mark *in = &j->in.system_mark;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_int(&run, in->now_ms);
	sqlite_bind_str(&run, in->aor);
	sqlite_bind_str(&run, in->id);
	return sqlite_finish_changed(&run);
}


static int check_answer(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = SELECT "aor = ? AND id = ?";
	const struct store_system_mark *in = &j->in.system_mark;
	struct store_system_message m = {.choices = 0};
	struct sqlite_run run;
	int r = -ENOENT, error;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, in->aor);
	sqlite_bind_str(&run, in->id);
	if (sqlite_next(&run)) {
		take(&run, &j->arena, &m);
		r = store_system_message_check_answer(&m, in->answer);
	}
	error = sqlite_finish(&run);
	return error ? error : r;
}


int sqlite_system_message_mark_answered(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "UPDATE system_message SET answer = ?, answered_ms = ? "
				  "WHERE aor = ? AND id = ?";
	const struct store_system_mark *in = &j->in.system_mark;
	struct sqlite_run run;
	int r = check_answer(c, j);

	if (r)
		return r > 0 ? 0 : r;
	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, in->answer);
	sqlite_bind_int(&run, in->now_ms);
	sqlite_bind_str(&run, in->aor);
	sqlite_bind_str(&run, in->id);
	return sqlite_finish_changed(&run);
}


static int change(struct sqlite_connection *c, const char *sql, const struct store_system_mark *in)
{
	struct sqlite_run run;

	sqlite_begin_run(&run, c, sql);
	sqlite_bind_str(&run, in->aor);
	sqlite_bind_str(&run, in->id);
	return sqlite_finish_changed(&run);
}


int sqlite_system_message_clear(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "UPDATE system_message SET cleared = 1 WHERE aor = ? AND id = ?";

	return change(c, SQL, &j->in.system_mark);
}


int sqlite_system_message_delete(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = "DELETE FROM system_message WHERE aor = ? AND id = ?";

	return change(c, SQL, &j->in.system_mark);
}


int sqlite_system_message_list(struct sqlite_connection *c, struct store_job *j)
{
	static const char ALL[] = SELECT "(aor, id) > (?, ?) ORDER BY aor, id LIMIT ?";
	static const char ONE[] = SELECT "(aor, id) > (?, ?) AND aor = ? ORDER BY aor, id LIMIT ?";
	const struct store_system_page *page = &j->in.system_page;
	struct sqlite_run run;

	sqlite_begin_run(&run, c, page->aor.n ? ONE : ALL);
	sqlite_bind_str(&run, page->after_aor);
	sqlite_bind_str(&run, page->after_id);
	if (page->aor.n)
		sqlite_bind_str(&run, page->aor);
	sqlite_bind_int(&run, (int64_t)page->max);
	return take_all(&run, j, page->max);
}


int sqlite_system_message_undelivered(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = SELECT "aor = ? AND delivered_ms = 0 AND NOT cleared "
					 "ORDER BY created_ms, id";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.aor);
	return take_all(&run, j, STORE_SYSTEM_MESSAGES_MAX);
}


int sqlite_system_message_unanswered(struct sqlite_connection *c, struct store_job *j)
{
	static const char SQL[] = SELECT "aor = ? AND required AND answer = '' AND NOT cleared "
					 "ORDER BY created_ms, id";
	struct sqlite_run run;

	sqlite_begin_run(&run, c, SQL);
	sqlite_bind_str(&run, j->in.aor);
	return take_all(&run, j, STORE_SYSTEM_MESSAGES_MAX);
}
