/* SPDX-License-Identifier: Apache-2.0 */
/* For whom a message of a conference is: CPIM heads, private ones, reports, nicknames, what is kept. */
#include <stdio.h>
#include <string.h>

#include "body/imdn.h"
#include "im/controlling/fanout_state.h"
#include "room.h"

#define ALICE "sip:alice@example.com"
#define NOBODY "sip:anonymous@anonymous.invalid"


/* ---- Who says it ---- */

static void test_heads(void)
{
	static const struct {
		const char *what, *type, *head;
		unsigned status;
	} rows[] = {
		{"as it should be", NULL,
		 "From: <" ALICE ">\r\nTo: <" ROOM_URI ">\r\n\r\nContent-Type: text/plain\r\n\r\n",
		 200},
		{"parameters", "Message/CPIM; charset=utf-8",
		 "From: A <" ALICE ";x=y>\r\nTo: <" ROOM_URI
		 ";gr>\r\n\r\nContent-Type: text/plain\r\n\r\n",
		 200},
		{"LF alone", NULL,
		 "From: <" ALICE ">\nTo: <" ROOM_URI ">\n\nContent-Type: text/plain\n\n", 200},
		{"im: and another name", NULL,
		 "From: <im:alice@example.com>\r\nTo: "
		 "<sip:friends@EXAMPLE.com>\r\n\r\nContent-Type: a/b\r\n\r\n",
		 200},
		{"not CPIM", "text/plain", "hello", 415},
		{"composing, not wrapped", "application/im-iscomposing+xml", "<x/>", 415},
		{"no From", NULL, "To: <" ROOM_URI ">\r\n\r\nContent-Type: a/b\r\n\r\n", 403},
		{"another's From", NULL,
		 "From: <sip:bob@example.com>\r\nTo: <" ROOM_URI
		 ">\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"two From", NULL,
		 "From: <" ALICE ">\r\nFrom: <sip:bob@example.com>\r\nTo: <" ROOM_URI
		 ">\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"a From in small letters as well", NULL,
		 "From: <" ALICE ">\r\nfrom: <sip:bob@example.com>\r\nTo: <" ROOM_URI
		 ">\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"a From by another prefix", NULL,
		 "NS: X <urn:ietf:params:cpim-headers:>\r\nFrom: <" ALICE
		 ">\r\nX.From: <sip:bob@example.com>\r\n"
		 "To: <" ROOM_URI ">\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"From is no address", NULL,
		 "From: alice\r\nTo: <" ROOM_URI ">\r\n\r\nContent-Type: a/b\r\n\r\n", 403},
		{"no To", NULL, "From: <" ALICE ">\r\n\r\nContent-Type: a/b\r\n\r\n", 404},
		{"To is no URI", NULL,
		 "From: <" ALICE ">\r\nTo: <x>\r\n\r\nContent-Type: a/b\r\n\r\n", 404},
		{"To is nobody here", NULL,
		 "From: <" ALICE ">\r\nTo: <sip:eve@example.com>\r\n\r\nContent-Type: a/b\r\n\r\n",
		 404},
		{"for all and for one", NULL,
		 "From: <" ALICE ">\r\nTo: <" ROOM_URI
		 ">\r\nTo: <sip:bob@example.com>\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"for one and for all", NULL,
		 "From: <" ALICE ">\r\nTo: <sip:bob@example.com>\r\nTo: <" ROOM_URI
		 ">\r\n\r\nContent-Type: a/b\r\n\r\n",
		 403},
		{"no content type", NULL, "From: <" ALICE ">\r\nTo: <" ROOM_URI ">\r\n\r\n\r\n",
		 400},
		{"no head", NULL, "hello\r\n\r\n\r\n", 400},
		{"the head ends with the message", NULL,
		 "From: <" ALICE ">\r\nTo: <" ROOM_URI ">\r\n\r\nContent-Type: text/plain\r\n",
		 200},
		{"the head has no end", NULL, "From: <" ALICE ">\r\nTo: <" ROOM_URI ">\r\n", 400},
		{"empty", NULL, "", 400},
	};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);
	char expected[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned before = b->whole;

		unit_case("%s", rows[i].what);
		guest_head(a, "t1", "m1", "1-*/*", "", rows[i].type);
		if (*rows[i].head)
			guest_printf(a, "%s", rows[i].head);
		guest_tail(a, "t1", '$');
		room_run(r);
		snprintf(expected, sizeof(expected), "%u t1", rows[i].status);
		if (unit_refused())
			unit_ok(-ENOMEM);
		unit_str(buf_str(&a->log), expected);
		buf_clear(&a->log);
		unit_must(b->whole - before == (rows[i].status == 200));
	}
}


