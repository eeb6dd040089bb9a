/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations: whose turn it is, and what became of each. The other files of the focus, and the INVITE itself, are
 * played by this one.
 */
#include "im/controlling/invitation.h"

#include <stdio.h>
#include <string.h>

#include "lib/unit.h"
#include "lib/virtual_loop.h"

#define MANY (CONFERENCE_INVITING_MAX + 5)

static struct world {
	struct virtual_loop *vl;
	struct controlling table;
	struct conference f;
	struct str domain;
	struct im_events events;
	struct list gone; /**< participants that have left, until the end of the test */

	unsigned sent, connected, rang, firsts, nobodies, reviews, left;
	uint16_t nobody;
	enum conference_leaving how;
	char reason[128];
	bool has_list, replaces; /**< of each INVITE */
	int send_error;
	uint16_t privacy; /**< what membership says to who hides */
	uint16_t done[MANY + 5];
} w;


/* ---- The others ---- */

static const struct sm_state states[] = {
	[PARTICIPANT_ASKING] = {"asking", SM_TO(PARTICIPANT_INVITED)},
	[PARTICIPANT_INVITED] = {"invited", SM_TO(PARTICIPANT_CONNECTED) | SM_TO(PARTICIPANT_GONE)},
	[PARTICIPANT_CONNECTED] = {"connected", SM_TO(PARTICIPANT_GONE)},
	[PARTICIPANT_GONE] = {"gone", 0},
};
const struct sm_table participant_machine = SM_TABLE("participant", states);


int participant_alloc(struct participant **ret, struct conference *f, struct str who,
		      struct str uri, struct str display_name, bool anonymous)
{
	struct participant *p = mem_raw(sizeof(*p) + who.n);

	(void)uri;
	(void)display_name;
	if (!p)
		return -ENOMEM;
	memset(p, 0, sizeof(*p));
	memcpy(p + 1, who.p, who.n);
	p->who = (struct str){(char *)(p + 1), who.n};
	p->anonymous = anonymous;
	p->conference = f;
	list_append(&f->participants, &p->link);
	*ret = p;
	return 0;
}


void participant_leave(struct participant *p, enum conference_leaving how, struct str reason,
		       struct str by, const struct sip_invite_farewell *farewell)
{
	(void)by;
	(void)farewell;
	invitation_forget(p);
	w.left++;
	w.how = how;
	(void)snprintf(w.reason, sizeof(w.reason), STR_FMT, STR_ARG(reason));
	(void)roster_leave(p->conference->roster, p->who, how, reason, by);
	list_remove(&p->conference->participants, &p->link);
	list_append(&w.gone, &p->link);
	p->state = PARTICIPANT_GONE;
}


void participant_connected(struct participant *p, enum conference_joining joining)
{
	assert_int_equal(joining, CONFERENCE_DIALED_OUT);
	p->state = PARTICIPANT_CONNECTED;
	w.connected++;
}


int participant_media(struct participant *p, struct str sdp, bool offer)
{
	(void)p;
	assert_false(offer);
	return str_eq(sdp, STR("v=0\r\n")) ? 0 : -EBADMSG;
}


struct participant *conference_find(struct conference *f, struct str who)
{
	for (struct list_link *l = list_first(&f->participants); l;
	     l = list_next(&f->participants, l)) {
		struct participant *p = container_of(l, struct participant, link);

		if (str_eq(p->who, who))
			return p;
	}
	return NULL;
}


void conference_view(struct conference *f, struct membership_view *v, const struct str *who)
{
	(void)f;
	*v = (struct membership_view){.who = who, .n = w.privacy ? 0 : 1, .inside = true};
}


int conference_invite_note(struct conference *f, struct str who)
{
	(void)f;
	(void)who;
	return 0;
}


void conference_review(struct conference *f)
{
	(void)f;
	w.reviews++;
}


void answer_ringing(struct conference *f)
{
	(void)f;
	w.rang++;
}


