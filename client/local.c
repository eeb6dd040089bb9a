/* SPDX-License-Identifier: Apache-2.0 */
/* Which address of this machine is the one that a peer is reached from. */
#include "client/account.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>


int account_local_towards(struct addr *ret, const struct addr *peer)
{
	struct addr local = {.sa.sa_family = peer->sa.sa_family};
	socklen_t n = sizeof(local);
	int fd = socket(peer->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	/* Connecting a datagram socket sends nothing: it only chooses the route. */
	if (connect(fd, &peer->sa, addr_len(peer)) || getsockname(fd, &local.sa, &n))
		err = -errno;
	close(fd);
	if (err)
		return err;
	addr_set_port(&local, 0);
	*ret = local;
	return 0;
}
