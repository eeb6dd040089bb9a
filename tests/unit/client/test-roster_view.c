/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a conference, put together from its documents; also without memory. */
#include "client/roster_view.h"

#include <errno.h>
#include <stdio.h>

#include "lib/unit.h"

#include "base/buf.h"

#define CHANGES_MAX 16

struct change {
	char uri[64], name[64];
	enum parley_presence before, now;
};

struct watcher {
	struct roster_view view;
	struct change change[CHANGES_MAX];
	unsigned n;
};


static void on_changed(struct roster_view *v, const struct roster_person *p,
		       enum parley_presence before, void *arg)
{
	struct watcher *w = arg;
	struct change *c = &w->change[w->n < CHANGES_MAX ? w->n : CHANGES_MAX - 1];

	(void)v;
	w->n++;
	snprintf(c->uri, sizeof(c->uri), "%s", p->uri);
	snprintf(c->name, sizeof(c->name), "%s", p->name);
	c->before = before;
	c->now = (enum parley_presence)p->presence;
}


static void release(void *arg)
{
	struct watcher *w = arg;

	roster_view_done(&w->view);
}


static struct watcher *watcher(void)
{
	struct watcher *w = unit_storage(sizeof(*w));

	roster_view_init(&w->view);
	unit_defer(release, w);
	return w;
}


/* `users` NULL: no <users>. */
static int take(struct watcher *w, unsigned version, const char *state, const char *users_state,
		const char *users, enum conference_step *step)
{
	struct buf *b = unit_buf(1 << 20);
	int err;

	buf_printf(b,
		   "<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" "
		   "entity=\"sip:c@x\" state=\"%s\" version=\"%u\">",
		   state, version);
	if (users)
		buf_printf(b, "<users%s>%s</users>", users_state, users);
	buf_puts(b, STR("</conference-info>"));
	w->n = 0;
	err = roster_view_take(&w->view, buf_str(b), step, on_changed, w);
	/* Of a document that could not be read for want of memory nothing more can be said. */
	if (unit_refused())
		unit_must(!err);
	return err;
}


static void must_take(struct watcher *w, unsigned version, const char *state, const char *users)
{
	enum conference_step step;

	assert_int_equal(take(w, version, state, "", users, &step), 0);
	assert_int_equal(step, !strcmp(state, "full") ? CONFERENCE_REPLACE : CONFERENCE_UPDATE);
}


#define USER(name, status)                                                                    \
	"<user entity=\"sip:" name "@x\"><endpoint entity=\"sip:" name "@1\"><status>" status \
	"</status></endpoint></user>"


static enum parley_presence presence(const struct watcher *w, const char *uri)
{
	const struct roster_person *p = roster_view_find(&w->view, str_of(uri));

	return p ? (enum parley_presence)p->presence : PARLEY_PERSON_UNKNOWN;
}


static void test_full(void)
{
	struct watcher *w = watcher();

	must_take(w, 1, "full", USER("a", "connected") USER("b", "pending"));
	assert_int_equal(w->n, 2);
	assert_string_equal(w->change[0].uri, "sip:a@x");
	assert_int_equal(w->change[0].before, PARLEY_PERSON_UNKNOWN);
	assert_int_equal(w->change[0].now, PARLEY_PERSON_HERE);
	assert_int_equal(w->change[1].now, PARLEY_PERSON_INVITED);
	assert_int_equal(roster_view_here(&w->view), 1);
	/* Whom the next one does not name has gone. */
	must_take(w, 7, "full", USER("b", "connected") USER("c", "on-hold"));
	assert_int_equal(w->n, 3);
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_UNKNOWN);
	assert_int_equal(presence(w, "sip:b@x"), PARLEY_PERSON_HERE);
	assert_int_equal(presence(w, "sip:c@x"), PARLEY_PERSON_HERE);
	assert_string_equal(w->change[2].uri, "sip:a@x");
	assert_int_equal(w->change[2].now, PARLEY_PERSON_AWAY);
	/* The same again is no change. */
	must_take(w, 8, "full", USER("b", "connected") USER("c", "connected"));
	assert_int_equal(w->n, 0);
}


