/* SPDX-License-Identifier: Apache-2.0 */
/* Conferences that stand, with every backend. */
#include "store/conference.h"

#include "world.h"

struct conferences {
	struct world *w;
	struct buf *out;
	size_t removed;
};


static struct conferences *conferences(void)
{
	struct conferences *t = unit_storage(sizeof(*t));

	t->w = world();
	t->out = unit_buf(1 << 16);
	return t;
}


/* "id|kind|group|founder|subject|since|lapses|who,who," */
static void seen(struct store_request *r, int error, void *arg)
{
	struct conferences *t = arg;
	const struct store_conference *c = error ? NULL : store_conference_result(r);

	buf_clear(t->out);
	if (c) {
		buf_printf(t->out, STR_FMT "|%u|" STR_FMT "|" STR_FMT "|" STR_FMT "|%d|%d|",
			   STR_ARG(c->id), c->kind, STR_ARG(c->group), STR_ARG(c->founder),
			   STR_ARG(c->subject), (int)c->since_ms, (int)c->lapses_ms);
		for (size_t i = 0; i < c->invited_n; i++)
			buf_printf(t->out, STR_FMT ",", STR_ARG(c->invited[i]));
	}
	world_done(r, error, t->w);
}


static void purged(struct store_request *r, int error, void *arg)
{
	struct conferences *t = arg;

	t->removed = store_conference_removed(r);
	world_done(r, error, t->w);
}


static int put(struct conferences *t, const char *id, uint32_t kind, const struct str *who,
	       size_t n)
{
	struct store_conference c = {
		.id = str_of(id),
		.kind = kind,
		.group = STR("sip:hikers@x"),
		.founder = STR("sip:a@x"),
		.subject = STR("Sunday"),
		.since_ms = 7,
		.lapses_ms = 99,
		.invited = who,
		.invited_n = n,
	};

	return ASK(t, store_conference_put, &c, world_done, t->w);
}


static int get(struct conferences *t, const char *id)
{
	return ASK(t, store_conference_get, str_of(id), seen, t);
}


static int invite(struct conferences *t, const char *id, const char *who)
{
	return ASK(t, store_conference_invite, str_of(id), str_of(who), world_done, t->w);
}


static void test_kept(void)
{
	struct conferences *t = conferences();
	struct str who[] = {STR("sip:c@x"), STR("sip:b@x"), STR("sip:c@x")};

	unit_must(get(t, "one") == -ENOENT);
	unit_ok(put(t, "one", 2, who, 3));
	unit_ok(put(t, "two", 1, NULL, 0));
	if (world_keeps(t->w))
		world_reopen(t->w);
	unit_ok(get(t, "one"));
	unit_buf_is(t->out, "one|2|sip:hikers@x|sip:a@x|Sunday|7|0|sip:b@x,sip:c@x,");
	unit_ok(get(t, "two"));
	unit_buf_is(t->out, "two|1|sip:hikers@x|sip:a@x|Sunday|7|0|");
	/* Again: what was there is replaced, persons too. */
	unit_ok(put(t, "one", 0, who, 1));
	unit_ok(get(t, "one"));
	unit_buf_is(t->out, "one|0|sip:hikers@x|sip:a@x|Sunday|7|0|sip:c@x,");
	unit_must(get(t, "on") == -ENOENT);
	unit_must(get(t, "onee") == -ENOENT);
}


static void test_invited(void)
{
	struct conferences *t = conferences();

	unit_must(invite(t, "one", "sip:b@x") == -ENOENT);
	unit_ok(put(t, "one", 2, NULL, 0));
	unit_ok(put(t, "onetwo", 2, NULL, 0));
	unit_ok(invite(t, "one", "sip:c@x"));
	unit_ok(invite(t, "one", "sip:b@x"));
	unit_ok(invite(t, "one", "sip:b@x"));
	unit_ok(invite(t, "onetwo", "sip:d@x"));
	unit_ok(get(t, "one"));
	unit_buf_is(t->out, "one|2|sip:hikers@x|sip:a@x|Sunday|7|0|sip:b@x,sip:c@x,");
	unit_ok(ASK(t, store_conference_delete, STR("one"), world_done, t->w));
	unit_must(ASK(t, store_conference_delete, STR("one"), world_done, t->w) == -ENOENT);
	unit_must(get(t, "one") == -ENOENT);
	/* Nobody is left of it when it is there once more. */
	unit_ok(put(t, "one", 2, NULL, 0));
	unit_ok(get(t, "one"));
	unit_buf_is(t->out, "one|2|sip:hikers@x|sip:a@x|Sunday|7|0|");
	unit_ok(get(t, "onetwo"));
	unit_buf_is(t->out, "onetwo|2|sip:hikers@x|sip:a@x|Sunday|7|0|sip:d@x,");
}


