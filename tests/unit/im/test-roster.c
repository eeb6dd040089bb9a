/* SPDX-License-Identifier: Apache-2.0 */
/* The roster of a conference: what each subscriber is told, read back by the client's decoder. */
#include "im/controlling/roster.h"

#include <stdio.h>

#include "lib/unit.h"

static struct roster *r;
static unsigned changes;


static void on_changed(struct roster *roster, void *arg)
{
	(void)roster;
	(void)arg;
	changes++;
}


static void set_up(void)
{
	r = NULL;
	changes = 0;
	unit_ok(roster_alloc(&r, &(struct roster_params){
					 .entity = STR("sip:s1@im.example.org"),
					 .display_text = STR("Hikers"),
					 .subject = STR("Sunday tour"),
					 .maximum = 20,
				 }));
	unit_own(r);
	roster_listen(r, on_changed, NULL);
}


static int person(const char *who, enum conference_status status)
{
	return roster_set(r, &(struct roster_person){
				     .who = str_of(who),
				     .display_name = STR("Somebody"),
				     .contact = STR("sip:device@192.0.2.1"),
				     .status = status,
				     .joining = CONFERENCE_DIALED_IN,
			     });
}


/* One document for `place`, decoded into an arena of the test. */
static struct conference_info told(struct roster_place *place, const char *who, bool full)
{
	struct buf *out = unit_buf(ROSTER_DOCUMENT_MAX + 4096);
	struct conference_info info = {.users_n = 0};

	roster_tell(r, place,
		    &(struct roster_view){.who = str_of(who), .tells_own = true, .full = full},
		    out);
	unit_must(!out->failed);
	unit_ok(conference_info_decode(&info, buf_str(out), unit_arena(8 << 20)));
	return info;
}


static const struct conference_user *user(const struct conference_info *i, const char *entity)
{
	for (size_t k = 0; k < i->users_n; k++) {
		if (str_eq(i->users[k].entity, str_of(entity)))
			return &i->users[k];
	}
	return NULL;
}


static void test_full_and_partial(void)
{
	struct roster_place place;
	struct conference_info i;
	const struct conference_user *u;

	set_up();
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:bob@example.org", CONFERENCE_PENDING));
	assert_int_equal(changes, 2);
	roster_place_init(&place, r);
	assert_true(roster_has_news(r, &place));

	i = told(&place, "sip:alice@example.org", false);
	assert_int_equal(i.head.change, CONFERENCE_FULL);
	assert_int_equal(i.head.version, 1);
	unit_str(i.head.entity, "sip:s1@im.example.org");
	unit_str(i.description.subject, "Sunday tour");
	unit_str(i.description.display_text, "Hikers");
	assert_int_equal(i.description.maximum_user_count, 20);
	assert_int_equal(i.state.user_count, 1);
	assert_int_equal(i.state.active, CONFERENCE_TRUE);
	assert_int_equal(i.users_change, CONFERENCE_FULL);
	assert_int_equal(i.users_n, 2);
	u = user(&i, "sip:alice@example.org");
	assert_true(u && u->own && u->endpoints_n == 1);
	assert_int_equal(u->endpoints[0].status, CONFERENCE_CONNECTED);
	assert_int_equal(u->endpoints[0].media_n, 1);
	u = user(&i, "sip:bob@example.org");
	assert_true(u && !u->own);
	assert_int_equal(u->endpoints[0].status, CONFERENCE_PENDING);
	assert_int_equal(u->endpoints[0].media_n, 0);
	assert_false(roster_has_news(r, &place));

	unit_ok(person("sip:bob@example.org", CONFERENCE_PENDING));
	assert_int_equal(changes, 2);
	assert_false(roster_has_news(r, &place));

	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	i = told(&place, "sip:alice@example.org", false);
	assert_int_equal(i.head.change, CONFERENCE_PARTIAL);
	assert_int_equal(i.head.version, 2);
	assert_false(i.described);
	assert_int_equal(i.users_n, 1);
	assert_int_equal(i.state.user_count, 2);
	assert_true(user(&i, "sip:bob@example.org") != NULL);
}