static void test_partial(void)
{
	struct watcher *w = watcher();
	enum conference_step step;

	must_take(w, 1, "full", USER("a", "connected") USER("b", "connected"));
	/* The list is partial although it does not say so. */
	must_take(w, 2, "partial", USER("c", "dialing-out"));
	assert_int_equal(w->n, 1);
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_HERE);
	must_take(w, 3, "partial", "<user entity=\"sip:b@x\" state=\"deleted\"/>");
	assert_int_equal(w->n, 1);
	assert_int_equal(w->change[0].now, PARLEY_PERSON_AWAY);
	assert_int_equal(presence(w, "sip:b@x"), PARLEY_PERSON_UNKNOWN);
	/* One that says it is full, in a partial document, is. */
	assert_int_equal(take(w, 4, "partial", " state=\"full\"", USER("c", "connected"), &step),
			 0);
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_UNKNOWN);
	assert_int_equal(presence(w, "sip:c@x"), PARLEY_PERSON_HERE);
	/* A document without a list changes nobody. */
	must_take(w, 5, "partial", NULL);
	assert_int_equal(w->n, 0);
}


static void test_versions(void)
{
	static const struct {
		unsigned version;
		const char *state;
		enum conference_step step;
	} rows[] = {
		{1, "partial", CONFERENCE_REFRESH}, {5, "full", CONFERENCE_REPLACE},
		{5, "full", CONFERENCE_DISCARD},    {4, "partial", CONFERENCE_DISCARD},
		{7, "partial", CONFERENCE_REFRESH}, {6, "partial", CONFERENCE_UPDATE},
		{7, "deleted", CONFERENCE_ENDED},   {9, "full", CONFERENCE_REPLACE},
	};
	struct watcher *w = watcher();
	enum conference_step step;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%u %s", rows[i].version, rows[i].state);
		assert_int_equal(take(w, rows[i].version, rows[i].state, "", USER("a", "connected"),
				      &step),
				 0);
		assert_int_equal(step, rows[i].step);
	}
	/* Another subscription counts from anew, and what is known is still there. */
	roster_view_renew(&w->view);
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_HERE);
	must_take(w, 1, "full", USER("a", "connected"));
	assert_int_equal(w->n, 0);
}


/* Several devices: here while one is. */
static void test_endpoints(void)
{
	struct watcher *w = watcher();

	must_take(w, 1, "full",
		  "<user entity=\"sip:a@x\"><endpoint entity=\"1\"><status>connected</status>"
		  "</endpoint><endpoint entity=\"2\"><status>connected</status></endpoint></user>");
	must_take(w, 2, "partial",
		  "<user entity=\"sip:a@x\" state=\"partial\"><endpoint entity=\"1\" "
		  "state=\"deleted\"/></user>");
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_HERE);
	must_take(w, 3, "partial",
		  "<user entity=\"sip:a@x\" state=\"partial\"><endpoint entity=\"2\">"
		  "<status>disconnected</status><disconnection-method>busy</disconnection-method>"
		  "</endpoint></user>");
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_AWAY);
	assert_int_equal(roster_view_find(&w->view, STR("sip:a@x"))->leaving, CONFERENCE_BUSY);
	/* Back, by another; a full one forgets the rest. */
	must_take(w, 4, "partial",
		  "<user entity=\"sip:a@x\" state=\"full\"><endpoint entity=\"3\">"
		  "<status>alerting</status></endpoint></user>");
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_INVITED);
	assert_int_equal(roster_view_find(&w->view, STR("sip:a@x"))->leaving, 0);
	/* One of whom no device is told is a participant all the same. */
	must_take(w, 5, "partial", "<user entity=\"sip:b@x\"/>");
	assert_int_equal(presence(w, "sip:b@x"), PARLEY_PERSON_HERE);
	/* The only device is deleted: away. */
	must_take(w, 6, "partial",
		  "<user entity=\"sip:a@x\" state=\"partial\"><endpoint entity=\"3\" "
		  "state=\"deleted\"><disconnection-method>departed</disconnection-method>"
		  "</endpoint></user>");
	assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_AWAY);
}