void answer_first(struct conference *f, struct participant *invitee)
{
	(void)invitee;
	f->waits_for_first = NULL;
	w.firsts++;
}


void answer_nobody(struct conference *f, uint16_t status)
{
	f->waits_for_first = NULL;
	w.nobody = status;
	w.nobodies++;
}


int invitation_message_send(struct invitation_wait *i)
{
	assert_non_null(i->p);
	if (w.send_error)
		return w.send_error;
	w.sent++;
	return 0;
}


bool invitation_message_has_list(const struct invitation_wait *i)
{
	return w.has_list && !i->plain;
}


bool invitation_message_replaces(const struct invitation_wait *i)
{
	return w.replaces && !i->bare;
}


/* ---- The world ---- */

static void free_all(struct list *l)
{
	for (struct list_link *k; (k = list_first(l)) != NULL;) {
		struct participant *p = container_of(k, struct participant, link);

		invitation_forget(p);
		list_remove(l, k);
		mem_free(p);
	}
}


static void close_world(void *arg)
{
	(void)arg;
	w.f.ending = true;
	if (w.table.loop)
		invitation_cancel_all(&w.f);
	free_all(&w.f.participants);
	free_all(&w.gone);
	w.f.roster = mem_unref(w.f.roster);
	w.table.loop = NULL;
	w.vl = mem_unref(w.vl);
}


static void open_world(void)
{
	memset(&w, 0, sizeof(w));
	list_init(&w.gone);
	list_init(&w.f.participants);
	list_init(&w.f.waiting);
	unit_defer(close_world, NULL);
	w.vl = unit_ptr(virtual_loop_alloc(1));
	w.domain = STR("example.org");
	w.table.loop = virtual_loop_base(w.vl);
	w.table.addresses = (struct im_addresses){.domains = &w.domain, .domains_n = 1};
	w.f.table = &w.table;
	im_events_init(&w.events);
	w.table.events = &w.events;
	w.f.kind = CONFERENCE_AD_HOC;
	w.f.founder = STR("sip:alice@example.org");
	unit_ok(roster_alloc(&w.f.roster,
			     &(struct roster_params){.entity = STR("sip:conf-1@example.org")}));
}


static void on_done(uint16_t status, void *arg)
{
	uint16_t *at = arg;

	assert_int_equal(*at, 0);
	*at = status;
}


static int invite(unsigned i)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "sip:m%u@example.org", i);

	return invitation_send(&w.f, &(struct invitation){.uri = {text, (size_t)n},
							  .by = STR("sip:alice@example.org"),
							  .done = on_done,
							  .arg = &w.done[i]});
}


static void invite_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		unit_ok(invite(i));
	virtual_loop_run_until_idle(w.vl);
}


static struct participant *of(unsigned i)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "sip:m%u@example.org", i);

	return unit_ptr(conference_find(&w.f, (struct str){text, (size_t)n}));
}


static enum conference_status shown(unsigned i)
{
	struct roster_person person;
	char text[64];
	int n = snprintf(text, sizeof(text), "sip:m%u@example.org", i);

	return roster_find(w.f.roster, (struct str){text, (size_t)n}, &person)
		       ? person.status
		       : CONFERENCE_STATUS_UNSAID;
}


static void refuse(unsigned i, uint16_t status)
{
	invitation_ended(of(i),
			 &(struct sip_invite_ended){.why = SIP_INVITE_REFUSED, .status = status});
	virtual_loop_run_until_idle(w.vl);
}


static void answer_with(unsigned i, const char *headers, const char *body)
{
	static struct sip_msg m;
	struct buf *b = unit_buf(4096);
	bool provisional = !body;

	buf_printf(b,
		   "SIP/2.0 %s\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n"
		   "To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n%sContent-Length: "
		   "%zu\r\n\r\n%s",
		   provisional ? "180 Ringing" : "200 OK", headers, provisional ? 0 : strlen(body),
		   provisional ? "" : body);
	unit_must(!b->failed);
	unit_must(sip_msg_decode(&m, buf_str(b), true) == SIP_DECODE_OK);
	if (provisional)
		invitation_provisional(of(i), &m);
	else
		invitation_answered(of(i), &m);
	virtual_loop_run_until_idle(w.vl);
}