static void test_lapsing(void)
{
	struct conferences *t = conferences();
	struct str who = STR("sip:b@x");

	unit_ok(put(t, "one", 2, &who, 1));
	unit_ok(put(t, "two", 2, &who, 1));
	unit_ok(ASK(t, store_conference_lapse, 1000, world_done, t->w));
	unit_ok(put(t, "three", 2, &who, 1));
	/* Two stands again; one lapses at the first time that was said. */
	unit_ok(put(t, "two", 2, &who, 1));
	unit_ok(get(t, "one"));
	unit_buf_is(t->out, "one|2|sip:hikers@x|sip:a@x|Sunday|7|1000|sip:b@x,");
	unit_ok(ASK(t, store_conference_purge, 999, purged, t));
	assert_int_equal(t->removed, 0);
	unit_ok(ASK(t, store_conference_lapse, 2000, world_done, t->w));
	unit_ok(ASK(t, store_conference_purge, 1000, purged, t));
	assert_int_equal(t->removed, 1);
	unit_must(get(t, "one") == -ENOENT);
	unit_ok(get(t, "two"));
	unit_ok(ASK(t, store_conference_purge, 2000, purged, t));
	assert_int_equal(t->removed, 2);
	unit_must(get(t, "three") == -ENOENT);
}


/* A purge takes so many at a time. */
static void test_purge_pages(void)
{
	struct conferences *t = conferences();
	char id[16];

	for (int i = 0; i < STORE_CONFERENCE_PURGE_MAX + 1; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		unit_ok(put(t, id, 1, NULL, 0));
	}
	unit_ok(ASK(t, store_conference_lapse, 5, world_done, t->w));
	unit_ok(ASK(t, store_conference_purge, 5, purged, t));
	assert_int_equal(t->removed, STORE_CONFERENCE_PURGE_MAX);
	unit_ok(ASK(t, store_conference_purge, 5, purged, t));
	assert_int_equal(t->removed, 1);
}


static void test_ceilings(void)
{
	struct conferences *t = conferences();
	static char many[STORE_CONFERENCE_INVITED_MAX + 1][16];
	static struct str who[STORE_CONFERENCE_INVITED_MAX + 1];
	char *longer = unit_storage(STORE_CONFERENCE_TEXT_MAX + 2);
	struct str nul = {"a\0b", 3};

	memset(longer, 'x', STORE_CONFERENCE_TEXT_MAX + 1);
	for (size_t i = 0; i <= STORE_CONFERENCE_INVITED_MAX; i++) {
		snprintf(many[i], sizeof(many[i]), "sip:%zu@x", i);
		who[i] = str_of(many[i]);
	}
	unit_must(put(t, "one", 1, who, STORE_CONFERENCE_INVITED_MAX + 1) == -EMSGSIZE);
	unit_ok(put(t, "one", 1, who, STORE_CONFERENCE_INVITED_MAX));
	unit_must(invite(t, "one", "sip:more@x") == -EDQUOT);
	unit_ok(invite(t, "one", "sip:5@x"));
	unit_must(invite(t, "one", longer) == -EMSGSIZE);
	unit_must(invite(t, "one", "") == -EINVAL);
	unit_must(put(t, "", 1, NULL, 0) == -EINVAL);
	unit_must(put(t, "one", 1, &nul, 1) == -EINVAL);
	longer[STORE_CONFERENCE_ID_MAX + 1] = '\0';
	unit_must(put(t, longer, 1, NULL, 0) == -EMSGSIZE);
	unit_must(get(t, longer) == -EMSGSIZE);
}


UNIT_MAIN(UNIT_TEST(test_kept), UNIT_TEST(test_invited), UNIT_TEST(test_lapsing),
	  UNIT_TEST_PLAIN(test_purge_pages), UNIT_TEST_PLAIN(test_ceilings))