static void test_leaving(void)
{
	struct roster_place place, late;
	struct conference_info i;
	const struct conference_user *u;

	set_up();
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:carol@example.org", CONFERENCE_PENDING));
	roster_place_init(&place, r);
	told(&place, "sip:alice@example.org", false);
	unit_ok(roster_leave(r, STR("sip:bob@example.org"), CONFERENCE_BOOTED, STR_NULL,
			     STR("sip:alice@example.org")));
	unit_ok(roster_leave(r, STR("sip:carol@example.org"), CONFERENCE_FAILED,
			     STR("SIP;cause=603;text=\"Decline\""), STR_NULL));
	assert_int_equal(roster_leave(r, STR("sip:bob@example.org"), CONFERENCE_DEPARTED, STR_NULL,
				      STR_NULL),
			 -ENOENT);
	assert_int_equal(roster_count(r), 1);
	assert_int_equal(roster_connected(r), 1);

	i = told(&place, "sip:alice@example.org", false);
	assert_int_equal(i.users_n, 2);
	u = user(&i, "sip:bob@example.org");
	assert_int_equal(u->endpoints[0].status, CONFERENCE_DISCONNECTED);
	assert_int_equal(u->endpoints[0].leaving, CONFERENCE_BOOTED);
	unit_str(u->endpoints[0].left.by, "sip:alice@example.org");
	u = user(&i, "sip:carol@example.org");
	assert_int_equal(u->endpoints[0].leaving, CONFERENCE_FAILED);
	unit_str(u->endpoints[0].left.reason, "SIP;cause=603;text=\"Decline\"");

	/* Who comes later hears nothing of those who had gone; nor does a refresh. */
	roster_place_init(&late, r);
	i = told(&late, "sip:dave@example.org", false);
	assert_int_equal(i.users_n, 1);
	i = told(&place, "sip:alice@example.org", true);
	assert_int_equal(i.head.change, CONFERENCE_FULL);
	assert_int_equal(i.head.version, 3);
	assert_int_equal(i.users_n, 1);

	/* A full document that has to be told before the news was brings it all the same. */
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	unit_ok(roster_leave(r, STR("sip:bob@example.org"), CONFERENCE_DEPARTED, STR_NULL,
			     STR_NULL));
	i = told(&late, "sip:dave@example.org", true);
	assert_int_equal(i.users_n, 2);
	assert_int_equal(user(&i, "sip:bob@example.org")->endpoints[0].leaving,
			 CONFERENCE_DEPARTED);
}


static void test_anonymous(void)
{
	struct roster_place alice, bob;
	struct conference_info i;
	const struct conference_user *u;
	struct buf *out = unit_buf(ROSTER_DOCUMENT_MAX);

	set_up();
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(roster_set(r, &(struct roster_person){.who = STR("sip:bob@example.org"),
						      .display_name = STR("Bob"),
						      .contact = STR("sip:bob@192.0.2.2"),
						      .anonymous = true,
						      .status = CONFERENCE_CONNECTED}));
	roster_place_init(&alice, r);
	roster_place_init(&bob, r);
	roster_tell(r, &alice, &(struct roster_view){.who = STR("sip:alice@example.org")}, out);
	unit_must(!out->failed);
	/* Nothing of what could tell who it is. */
	assert_true(str_find_str(buf_str(out), STR("bob")) < 0);
	assert_true(str_find_str(buf_str(out), STR("Bob")) < 0);
	assert_true(str_find_str(buf_str(out), STR("192.0.2.2")) < 0);
	assert_true(str_find_str(buf_str(out), STR("sip:anonymous1@anonymous.invalid")) > 0);
	assert_true(str_find_str(buf_str(out), STR("Anonymous 1")) > 0);
	assert_true(str_find_str(buf_str(out), STR("yourown")) < 0);
	unit_str(roster_shown(r, STR("sip:bob@example.org")), "sip:anonymous1@anonymous.invalid");
	unit_str(roster_shown(r, STR("sip:alice@example.org")), "sip:alice@example.org");

	i = told(&bob, "sip:bob@example.org", false);
	u = user(&i, "sip:bob@example.org");
	assert_true(u && u->own);
	unit_str(u->display_text, "Bob");

	/* Whom an anonymous one sends away is not told by whom; leaving does not tell it either. */
	unit_ok(roster_leave(r, STR("sip:alice@example.org"), CONFERENCE_BOOTED, STR_NULL,
			     STR("sip:bob@example.org")));
	unit_ok(roster_leave(r, STR("sip:bob@example.org"), CONFERENCE_DEPARTED, STR_NULL,
			     STR_NULL));
	buf_clear(out);
	roster_tell(r, &alice, &(struct roster_view){.who = STR("sip:alice@example.org")}, out);
	unit_must(!out->failed);
	assert_true(str_find_str(buf_str(out), STR("bob@")) < 0);
	assert_true(str_find_str(buf_str(out), STR("<by>sip:anonymous1@anonymous.invalid")) > 0);
	/* Who comes back has the same name. */
	unit_ok(roster_set(r, &(struct roster_person){.who = STR("sip:bob@example.org"),
						      .anonymous = true}));
	unit_str(roster_shown(r, STR("sip:bob@example.org")), "sip:anonymous1@anonymous.invalid");
	/* Who hides no longer is somebody else to the others: they are told anew. */
	told(&alice, "sip:alice@example.org", false);
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	i = told(&alice, "sip:alice@example.org", false);
	assert_int_equal(i.head.change, CONFERENCE_FULL);
	assert_int_equal(i.users_n, 1);
}