static void test_names(void)
{
	struct watcher *w = watcher();
	const struct roster_person *p;

	must_take(w, 1, "full",
		  "<user entity=\"sip:a@x\"><display-text>Al</display-text></user>"
		  "<user entity=\"sip:b@x\"><display-text>Bo</display-text></user>"
		  "<user entity=\"sip:b@y\"><display-text>Bo</display-text></user>");
	assert_ptr_equal(roster_view_guess(&w->view, STR("al")),
			 roster_view_find(&w->view, STR("sip:a@x")));
	assert_ptr_equal(roster_view_guess(&w->view, STR("a")),
			 roster_view_find(&w->view, STR("sip:a@x")));
	assert_ptr_equal(roster_view_guess(&w->view, STR("SIP:a@X")),
			 roster_view_find(&w->view, STR("sip:a@x")));
	/* Two are meant by each of these: nobody is. */
	assert_null(roster_view_guess(&w->view, STR("Bo")));
	assert_null(roster_view_guess(&w->view, STR("b")));
	assert_null(roster_view_guess(&w->view, STR("c")));
	must_take(w, 2, "partial",
		  "<user entity=\"sip:a@x\" state=\"partial\"><display-text>Alan</display-text>"
		  "</user>");
	assert_int_equal(w->n, 1);
	assert_string_equal(w->change[0].name, "Alan");
	assert_int_equal(w->change[0].before, PARLEY_PERSON_HERE);
	/* A partial one that says nothing of it leaves it. */
	must_take(w, 3, "partial", "<user entity=\"sip:a@x\" state=\"partial\"/>");
	p = roster_view_find(&w->view, STR("sip:a@x"));
	assert_string_equal(p->name, "Alan");
}


static void test_malformed(void)
{
	static const char *const texts[] = {
		"",
		"x",
		"<conference-info/>",
		"<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" "
		"state=\"full\"/>",
		"<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" version=\"x\"/>",
		"<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" "
		"state=\"half\" version=\"1\"/>",
	};
	struct watcher *w = watcher();
	enum conference_step step;

	must_take(w, 1, "full", USER("a", "connected"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int err = roster_view_take(&w->view, str_of(texts[i]), &step, on_changed, w);

		unit_case("%s", texts[i]);
		unit_must(err == -EBADMSG);
		assert_int_equal(step, CONFERENCE_REFRESH);
		assert_int_equal(presence(w, "sip:a@x"), PARLEY_PERSON_HERE);
		assert_int_equal(w->view.version, 1);
	}
}


/* Partial documents cannot make more people than a full one could bring. */
static void test_ceiling(void)
{
	struct watcher *w = watcher();
	enum conference_step step;
	int err = 0;

	must_take(w, 1, "full", "");
	for (unsigned v = 2; !err && v < 100; v++) {
		struct buf *b = unit_buf(1 << 18);

		for (unsigned i = 0; i < 100; i++)
			buf_printf(b, "<user entity=\"sip:u%u@x\"/>", v * 100 + i);
		buf_putc(b, '\0');
		w->n = 0;
		err = take(w, v, "partial", "", b->p, &step);
		w->n = 0;
	}
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(step, CONFERENCE_REFRESH);
	assert_int_equal(w->view.persons.count, ROSTER_VIEW_PERSONS_MAX);
}


UNIT_MAIN(UNIT_TEST(test_full), UNIT_TEST(test_partial), UNIT_TEST(test_versions),
	  UNIT_TEST(test_endpoints), UNIT_TEST(test_names), UNIT_TEST(test_malformed),
	  UNIT_TEST(test_ceiling))
