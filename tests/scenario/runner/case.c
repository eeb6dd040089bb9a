/* SPDX-License-Identifier: Apache-2.0 */
/* One case: its world is made, its steps are played, its world is taken down. */
#include "base/counter.h"
#include "lib/virtual_loop.h"
#include "scenario/runner/client.h"
#include "scenario/runner/configuration.h"
#include "scenario/runner/core.h"
#include "scenario/runner/msrp.h"
#include "scenario/runner/play.h"
#include "scenario/runner/server.h"
#include "scenario/runner/temp.h"
#include "scenario/runner/world.h"

/** Every case draws the same random numbers at every run. */
#define SEED 20261121u
/** Rungs of the ladder shown under a failure. */
#define LADDER_SHOWN 16
/** Bytes of a failure's report. */
#define REPORT_MAX ((size_t)4 << 20)

struct world {
	struct scn_play play;
	struct virtual_loop *loop;
};


struct virtual_loop *scn_world_loop(const struct scn_play *p)
{
	return container_of(p, struct world, play)->loop;
}


/* ---- Failing ---- */

bool scn_fail(struct scn_play *p, const struct scn_line *line, const char *format, ...)
{
	va_list ap;

	if (p->failed)
		return false;
	p->failed = true;
	if (line)
		buf_printf(&p->report, "%s:%u: " STR_FMT "\n", line->file, line->no,
			   STR_ARG(line->text));
	else
		buf_printf(&p->report, "%s:%u: case \"" STR_FMT "\"\n", p->script->file,
			   p->c->line->no, STR_ARG(p->c->title));
	buf_printf(&p->report, "at " STR_FMT ": ",
		   STR_ARG(scn_duration_text(p->arena, scn_now(p))));
	va_start(ap, format);
	buf_vprintf(&p->report, format, ap);
	va_end(ap);
	buf_putc(&p->report, '\n');
	return false;
}


void scn_fail_ladder(struct scn_play *p, struct str peer)
{
	if (peer.n)
		buf_printf(&p->report, "recently at " STR_FMT ":\n", STR_ARG(peer));
	else
		buf_puts(&p->report, STR("recently:\n"));
	scn_ladder_print(&p->ladder, peer, LADDER_SHOWN, "  ", &p->report);
}


bool scn_put_in(struct scn_play *p, const struct scn_line *line, struct str text, struct str *ret)
{
	struct str unknown;

	if (str_find_str(text, STR("{tmp}")) >= 0)
		scn_var_set(p->arena, &p->vars, STR("tmp"), scn_temp(p));
	if (scn_substitute(p->arena, &p->vars, text, ret, &unknown))
		return true;
	return scn_fail(p, line, "there is no variable {" STR_FMT "} here", STR_ARG(unknown));
}


bool scn_step_arg(struct scn_play *p, const struct scn_step *st, const char *name, struct str *ret)
{
	*ret = scn_arg(&st->args, name);
	if (!ret->p)
		return true;
	if (!scn_put_in(p, st->line, *ret, ret))
		return false;
	if (scn_arg_quoted(&st->args, name))
		*ret = scn_unescape(p->arena, *ret);
	return true;
}


bool scn_step_time(struct scn_play *p, const struct scn_step *st, const char *name,
		   uint64_t *ret_ms)
{
	struct str s;

	if (!scn_step_arg(p, st, name, &s))
		return false;
	return !s.p || scn_duration(s, ret_ms) ||
	       scn_fail(p, st->line, "not a time: " STR_FMT ": write 500ms, 32s, 1m30s, 1h, 7d",
			STR_ARG(s));
}


bool scn_step_number(struct scn_play *p, const struct scn_step *st, const char *name, uint64_t *ret)
{
	struct str s;

	if (!scn_step_arg(p, st, name, &s))
		return false;
	return !s.p || str_u64(s, ret) ||
	       scn_fail(p, st->line, "not a number: " STR_FMT, STR_ARG(s));
}


