/* SPDX-License-Identifier: Apache-2.0 */
/**
 * SHA-1 of bytes that come in pieces: for names that protocols make of content (RFC 5547's hash of a file). It is no
 * protection: whoever wants two files of the same hash can have them.
 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_SIZE 20

struct sha1;

/** Counted. -ENOMEM; -ENOTSUP: the system does not let it be used. */
int sha1_alloc(struct sha1 **ret);
void sha1_put(struct sha1 *h, const void *p, size_t n);
/** Once, at the end. */
void sha1_finish(struct sha1 *h, uint8_t ret[static SHA1_SIZE]);

#endif
