/* SPDX-License-Identifier: Apache-2.0 */
/** Inside the embedded core: what its source files share. */
#ifndef CORE_CORE_STATE_H
#define CORE_CORE_STATE_H

#include "core/core.h"
#include "core/failures.h"
#include "sip/digest.h"

struct core {
	struct core_params params; /**< texts are copies */
	char *realm, *service_route;
	struct digest_server *digest;
	struct digest_secret
		nobody; /**< of a password nobody has: unknown users cost as much as others */
	struct failures failures;
	struct list registering; /**< REGISTERs under way */
};

/** The counters of authentication.c and registrar.c. */
void core_authentication_register(void);
void core_registrar_register(void);
/** In registrar.c: forgets all that is under way; nobody is answered. */
void core_registrar_stop(struct core *c);
/** sip:user@domain of a user part as a person or a device writes it, canonical. -EBADMSG, -ENOBUFS. */
int core_user_aor(struct str user, struct str domain, struct buf *ret);

#endif
