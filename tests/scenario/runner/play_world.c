/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about the world: time, counters, log, store, operator, network, variables. */
#include <errno.h>

#include "base/counter.h"
#include "lib/virtual_loop.h"
#include "scenario/runner/configuration.h"
#include "scenario/runner/expect.h"
#include "scenario/runner/play.h"
#include "scenario/runner/react.h"
#include "scenario/runner/server.h"
#include "scenario/runner/statements.h"
#include "scenario/runner/world.h"

/** How often `repeat` may go round. */
#define REPEAT_MAX 100000


/* ---- Time ---- */

static bool play_after(struct scn_play *p, const struct scn_step *st)
{
	uint64_t ms = 0;

	return scn_step_time(p, st, "TIME", &ms) && scn_pass(p, st->line, ms);
}


static bool play_at(struct scn_play *p, const struct scn_step *st)
{
	uint64_t at = 0, now = scn_now(p);

	if (!scn_step_time(p, st, "TIME", &at))
		return false;
	if (at < now)
		return scn_fail(p, st->line, "it is later already");
	return scn_pass(p, st->line, at - now);
}


/* ---- Counters and the log ---- */

static struct scn_mark *mark_of(struct scn_play *p, struct str name)
{
	struct scn_mark *m = p->marks;

	while (m && !str_eq(m->name, name))
		m = m->next;
	if (!m) {
		m = scn_alloc(p->arena, sizeof(*m));
		m->name = name;
		m->next = p->marks;
		p->marks = m;
	}
	return m;
}


static bool play_counter(struct scn_play *p, const struct scn_step *st)
{
	bool by = scn_arg(&st->args, "N_BY").p != NULL;
	struct str name;
	uint64_t want = 0;
	const struct counter *c;
	struct scn_mark *mark;
	int64_t value;

	if (!scn_step_arg(p, st, "VALUE", &name) ||
	    !scn_step_number(p, st, by ? "N_BY" : "N", &want))
		return false;
	c = counter_find(name);
	if (!c)
		return scn_fail(p, st->line, "there is no counter of this name");
	mark = mark_of(p, name);
	value = by ? c->value - mark->value : c->value;
	if (value != (int64_t)want) {
		scn_fail(p, st->line, by ? "it rose by %lld" : "it stands at %lld",
			 (long long)value);
		scn_fail_ladder(p, STR(""));
		return false;
	}
	mark->value = c->value;
	return true;
}


static void show_log(struct scn_play *p)
{
	buf_puts(&p->report, STR("the log:\n"));
	for (const struct scn_log_line *l = p->log; l; l = l->next)
		buf_printf(&p->report, "  " STR_FMT "\n", STR_ARG(l->text));
}


static bool play_log(struct scn_play *p, const struct scn_step *st)
{
	bool want = scn_arg(&st->args, "QUOTED_NOT").p == NULL, found = false;
	struct str text;

	if (!scn_step_arg(p, st, want ? "QUOTED" : "QUOTED_NOT", &text))
		return false;
	log_flush();
	for (const struct scn_log_line *l = p->log; l && !found; l = l->next)
		found = scn_glob(scn_fmt(p->arena, "*" STR_FMT "*", STR_ARG(text)), l->text);
	if (found == want)
		return true;
	scn_fail(p, st->line, found ? "a line of the log has it" : "no line of the log has it");
	show_log(p);
	return false;
}


/* ---- The operator ---- */

static bool play_admin(struct scn_play *p, const struct scn_step *st)
{
	struct str method, path, body, status;
	struct scn_admin_answer a;

	if (!scn_step_arg(p, st, "METHOD", &method) || !scn_step_arg(p, st, "VALUE_PATH", &path) ||
	    !scn_step_arg(p, st, "VALUE_BODY", &body) || !scn_step_arg(p, st, "STATUS", &status))
		return false;
	if (!p->server)
		return scn_fail(p, st->line, "there is no server");
	a = scn_server_admin(p, method, path, body.p ? body : STR(""));
	if (!scn_status_is(a.status, status))
		return scn_fail(p, st->line, "the answer is %u\n" STR_FMT, a.status,
				STR_ARG(a.body));
	return scn_expect_text(p, st->line, st->checks, STR("the answer"), a.body);
}


static bool play_store(struct scn_play *p, const struct scn_step *st)
{
	struct str kind, user;
	uint64_t want = 0, have = 0;
	int err;

	if (!scn_step_number(p, st, "N", &want) || !scn_step_arg(p, st, "NAME_KIND", &kind) ||
	    !scn_step_arg(p, st, "TARGET", &user))
		return false;
	err = scn_server_store_count(p, kind, user, &have);
	if (err)
		return scn_fail(p, st->line, "the store cannot say: %s", strerror(-err));
	return have == want || scn_fail(p, st->line, "it holds %llu", (unsigned long long)have);
}