/* The head in pieces: bytes, and chunks of one byte. */
static void test_head_cut_anywhere(void)
{
	static const char text[] = "From: <" NOBODY ">\r\nTo: <" NOBODY
				   ">\r\n\r\nContent-Type: text/plain\r\n\r\nhi";
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);
	char range[32], tid[32];

	for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
		guest_head(a, "t1", "m1", "1-*/*", "", NULL);
		guest_write(a, text, cut);
		room_run(r);
		guest_write(a, text + cut, sizeof(text) - 1 - cut);
		guest_tail(a, "t1", '$');
		room_run(r);
		guest_heard(a, "200 t1");
		guest_heard(b, "m1=hi");
	}
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		snprintf(range, sizeof(range), "%zu-%zu/%zu", i + 1, i + 1, sizeof(text) - 1);
		snprintf(tid, sizeof(tid), "t%zu", i);
		guest_head(a, tid, "m2", range, "Failure-Report: no\r\n", NULL);
		guest_write(a, text + i, 1);
		guest_tail(a, tid, i == sizeof(text) - 2 ? '$' : '+');
	}
	room_run(r);
	guest_heard(b, "m2=hi");
	unit_must(!b->broken);
}


static void test_head_too_long(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_head(a, "t1", "m1", "1-*/*", "", NULL);
	for (int i = 0; i < 300; i++)
		guest_printf(a, "X-Filler: 012345678901234567890123456789\r\n");
	guest_tail(a, "t1", '$');
	room_run(r);
	guest_heard(a, "400 t1");
	guest_heard(b, "");
	/* What still comes of it goes nowhere. */
	guest_head(a, "t2", "m1", "5000-*/*", "", NULL);
	guest_printf(a, "From: <" ALICE ">\r\nTo: <" ROOM_URI
			">\r\n\r\nContent-Type: text/plain\r\n\r\n");
	guest_tail(a, "t2", '$');
	room_run(r);
	guest_heard(a, "413 t2");
	guest_heard(b, "");
}


static void test_replaced_addresses(void)
{
	struct room *r = room_open(NULL);
	struct fanout_seat_params ghost = {
		.shown = STR("sip:anonymous1@anonymous.invalid"),
		.display_name = STR("Real Name"),
		.anonymous = true,
		.may_private = true,
	};
	struct fanout_seat_params named = {.display_name = STR("Bob B.")};
	struct guest *a = room_enter(r, "alice", &ghost), *b = room_enter(r, "bob", &named);

	/* What RCS clients write. */
	guest_say_to(b, "t1", "m1", "", NOBODY, NOBODY, "text/plain", "hi");
	room_run(r);
	unit_must(str_starts(buf_str(&a->heard[0].body),
			     STR("From: \"Bob B.\" <sip:bob@example.com>\r\nTo: <" ROOM_URI
				 ">\r\nDateTime:")));
	/* An alias is kept, whatever they write themselves. */
	guest_say_to(a, "t2", "m2", "", ALICE, ROOM_URI, "text/plain", "ho");
	guest_say_to(a, "t3", "m3", "", "sip:anonymous1@anonymous.invalid", ROOM_URI, "text/plain",
		     "ho");
	guest_say_to(a, "t4", "m4", "", NOBODY, ROOM_URI, "text/plain", "ho");
	room_run(r);
	for (int i = 0; i < 3; i++)
		unit_must(str_starts(
			buf_str(&b->heard[i].body),
			STR("From: <sip:anonymous1@anonymous.invalid>\r\nTo: <" ROOM_URI ">\r\n")));
	guest_heard(b, "200 t1, m2=ho, m3=ho, m4=ho");
	unit_must(!a->broken && !b->broken);
	/* By their own name they are not here. */
	guest_say_to(b, "t5", "m5", "", "sip:bob@example.com", ALICE, "text/plain", "psst");
	room_run(r);
	guest_heard(b, "403 t5");
}


