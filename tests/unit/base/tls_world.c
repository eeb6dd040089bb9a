/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and two ends, for the tests of TLS. */
#include "tls_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

/* ---- Certificates, made once, in a directory that goes at exit ---- */

static const struct tls_identity_spec specs[] = {
	{"server", "ignored.example.org", "URI:sip:" HOST ",DNS:other.example.org", NULL, 10},
	{"second", "x", "DNS:" HOST, "serverAuth", 20},
	{"client", "x", "DNS:client.example.org", "clientAuth,serverAuth", 10},
	{"sip", "x", "DNS:" HOST, "1.3.6.1.5.5.7.3.20", 10},
	{"code", "x", "DNS:" HOST, "codeSigning", 10},
	{"old", "x", "DNS:" HOST, NULL, -1},
};

char tls_world_dir[64];


const char *tls_world_path(const char *name, const char *kind)
{
	static char text[4][160];
	static unsigned turn;
	char *to = text[turn++ % 4];

	snprintf(to, sizeof(text[0]), "%s/%s.%s", tls_world_dir, name, kind);
	return to;
}


static void remove_files(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", tls_world_dir);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", tls_world_dir);
}


static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}


X509 *tls_certificate(EVP_PKEY *key, const struct tls_identity_spec *spec,
		      const struct tls_identity *issuer)
{
	static long serial = 1;
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);

	assert_int_equal(X509_set_version(x, 2), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -10 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)spec->days * 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)spec->cn,
				   -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->certificate) : subject);
	if (!issuer)
		extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
	if (spec->names)
		extend(x, x, NID_subject_alt_name, spec->names);
	if (spec->usage)
		extend(x, x, NID_ext_key_usage, spec->usage);
	assert_true(X509_sign(x, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return x;
}


static void save(const char *name, X509 *x, EVP_PKEY *key, const char *password)
{
	FILE *f = fopen(tls_world_path(name, "crt"), "w");

	assert_non_null(f);
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(tls_world_path(name, "key"), "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, key, password ? EVP_aes_128_cbc() : NULL,
			     (const unsigned char *)password, password ? (int)strlen(password) : 0,
			     NULL, NULL);
	fclose(f);
}


void tls_world_files(void)
{
	struct tls_identity_spec authority = {"ca", "Test Authority", NULL, NULL, 100};
	struct tls_identity ca;

	if (tls_world_dir[0])
		return;
	snprintf(tls_world_dir, sizeof(tls_world_dir), "%s", "/tmp/test-tls-XXXXXX");
	assert_non_null(mkdtemp(tls_world_dir));
	atexit(remove_files);
	ca.key = EVP_EC_gen("P-256");
	ca.certificate = tls_certificate(ca.key, &authority, NULL);
	save("ca", ca.certificate, ca.key, NULL);
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		X509 *x = tls_certificate(key, &specs[i], &ca);

		save(specs[i].name, x, key, NULL);
		if (i == 0)
			save("locked", x, key, "secret");
		X509_free(x);
		EVP_PKEY_free(key);
	}
	/* Another authority, that did not sign any of these. */
	EVP_PKEY_free(ca.key);
	X509_free(ca.certificate);
	ca.key = EVP_EC_gen("P-256");
	ca.certificate = tls_certificate(ca.key, &authority, NULL);
	save("stranger", ca.certificate, ca.key, NULL);
	EVP_PKEY_free(ca.key);
	X509_free(ca.certificate);
}


struct tls_config *tls_world_config(const char *name, const char *ca, unsigned flags)
{
	struct tls_config *c = NULL;
	struct tls_params p = {.flags = flags};

	tls_world_files();
	if (name) {
		p.certificate_file = tls_world_path(name, "crt");
		p.key_file = tls_world_path(name, "key");
	}
	p.ca_file = tls_world_path(ca, "crt");
	unit_ok(tls_config_alloc(&c, &p, NULL));
	return unit_own(c);
}


/* ---- Two ends ---- */

void tls_world_close(void *arg)
{
	struct tls_world *w = arg;

	timer_cancel(&w->later);
	w->a.s = mem_unref(w->a.s);
	w->b.s = mem_unref(w->b.s);
	w->ln = mem_unref(w->ln);
	w->l = mem_unref(w->l);
}