static bool play_restart(struct scn_play *p, const struct scn_step *st)
{
	if (!scn_server_restart(p, st->line))
		return false;
	scn_settle(p);
	return !p->failed;
}


static bool play_reload(struct scn_play *p, const struct scn_step *st)
{
	struct scn_text more = {.line = st->line,
				.text = scn_block_dedent(p->arena, st->line->block)};
	struct buf why = BUF_INIT(65536);
	struct str yaml, said;
	int err;

	if (!scn_configuration(p, &more, &yaml))
		return false;
	err = scn_server_reload(p, yaml, &why);
	said = scn_copy(p->arena, buf_str(&why));
	buf_done(&why);
	scn_settle(p);
	return !err || scn_fail(p, st->line, "refused: " STR_FMT, STR_ARG(said));
}


/* ---- The network ---- */

static bool add_fault(struct scn_play *p, const struct scn_step *st, enum virtual_fault_kind kind)
{
	const struct scn_peer *peer = scn_step_peer(p, st);
	struct virtual_fault f = {.kind = kind};
	uint64_t times = 0, ms = 0, n = 0;

	if (!scn_step_number(p, st, "N_TIMES", &times) || !scn_step_time(p, st, "TIME", &ms) ||
	    !scn_step_number(p, st, "N", &n))
		return false;
	f.n = ms ? ms : n;
	f.times = (unsigned)times;
	f.to = peer->addr;
	/* The host, whatever the port: TLS is one port up. */
	if (f.to.sa.sa_family == AF_INET6)
		f.to.in6.sin6_port = 0;
	else
		f.to.in.sin_port = 0;
	(void)virtual_fault_add(scn_world_loop(p), &f);
	if (kind == VIRTUAL_DROP && !scn_arg(&st->args, "N_TIMES").p) {
		f.from = f.to;
		memset(&f.to, 0, sizeof(f.to));
		(void)virtual_fault_add(scn_world_loop(p), &f);
	}
	return true;
}


static bool play_drops(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_DROP);
}


static bool play_refuses(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_REFUSE);
}


static bool play_delays(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_DELAY);
}


static bool play_duplicates(struct scn_play *p, const struct scn_step *st)
{
	(void)st;
	const struct scn_peer *peer = scn_step_peer(p, st);
	struct virtual_fault f = {.kind = VIRTUAL_DUPLICATE, .to = peer->addr, .n = 1};

	(void)virtual_fault_add(scn_world_loop(p), &f);
	return true;
}


static bool play_cuts(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_CUT);
}


static bool play_closes(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_CLOSE);
}


static bool play_stalls(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_STALL);
}


static bool play_slows(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_SLOW);
}


static bool play_splits(struct scn_play *p, const struct scn_step *st)
{
	return add_fault(p, st, VIRTUAL_PIECES);
}


static bool play_heals(struct scn_play *p, const struct scn_step *st)
{
	(void)st;
	virtual_fault_clear(scn_world_loop(p));
	scn_settle(p);
	return !p->failed;
}


/* ---- Variables and structure ---- */

static bool play_set(struct scn_play *p, const struct scn_step *st)
{
	struct str value;

	if (!scn_step_arg(p, st, "TEXT", &value))
		return false;
	scn_var_set(p->arena, &p->vars, scn_arg(&st->args, "NAME"), value);
	return true;
}


static bool play_let(struct scn_play *p, const struct scn_step *st)
{
	uint64_t n = 0, more = 0, less = 0;

	if (!scn_step_number(p, st, "N", &n) || !scn_step_number(p, st, "N_MORE", &more) ||
	    !scn_step_number(p, st, "N_LESS", &less))
		return false;
	if (less > n)
		return scn_fail(p, st->line, "%llu is more than %llu", (unsigned long long)less,
				(unsigned long long)n);
	scn_var_set(p->arena, &p->vars, scn_arg(&st->args, "NAME"),
		    scn_fmt(p->arena, "%llu", (unsigned long long)(n + more - less)));
	return true;
}


static bool play_check(struct scn_play *p, const struct scn_step *st)
{
	bool want = scn_arg(&st->args, "not").p == NULL;
	struct str a, b;

	if (!scn_step_arg(p, st, "VALUE", &a) || !scn_step_arg(p, st, "VALUE_2", &b))
		return false;
	return str_eq(a, b) == want || scn_fail(p, st->line, "\"" STR_FMT "\" %s \"" STR_FMT "\"",
						STR_ARG(a), want ? "is not" : "is", STR_ARG(b));
}