/* Who hides when they come in is never seen by their own name. */
static void test_hidden(void)
{
	struct fanout_seat_params named = {.display_name = STR("Alice A.")};
	struct room *r = room_open(NULL);
	struct guest *b = room_enter(r, "bob", NULL), *a = room_seat(r, "alice", &named);

	unit_ok(fanout_seat_hide(a->seat, STR("sip:anonymous7@anonymous.invalid")));
	fanout_seat_connect(a->seat);
	guest_connect(a);
	guest_say(a, "m1", "boo");
	guest_say_to(b, "t2", "m2", "", "sip:bob@example.com", ALICE, "text/plain", "is it you?");
	room_run(r);
	guest_heard(b, "404 t2, m1=boo");
	unit_must(str_starts(buf_str(&b->heard[0].body),
			     STR("From: <sip:anonymous7@anonymous.invalid>\r\n")));
	unit_must(str_find_str(buf_str(&b->heard[0].body), STR("lice")) < 0);
}


/* ---- Private ones ---- */

static void test_private(void)
{
	static const struct fanout_seat_media deaf = {.takes_private = false};
	struct fanout_seat_params mute = {.may_private = false};
	struct fanout_seat_params ghost = {
		.shown = STR("sip:anonymous1@anonymous.invalid"),
		.anonymous = true,
	};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", &ghost), *d = room_enter(r, "dave", &mute);

	guest_say_to(a, "t1", "m1", "", ALICE, "sip:bob@example.com", "text/plain", "psst");
	guest_say_to(a, "t2", "m2", "", ALICE, "sip:anonymous1@anonymous.invalid", "text/plain",
		     "you");
	guest_say_to(a, "t3", "m3", "", ALICE, "sip:carol@example.com", "text/plain", "who?");
	guest_say_to(d, "t4", "m4", "", "sip:dave@example.com", "sip:bob@example.com", "text/plain",
		     "no");
	room_run(r);
	guest_heard(a, "200 t1, 200 t2, 404 t3");
	guest_heard(b, "m1=psst");
	guest_heard(c, "m2=you");
	guest_heard(d, "403 t4");
	/* Several. */
	guest_say_to(a, "t5", "m5", "", ALICE, "sip:bob@example.com>\r\nTo: <sip:dave@example.com",
		     "text/plain", "two");
	guest_say_to(a, "t6", "m6", "", ALICE, "sip:bob@example.com>\r\nTo: <sip:eve@example.com",
		     "text/plain", "x");
	room_run(r);
	guest_heard(a, "200 t5, 404 t6");
	guest_heard(b, "m5=two");
	guest_heard(d, "m5=two");
	guest_heard(c, "");
	unit_ok(fanout_seat_describe(b->seat, &deaf));
	guest_say_to(a, "t7", "m7", "", ALICE, "sip:bob@example.com", "text/plain", "x");
	guest_say(a, "m8", "for all");
	room_run(r);
	guest_heard(a, "428 t7, 200 m8");
	guest_heard(b, "m8=for all");
}


/* One who is here twice gets it twice; their other device hears what they say. */
static void test_two_devices(void)
{
	struct fanout_seat_params again = {.who = STR("sip:bob@example.com"), .may_private = true};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *b2 = room_enter(r, "bob", &again);

	guest_say_to(a, "t1", "m1", "", ALICE, "sip:bob@example.com", "text/plain", "x");
	guest_say(b2, "m2", "y");
	room_run(r);
	guest_heard(b, "m1=x, m2=y");
	guest_heard(b2, "200 m2, m1=x");
}


