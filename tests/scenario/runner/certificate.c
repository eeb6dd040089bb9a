/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate of its own for each case that uses TLS. */
#include "scenario/runner/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "scenario/runner/text.h"

/** The virtual clock starts in 2026; the certificate must be good on the real one too. */
#define FROM_S (-(INT64_C(10) * 365 * 86400))
#define UNTIL_S (INT64_C(50) * 365 * 86400)


static void must(bool done, const char *what)
{
	if (!done)
		scn_die("no certificate: %s", what);
}


static void add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(e && X509_add_ext(x, e, -1), value);
	X509_EXTENSION_free(e);
}


static X509 *make(EVP_PKEY *key, const char *domain)
{
	X509 *x = X509_new();
	char names[512];

	must(x && X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1), "X509");
	X509_gmtime_adj(X509_getm_notBefore(x), FROM_S);
	X509_time_adj_ex(X509_getm_notAfter(x), (int)(UNTIL_S / 86400), 0, NULL);
	must(X509_set_pubkey(x, key) &&
		     X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
						(const unsigned char *)domain, -1, -1, 0) &&
		     X509_set_issuer_name(x, X509_get_subject_name(x)),
	     "names");
	snprintf(names, sizeof(names),
		 "DNS:%s,DNS:peer.example.net,DNS:a.example.net,DNS:b.example.net,DNS:example.net",
		 domain);
	add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(x, NID_subject_alt_name, names);
	must(X509_sign(x, key, EVP_sha256()) > 0, "signature");
	return x;
}


static FILE *open_for(struct arena *a, struct str directory, const char *name)
{
	FILE *f = fopen(scn_fmt(a, STR_FMT "/%s", STR_ARG(directory), name).p, "w");

	must(f != NULL, name);
	return f;
}


void scn_certificate_write(struct str directory, struct str domain)
{
	struct arena a = ARENA_INIT(65536);
	EVP_PKEY *key;
	X509 *x;
	FILE *f;

	if (access(scn_fmt(&a, STR_FMT "/server.pem", STR_ARG(directory)).p, R_OK) == 0) {
		arena_done(&a);
		return;
	}
	key = EVP_EC_gen("P-256");
	must(key != NULL, "key");
	x = make(key, scn_copy(&a, domain).p);
	f = open_for(&a, directory, "server.pem");
	must(PEM_write_X509(f, x), "server.pem");
	fclose(f);
	f = open_for(&a, directory, "server.key");
	must(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), "server.key");
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
	arena_done(&a);
}
