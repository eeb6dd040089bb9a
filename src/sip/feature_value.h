/* SPDX-License-Identifier: Apache-2.0 */
/** Values of feature parameters (RFC 3840 9) and whether two of them have something in common. */
#ifndef SIP_FEATURE_VALUE_H
#define SIP_FEATURE_VALUE_H

#include <stdbool.h>

#include "base/str.h"

/**
 * Two lists of values of one feature, each "one of these": does a value exist that is in both
 * (RFC 3841 7.2.4)? Tokens compare without case, strings in <> with it, numbers as numbers.
 */
bool sip_feature_values_meet(struct str a, struct str b);

#endif