static void answer(unsigned i)
{
	answer_with(i, "Content-Type: application/sdp\r\n", "v=0\r\n");
}


/* ---- Turns ---- */

static void test_turns(void)
{
	open_world();
	invite_all(MANY);
	unit_must(w.sent == CONFERENCE_INVITING_MAX);
	unit_must(w.f.inviting == CONFERENCE_INVITING_MAX);
	unit_must(invitation_count(&w.f) == MANY);
	unit_must(shown(0) == CONFERENCE_DIALING_OUT);
	unit_must(shown(MANY - 1) == CONFERENCE_PENDING);
	/* One is over, one more begins, in the order in which they were asked for. */
	refuse(3, 486);
	unit_must(w.sent == CONFERENCE_INVITING_MAX + 1);
	unit_must(shown(CONFERENCE_INVITING_MAX) == CONFERENCE_DIALING_OUT);
	unit_must(w.done[3] == 486);
	unit_must(w.how == CONFERENCE_BUSY);
	unit_must(strcmp(w.reason, "SIP;cause=486;text=\"Busy Here\"") == 0);
	unit_must(w.reviews == 1);
	answer(4);
	unit_must(w.connected == 1 && w.firsts == 1);
	unit_must(w.done[4] == 200);
	unit_must(w.sent == CONFERENCE_INVITING_MAX + 2);
}


static void test_nobody(void)
{
	struct participant waits = {.who = STR("sip:alice@example.org")};

	open_world();
	w.f.waits_for_first = &waits;
	invite_all(3);
	refuse(0, 486);
	refuse(1, 407);
	unit_must(w.nobodies == 0);
	refuse(2, 407);
	/* RFC 3261 16.7: a challenge without its header would be none. */
	unit_must(w.nobodies == 1 && w.nobody == 403);
	unit_must(w.done[2] == 407);
}


static void test_ringing(void)
{
	open_world();
	invite_all(1);
	answer_with(0, "", NULL);
	unit_must(w.rang == 1 && shown(0) == CONFERENCE_ALERTING);
	(void)virtual_loop_advance(w.vl, CONFERENCE_RING_MS - 1);
	unit_must(w.done[0] == 0);
	(void)virtual_loop_advance(w.vl, 1);
	unit_must(w.done[0] == 408 && w.how == CONFERENCE_FAILED);
	unit_must(w.f.inviting == 0);
}


/* ---- Who is asked ---- */

static void test_once(void)
{
	open_world();
	invite_all(2);
	unit_must(invite(0) == -EALREADY);
	answer(0);
	w.done[0] = 0;
	unit_ok(invite(0));
	unit_must(w.done[0] == 200);
	unit_must(w.sent == 2);
}


static void test_bcc(void)
{
	open_world();
	unit_ok(invitation_send(&w.f, &(struct invitation){.uri = STR("sip:m0@example.org"),
							   .bcc = true,
							   .done = on_done,
							   .arg = &w.done[0]}));
	virtual_loop_run_until_idle(w.vl);
	unit_must(w.sent == 1);
	unit_must(shown(0) == CONFERENCE_STATUS_UNSAID);
	unit_must(roster_count(w.f.roster) == 0);
}


static void test_refused_at_once(void)
{
	open_world();
	unit_must(invitation_send(&w.f, &(struct invitation){.uri = STR("http://x/")}) == -EBADMSG);
	w.f.ending = true;
	unit_must(invite(0) == -ECANCELED);
	w.f.ending = false;
	w.table.stopping = true;
	unit_must(invite(0) == -ECANCELED);
}


static void test_not_sent(void)
{
	open_world();
	w.send_error = -EHOSTUNREACH;
	invite_all(2);
	unit_must(w.done[0] == 480 && w.done[1] == 480);
	unit_must(w.f.inviting == 0);
	unit_must(invitation_count(&w.f) == 0);
}


