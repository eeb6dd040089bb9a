/* SPDX-License-Identifier: Apache-2.0 */
/* The client in a group, against a scripted focus; also without memory. The wire: tests/scenario/client/group.scn. */
#include "peer.h"

#include <errno.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/mem.h"
#include "body/sdp.h"
#include "msrp/session.h"

#define FOCUS_MEDIA "192.0.2.10:2855"
#define GROUP "sip:tour@example.org"
#define IDENTITY "sip:conf-1@192.0.2.10:5060"

struct focus {
	struct peer *s;
	struct msrp_endpoint *ep;
	struct msrp_session *end;
	struct parley_session *session;
	unsigned messages, nicknames, bound;
	char said[512];
	/* What the client told. */
	unsigned established, lost, ended, rosters, refused, persons, answers;
	unsigned answer_status, sent_status;
	enum parley_presence presence;
	char who[64];
};


/* ---- The focus's MSRP ---- */

static uint16_t on_head(struct msrp_session *s, struct msrp_receive *r, void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)r;
	f->said[0] = '\0';
	return 0;
}


static uint16_t on_body(struct msrp_session *s, struct msrp_receive *r, struct str piece, void *arg)
{
	struct focus *f = arg;
	size_t n = strlen(f->said);

	(void)s;
	(void)r;
	snprintf(f->said + n, sizeof(f->said) - n, STR_FMT, STR_ARG(piece));
	return 0;
}


static uint16_t on_end(struct msrp_session *s, struct msrp_receive *r, char flag, void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)r;
	f->messages += flag == '$';
	return 200;
}


static uint16_t on_request(struct msrp_session *s, struct msrp_receive *r, struct str body,
			   void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)r;
	(void)body;
	f->nicknames++;
	return 200;
}


static void on_bound(struct msrp_session *s, void *arg)
{
	struct focus *f = arg;

	(void)s;
	f->bound++;
}


static const struct msrp_session_handler media_handler = {
	.head = on_head, .body = on_body, .end = on_end, .request = on_request, .bound = on_bound};


/* ---- What the client tells ---- */

static void on_established(struct parley_session *s, void *arg)
{
	(void)s;
	((struct focus *)arg)->established++;
}


static void on_roster(struct parley_session *s, void *arg)
{
	(void)s;
	((struct focus *)arg)->rosters++;
}


static void on_roster_refused(struct parley_session *s, unsigned status, void *arg)
{
	(void)s;
	(void)status;
	((struct focus *)arg)->refused++;
}


static void on_person(struct parley_session *s, const struct parley_person *p,
		      enum parley_presence before, void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)before;
	f->persons++;
	f->presence = p->presence;
	snprintf(f->who, sizeof(f->who), "%s", p->uri);
}


static void on_answered(struct parley_session *s, uint32_t number, enum parley_request what,
			unsigned status, void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)number;
	(void)what;
	f->answers++;
	f->answer_status = status;
}


static void on_sent(struct parley_session *s, uint32_t number, unsigned status, void *arg)
{
	(void)s;
	(void)number;
	((struct focus *)arg)->sent_status = status;
}


static void on_lost(struct parley_session *s, const struct parley_outcome *o, uint32_t retry_ms,
		    void *arg)
{
	(void)s;
	(void)o;
	(void)retry_ms;
	((struct focus *)arg)->lost++;
}


static void on_ended(struct parley_session *s, const struct parley_session_end *e, void *arg)
{
	struct focus *f = arg;

	(void)s;
	(void)e;
	f->ended++;
	f->session = NULL;
}


static const struct parley_session_handler session_handler = {
	.established = on_established,
	.roster = on_roster,
	.roster_refused = on_roster_refused,
	.person = on_person,
	.answered = on_answered,
	.sent = on_sent,
	.lost = on_lost,
	.ended = on_ended,
};


/* ---- The world ---- */