static bool play_do(struct scn_play *p, const struct scn_step *st)
{
	struct str name;

	if (!scn_step_arg(p, st, "NAME", &name))
		return false;
	for (const struct scn_steps *s = p->script->procedures; s; s = s->next)
		if (str_eq(s->name, name))
			return scn_steps_play(p, s->steps);
	return scn_fail(p, st->line, "there are no steps of this name");
}


static bool play_repeat(struct scn_play *p, const struct scn_step *st)
{
	uint64_t times = 0;

	if (!scn_step_number(p, st, "N", &times))
		return false;
	if (times > REPEAT_MAX)
		return scn_fail(p, st->line, "at most %d times", REPEAT_MAX);
	for (uint64_t i = 1; i <= times; i++) {
		scn_var_set(p->arena, &p->vars, STR("n"),
			    scn_fmt(p->arena, "%llu", (unsigned long long)i));
		if (!scn_steps_play(p, st->steps))
			return false;
	}
	return true;
}


static bool play_in_core(struct scn_play *p, const struct scn_step *st)
{
	return !str_eq(scn_arg(&st->args, "NAME"), p->core) || scn_steps_play(p, st->steps);
}


const struct scn_form scn_affairs[] = {
	{"after TIME",
	 "so much time passes; what arrives before its end is unexpected. May stand before a "
	 "statement",
	 play_after},
	{"at TIME", "the same, up to this time since the case began. May stand before a statement",
	 play_at},
	{"counter VALUE is N", "it stands at this number", play_counter, .judges = true},
	{"counter VALUE rises by N_BY",
	 "since the last statement about it, or since the case began", play_counter,
	 .judges = true},
	{"log has QUOTED", "a line of the server's log has this, * standing for anything", play_log,
	 .judges = true},
	{"log lacks QUOTED_NOT", "no line has it", play_log, .judges = true},
	{"store holds N NAME_KIND [of TARGET]", "so many: accounts, bindings, deferred", play_store,
	 .judges = true},
	{"admin METHOD VALUE_PATH [VALUE_BODY] gives STATUS",
	 "a request of the operator; checks beneath are of its `body`", play_admin,
	 .beneath = SCN_CHECKS, .judges = true},
	{"restart", "the server ends as at SIGTERM and is started again", play_restart},
	{"reload", "the keys beneath change the configuration, as at SIGHUP", play_reload,
	 .beneath = SCN_BLOCK},
	{"network drops ACTOR [N_TIMES times]",
	 "what goes to and comes from its host vanishes; the next N things to it", play_drops},
	{"network refuses ACTOR [N_TIMES times]", "its host refuses datagrams and connections",
	 play_refuses},
	{"network delays ACTOR by TIME", "what goes to its host takes so long", play_delays},
	{"network doubles ACTOR", "each datagram to it arrives twice", play_duplicates},
	{"network cuts ACTOR after N bytes",
	 "each connection fails on both sides when its host has taken so many", play_cuts},
	{"network closes ACTOR after N bytes", "both sides see the other close then", play_closes},
	{"network stalls ACTOR after N bytes",
	 "its host takes so many of a connection, then no more", play_stalls},
	{"network slows ACTOR to N bytes", "its host takes so many in a millisecond", play_slows},
	{"network splits ACTOR into N bytes",
	 "its host gets the bytes of connections in so large pieces", play_splits},
	{"network heals", "all is as it was", play_heals},
	{"let NAME be N minus N_LESS", "{NAME} is the difference", play_let},
	{"let NAME be N plus N_MORE", "{NAME} is the sum", play_let},
	{"gauge VALUE is N", "how many there are now", play_counter, .judges = true},
	{"set NAME TEXT", "{NAME} stands for the text from now on", play_set},
	{"check VALUE is [not] VALUE_2", "compares two texts", play_check, .judges = true},
	{"do NAME", "plays the steps of this name", play_do},
	{"repeat N times", "plays the steps beneath so often; {n} counts from 1", play_repeat,
	 .beneath = SCN_STEPS},
	{"in core NAME", "plays the steps beneath only in this setting", play_in_core,
	 .beneath = SCN_STEPS},
	{0},
};

const struct scn_form *const scn_statement_tables[] = {scn_client_forms, scn_group_forms, scn_acts,
						       scn_expectations, scn_affairs,     NULL};
