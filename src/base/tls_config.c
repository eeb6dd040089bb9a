/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: loading them, verifying those of peers, and whom a certificate names. */
#include "base/tls_config.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/addr.h"
#include "base/mem.h"

struct tls_config {
	SSL_CTX *context;
	unsigned flags;
	char *certificate_file, *key_file, *ca_file;
};

/* RFC 5924: id-kp-sipDomain. */
static const char sip_domain_usage[] = "1.3.6.1.5.5.7.3.20";


/* ---- Whom a certificate names ---- */

static struct str without_final_dot(struct str s)
{
	return s.n > 1 && s.p[s.n - 1] == '.' ? str_upto(s, s.n - 1) : s;
}


/*
 * RFC 5922 section 7.2: "Implementations MUST match the values in their entirety" and "MUST NOT match
 * any form of wildcard". The comparison "is case insensitive as specified by RFC 4343".
 */
static bool same_host(struct str a, struct str b)
{
	return a.n && str_eq_nocase(without_final_dot(a), without_final_dot(b));
}


static struct str text_of(const ASN1_STRING *s)
{
	return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}


/*
 * RFC 5922 section 7.1: "If the scheme of the URI value is "sip", and there is no userinfo component
 * in the URI (there is no '@'), then the implementation MUST accept the hostpart".
 */
static bool sip_host(struct str uri, struct str *ret)
{
	size_t n = 0;

	if (!str_starts_nocase(uri, STR("sip:")) || str_find(uri, '@') >= 0)
		return false;
	uri = str_from(uri, 4);
	if (uri.n && uri.p[0] == '[')
		n = (size_t)(str_find(uri, ']') + 1);
	else
		while (n < uri.n && uri.p[n] != ':' && uri.p[n] != ';' && uri.p[n] != '?')
			n++;
	*ret = str_upto(uri, n);
	return n > 0;
}


/* RFC 5280 section 4.2.1.6: "the octet string in the iPAddress" has four octets, or sixteen. */
static bool is_address(const ASN1_OCTET_STRING *ip, struct str host)
{
	struct str octets = text_of(ip);
	struct addr a;

	if (addr_decode(&a, host, 0))
		return false;
	if (a.sa.sa_family == AF_INET)
		return octets.n == 4 && !memcmp(octets.p, &a.in.sin_addr, 4);
	return octets.n == 16 && !memcmp(octets.p, &a.in6.sin6_addr, 16);
}


/*
 * "An implementation MUST accept a domain name system identifier as a SIP domain identity if and only
 * if no other identity is found that matches the "sip" URI type" (RFC 5922 section 7.1).
 */
static bool alternatives_name(const GENERAL_NAMES *names, struct str host, bool of_host)
{
	bool any_sip = false, dns = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		struct str found;

		if (g->type == GEN_URI &&
		    sip_host(text_of(g->d.uniformResourceIdentifier), &found)) {
			any_sip = true;
			if (same_host(found, host))
				return true;
		} else if (g->type == GEN_DNS && same_host(text_of(g->d.dNSName), host)) {
			dns = true;
		} else if (of_host && g->type == GEN_IPADD && is_address(g->d.iPAddress, host)) {
			return true;
		}
	}
	return dns && (of_host || !any_sip);
}


/*
 * "If and only if the subjectAltName does not appear in the certificate, the implementation MAY examine
 * the CN field" (RFC 5922 section 7.1).
 */
static bool common_name_is(X509 *certificate, struct str host)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, -1);
	const ASN1_STRING *name;

	if (at < 0)
		return false;
	name = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	switch (ASN1_STRING_type(name)) {
	case V_ASN1_UTF8STRING:
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_T61STRING:
		return same_host(text_of(name), host);
	default:
		return false; /* two or four bytes for a character: not a name of the DNS */
	}
}


bool tls_certificate_names(X509 *certificate, struct str host, bool of_host)
{
	int critical = 0;
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
	bool is;

	if (!names)
		return critical == -1 && common_name_is(certificate, host);
	is = alternatives_name(names, host, of_host);
	GENERAL_NAMES_free(names);
	return is;
}


/* ---- Verification ---- */

/*
 * RFC 5922 section 7.1: "implementations MUST check for restrictions on certificate usage declared by
 * any extendedKeyUsage extensions". OpenSSL knows the usages of web servers; that of a SIP domain is
 * as good for us.
 */
static bool is_for_sip(X509 *certificate)
{
	const uint32_t ways = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
	EXTENDED_KEY_USAGE *usages;
	bool is = false;

	if (!(X509_get_key_usage(certificate) & ways))
		return false;
	usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; usages && !is && i < sk_ASN1_OBJECT_num(usages); i++) {
		const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);
		char text[sizeof(sip_domain_usage) + 1];

		is = OBJ_obj2nid(usage) == NID_anyExtendedKeyUsage ||
		     (OBJ_obj2txt(text, sizeof(text), usage, 1) ==
			      (int)sizeof(sip_domain_usage) - 1 &&
		      str_eq(str_of(text), str_of(sip_domain_usage)));
	}
	EXTENDED_KEY_USAGE_free(usages);
	return is;
}


