/* SPDX-License-Identifier: Apache-2.0 */
/* What is said while a member is away, as it comes to the store: on the fan-out and a store in memory. */
#include "im/controlling/absent.h"

#include <stdio.h>
#include <string.h>

#include "body/group.h"
#include "im/controlling/roster.h"
#include "im/own.h"
#include "im/route.h"
#include "room.h"
#include "sip/dns.h"
#include "sip/sip.h"
#include "store/content.h"
#include "store/memory/memory.h"
#include "subscriber/registration.h"

#define MEMBERS(rights)                                                                \
	"<group xmlns=\"urn:oma:xml:poc:list-service\" "                               \
	"xmlns:cp=\"urn:ietf:params:xml:ns:common-policy\" "                           \
	"xmlns:ext=\"urn:oma:xml:xdm:extensions\"><list-service "                      \
	"uri=\"sip:friends@example.com\"><list><entry uri=\"sip:alice@example.com\"/>" \
	"<entry uri=\"sip:bob@example.com\"/><entry uri=\"sip:carol@example.com\"/>"   \
	"<entry uri=\"sip:dave@example.com\"/></list><cp:ruleset><cp:rule id=\"m\">"   \
	"<cp:conditions><is-list-member/></cp:conditions><cp:actions>" rights          \
	"</cp:actions></cp:rule></cp:ruleset></list-service></group>"
#define KEEPS "<ext:allow-offline-storage>true</ext:allow-offline-storage>"

struct fixture {
	struct room *room;
	struct guest *alice, *bob;
	struct store *store;
	struct dns dns;
	struct sip_handler handler;
	struct sip *sip;
	struct im_own *own;
	struct im_events events;
	struct registrations *registrations;
	struct roster *roster;
	struct group *group;
	struct mailer *mailer;
	struct absent *absent;
	struct store_request r;
	struct buf *out;
	int error;
	size_t n;
	char file[STORE_CONTENT_NAME_N + 1];
	uint64_t size;
};

static const struct str domains[] = {STR_INIT("example.com")};
static const struct im_setting setting = {.terminates_here = true};


static void end(void *arg)
{
	struct fixture *f = arg;

	store_cancel(&f->r);
	absent_close(f->absent);
	if (f->mailer)
		mailer_stop(f->mailer);
	f->mailer = mem_unref(f->mailer);
	f->group = mem_unref(f->group);
	f->roster = mem_unref(f->roster);
	f->registrations = mem_unref(f->registrations);
	f->own = mem_unref(f->own);
	f->sip = mem_unref(f->sip);
	f->store = mem_unref(f->store);
}


static int canonical(struct str uri, struct buf *out, void *arg)
{
	(void)arg;
	buf_puts(out, uri);
	return 0;
}


static void is_in(struct fixture *f, const char *who)
{
	unit_ok(roster_set(f->roster, &(struct roster_person){.who = str_of(who),
							      .status = CONFERENCE_CONNECTED}));
}


static void make_service(struct fixture *f)
{
	struct loop *l = f->room->l;

	unit_ok(store_open(&f->store, l, STR("memory:"), f->out));
	unit_ok(sip_alloc(&f->sip, &(struct sip_params){.loop = l,
							.dns = &f->dns,
							.timers = SIP_TIMERS_DEFAULT,
							.server = STR("Parley"),
							.handler = &f->handler}));
	unit_ok(im_own_alloc(&f->own, &(struct im_own_params){.sip = f->sip,
							      .setting = &setting,
							      .addresses = {.domains = domains,
									    .domains_n = 1}}));
	unit_ok(registrations_alloc(&f->registrations,
				    &(struct registrations_params){.loop = l, .store = f->store}));
	im_events_init(&f->events);
	unit_ok(mailer_alloc(&f->mailer, &(struct mailer_params){
						 .sip = f->sip,
						 .store = f->store,
						 .own = f->own,
						 .events = &f->events,
						 .setting = &setting,
						 .addresses = {.domains = domains, .domains_n = 1},
					 }));
	mailer_start(f->mailer);
}


static struct fixture *fixture(const char *document)
{
	struct fixture *f = unit_storage(sizeof(*f));

