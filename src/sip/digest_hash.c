/* SPDX-License-Identifier: Apache-2.0 */
/* Digest's hashes by OpenSSL. */
#include "sip/digest_hash.h"

#include <errno.h>
#include <string.h>


int digest_hash_init(struct digest_hash *h)
{
	h->md[DIGEST_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
	h->md[DIGEST_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx && h->md[DIGEST_SHA256])
		return 0;
	digest_hash_done(h);
	return -ENOMEM;
}


void digest_hash_done(struct digest_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	for (int i = 0; i < DIGEST_ALGORITHMS; i++)
		EVP_MD_free(h->md[i]);
	memset(h, 0, sizeof(*h));
}


int digest_hash_hex(struct digest_hash *h, enum digest_algorithm a, const struct str *pieces,
		    size_t n, char ret[static DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (!h->md[a] || EVP_DigestInit_ex2(h->ctx, h->md[a], NULL) != 1)
		return -EIO;
	for (size_t i = 0; i < n; i++) {
		if (i && EVP_DigestUpdate(h->ctx, ":", 1) != 1)
			return -EIO;
		if (pieces[i].n && EVP_DigestUpdate(h->ctx, pieces[i].p, pieces[i].n) != 1)
			return -EIO;
	}
	if (EVP_DigestFinal_ex(h->ctx, sum, &len) != 1 || len * 2 >= DIGEST_HEX_MAX)
		return -EIO;
	for (unsigned int i = 0; i < len; i++) {
		ret[2 * i] = digits[sum[i] >> 4];
		ret[2 * i + 1] = digits[sum[i] & 15];
	}
	ret[2 * len] = 0;
	return 0;
}


/* RFC 7616 3.4.3: A2 is Method ":" request-uri, and with auth-int ":" H(entity-body). */
static int hash_a2(struct digest_hash *h, const struct digest_response *r,
		   char ret[static DIGEST_HEX_MAX])
{
	char body[DIGEST_HEX_MAX];
	int err;

	if (!r->with_body)
		return digest_hash_hex(h, r->algorithm, (struct str[]){r->method, r->uri}, 2, ret);
	err = digest_hash_hex(h, r->algorithm, &r->body, 1, body);
	if (err)
		return err;
	return digest_hash_hex(h, r->algorithm, (struct str[]){r->method, r->uri, str_of(body)}, 3,
			       ret);
}


int digest_hash_response(struct digest_hash *h, const struct digest_response *r,
			 char ret[static DIGEST_HEX_MAX])
{
	char ha2[DIGEST_HEX_MAX];
	int err = hash_a2(h, r, ha2);

	if (err)
		return err;
	/* RFC 2617 3.2.2.1, without qop: KD(H(A1), unq(nonce-value) ":" H(A2)) */
	if (!r->qop.n)
		return digest_hash_hex(h, r->algorithm,
				       (struct str[]){r->ha1, r->nonce, str_of(ha2)}, 3, ret);
	return digest_hash_hex(
		h, r->algorithm,
		(struct str[]){r->ha1, r->nonce, r->nc, r->cnonce, r->qop, str_of(ha2)}, 6, ret);
}
