/* SPDX-License-Identifier: Apache-2.0 */
/* What the command prints of a group: who came and how they went, safe for the terminal, as JSON. */
#include "cli.h"

#include "lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

struct capture {
	int saved[2], fd;
	char text[8192];
};


/* Both standard output and standard error. */
static void capture_begin(struct capture *c)
{
	char name[] = "/tmp/parley-show-XXXXXX";

	fflush(stdout);
	fflush(stderr);
	c->fd = mkstemp(name);
	assert_true(c->fd >= 0);
	unlink(name);
	for (int i = 0; i < 2; i++) {
		c->saved[i] = dup(STDOUT_FILENO + i);
		dup2(c->fd, STDOUT_FILENO + i);
	}
}


static void capture_end(struct capture *c)
{
	off_t n;

	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(c->saved[i], STDOUT_FILENO + i);
		close(c->saved[i]);
	}
	n = pread(c->fd, c->text, sizeof(c->text) - 1, 0);
	close(c->fd);
	assert_true(n >= 0);
	c->text[n] = '\0';
}


static void test_person(void)
{
	static const struct {
		struct parley_person p;
		enum parley_presence before;
		const char *line;
	} rows[] = {
		{{"sip:b@x", "Bo", false, PARLEY_PERSON_HERE, "", ""},
		 PARLEY_PERSON_UNKNOWN,
		 "parley: Bo (sip:b@x) has joined\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_INVITED, "", ""},
		 PARLEY_PERSON_UNKNOWN,
		 "parley: sip:b@x is invited\n"},
		{{"sip:b@x", "Ben", false, PARLEY_PERSON_HERE, "", ""},
		 PARLEY_PERSON_HERE,
		 "parley: Ben (sip:b@x) is called so now\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "departed", ""},
		 PARLEY_PERSON_HERE,
		 "parley: sip:b@x has left\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "booted", ""},
		 PARLEY_PERSON_HERE,
		 "parley: sip:b@x was sent away\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "failed", ""},
		 PARLEY_PERSON_HERE,
		 "parley: sip:b@x was lost\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "failed", "SIP;cause=603"},
		 PARLEY_PERSON_INVITED,
		 "parley: sip:b@x has declined\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "busy", ""},
		 PARLEY_PERSON_INVITED,
		 "parley: sip:b@x is busy\n"},
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "", ""},
		 PARLEY_PERSON_INVITED,
		 "parley: sip:b@x cannot be reached\n"},
		/* No news: somebody who never was here; oneself. */
		{{"sip:b@x", "", false, PARLEY_PERSON_AWAY, "", ""}, PARLEY_PERSON_UNKNOWN, ""},
		{{"sip:a@x", "", true, PARLEY_PERSON_HERE, "", ""}, PARLEY_PERSON_UNKNOWN, ""},
		{{"sip:b@x", "\x1b[2J", false, PARLEY_PERSON_HERE, "", ""},
		 PARLEY_PERSON_UNKNOWN,
		 "parley: \\x1b[2J (sip:b@x) has joined\n"},
	};
	struct cli c = {.json = false};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture cap;

		unit_case("row %zu", i);
		capture_begin(&cap);
		(void)show_person(&c, &rows[i].p, rows[i].before);
		capture_end(&cap);
		assert_string_equal(cap.text, rows[i].line);
	}
}


static void test_person_json(void)
{
	static const struct parley_person p = {"sip:b@x",          "\xff\"", false,
					       PARLEY_PERSON_AWAY, "booted", ""};
	struct cli c = {.json = true};
	struct capture cap;
	json_t *o;

	capture_begin(&cap);
	(void)show_person(&c, &p, PARLEY_PERSON_HERE);
	capture_end(&cap);
	o = json_loads(cap.text, 0, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "event")), "person");
	assert_string_equal(json_string_value(json_object_get(o, "state")), "away");
	assert_string_equal(json_string_value(json_object_get(o, "before")), "here");
	assert_string_equal(json_string_value(json_object_get(o, "uri")), "sip:b@x");
	assert_string_equal(json_string_value(json_object_get(o, "name")), "\\xff\"");
	assert_string_equal(json_string_value(json_object_get(o, "how")), "booted");
	json_decref(o);
}


static void test_invited(void)
{
	static const char *const others[] = {"sip:c@x", "sip:\x1b@x"};
	struct parley_invitation i = {
		.from = "sip:b@x",
		.from_name = "Bo",
		.subject = "Sunday\ntour",
		.by = "",
		.mode = PARLEY_CHAT,
		.group = true,
		.others = others,
		.others_n = 2,
	};
	struct cli c = {.json = false};
	struct capture cap;

	capture_begin(&cap);
	(void)show_invited_group(&c, &i);
	capture_end(&cap);
	assert_string_equal(cap.text,
			    "parley: Bo (sip:b@x) invites to a group about Sunday\\x0atour, "
			    "with sip:c@x, sip:\\x1b@x\n");
	i.by = "sip:d@x";
	i.others_n = 0;
	i.subject = "";
	capture_begin(&cap);
	(void)show_invited_group(&c, &i);
	capture_end(&cap);
	assert_string_equal(cap.text, "parley: sip:d@x invites to a group\n");
}


static void test_answers(void)
{
	static const struct {
		enum parley_request what;
		unsigned status;
		const char *line;
	} rows[] = {
		{PARLEY_ADD, 202, "parley: invitations are on their way\n"},
		{PARLEY_ADD, 403, "parley: this group does not let you add anybody (403)\n"},
		{PARLEY_ADD, 500, "parley: nobody could be added (500)\n"},
		{PARLEY_REMOVE, 0, "parley: nobody could be sent away: there was no answer\n"},
		{PARLEY_NICKNAME, 200, "parley: the group calls you so now\n"},
		{PARLEY_NICKNAME, 425, "parley: somebody has that nickname already (425)\n"},
	};
	struct cli c = {.json = false};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct capture cap;

		unit_case("row %zu", i);
		capture_begin(&cap);
		(void)show_answer(&c, rows[i].what, rows[i].status);
		capture_end(&cap);
		assert_string_equal(cap.text, rows[i].line);
	}
}


static void test_said(void)
{
	struct parley_message m = {
		.from = "sip:b@x",
		.from_name = "Bo",
		.content = "one\ntwo",
		.content_size = 7,
		.message_id = "",
		.type = "text/plain",
		.to = "sip:a@x",
		.sent_ms = -1,
		.received_ms = 1767225600000,
		.in_private = true,
	};
	struct cli c = {.json = false};
	struct capture cap;
	json_t *o;

	capture_begin(&cap);
	assert_true(show_said(&c, &m));
	capture_end(&cap);
	assert_string_equal(cap.text, "00:00:00  Bo (to you alone): one\n"
				      "                             two\n");
	m.from = m.from_name = "";
	capture_begin(&cap);
	assert_true(show_said(&c, &m));
	capture_end(&cap);
	assert_non_null(strstr(cap.text, "anonymous (to you alone): one\n"));
	c.json = true;
	capture_begin(&cap);
	assert_true(show_said(&c, &m));
	capture_end(&cap);
	o = json_loads(cap.text, 0, NULL);
	assert_non_null(o);
	assert_true(json_is_true(json_object_get(o, "private")));
	json_decref(o);
}


int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST_PLAIN(test_person),  UNIT_TEST_PLAIN(test_person_json),
		UNIT_TEST_PLAIN(test_invited), UNIT_TEST_PLAIN(test_answers),
		UNIT_TEST_PLAIN(test_said),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return unit_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