	f->out = unit_buf(1 << 16);
	f->room = room_open(NULL);
	unit_defer(end, f);
	make_service(f);
	unit_ok(group_decode(&f->group, str_of(document), canonical, NULL));
	unit_ok(roster_alloc(&f->roster, &(struct roster_params){.entity = STR(ROOM_URI)}));
	f->alice = room_enter(f->room, "alice", NULL);
	f->bob = room_enter(f->room, "bob", NULL);
	is_in(f, "sip:alice@example.com");
	is_in(f, "sip:bob@example.com");
	unit_ok(absent_open(&f->absent, &(struct absent_params){
						.loop = f->room->l,
						.mailer = f->mailer,
						.store = f->store,
						.fanout = f->room->f,
						.group = f->group,
						.roster = f->roster,
						.registrations = f->registrations,
					}));
	room_run(f->room);
	return f;
}


/* "sender message-id flags: who,who, body" of each; a file is told by its size. */
static void listed(struct store_request *r, int error, void *arg)
{
	struct fixture *f = arg;
	const struct store_mailing *m = error ? NULL : store_mailing_result(r, &f->n);

	f->error = error;
	buf_clear(f->out);
	for (size_t i = 0; m && i < f->n; i++) {
		buf_printf(f->out, STR_FMT " " STR_FMT " %u: ", STR_ARG(m[i].sender),
			   STR_ARG(m[i].message_id), m[i].flags);
		for (size_t k = 0; k < m[i].recipients_n; k++)
			buf_printf(f->out, STR_FMT ",", STR_ARG(m[i].recipient[k].who));
		f->size = m[i].size;
		snprintf(f->file, sizeof(f->file), STR_FMT, STR_ARG(m[i].file));
		if (m[i].body.n)
			buf_printf(f->out, " [" STR_FMT "]", STR_ARG(m[i].body));
		buf_putc(f->out, '\n');
		assert_int_equal(m[i].kind, MAILING_ABSENT);
		unit_str(m[i].group, "sip:friends@example.com");
		unit_str(m[i].from, "<sip:friends@example.com>");
		unit_str(m[i].type, "message/cpim");
	}
}


static void kept_is(struct fixture *f, const char *expected)
{
	room_run(f->room);
	f->error = -EINPROGRESS;
	unit_ok(store_mailing_list(f->store, &f->r, 0, STORE_MAILING_PAGE_MAX, listed, f));
	room_run(f->room);
	unit_ok(f->error);
	unit_buf_is(f->out, expected);
}


static void say(struct guest *g, const char *id, const char *headers, const char *type,
		const char *text)
{
	char *object = unit_storage(32768);
	char range[64];
	int n = snprintf(object, 32768,
			 "From: <sip:%s@example.com>\r\nTo: <sip:friends@example.com>\r\n%s\r\n"
			 "Content-Type: %s\r\n\r\n%s",
			 g->who, headers, type, text);

	snprintf(range, sizeof(range), "1-%d/%d", n, n);
	guest_head(g, id, id, range, "", NULL);
	guest_write(g, object, (size_t)n);
	guest_tail(g, id, '$');
	room_run(g->room);
}

#define NS "NS: imdn <urn:ietf:params:imdn>\r\n"


static void test_kept(void)
{
	struct fixture *f = fixture(MEMBERS(KEEPS));

	say(f->alice, "a1",
	    NS "imdn.Message-ID: i1\r\nimdn.Disposition-Notification: negative-delivery\r\n",
	    "text/plain", "one");
	is_in(f, "sip:dave@example.com");
	say(f->bob, "b1", "", "text/plain", "two");
	kept_is(f, "sip:alice@example.com i1 2: sip:carol@example.com,sip:dave@example.com, "
		   "[From: <sip:alice@example.com>\r\nTo: <sip:friends@example.com>\r\n" NS
		   "imdn.Message-ID: i1\r\nimdn.Disposition-Notification: negative-delivery\r\n\r\n"
		   "Content-Type: text/plain\r\n\r\none]\n"
		   "sip:bob@example.com  0: sip:carol@example.com, "
		   "[From: <sip:bob@example.com>\r\nTo: <sip:friends@example.com>\r\n\r\n"
		   "Content-Type: text/plain\r\n\r\ntwo]\n");
}