static int on_verify(int good, X509_STORE_CTX *store)
{
	if (!good && X509_STORE_CTX_get_error_depth(store) == 0 &&
	    X509_STORE_CTX_get_error(store) == X509_V_ERR_INVALID_PURPOSE &&
	    is_for_sip(X509_STORE_CTX_get_current_cert(store))) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	return good;
}


static int verify_mode(unsigned flags, bool server)
{
	if (server && flags & TLS_REQUIRE_CLIENT)
		return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (server)
		return flags & TLS_ASK_CLIENT ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
	return flags & TLS_INSECURE_NO_VERIFY ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
}


SSL *tls_config_session(struct tls_config *c, bool server)
{
	SSL *ssl = SSL_new(c->context);

	if (!ssl)
		return NULL;
	SSL_set_verify(ssl, verify_mode(c->flags, server), on_verify);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}


/* ---- Loading ---- */

/* An encrypted key cannot be used by a service; OpenSSL would ask at the terminal. */
static int no_password(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}


/* What OpenSSL noted first is the cause; what its callers noted on top of it says whose it is ("PEM lib"). */
static int explain(struct buf *error, const char *what, const char *file)
{
	unsigned long cause = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(cause) ? strerror(ERR_GET_REASON(cause))
						     : ERR_reason_error_string(cause);

	if (error)
		buf_printf(error, "%s%s%s: %s", what, file ? " " : "", file ? file : "",
			   cause && reason ? reason : "cannot be read");
	ERR_clear_error();
	return -EINVAL;
}


static int load_trust(struct tls_config *c, SSL_CTX *context, struct buf *error)
{
	STACK_OF(X509_NAME) * names;

	if (!c->ca_file) {
		if (!SSL_CTX_set_default_verify_paths(context))
			return explain(error, "the system's certificate authorities", NULL);
		return 0;
	}
	if (!SSL_CTX_load_verify_file(context, c->ca_file))
		return explain(error, "certificate authorities", c->ca_file);
	names = SSL_load_client_CA_file(c->ca_file);
	if (names)
		SSL_CTX_set_client_CA_list(context, names);
	ERR_clear_error();
	return 0;
}


static int load_certificate(struct tls_config *c, SSL_CTX *context, struct buf *error)
{
	const char *key = c->key_file ? c->key_file : c->certificate_file;

	if (!c->certificate_file)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, c->certificate_file) != 1)
		return explain(error, "certificate", c->certificate_file);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return explain(error, "private key", key);
	if (SSL_CTX_check_private_key(context) != 1)
		return explain(error, "private key does not belong to the certificate", key);
	return 0;
}


static int set_rules(SSL_CTX *context)
{
	static const unsigned char service[] = "parley";

	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
	    !SSL_CTX_set_session_id_context(context, service, sizeof(service) - 1))
		return -ENOMEM;
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Idle connections keep no buffers; a resumed session is in the client's ticket. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_default_passwd_cb(context, no_password);
	return 0;
}


int tls_config_reload(struct tls_config *c, struct buf *error)
{
	SSL_CTX *context;
	int err;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_method());
	if (!context)
		return -ENOMEM;
	err = set_rules(context);
	if (!err)
		err = load_certificate(c, context, error);
	if (!err)
		err = load_trust(c, context, error);
	if (err) {
		SSL_CTX_free(context);
		return err;
	}
	SSL_CTX_free(c->context); /* sessions under way keep it alive */
	c->context = context;
	return 0;
}


static void destroy(void *object)
{
	struct tls_config *c = object;

	SSL_CTX_free(c->context);
	mem_unref(c->certificate_file);
	mem_unref(c->key_file);
	mem_unref(c->ca_file);
}


static int copy_name(char **to, const char *name)
{
	if (!name)
		return 0;
	*to = str_dup(str_of(name));
	return *to ? 0 : -ENOMEM;
}


int tls_config_alloc(struct tls_config **ret, const struct tls_params *params, struct buf *error)
{
	struct tls_config *c = mem_alloc(sizeof(*c), destroy);
	int err;

	if (!c)
		return -ENOMEM;
	c->flags = params->flags;
	err = copy_name(&c->certificate_file, params->certificate_file);
	if (!err)
		err = copy_name(&c->key_file, params->key_file);
	if (!err)
		err = copy_name(&c->ca_file, params->ca_file);
	if (!err)
		err = tls_config_reload(c, error);
	if (err) {
		mem_unref(c);
		return err;
	}
	*ret = c;
	return 0;
}


unsigned tls_config_flags(const struct tls_config *c)
{
	return c->flags;
}


bool tls_config_has_certificate(const struct tls_config *c)
{
	return c->certificate_file != NULL;
}


int64_t tls_config_expires(const struct tls_config *c)
{
	const X509 *certificate = SSL_CTX_get0_certificate(c->context);
	struct tm tm;

	if (!certificate || !ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm))
		return 0;
	return timegm(&tm);
}