static void test_not_accepted_by_some(void)
{
	struct fanout_seat_media plain = {.accept_wrapped = STR("text/plain message/imdn+xml"),
					  .takes_private = true};
	struct fanout_seat_media small = {.accept_wrapped = STR("*"), .max_size = 190};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", NULL), *d = room_enter(r, "dave", NULL);

	unit_ok(fanout_seat_describe(b->seat, &plain));
	unit_ok(fanout_seat_describe(c->seat, &small));
	guest_say_to(a, "t1", "m1", "", ALICE, ROOM_URI, "image/png", "png");
	guest_say_to(a, "t2", "m2", "", ALICE, ROOM_URI, "Text/Plain;charset=utf-8", "0123456789");
	guest_say_to(a, "t3", "m3", "", ALICE, ROOM_URI, "text/plain", "x");
	room_run(r);
	guest_heard(b, "m2=0123456789, m3=x");
	guest_heard(c, "m1=png, m3=x");
	guest_heard(d, "m1=png, m2=0123456789, m3=x");
}


/* ---- What is not content ---- */

static void test_composing(void)
{
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL);

	guest_say_to(a, "t1", "m1", "", ALICE, ROOM_URI, "application/im-iscomposing+xml", "<c/>");
	room_run(r);
	guest_heard(b, "m1=<c/>");
	unit_must(r->active == 0 && fanout_counts(r->f)->messages == 0);
}


static const char *imdn_of(const char *id)
{
	struct imdn n = {
		.message_id = str_of(id),
		.date_time = STR("2026-01-01T00:00:00Z"),
		.recipient = STR("sip:bob@example.com"),
		.kind = IMDN_DISPLAY,
		.status = IMDN_DISPLAYED,
	};
	char *text = unit_storage(2048);
	struct buf b;

	buf_fixed(&b, text, 2047);
	imdn_encode(&n, &b);
	return text;
}


static void test_imdn(void)
{
	struct fanout_seat_params mute = {.may_private = false};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", &mute),
		     *c = room_enter(r, "carol", NULL);

	guest_say(a, "m1", "x");
	room_run(r);
	guest_say_to(b, "t1", "n1", "", "sip:bob@example.com", ALICE, "message/imdn+xml",
		     imdn_of("i-m1"));
	room_run(r);
	guest_say_to(b, "t2", "n2", "", "sip:bob@example.com", ROOM_URI, "message/imdn+xml",
		     imdn_of("i-m1"));
	guest_say_to(c, "t3", "n3", "", "sip:carol@example.com", NOBODY, "message/imdn+xml",
		     imdn_of("i-m1"));
	guest_say_to(c, "t4", "n4", "", "sip:carol@example.com", NOBODY, "message/imdn+xml",
		     imdn_of("unknown"));
	guest_say_to(c, "t5", "n5", "", "sip:carol@example.com", NOBODY, "message/imdn+xml",
		     "rubbish");
	guest_say_to(c, "t6", "n6", "", "sip:carol@example.com", "sip:gone@example.com",
		     "message/imdn+xml", imdn_of("i-m1"));
	room_run(r);
	unit_must(a->whole == 3);
	unit_must(str_starts(buf_str(&a->heard[2].body),
			     STR("From: <sip:carol@example.com>\r\nTo: <" ROOM_URI ">")));
	guest_heard(b, "m1=x, 200 t1, 200 t2");
	guest_heard(c, "m1=x, 200 t3, 200 t4, 400 t5, 404 t6");
	unit_must(fanout_counts(r->f)->messages == 1 && !a->broken);
}


/* ---- Nicknames ---- */

static void nick(struct guest *g, const char *tid, const char *line)
{
	guest_printf(g, "MSRP %s NICKNAME\r\nTo-Path: %s\r\nFrom-Path: %s\r\n%s-------%s$\r\n", tid,
		     g->to, g->path, line, tid);
	room_run(g->room);
}