static void release(void *arg)
{
	struct focus *f = arg;

	/* The client first: then nothing comes any more. */
	parley_close(f->s->parley);
	f->s->parley = NULL;
	if (f->end)
		msrp_session_stop(f->end);
	mem_unref(f->end);
	if (f->ep)
		msrp_endpoint_shutdown(f->ep);
	mem_unref(f->ep);
}


static struct focus *focus(void)
{
	struct focus *f = unit_storage(sizeof(*f));
	struct msrp_listen_params listen = {.host = STR("192.0.2.10")};

	f->s = peer_new(&(struct parley_params){.password = "wonderland"});
	unit_defer(release, f);
	assert_int_equal(addr_decode_hostport(&listen.local, STR(FOCUS_MEDIA)), 0);
	unit_ok(msrp_endpoint_alloc(&f->ep, f->s->loop, NULL));
	unit_ok(msrp_endpoint_listen(f->ep, &listen));
	return f;
}


/* The path in the INVITE's SDP, wherever it stands. */
static struct str path_of(const struct sip_msg *m)
{
	ptrdiff_t at = str_find_str(m->body, STR("a=path:"));
	struct str rest;

	unit_must(at >= 0);
	rest = str_from(m->body, (size_t)at + 7);
	return str_trim(str_cut(&rest, '\n'));
}


/* Takes the INVITE, and the ACK for its 200. */
static void answer_invite(struct focus *f)
{
	const struct sip_msg *m = peer_take(f->s);
	struct msrp_session_params params = {.handler = &media_handler, .arg = f};
	struct buf *b = unit_buf(2048);
	char *path;

	assert_int_equal(m->method, SIP_INVITE);
	path = unit_storage(path_of(m).n + 1);
	memcpy(path, path_of(m).p, path_of(m).n);
	if (f->end)
		msrp_session_stop(f->end);
	f->end = mem_unref(f->end);
	unit_ok(msrp_session_alloc(&f->end, f->ep, &params));
	unit_ok(msrp_session_start(f->end, &(struct msrp_remote){.path = str_of(path),
								 .role = MSRP_PASSIVE}));
	buf_printf(b,
		   "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
		   "m=message 2855 TCP/MSRP *\r\na=accept-types:message/cpim\r\n"
		   "a=accept-wrapped-types:*\r\na=setup:passive\r\na=path:" STR_FMT "\r\n",
		   STR_ARG(msrp_session_local(f->end)));
	buf_putc(b, '\0');
	unit_must(!b->failed);
	peer_answer_with(f->s, 200, "Contact: <" IDENTITY ">;isfocus\r\n", "application/sdp", b->p);
	assert_int_equal(peer_take(f->s)->method, SIP_ACK);
	peer_wait(f->s, 100);
}


#define USER(name, status)                                                                        \
	"<user entity=\"sip:" name "@example.org\"><endpoint entity=\"" name "\"><status>" status \
	"</status></endpoint></user>"


/* In the dialog of the SUBSCRIBE that was taken last. */
static void notify(struct focus *f, unsigned version, const char *state, const char *users)
{
	struct peer *s = f->s;
	struct buf *b = unit_buf(8192), *body = unit_buf(4096);

	buf_printf(
		body,
		"<conference-info xmlns=\"urn:ietf:params:xml:ns:conference-info\" "
		"entity=\"" IDENTITY
		"\" state=\"%s\" version=\"%u\"><users state=\"%s\">%s</users></conference-info>",
		state, version, state, users);
	buf_printf(b,
		   "NOTIFY %%U SIP/2.0\n"
		   "Via: SIP/2.0/UDP " PEER_SERVER ";branch=z9hG4bKn%u;rport\n"
		   "Max-Forwards: 69\nFrom: <" IDENTITY ">;tag=server\nTo: " STR_FMT "\n"
		   "Call-ID: " STR_FMT "\nCSeq: %u NOTIFY\nContact: <" IDENTITY ">;isfocus\n"
		   "Event: conference\nSubscription-State: active;expires=3600\n"
		   "Content-Type: application/conference-info+xml\nContent-Length: %zu\n\n",
		   version, STR_ARG(sip_msg_header(&s->m, SIP_HDR_FROM)), STR_ARG(s->m.call_id),
		   version, body->n);
	buf_puts(b, buf_str(body));
	buf_putc(b, '\0');
	unit_must(!b->failed && !body->failed);
	peer_request(s, b->p);
}


