/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of section 9: Pager Mode or Large Message Mode. */
#include "parley.h"


enum parley_mode parley_choose(size_t request_bytes, bool reliable_path)
{
	/* Seed 002, 9: "the total size of the message is greater than 1300 bytes and the IM Client has a
	 * positive knowledge of a guaranteed end-to-end connection of a 'connection-oriented transport
	 * protocol'". At exactly 1300 bytes that knowledge is worth as much. */
	if (reliable_path)
		return PARLEY_PAGER;
	/* "the total size of the message is below 1300 bytes"; "Otherwise, the IM Client shall initiate a
	 * Large Mode session". */
	return request_bytes < PARLEY_PAGER_LIMIT ? PARLEY_PAGER : PARLEY_LARGE;
}