static void test_nicknames(void)
{
	struct fanout_seat_params named = {.display_name = STR("Carol Smith")};
	struct fanout_seat_params again = {.who = STR("sip:bob@example.com")};
	struct room *r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL), *b = room_enter(r, "bob", NULL),
		     *c = room_enter(r, "carol", &named), *b2 = room_enter(r, "bob", &again);

	nick(a, "n100", "Use-Nickname: \"The  Boss \"\r\n");
	guest_heard(a, "200 n100");
	room_events(r, "alice is 'The Boss'");
	unit_must(str_eq(fanout_seat_nickname(a->seat), STR("The Boss")));
	nick(b, "n101", "Use-Nickname: \"the boss\"\r\n");
	nick(b, "n102", "Use-Nickname: \"CAROL smith\"\r\n");
	nick(b, "n103", "Use-Nickname: \"sip:alice@example.com\"\r\n");
	nick(b, "n104", "");
	nick(b, "n105", "Use-Nickname: \"bad\xe2\x80\xaeone\"\r\n");
	nick(b, "n106", "Use-Nickname: \"  \"\r\n");
	guest_heard(b, "425 n101, 425 n102, 425 n103, 424 n104, 424 n105, 424 n106");
	nick(b, "n107", "Use-Nickname: \"Bobby \\\"B\\\"\"\r\n");
	nick(b2, "n108", "Use-Nickname: \"bobby \\\"b\\\"\"\r\n");
	guest_heard(b, "200 n107");
	guest_heard(b2, "200 n108");
	room_events(r, "bob is 'Bobby \"B\"', bob is 'bobby \"b\"'");
	/* Taken back, it is free. */
	nick(a, "n109", "Use-Nickname: \"\"\r\n");
	nick(c, "n110", "Use-Nickname: \"The Boss\"\r\n");
	guest_heard(a, "200 n109");
	guest_heard(c, "200 n110");
	room_events(r, "alice is '', carol is 'The Boss'");
	guest_leave(c);
	nick(a, "n111", "Use-Nickname: \"The Boss\"\r\n");
	guest_heard(a, "200 n111");
}


static void test_nicknames_not_allowed(void)
{
	struct fanout_params p = {.cpim_required = true};
	struct room *r = room_open(&p);
	struct guest *a = room_enter(r, "alice", NULL);

	nick(a, "n100", "Use-Nickname: \"The Boss\"\r\n");
	guest_printf(a, "MSRP z100 OTHER\r\nTo-Path: %s\r\nFrom-Path: %s\r\n-------z100$\r\n",
		     a->to, a->path);
	room_run(r);
	guest_heard(a, "403 n100, 501 z100");
}


/* ---- What is kept for the absent ---- */

struct keeper {
	struct room *r;
	struct buf text;
	unsigned live;
	bool refuses;
};


static void *keep_head(struct fanout *f, const struct fanout_kept *k, void *arg)
{
	struct keeper *keeper = arg;

	(void)f;
	if (keeper->refuses)
		return NULL;
	room_note(keeper->r,
		  "%d " STR_FMT "/" STR_FMT " to '" STR_FMT "' " STR_FMT " " STR_FMT " %lld",
		  k->kind, STR_ARG(k->from), STR_ARG(k->shown), STR_ARG(k->to),
		  STR_ARG(k->message_id), STR_ARG(k->content_type), (long long)k->total);
	buf_clear(&keeper->text);
	keeper->live++;
	return keeper;
}


static void keep_piece(void *message, struct str piece)
{
	buf_puts(&((struct keeper *)message)->text, piece);
}


static void keep_end(void *message, bool complete)
{
	struct keeper *keeper = message;

	keeper->live--;
	room_note(keeper->r, "%s %zu", complete ? "whole" : "broken", keeper->text.n);
}


static struct keeper *keeper_open(void)
{
	struct keeper *k = unit_storage(sizeof(*k));

	buf_fixed(&k->text, unit_storage(65536), 65536);
	return k;
}


static const struct fanout_absent keeping = {keep_head, keep_piece, keep_end};