/* The SUBSCRIBE, its 200, the first document and the answer to it. */
static void tell_state(struct focus *f)
{
	struct peer *s = f->s;

	unit_must(peer_take(s)->method == SIP_SUBSCRIBE);
	peer_answer(s, 200, "Expires: 3600\r\nContact: <" IDENTITY ">;isfocus\r\n");
	notify(f, 1, "full", USER("alice", "connected") USER("bob", "connected"));
	f->s->got_n = 0;
}


static void join(struct focus *f, const struct parley_chat_params *params)
{
	struct parley_chat_params p = *params;

	p.handler = &session_handler;
	p.arg = f;
	unit_ok(parley_chat(&f->session, f->s->parley, &p));
	answer_invite(f);
	unit_must(f->established == 1);
	assert_true(parley_session_is_group(f->session));
	tell_state(f);
	unit_must(f->rosters == 1);
}


static void count(const struct parley_person *p, void *arg)
{
	(void)p;
	++*(unsigned *)arg;
}


static void test_join(void)
{
	struct focus *f = focus();
	unsigned people = 0;

	join(f, &(struct parley_chat_params){.to = GROUP});
	assert_int_equal(parley_group_people(f->session, count, &people), 0);
	assert_int_equal(people, 2);
	assert_string_equal(parley_group_find(f->session, "bob"), "sip:bob@example.org");
	assert_null(parley_group_find(f->session, "carol"));
	unit_ok(parley_session_send(f->session, "hello", NULL, NULL));
	peer_wait(f->s, 100);
	unit_must(f->messages == 1 && strstr(f->said, "To: <" IDENTITY ">"));
	assert_non_null(strstr(f->said, "hello"));
	unit_ok(parley_group_send_to(f->session, "sip:bob@example.org", "psst", NULL, NULL));
	peer_wait(f->s, 100);
	unit_must(f->messages == 2 && strstr(f->said, "To: <sip:bob@example.org>"));
	assert_int_equal(parley_group_send_to(f->session, "bob", "psst", NULL, NULL), -EINVAL);
}


static void test_made_on_the_spot(void)
{
	static const char *const members[] = {"sip:bob@example.org", "sip:carol@example.org"};
	static const char *const bad[] = {"sip:bob@example.org", "carol"};
	static const char *const asking[] = {"sip:bob@example.org?Replaces=x"};
	struct focus *f = focus();
	struct parley_session *none;
	struct parley_chat_params params = {.members = bad, .members_n = 2};
	int err = parley_chat(&none, f->s->parley, &params);

	unit_must(err == -EINVAL);
	params = (struct parley_chat_params){.members = asking, .members_n = 1};
	err = parley_chat(&none, f->s->parley, &params);
	unit_must(err == -EINVAL);
	join(f, &(struct parley_chat_params){.members = members, .members_n = 2});
}


/* REFER, answered and not. */
static void test_requests(void)
{
	static const char *const uris[] = {"sip:dave@example.org", "sip:erin@example.org"};
	struct focus *f = focus();
	uint32_t number = 0;

	join(f, &(struct parley_chat_params){.to = GROUP});
	unit_ok(parley_group_add(f->session, uris, 2, &number));
	assert_int_equal(number, 1);
	unit_must(peer_take(f->s)->method == SIP_REFER);
	peer_answer(f->s, 202, "");
	unit_must(f->answers == 1);
	unit_must(f->answer_status == 202);
	unit_ok(parley_group_nickname(f->session, "Al", NULL));
	peer_wait(f->s, 100);
	unit_must(f->answers == 2 && f->nicknames == 1);
	unit_must(f->answer_status == 200);
	unit_ok(parley_group_remove(f->session, "sip:bob@example.org", NULL));
	unit_must(peer_take(f->s)->method == SIP_REFER);
	/* The session goes first. */
	parley_session_end(f->session, 0);
	peer_wait(f->s, 10);
	unit_must(f->ended == 1 && f->answers == 3);
	unit_must(f->answer_status == 0);
}