struct scn_peer *scn_step_peer(struct scn_play *p, const struct scn_step *st)
{
	static const char *const slots[] = {"PEER", "CLIENT", "ACTOR", "OWNER"};
	struct str name = STR_NULL;

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]) && !name.p; i++)
		name = scn_arg(&st->args, slots[i]);
	if (str_ends(name, STR("'s")))
		name.n -= 2;
	return scn_peer_find(p, name);
}


bool scn_steps_play(struct scn_play *p, const struct scn_step *first)
{
	for (const struct scn_step *st = first; st; st = st->next)
		if (!st->form->play(p, st) || p->failed)
			return false;
	return true;
}


/* ---- The world ---- */

/** log_sink_cb */
static void on_log(enum log_level level, struct str line, void *arg)
{
	struct scn_play *p = arg;
	struct scn_log_line *l = scn_alloc(p->arena, sizeof(*l));

	(void)level;
	l->at_ms = scn_now(p);
	l->text = scn_copy(p->arena, line);
	if (p->log_last)
		p->log_last->next = l;
	else
		p->log = l;
	p->log_last = l;
}


static void set_variables(struct scn_play *p, size_t row)
{
	const struct scn_decls *both[] = {&p->script->decls, &p->c->decls};

	scn_var_set(p->arena, &p->vars, STR("core"), p->core);
	for (size_t i = 0; row != SIZE_MAX && i < p->c->columns_n; i++)
		scn_var_set(p->arena, &p->vars, p->c->columns[i], p->c->rows[row][i]);
	for (size_t k = 0; k < 2; k++) {
		for (const struct scn_set *s = both[k]->sets; s; s = s->next) {
			struct str v;

			if (scn_put_in(p, p->c->line, s->value, &v))
				scn_var_set(p->arena, &p->vars, s->name, v);
		}
	}
}


static bool open_zone(struct scn_play *p)
{
	const struct scn_decls *both[] = {&p->script->decls, &p->c->decls};
	struct buf zone = BUF_INIT(SCN_ARENA_MAX);
	struct str text, why = STR_NULL;

	for (size_t k = 0; k < 2; k++)
		for (const struct scn_text *t = both[k]->zone; t; t = t->next)
			buf_puts(&zone, t->text);
	text = scn_copy(p->arena, buf_str(&zone));
	buf_done(&zone);
	if (!scn_put_in(p, p->c->line, text, &text))
		return false;
	p->dns = scn_zone_open(p, text, &why);
	return p->dns || !why.n || scn_fail(p, p->c->line, "the zone: " STR_FMT, STR_ARG(why));
}


static bool plays_core(const struct scn_play *p)
{
	return str_eq(p->core, STR("ims")) &&
	       (p->script->decls.plays_core || p->c->decls.plays_core);
}


static bool open_peers(struct scn_play *p)
{
	const struct scn_decls *both[] = {&p->script->decls, &p->c->decls};
	unsigned number = 0;

	for (size_t k = 0; k < 2; k++)
		for (const struct scn_peer_decl *d = both[k]->peers; d; d = d->next)
			if (!scn_peer_open(p, d, number++))
				return false;
	for (size_t k = 0; k < 2; k++)
		for (const struct scn_client_decl *d = both[k]->clients; d; d = d->next)
			if (!scn_client_place(p, d, number++))
				return false;
	if (plays_core(p) && !scn_core_open(p))
		return false;
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next) {
		if (peer->divert)
			continue;
		scn_var_set(p->arena, &p->vars, peer->name, scn_peer_hostport(peer, peer->over));
		scn_var_set(p->arena, &p->vars,
			    scn_fmt(p->arena, STR_FMT "_uri", STR_ARG(peer->name)), peer->uri);
		scn_var_set(p->arena, &p->vars,
			    scn_fmt(p->arena, STR_FMT "_path", STR_ARG(peer->name)),
			    scn_msrp_first_path(peer));
	}
	return true;
}


