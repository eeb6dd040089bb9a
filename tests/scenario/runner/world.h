/* SPDX-License-Identifier: Apache-2.0 */
/** The virtual loop of a case, for the files that move it or break its network. */
#ifndef RUNNER_WORLD_H
#define RUNNER_WORLD_H

struct scn_play;
struct virtual_loop;

struct virtual_loop *scn_world_loop(const struct scn_play *p);

#endif