/* What a subscriber has by now, as RFC 4575 4.6 lets it grow; returns how many are connected. */
#define KNOWN_MAX 3000
static struct known {
	struct str entity;
	bool in;
} known[KNOWN_MAX];
static size_t known_n;
static bool have_version;
static uint32_t version;


static void take(const struct conference_info *i)
{
	enum conference_step step = conference_info_next(&i->head, have_version, version);

	assert_true(step == CONFERENCE_REPLACE || step == CONFERENCE_UPDATE);
	if (step == CONFERENCE_REPLACE)
		known_n = 0;
	have_version = true;
	version = i->head.version;
	for (size_t k = 0; k < i->users_n; k++) {
		const struct conference_user *u = &i->users[k];
		size_t at = 0;

		while (at < known_n && !str_eq(known[at].entity, u->entity))
			at++;
		assert_true(at < KNOWN_MAX);
		known_n += at == known_n;
		known[at] = (struct known){u->entity,
					   u->endpoints[0].status != CONFERENCE_DISCONNECTED};
	}
}


static size_t known_in(void)
{
	size_t n = 0;

	for (size_t k = 0; k < known_n; k++)
		n += known[k].in;
	return n;
}


/* Hundreds do not fit into one document: the rest follows, while people come and go. */
static void test_large(void)
{
	struct roster_place place;
	unsigned documents = 0;
	char name[64];

	set_up();
	known_n = 0;
	have_version = false;
	for (unsigned k = 0; k < 900; k++) {
		snprintf(name, sizeof(name), "sip:participant%u@example.org", k);
		unit_ok(person(name, CONFERENCE_CONNECTED));
	}
	roster_place_init(&place, r);
	do {
		struct conference_info i = told(&place, "sip:x@example.org", false);

		assert_int_equal(i.head.change, documents ? CONFERENCE_PARTIAL : CONFERENCE_FULL);
		assert_int_equal(i.users_change, CONFERENCE_PARTIAL);
		take(&i);
		snprintf(name, sizeof(name), "sip:participant%u@example.org", documents * 300);
		if (documents < 3)
			unit_ok(roster_leave(r, str_of(name), CONFERENCE_DEPARTED, STR_NULL,
					     STR_NULL));
		assert_true(++documents < 50);
	} while (roster_has_news(r, &place));
	assert_true(documents > 3);
	assert_int_equal(known_in(), 897);
	assert_int_equal(roster_connected(r), 897);
}


/* One who is told nothing for long is told everything anew, and the memory of who has gone is bounded. */
static void test_forgotten(void)
{
	struct roster_place place;
	size_t blocks;

	set_up();
	known_n = 0;
	have_version = false;
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	roster_place_init(&place, r);
	struct conference_info i = told(&place, "sip:alice@example.org", false);
	take(&i);
	unit_ok(roster_leave(r, STR("sip:bob@example.org"), CONFERENCE_DEPARTED, STR_NULL,
			     STR_NULL));
	blocks = mem_live_blocks();
	for (unsigned k = 0; k < 2 * ROSTER_GONE_MAX; k++) {
		char name[64];

		snprintf(name, sizeof(name), "sip:visitor%u@example.org", k);
		unit_ok(person(name, CONFERENCE_CONNECTED));
		unit_ok(roster_leave(r, str_of(name), CONFERENCE_DEPARTED, STR_NULL, STR_NULL));
	}
	assert_true(mem_live_blocks() <= blocks + ROSTER_GONE_MAX);
	i = told(&place, "sip:alice@example.org", false);
	assert_int_equal(i.head.change, CONFERENCE_FULL);
	take(&i);
	for (unsigned k = 0; roster_has_news(r, &place); k++) {
		i = told(&place, "sip:alice@example.org", false);
		assert_int_equal(i.head.change, CONFERENCE_PARTIAL);
		take(&i);
		assert_true(k < 20);
	}
	assert_int_equal(known_in(), 1);
}