static bool add_users(struct scn_play *p)
{
	const struct scn_decls *both[] = {&p->script->decls, &p->c->decls};

	for (size_t k = 0; k < 2; k++) {
		for (const struct scn_user *u = both[k]->users; u; u = u->next) {
			struct scn_admin_answer a =
				scn_server_admin(p, STR("POST"), STR("/v1/users"),
						 scn_fmt(p->arena,
							 "{\"user\": \"" STR_FMT
							 "\", \"password\": \"" STR_FMT "\"}",
							 STR_ARG(u->name), STR_ARG(u->password)));

			if (a.status < 200 || a.status > 299)
				return scn_fail(p, u->line, "the account is refused: %u " STR_FMT,
						a.status, STR_ARG(a.body));
		}
	}
	return true;
}


static bool start_server(struct scn_play *p)
{
	struct str yaml;

	if (p->script->decls.no_server || p->c->decls.no_server)
		return true;
	if (!scn_configuration(p, NULL, &yaml))
		return false;
	p->server = scn_server_start(p, p->c->line, yaml);
	if (!p->server)
		return false;
	scn_settle(p);
	return !str_eq(p->core, STR("embedded")) || add_users(p);
}


static bool set_up(struct scn_play *p)
{
	scn_configuration_domain(p);
	if (!open_zone(p) || !open_peers(p) || !start_server(p))
		return false;
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next)
		if (peer->decl->registered && !scn_register(peer, peer->decl->line))
			return false;
	for (struct scn_client *c = p->clients; c; c = c->next)
		if (!scn_client_open(c))
			return false;
	return true;
}


static void take_down(struct scn_play *p)
{
	for (struct scn_client *c = p->clients; c; c = c->next)
		scn_client_close(c);
	for (struct scn_peer *peer = p->peers; peer; peer = peer->next)
		scn_peer_close(peer);
	scn_server_stop(p, p->server);
	p->server = NULL;
	p->zone = mem_unref(p->zone);
	p->tls = mem_unref(p->tls);
	log_flush();
	log_set_sink(NULL, NULL);
	scn_temp_remove(p);
}


static void play(struct scn_play *p, size_t row)
{
	set_variables(p, row);
	if (p->failed || !set_up(p))
		return;
	if (scn_steps_play(p, p->script->decls.setup) && scn_steps_play(p, p->c->decls.setup) &&
	    scn_steps_play(p, p->c->steps))
		(void)scn_nothing_waits(p, NULL);
}


/** All that the server and the runner allocated is gone, the report and the ladder apart. */
static void check_leaks(struct scn_play *p, size_t before)
{
	size_t now = mem_live_blocks();

	if (now == before || p->failed)
		return;
	p->failed = true;
	buf_printf(&p->report, "%s:%u: the server leaves %zd blocks of memory behind\n",
		   p->script->file, p->c->line->no, (ssize_t)(now - before));
}


struct scn_outcome scn_case_play(const struct scn_script *s, const struct scn_case *c,
				 struct str core, size_t row, struct arena *a)
{
	struct arena own = ARENA_INIT(SCN_ARENA_MAX);
	struct world w = {.play = {.script = s,
				   .c = c,
				   .arena = &own,
				   .core = core,
				   .report = BUF_INIT(REPORT_MAX)}};
	struct buf ladder = BUF_INIT(SCN_ARENA_MAX);
	struct scn_play *p = &w.play;
	struct scn_outcome o;
	size_t blocks;

	p->ladder.arena = &own;
	blocks = mem_live_blocks();
	w.loop = virtual_loop_alloc(SEED);
	if (!w.loop)
		scn_die("no memory");
	p->loop = virtual_loop_base(w.loop);
	p->began_ms = loop_now_ms(p->loop);
	counter_reset_all();
	log_set_sink(on_log, p);

	play(p, row);
	take_down(p);
	p->loop = NULL;
	w.loop = mem_unref(w.loop);
	scn_ladder_print(&p->ladder, STR(""), SIZE_MAX, "  ", &ladder);
	arena_done(&own);
	check_leaks(p, blocks + (ladder.p != NULL) + (p->report.p != NULL));

	o = (struct scn_outcome){.passed = !p->failed,
				 .report = scn_copy(a, buf_str(&p->report)),
				 .ladder = scn_copy(a, buf_str(&ladder))};
	buf_done(&ladder);
	buf_done(&p->report);
	return o;
}
