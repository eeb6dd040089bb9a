/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The hash that header.c finds a name with, shared with header_slots.c, which makes its table. It
 * looks at four letters and the length; whatever it finds is compared in full.
 */
#ifndef SIP_HEADER_HASH_H
#define SIP_HEADER_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HEADER_SLOTS 512
/** Longest name in the list (P-Charging-Function-Addresses has 29 letters). */
#define HEADER_NAME_MAX 31

/** A name in lower case, where 32 bytes can be read. */
struct header_lower {
	char p[HEADER_NAME_MAX];
	uint8_t n;
};


/** Two letters from the front, two from the middle. `n` at least 2; letters count without case. */
static inline uint32_t header_hash(const char *name, size_t n, uint32_t multiplier)
{
	uint16_t front, middle;

	memcpy(&front, name, 2);
	memcpy(&middle, name + (n - 1) / 2, 2);
	return (((uint32_t)front | (uint32_t)middle << 16 | 0x20202020) +
		(uint32_t)n * 0x01030507) *
		       multiplier >>
	       23;
}

#endif
