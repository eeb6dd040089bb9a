/* SPDX-License-Identifier: Apache-2.0 */
/* Two clients that talk to each other without a server between them: sessions from both ends, also without memory. */
#include "parley.h"

#include "lib/unit.h"
#include "lib/virtual_loop.h"

#include "base/loop.h"
#include "base/mem.h"

#define ALICE "192.0.2.1:5060"
#define BOB "192.0.2.2:5060"

struct end {
	struct parley *parley;
	struct parley_session *session;
	unsigned established, messages, composing, ended, complete;
	uint64_t bytes;
	int error;
	char text[128];
};

struct world {
	struct virtual_loop *vl;
	struct end alice, bob;
	unsigned sent, status;
	int error;
	bool confirmed;
};


static void on_established(struct parley_session *s, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->established++;
}


static bool on_message(struct parley_session *s, const struct parley_message *m, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->messages++;
	if (m->content_size < sizeof(e->text))
		memcpy(e->text, m->content, m->content_size + 1);
	return true;
}


static void on_composing(struct parley_session *s, bool active, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->composing += active;
}


static bool on_piece(struct parley_session *s, uint64_t offset, const void *bytes, size_t n,
		     void *arg)
{
	struct end *e = arg;

	(void)s;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(((const unsigned char *)bytes)[i], (offset + i) % 251);
	e->bytes += n;
	return true;
}


static bool on_complete(struct parley_session *s, uint64_t size, void *arg)
{
	struct end *e = arg;

	(void)s;
	assert_int_equal(size, e->bytes);
	e->complete++;
	return true;
}


static void on_ended(struct parley_session *s, const struct parley_session_end *end, void *arg)
{
	struct end *e = arg;

	(void)s;
	e->ended++;
	e->error = end->outcome->error;
	e->session = NULL;
}


static const struct parley_session_handler session_handler = {
	.established = on_established,
	.message = on_message,
	.composing = on_composing,
	.piece = on_piece,
	.complete = on_complete,
	.ended = on_ended,
};


static unsigned on_invitation(struct parley *p, const struct parley_invitation *i, void *arg)
{
	struct end *e = arg;

	(void)p;
	e->session = i->session;
	return 200;
}


static const struct parley_handler handler = {.invitation = on_invitation,
					      .session_handler = &session_handler};


static void release(void *arg)
{
	struct world *w = arg;

	parley_close(w->alice.parley);
	parley_close(w->bob.parley);
	if (w->vl)
		(void)virtual_loop_run_until_idle(w->vl);
	mem_unref(w->vl);
}


static void open_end(struct world *w, struct end *e, const char *account, const char *local,
		     const char *server)
{
	unit_ok(parley_open(&e->parley,
			    &(struct parley_params){
				    .loop = virtual_loop_base(w->vl),
				    .account = account,
				    .server = server,
				    .local = local,
				    .handler = &handler,
				    .arg = e,
			    },
			    NULL));
}


/* Each is the other's server. */
static struct world *world(void)
{
	struct world *w = unit_storage(sizeof(*w));

	unit_defer(release, w);
	w->vl = virtual_loop_alloc(1);
	unit_ptr(w->vl);
	open_end(w, &w->alice, "sip:alice@example.org", ALICE, BOB);
	open_end(w, &w->bob, "sip:bob@example.org", BOB, ALICE);
	return w;
}


static void on_sent(struct parley *p, const struct parley_sent *s, void *arg)
{
	struct world *w = arg;

	(void)p;
	w->sent++;
	w->error = s->outcome.error;
	w->status = s->outcome.status;
	w->confirmed = s->confirmed;
}


static long on_read(void *bytes, size_t n, uint64_t offset, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)bytes)[i] = (unsigned char)((offset + i) % 251);
	return (long)n;
}


static void test_file(void)
{
	struct world *w = world();
	struct parley_source source = {.read = on_read, .size = 300000};
	struct parley_file file = {.name = "a \"b\".bin", .modified_ms = 1767225600000};

	unit_ok(parley_send(w->alice.parley,
			    &(struct parley_outgoing){
				    .to = "sip:bob@example.org",
				    .type = "application/octet-stream",
				    .source = &source,
				    .file = &file,
			    },
			    on_sent, w));
	unit_must(virtual_loop_advance(w->vl, 1000));
	unit_must(w->sent == 1 && !w->error && w->status == 200 && w->confirmed);
	unit_must(w->bob.bytes == 300000 && w->bob.complete == 1);
	unit_must(w->bob.ended == 1 && w->bob.error == 0);
}


/* A source that fails in the middle: aborted, ended, told on both sides. */
static long on_read_badly(void *bytes, size_t n, uint64_t offset, void *arg)
{
	return offset > 100000 ? -5 : on_read(bytes, n, offset, arg);
}


static void test_source_fails(void)
{
	struct world *w = world();
	struct parley_source source = {.read = on_read_badly, .size = 300000};

	unit_ok(parley_send(w->alice.parley,
			    &(struct parley_outgoing){
				    .to = "sip:bob@example.org",
				    .type = "application/octet-stream",
				    .source = &source,
			    },
			    on_sent, w));
	unit_must(virtual_loop_advance(w->vl, 3000));
	unit_must(w->sent == 1 && w->error == -5);
	unit_must(w->bob.ended == 1 && w->bob.error);
	assert_int_equal(w->bob.complete, 0);
}


static void test_chat(void)
{
	struct world *w = world();

	unit_ok(parley_chat(&w->alice.session, w->alice.parley,
			    &(struct parley_chat_params){.to = "sip:bob@example.org",
							 .handler = &session_handler,
							 .arg = &w->alice}));
	unit_ok(parley_session_send(w->alice.session, "hello", NULL, NULL));
	unit_must(virtual_loop_advance(w->vl, 100));
	unit_must(w->alice.established == 1 && w->bob.established == 1);
	unit_must(w->bob.messages == 1);
	assert_string_equal(w->bob.text, "hello");
	parley_session_typing(w->bob.session);
	unit_must(virtual_loop_advance(w->vl, 100));
	unit_must(w->alice.composing == 1);
	parley_session_end(w->bob.session, 0);
	unit_must(virtual_loop_advance(w->vl, 100));
	unit_must(w->alice.ended == 1 && w->bob.ended == 1);
}


/* Nobody hears of what is under way, and nothing is left. */
static void test_closed_in_the_middle(void)
{
	for (unsigned ms = 0; ms < 4; ms++) {
		struct world *w = world();

		unit_ok(parley_chat(&w->alice.session, w->alice.parley,
				    &(struct parley_chat_params){.to = "sip:bob@example.org",
								 .handler = &session_handler,
								 .arg = &w->alice}));
		unit_must(virtual_loop_advance(w->vl, ms));
		parley_close(w->alice.parley);
		w->alice.parley = NULL;
		unit_must(virtual_loop_advance(w->vl, 100000));
		unit_must(w->alice.ended == 0);
	}
}


UNIT_MAIN(UNIT_TEST(test_file), UNIT_TEST(test_source_fails), UNIT_TEST(test_chat),
	  UNIT_TEST(test_closed_in_the_middle))