/* ---- What they say ---- */

static void test_bad_answers(void)
{
	open_world();
	invite_all(3);
	answer_with(0, "", "");
	unit_must(w.done[0] == 488);
	answer_with(1, "Content-Type: application/sdp\r\n", "nonsense");
	unit_must(w.done[1] == 488);
	/* CLI-GEN-5N: who hides where it is not allowed. */
	w.privacy = 403;
	answer_with(2, "Privacy: id\r\nContent-Type: application/sdp\r\n", "v=0\r\n");
	unit_must(w.done[2] == 403);
	unit_must(w.connected == 0);
	unit_must(w.left == 3);
}


static void test_hides(void)
{
	open_world();
	invite_all(1);
	answer_with(0, "Privacy: id\r\nContent-Type: application/sdp\r\n", "v=0\r\n");
	unit_must(w.done[0] == 200);
	unit_must(of(0)->anonymous);
}


static void test_again(void)
{
	open_world();
	w.has_list = w.replaces = true;
	invite_all(1);
	refuse(0, 415);
	refuse(0, 481);
	unit_must(w.sent == 3);
	unit_must(w.done[0] == 0);
	refuse(0, 415);
	unit_must(w.done[0] == 415 && w.sent == 3);
}


static void test_unreachable(void)
{
	open_world();
	invite_all(2);
	invitation_ended(of(0), &(struct sip_invite_ended){.why = SIP_INVITE_UNREACHABLE,
							   .error = -ETIMEDOUT});
	invitation_ended(of(1), &(struct sip_invite_ended){.why = SIP_INVITE_UNREACHABLE,
							   .error = -ENOENT});
	unit_must(w.done[0] == 408 && w.done[1] == 480);
}


/* ---- Taken back ---- */

static void test_cancel_all(void)
{
	open_world();
	for (unsigned i = 0; i < MANY; i++)
		unit_ok(invite(i));
	virtual_loop_run_until_idle(w.vl);
	answer(0);
	w.f.ending = true;
	invitation_cancel_all(&w.f);
	virtual_loop_run_until_idle(w.vl);
	for (unsigned i = 1; i < MANY; i++)
		unit_must(w.done[i] == 487);
	unit_must(w.done[0] == 200);
	unit_must(w.f.inviting == 0);
	unit_must(w.f.waiting.count == 0);
	unit_must(w.f.participants.count == 1);
}


/* Sent away while they are asked; come by themselves. */
static void test_gone_meanwhile(void)
{
	open_world();
	invite_all(MANY);
	unit_must(w.sent == CONFERENCE_INVITING_MAX);
	participant_leave(of(0), CONFERENCE_BOOTED, STR_NULL, STR_NULL, NULL);
	virtual_loop_run_until_idle(w.vl);
	unit_must(w.done[0] == 487 && w.sent == CONFERENCE_INVITING_MAX + 1);
	invitation_came(&w.f, STR("sip:m1@example.org"));
	unit_must(w.done[1] == 200);
	unit_must(!of(1)->wait);
	invitation_came(&w.f, STR("sip:m24@example.org"));
	unit_must(w.done[24] == 200);
	virtual_loop_run_until_idle(w.vl);
	unit_must(w.sent == CONFERENCE_INVITING_MAX + 2);
	invitation_came(&w.f, STR("sip:nobody@example.org"));
	unit_must(invitation_count(&w.f) == MANY - 2);
}


UNIT_MAIN(UNIT_TEST(test_turns), UNIT_TEST(test_nobody), UNIT_TEST(test_ringing),
	  UNIT_TEST(test_once), UNIT_TEST(test_bcc), UNIT_TEST(test_refused_at_once),
	  UNIT_TEST(test_not_sent), UNIT_TEST(test_bad_answers), UNIT_TEST(test_hides),
	  UNIT_TEST(test_again), UNIT_TEST(test_unreachable), UNIT_TEST(test_cancel_all),
	  UNIT_TEST(test_gone_meanwhile))
