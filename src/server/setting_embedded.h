/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The embedded setting: this server is its own SIP/IP core.
 *
 * Who sends: a request whose From is in a domain of ours must be authenticated, and From is then its
 * user (core/authentication.h): the originating function serves that user. A request from another
 * domain is let in for users of ours only, with nobody vouching for its sender, and never relayed on.
 * Where it goes: to the devices the registrar knows.
 */
#ifndef SERVER_SETTING_EMBEDDED_H
#define SERVER_SETTING_EMBEDDED_H

#include "core/core.h"
#include "im/route.h"
#include "server/dispatch.h"

struct setting_embedded;

/** Counted. Fills both faces; they live as long as the object. */
int setting_embedded_alloc(struct setting_embedded **ret, struct core *core,
			   struct subscribers *subscribers, struct registrations *registrations);
const struct dispatch_setting *setting_embedded_dispatch(struct setting_embedded *s);
const struct im_setting *setting_embedded_im(struct setting_embedded *s);

#endif
