/* SPDX-License-Identifier: Apache-2.0 */
/* Runs while building: finds a multiplier by which no two header names share a slot, and writes
 * the tables that header.c looks names up in. So the list in header.h stays the only one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sip/header.h"
#include "sip/header_hash.h"

static const char *const names[] = {[SIP_HDR_OTHER] = "",
#define X(id, name, compact) [SIP_HDR_##id] = name,
				    SIP_HEADERS(X)
#undef X
};

static const char compacts[] = {[SIP_HDR_OTHER] = 0,
#define X(id, name, compact) [SIP_HDR_##id] = compact,
				SIP_HEADERS(X)
#undef X
};


static int fits(uint32_t multiplier, uint8_t slots[static HEADER_SLOTS])
{
	memset(slots, 0, HEADER_SLOTS);
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++) {
		uint32_t h = header_hash(names[id], strlen(names[id]), multiplier);

		if (slots[h])
			return 0;
		slots[h] = (uint8_t)id;
	}
	return 1;
}


static void put_table(const char *name, const uint8_t *table, size_t n)
{
	printf("static const uint8_t %s[%zu] = {", name, n);
	for (size_t i = 0; i < n; i++)
		printf("%s%u,", i % 16 ? " " : "\n\t", table[i]);
	printf("\n};\n");
}


static void put_lower(void)
{
	printf("static const struct header_lower header_lower[%d] = {\n\t{\"\", 0},\n",
	       SIP_HDR_COUNT);
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++) {
		printf("\t{\"");
		for (const char *p = names[id]; *p; p++)
			putchar(*p | 0x20);
		printf("\", %zu},\n", strlen(names[id]));
	}
	printf("};\n");
}


int main(void)
{
	static uint8_t slots[HEADER_SLOTS], compact[26];
	uint32_t multiplier = 0x9e3779b1;

	for (unsigned tries = 0; !fits(multiplier, slots); tries++) {
		if (tries == 10000000) {
			fprintf(stderr, "header names: no multiplier found\n");
			return 1;
		}
		multiplier = multiplier * 1664525 + 1013904223;
		multiplier |= 1;
	}
	for (unsigned id = 1; id < SIP_HDR_COUNT; id++)
		if (compacts[id])
			compact[compacts[id] - 'a'] = (uint8_t)id;

	for (unsigned id = 1; id < SIP_HDR_COUNT; id++)
		if (strlen(names[id]) > HEADER_NAME_MAX) {
			fprintf(stderr, "header names: %s is too long\n", names[id]);
			return 1;
		}

	printf("/* Written by header_slots.c. */\n#define HEADER_MULTIPLIER UINT32_C(%" PRIu32
	       ")\n",
	       multiplier);
	printf("_Static_assert(SIP_HDR_COUNT == %d, \"made from an older list\");\n",
	       SIP_HDR_COUNT);
	put_table("header_slot", slots, HEADER_SLOTS);
	put_table("header_compact", compact, sizeof(compact));
	put_lower();
	return 0;
}