static void test_kept(void)
{
	struct fanout_seat_params ghost = {
		.shown = STR("sip:anonymous1@anonymous.invalid"),
		.anonymous = true,
		.may_private = true,
	};
	struct keeper *k = keeper_open();
	struct room *r = k->r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", &ghost), *b = room_enter(r, "bob", NULL);

	fanout_set_absent(r->f, &keeping, k);
	guest_say(a, "m1", "for all");
	room_run(r);
	room_events(r, "0 sip:alice@example.com/sip:anonymous1@anonymous.invalid to '' i-m1 "
		       "text/plain 197, whole 197");
	/* What is kept is what the others have got. */
	if (unit_refused())
		unit_ok(-ENOMEM);
	assert_true(str_eq(buf_str(&k->text), buf_str(&b->heard[0].body)));
	/* Not kept: private ones, composing. A report on somebody who is away is. */
	guest_say_to(b, "t2", "m2", "", "sip:bob@example.com", "sip:anonymous1@anonymous.invalid",
		     "text/plain", "x");
	guest_say_to(b, "t3", "m3", "", "sip:bob@example.com", ROOM_URI,
		     "application/im-iscomposing+xml", "<c/>");
	guest_say_to(b, "t4", "m4", "", "sip:bob@example.com", "sip:carol@example.com",
		     "message/imdn+xml", "<i/>");
	room_run(r);
	room_events(r, "2 sip:bob@example.com/sip:bob@example.com to 'sip:carol@example.com' i-m4 "
		       "message/imdn+xml 186, "
		       "whole 186");
	guest_heard(b, "m1=for all, 200 t2, 200 t3, 200 t4");
	/* The speaker of what it is about has left. */
	guest_leave(a);
	guest_say_to(b, "t5", "m5", "", "sip:bob@example.com", ROOM_URI, "message/imdn+xml",
		     imdn_of("i-m1"));
	room_run(r);
	if (unit_refused())
		unit_ok(-ENOMEM);
	unit_must(str_starts(
		buf_str(&r->events),
		STR("2 sip:bob@example.com/sip:bob@example.com to 'sip:alice@example.com'")));
	buf_clear(&r->events);
	k->refuses = true;
	guest_say_to(b, "t6", "m6", "", "sip:bob@example.com", "sip:carol@example.com",
		     "message/imdn+xml", "<i/>");
	room_run(r);
	guest_heard(b, "200 t5, 404 t6");
}


static void test_kept_broken_off(void)
{
	struct keeper *k = keeper_open();
	struct room *r = k->r = room_open(NULL);
	struct guest *a = room_enter(r, "alice", NULL);

	fanout_set_absent(r->f, &keeping, k);
	for (int i = 0; i < 2; i++) {
		guest_head(a, "t1", i ? "m2" : "m1", "1-*/*", "", NULL);
		guest_printf(a, "From: <" ALICE ">\r\nTo: <" ROOM_URI
				">\r\n\r\nContent-Type: a/b\r\n\r\nstart");
		guest_tail(a, "t1", '+');
		room_run(r);
		unit_must(k->live == 1);
		if (i)
			fanout_set_absent(r->f, NULL, NULL);
		else
			guest_head(a, "t2", "m1", "90-*/*", "", NULL), guest_tail(a, "t2", '#');
		room_run(r);
		unit_must(k->live == 0);
	}
	room_events(r, "0 " ALICE "/" ALICE " to ''  a/b -1, broken 89, 0 " ALICE "/" ALICE
		       " to ''  a/b -1, broken 89");
}


UNIT_MAIN(UNIT_TEST(test_heads), UNIT_TEST_PLAIN(test_head_cut_anywhere),
	  UNIT_TEST(test_head_too_long), UNIT_TEST(test_replaced_addresses), UNIT_TEST(test_hidden),
	  UNIT_TEST(test_private), UNIT_TEST(test_two_devices),
	  UNIT_TEST(test_not_accepted_by_some), UNIT_TEST(test_composing), UNIT_TEST(test_imdn),
	  UNIT_TEST(test_nicknames), UNIT_TEST(test_nicknames_not_allowed), UNIT_TEST(test_kept),
	  UNIT_TEST(test_kept_broken_off))
