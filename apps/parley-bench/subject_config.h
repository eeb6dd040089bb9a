/* SPDX-License-Identifier: Apache-2.0 */
/** The configuration files the subjects are started with. */
#ifndef PARLEY_BENCH_SUBJECT_CONFIG_H
#define PARLEY_BENCH_SUBJECT_CONFIG_H

#include "bench.h"

void subject_parley_yaml(char *out, size_t room, const char *dir, const struct traffic *t);
void subject_kamailio_cfg(char *out, size_t room, const char *dir, const struct traffic *t);

/** One domain, anonymous logins, rooms without history and without limits of rate. */
extern const char subject_ejabberd_yaml[];

#endif