static void test_end(void)
{
	struct roster_place place;
	struct conference_info i;

	set_up();
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	roster_place_init(&place, r);
	told(&place, "sip:x@example.org", false);
	roster_end(r, STR("SIP;cause=410;text=\"Gone\""));
	roster_end(r, STR_NULL);
	assert_true(roster_has_ended(r));
	i = told(&place, "sip:x@example.org", true);
	assert_int_equal(i.state.active, CONFERENCE_FALSE);
	assert_int_equal(i.state.user_count, 0);
	assert_int_equal(i.users_n, 2);
	assert_int_equal(i.users[0].endpoints[0].status, CONFERENCE_DISCONNECTED);
	assert_int_equal(person("sip:carol@example.org", CONFERENCE_CONNECTED), -ENOBUFS);
	assert_int_equal(roster_set_subject(r, STR("x")), -ENOBUFS);
}


static void test_ceilings(void)
{
	static char text[ROSTER_TEXT_MAX + 2];
	struct roster_person p;
	struct roster *none = NULL;

	set_up();
	memset(text, '"', sizeof(text) - 1);
	assert_int_equal(roster_set(r, &(struct roster_person){.who = str_of(text)}), -ENOBUFS);
	unit_ok(roster_set(r, &(struct roster_person){.who = STR("sip:a@b"),
						      .display_name = str_of(text),
						      .contact = str_of(text)}));
	assert_true(roster_find(r, STR("sip:a@b"), &p));
	assert_true(!p.display_name.n && !p.contact.n);
	assert_int_equal(roster_alloc(&none, &(struct roster_params){.entity = str_of(text)}),
			 -ENOBUFS);
	/* The largest there can be still fits into a document. */
	text[ROSTER_TEXT_MAX] = '\0';
	unit_ok(roster_set_subject(r, str_of(text)));
	for (unsigned k = 0; k < 5; k++) {
		text[0] = (char)('a' + k);
		unit_ok(roster_set(r, &(struct roster_person){.who = str_of(text),
							      .display_name = str_of(text),
							      .contact = str_of(text),
							      .role = str_of(text)}));
	}
	struct roster_place place;
	unsigned n = 0;
	roster_place_init(&place, r);
	for (struct conference_info i; roster_has_news(r, &place); n++) {
		i = told(&place, "", false);
		assert_true(i.users_n > 0);
		assert_true(n < 10);
	}
	assert_true(n > 1);
}


static void test_subject_and_walk(void)
{
	struct roster_place place;
	struct conference_info i;
	struct roster_person p;

	set_up();
	assert_false(roster_walk(r, STR_NULL, &p));
	unit_ok(person("sip:alice@example.org", CONFERENCE_CONNECTED));
	unit_ok(person("sip:bob@example.org", CONFERENCE_CONNECTED));
	roster_place_init(&place, r);
	told(&place, "", false);
	unit_ok(roster_set_subject(r, STR("Sunday tour")));
	assert_false(roster_has_news(r, &place));
	unit_ok(roster_set_subject(r, STR("Monday tour")));
	i = told(&place, "", false);
	assert_int_equal(i.head.change, CONFERENCE_PARTIAL);
	unit_str(i.description.subject, "Monday tour");
	assert_false(i.listed);

	assert_true(roster_walk(r, STR_NULL, &p));
	unit_str(p.who, "sip:alice@example.org");
	assert_true(roster_walk(r, p.who, &p));
	unit_str(p.who, "sip:bob@example.org");
	assert_false(roster_walk(r, p.who, &p));
}


UNIT_MAIN(UNIT_TEST(test_full_and_partial), UNIT_TEST(test_leaving), UNIT_TEST(test_anonymous),
	  UNIT_TEST_PLAIN(test_large), UNIT_TEST_PLAIN(test_forgotten), UNIT_TEST(test_end),
	  UNIT_TEST(test_ceilings), UNIT_TEST(test_subject_and_walk))
