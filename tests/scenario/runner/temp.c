/* SPDX-License-Identifier: Apache-2.0 */
/* Files of one case: a directory of its own, and the TLS that its certificate gives. */
#include "scenario/runner/temp.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tls.h"
#include "scenario/runner/certificate.h"


struct str scn_temp(struct scn_play *p)
{
	if (!p->temp.p) {
		char name[] = "/tmp/parley-scn-XXXXXX";

		if (!mkdtemp(name))
			scn_die("%s: %s", name, strerror(errno));
		p->temp = scn_copy(p->arena, str_of(name));
	}
	return p->temp;
}


void scn_temp_remove(struct scn_play *p)
{
	struct dirent *e;
	DIR *d = p->temp.p ? opendir(p->temp.p) : NULL;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	(void)rmdir(p->temp.p);
	p->temp = STR_NULL;
}


struct tls_config *scn_tls(struct scn_play *p)
{
	struct buf why = BUF_INIT(4096);

	if (!p->tls) {
		struct str certificate = scn_fmt(p->arena, STR_FMT "/server.pem",
						 STR_ARG(scn_temp(p)));
		struct str key = scn_fmt(p->arena, STR_FMT "/server.key", STR_ARG(p->temp));
		const struct tls_params params = {.certificate_file = certificate.p,
						  .key_file = key.p,
						  .ca_file = certificate.p};

		scn_certificate_write(p->temp, p->domain);
		if (tls_config_alloc(&p->tls, &params, &why))
			scn_die("TLS: " STR_FMT, STR_ARG(buf_str(&why)));
	}
	buf_done(&why);
	return p->tls;
}