static void fill_up(struct tls_end *e)
{
	char chunk[3000];

	while (e->sent < e->to_send) {
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = (char)((e->sent + i) % 251);
		if (stream_write(e->s, chunk, sizeof(chunk)))
			break;
		e->sent += sizeof(chunk);
	}
	if (stream_queued(e->s) > e->largest_queue)
		e->largest_queue = stream_queued(e->s);
}


void tls_end_connected(struct stream *s, void *arg)
{
	struct tls_end *e = arg;

	(void)s;
	e->connected++;
	if (e->unref_on_connected)
		e->s = mem_unref(e->s);
	else
		fill_up(e);
}


static void on_resume(struct timer *t, void *arg)
{
	struct tls_end *e = arg;

	(void)t;
	if (e->s)
		stream_resume(e->s);
}


void tls_end_recv(struct stream *s, const char *p, size_t n, void *arg)
{
	struct tls_end *e = arg;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != (char)((e->received + i) % 251))
			e->wrong++;
		if (e->received + i < sizeof(e->text) - 1)
			e->text[e->received + i] = p[i];
	}
	e->received += n;
	if (e->echo)
		(void)stream_write(s, p, n);
	if (e->unref_on_recv)
		e->s = mem_unref(e->s);
	if (e->pause_on_recv) {
		stream_pause(s);
		timer_start(&e->w->later, loop_timers(e->w->l), 10, on_resume, e);
	}
}


static void on_drained(struct stream *s, void *arg)
{
	struct tls_end *e = arg;

	(void)s;
	e->drained++;
	fill_up(e);
}


void tls_end_closed(struct stream *s, int error, void *arg)
{
	struct tls_end *e = arg;

	(void)s;
	e->closed++;
	e->error = error;
	e->s = mem_unref(e->s);
}


const struct stream_handler tls_end_handler = {tls_end_connected, tls_end_recv, on_drained,
					       tls_end_closed};


void tls_world_accepted(struct stream_listener *ln, struct stream *s, void *arg)
{
	struct tls_world *w = arg;

	(void)ln;
	w->accepted++;
	if (w->b.s) {
		mem_unref(s);
		return;
	}
	w->b.s = s;
	stream_set_handler(s, &tls_end_handler, &w->b);
}


struct addr tls_world_address(void)
{
	struct addr a;

	assert_int_equal(addr_decode_hostport(&a, STR(SERVER)), 0);
	return a;
}


struct tls_world *tls_world_open(struct tls_config *server)
{
	struct tls_world *w = unit_storage(sizeof(*w));
	struct addr local = tls_world_address();

	unit_defer(tls_world_close, w);
	w->a.w = w->b.w = w;
	w->vl = unit_ptr(virtual_loop_alloc(1));
	w->l = virtual_loop_base(w->vl);
	unit_ok(stream_listen(&w->ln, w->l, &local, server, tls_world_accepted, w));
	assert_true(addr_eq(stream_listener_local(w->ln), &local));
	return w;
}


void tls_world_connect(struct tls_world *w, struct tls_config *client, const char *name)
{
	struct addr peer = tls_world_address();

	unit_ok(stream_connect(&w->a.s, w->l, &peer, NULL, client, str_of(name), &tls_end_handler,
			       &w->a));
}


void tls_world_settle(struct tls_world *w)
{
	assert_true(virtual_loop_run_until_idle(w->vl));
	if (unit_refused())
		unit_ok(-ENOMEM);
}


void tls_world_pass(struct tls_world *w, uint64_t ms)
{
	assert_true(virtual_loop_advance(w->vl, ms));
	if (unit_refused())
		unit_ok(-ENOMEM);
}


void tls_world_fault(struct tls_world *w, enum virtual_fault_kind kind, uint64_t n)
{
	virtual_fault_add(w->vl, &(struct virtual_fault){.kind = kind, .n = n});
}


int64_t tls_world_count(const char *name)
{
	struct counter *c = counter_find(str_of(name));

	assert_non_null(c);
	return c->value;
}
