/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics page. */
#include "admin/admin.h"

#include "base/counter.h"
#include "lib/unit.h"

static struct counter counters[] = {
	COUNTER("sip.malformed", "SIP messages that did not parse"),
	GAUGE("sip.connections", "connections open"),
	COUNTER("im.pager-large.sent", "a \\ and\na second line"),
};


static void test_page(void)
{
	struct buf *out = unit_buf(65536);

	counter_register(counters, 3);
	counter_set(&counters[0], 7);
	counter_set(&counters[1], -3);
	counter_set(&counters[2], INT64_MAX);
	admin_metrics(out);
	unit_buf_is(out, "# HELP parley_build_info the version of the server\n"
			 "# TYPE parley_build_info gauge\n"
			 "parley_build_info{version=\"" PARLEY_VERSION "\"} 1\n"
			 "# HELP parley_im_pager_large_sent_total a \\\\ and\\na second line\n"
			 "# TYPE parley_im_pager_large_sent_total counter\n"
			 "parley_im_pager_large_sent_total 9223372036854775807\n"
			 "# HELP parley_sip_connections connections open\n"
			 "# TYPE parley_sip_connections gauge\n"
			 "parley_sip_connections -3\n"
			 "# HELP parley_sip_malformed_total SIP messages that did not parse\n"
			 "# TYPE parley_sip_malformed_total counter\n"
			 "parley_sip_malformed_total 7\n");
}


UNIT_MAIN(UNIT_TEST(test_page))
