/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 of bytes that come in pieces. */
#include "base/sha1.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/mem.h"

struct sha1 {
	EVP_MD_CTX *ctx;
};


static void destroy(void *object)
{
	struct sha1 *h = object;

	EVP_MD_CTX_free(h->ctx);
}


int sha1_alloc(struct sha1 **ret)
{
	struct sha1 *h = mem_alloc(sizeof(*h), destroy);

	if (!h)
		return -ENOMEM;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha1(), NULL) != 1) {
		int err = h->ctx ? -ENOTSUP : -ENOMEM;

		mem_unref(h);
		return err;
	}
	*ret = h;
	return 0;
}


void sha1_put(struct sha1 *h, const void *p, size_t n)
{
	(void)EVP_DigestUpdate(h->ctx, p, n);
}


void sha1_finish(struct sha1 *h, uint8_t ret[static SHA1_SIZE])
{
	uint8_t digest[EVP_MAX_MD_SIZE] = {0};
	unsigned n = 0;

	(void)EVP_DigestFinal_ex(h->ctx, digest, &n);
	memcpy(ret, digest, SHA1_SIZE);
}