static void test_what_makes_no_sense(void)
{
	static const char *const bad[] = {"dave"};
	struct focus *f = focus();
	int err;

	join(f, &(struct parley_chat_params){.to = GROUP});
	err = parley_group_add(f->session, bad, 1, NULL);
	unit_must(err == -EINVAL);
	err = parley_group_add(f->session, bad, 0, NULL);
	unit_must(err == -EINVAL);
	err = parley_group_remove(f->session, "sip:bob@example.org;method=INVITE", NULL);
	unit_must(err == -EINVAL);
	err = parley_group_remove(f->session, "sip:bob@example.org>\r\nX: y", NULL);
	unit_must(err == -EINVAL);
	err = parley_group_nickname(f->session, "a\nb", NULL);
	unit_must(err == -EINVAL);
	unit_must(peer_quiet(f->s));
}


static void test_people_change(void)
{
	struct focus *f = focus();

	join(f, &(struct parley_chat_params){.to = GROUP});
	notify(f, 2, "partial", USER("carol", "connected"));
	unit_must(f->persons == 1);
	unit_must(f->presence == PARLEY_PERSON_HERE);
	assert_string_equal(f->who, "sip:carol@example.org");
	unit_must(peer_take(f->s)->status == 200);
}


/* A gap: asked for anew. What is no document is refused, and changes nothing. */
static void test_gap(void)
{
	struct focus *f = focus();

	join(f, &(struct parley_chat_params){.to = GROUP});
	notify(f, 5, "partial", USER("carol", "connected"));
	unit_must(f->persons == 0);
	unit_must(peer_take(f->s)->method == SIP_SUBSCRIBE);
	unit_must(peer_take(f->s)->status == 200);
}


static void test_no_document(void)
{
	struct focus *f = focus();

	join(f, &(struct parley_chat_params){.to = GROUP});
	notify(f, 2, "half", "");
	unit_must(peer_take(f->s)->status == 400);
	unit_must(f->persons == 0);
}


/* Lost, told, joined again; what was said meanwhile goes out then. */
static void test_lost(void)
{
	struct focus *f = focus();

	join(f, &(struct parley_chat_params){.to = GROUP});
	msrp_session_stop(f->end);
	peer_wait(f->s, 2100);
	unit_must(f->lost == 1);
	unit_must(peer_take(f->s)->method == SIP_BYE);
	peer_answer(f->s, 200, "");
	unit_must(peer_take(f->s)->method == SIP_SUBSCRIBE);
	peer_answer(f->s, 200, "Expires: 0\r\n");
	unit_ok(parley_session_send(f->session, "heard?", NULL, NULL));
	assert_int_equal(parley_group_add(f->session, NULL, 1, NULL), -ENOTCONN);
	peer_wait(f->s, 1000);
	answer_invite(f);
	unit_must(f->established == 2);
	unit_must(f->messages == 1 && strstr(f->said, "heard?"));
	unit_must(f->ended == 0);
}


/* While it is away: closing frees all. */
static void test_closed_while_away(void)
{
	struct focus *f = focus();

	join(f, &(struct parley_chat_params){.to = GROUP});
	msrp_session_stop(f->end);
	peer_wait(f->s, 2100);
	unit_must(f->lost == 1);
	parley_close(f->s->parley);
	f->s->parley = NULL;
	peer_wait(f->s, 100000);
	unit_must(f->ended == 0);
}


UNIT_MAIN(UNIT_TEST(test_join), UNIT_TEST(test_made_on_the_spot), UNIT_TEST(test_requests),
	  UNIT_TEST(test_what_makes_no_sense), UNIT_TEST(test_people_change), UNIT_TEST(test_gap),
	  UNIT_TEST(test_no_document), UNIT_TEST(test_lost), UNIT_TEST(test_closed_while_away))