/* Not allowed; of the moment; not whole. */
static void test_not_kept(void)
{
	struct fixture *f = fixture(MEMBERS("<join-handling>true</join-handling>"));

	say(f->alice, "a1", "", "text/plain", "one");
	kept_is(f, "");

	f = fixture(MEMBERS(KEEPS));
	say(f->alice, "a2", "", "application/im-iscomposing+xml",
	    "<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\"><state>active</state>"
	    "</isComposing>");
	guest_head(f->alice, "a3", "a3", "1-*/100", "", NULL);
	guest_printf(f->alice, "From: <sip:alice@example.com>\r\nTo: <sip:friends@example.com>\r\n"
			       "\r\nContent-Type: text/plain\r\n\r\nha");
	guest_tail(f->alice, "a3", '#');
	kept_is(f, "");
}


static void got(struct store_content_reader *r, int error, struct str bytes, void *arg)
{
	struct fixture *f = arg;

	(void)r;
	f->error = error;
	f->n = bytes.n;
	if (bytes.n > 10)
		f->n = str_starts(bytes, STR("From: <sip:alice@example.com>")) &&
				       bytes.p[bytes.n - 1] == 'z'
			       ? bytes.n
			       : 0;
}


/* Above the limit of a MESSAGE it is a content of the store; what ends later comes later. */
static void test_large(void)
{
	struct fixture *f = fixture(MEMBERS(KEEPS));
	struct store_content_reader *reader;
	char *text = unit_storage(20001);

	memset(text, 'z', 20000);
	store_memory_set_delay(f->store, 50);
	say(f->alice, "a1", "", "text/plain", text);
	say(f->bob, "b1", "", "text/plain", "small");
	room_advance(f->room, 200);
	store_memory_set_delay(f->store, 0);
	room_advance(f->room, 200);
	f->error = -EINPROGRESS;
	unit_ok(store_mailing_list(f->store, &f->r, 0, 1, listed, f));
	room_run(f->room);
	unit_ok(f->error);
	unit_buf_is(f->out,
		    "sip:alice@example.com  8: sip:carol@example.com,sip:dave@example.com,\n");
	assert_true(f->size > 20000 && f->size < 20200);
	unit_ok(store_content_open(&reader, f->store, str_of(f->file)));
	f->error = store_content_read(reader, 0, STORE_CONTENT_READ_MAX, got, f);
	room_run(f->room);
	store_content_close(reader);
	unit_ok(f->error);
	assert_int_equal(f->n, f->size);
}


/* The session ends while a message is being written: it is kept all the same. */
static void test_lingers(void)
{
	struct fixture *f = fixture(MEMBERS(KEEPS));
	char *text = unit_storage(20001);

	memset(text, 'z', 20000);
	say(f->alice, "a1", "", "text/plain", text);
	absent_close(f->absent);
	f->absent = NULL;
	room_advance(f->room, 1000);
	kept_is(f, "sip:alice@example.com  8: sip:carol@example.com,sip:dave@example.com,\n");

	/* And nothing is left when the service stops in the midst of it. */
	f = fixture(MEMBERS(KEEPS));
	say(f->alice, "a2", "", "text/plain", text);
	absent_close(f->absent);
	f->absent = NULL;
	mailer_stop(f->mailer);
	room_run(f->room);
}


/* A report on what somebody said who has gone since: to them alone. */
static void test_report(void)
{
	struct fixture *f = fixture(MEMBERS("<join-handling>true</join-handling>"));
	static const char report[] =
		"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>i9</message-id>"
		"<datetime>2026-01-01T00:00:00Z</"
		"datetime><delivery-notification><status><delivered/>"
		"</status></delivery-notification></imdn>";

	guest_say_to(f->alice, "a1", "a1", NS "imdn.Message-ID: r1\r\n", "sip:alice@example.com",
		     "sip:carol@example.com", "message/imdn+xml", report);
	room_run(f->room);
	f->error = -EINPROGRESS;
	unit_ok(store_mailing_list(f->store, &f->r, 0, 10, listed, f));
	room_run(f->room);
	unit_ok(f->error);
	unit_must(str_starts(buf_str(f->out),
			     STR("sip:alice@example.com i-a1 0: sip:carol@example.com, [")));
	unit_must(str_find_str(buf_str(f->out), STR("<delivered/>")) > 0);
}


UNIT_MAIN(UNIT_TEST(test_kept), UNIT_TEST(test_not_kept), UNIT_TEST(test_large),
	  UNIT_TEST(test_lingers), UNIT_TEST(test_report))
