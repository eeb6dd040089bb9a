/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of TLS share: certificates, made once in a directory that goes at exit, and two ends on the
 * virtual network, of which one listens.
 *
 *     struct tls_world *w = tls_world_open(tls_world_config("server", "ca", 0));
 *     tls_world_connect(w, tls_world_config(NULL, "ca", 0), HOST);
 *     tls_world_settle(w);
 *     assert_int_equal(w->a.connected, 1);
 *
 * What an end sends and gets is a pattern: the i-th byte is i % 251, and what is not is counted in `wrong`.
 */
#ifndef TEST_BASE_TLS_WORLD_H
#define TEST_BASE_TLS_WORLD_H

#include <errno.h>

#include <openssl/x509v3.h>

#include "base/counter.h"
#include "base/loop.h"
#include "base/tls.h"
#include "base/tls_config.h"
#include "lib/unit.h"
#include "lib/virtual_loop.h"

#define SERVER "192.0.2.9:5061"
#define HOST "sip.example.org"

struct tls_identity {
	EVP_PKEY *key;
	X509 *certificate;
};

struct tls_identity_spec {
	const char *name; /* of the files */
	const char *cn;
	const char *names; /* subjectAltName; NULL: none */
	const char *usage; /* extendedKeyUsage; NULL: none */
	int days;
};

struct tls_end {
	struct tls_world *w;
	struct stream *s;
	unsigned connected, closed, drained;
	int error;
	size_t received, wrong, sent, to_send, largest_queue;
	bool echo, unref_on_recv, unref_on_connected, pause_on_recv;
	char text[32];
};

struct tls_world {
	struct virtual_loop *vl;
	struct loop *l;
	struct stream_listener *ln;
	struct timer later;
	unsigned accepted;
	struct tls_end a, b;
};

extern char tls_world_dir[64];
extern const struct stream_handler tls_end_handler;

/** The files, if they are not there yet; and the name of one: its name and "crt" or "key". */
void tls_world_files(void);
const char *tls_world_path(const char *name, const char *kind);
/** Signed by `issuer`, or by itself (NULL). */
X509 *tls_certificate(EVP_PKEY *key, const struct tls_identity_spec *spec,
		      const struct tls_identity *issuer);
/** With the certificate `name` (NULL: none), trusting `ca`. */
struct tls_config *tls_world_config(const char *name, const char *ca, unsigned flags);

/** Listens at SERVER; end `b` is the first that is accepted. */
struct tls_world *tls_world_open(struct tls_config *server);
/** At once; it is closed at the end of the test anyway. */
void tls_world_close(void *arg);
/** End `a` connects there, and expects this name. */
void tls_world_connect(struct tls_world *w, struct tls_config *client, const char *name);
void tls_world_settle(struct tls_world *w);
void tls_world_pass(struct tls_world *w, uint64_t ms);
void tls_world_fault(struct tls_world *w, enum virtual_fault_kind kind, uint64_t n);
struct addr tls_world_address(void);
int64_t tls_world_count(const char *name);

/** The callbacks of an end, and of the listener. */
void tls_end_connected(struct stream *s, void *arg);
void tls_end_recv(struct stream *s, const char *p, size_t n, void *arg);
void tls_end_closed(struct stream *s, int error, void *arg);
void tls_world_accepted(struct stream_listener *ln, struct stream *s, void *arg);

#endif
