/* SPDX-License-Identifier: Apache-2.0 */
/* What devices can do, by the Contacts of real ones. */
#include "subscriber/registration.h"

#include "lib/unit.h"

#define ICSI "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi."
#define URN "urn%3Aurn-7%3A3gpp-service.ims.icsi."
#define IM (REGISTRATION_IM | REGISTRATION_PAGER)
#define CPM (IM | REGISTRATION_CPM)

static const struct {
	const char *params;
	uint32_t flags;
} rows[] = {
	{"", REGISTRATION_PAGER},
	{"expires=3600;q=0.5", REGISTRATION_PAGER},
	/* Linphone */
	{"+sip.instance=\"<urn:uuid:5c0f>\";+org.linphone.specs=\"groupchat/1.1,lime\"",
	 REGISTRATION_PAGER},
	{"+g.oma.sip-im", IM},
	{"+G.OMA.SIP-IM", IM},
	{"+g.oma.sip-im=\"TRUE\"", IM},
	{"+g.oma.sip-im=TRUE", IM},
	{"+g.oma.sip-im=\"FALSE\"", REGISTRATION_PAGER},
	{"+g.oma.sip-im;+g.oma.sip-im.large-message", IM | REGISTRATION_LARGE},
	{"+g.oma.sip-im.large-message", IM | REGISTRATION_LARGE},
	{"+g.oma.sip-im.system-message;+g.oma.sip-im", IM | REGISTRATION_SYSTEM_MESSAGE},
	{"+g.oma.sip-imx", REGISTRATION_PAGER},
	{ICSI "oma.cpm.session\"", CPM},
	{ICSI "oma.cpm.msg," URN "oma.cpm.largemsg\"", CPM | REGISTRATION_LARGE},
	{ICSI "mmtel, " URN "oma.cpm.systemmsg\"", CPM | REGISTRATION_SYSTEM_MESSAGE},
	{"+g.3gpp.icsi-ref=\"urn:urn-7:3gpp-service.ims.icsi.oma.cpm.session.group\"", CPM},
	{"+g.gsma.rcs.cpm.pager-large", CPM | REGISTRATION_LARGE},
	{"+g.3gpp.iari-ref=\"urn%3Aurn-7%3A3gpp-application.ims.iari.rcse.im\"", IM},
	/* A telephone that lists its services, without ours. */
	{ICSI "mmtel\";audio;video", 0},
	{ICSI "mmtel\";methods=\"INVITE,MESSAGE\"", REGISTRATION_PAGER},
	{ICSI "oma.cpm.sessionx\"", 0},
	{"methods=\"INVITE, ACK, MESSAGE\"", REGISTRATION_PAGER},
	{"methods=\"INVITE,ACK\"", 0},
	{"methods=\"INVITE,!MESSAGE\"", 0},
	{"audio;methods=\"INVITE\";+g.oma.sip-im", IM},
	/* Broken behind what was understood. */
	{"+g.oma.sip-im;;x=\"", IM},
};


static void test_features(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unit_case("%s", rows[i].params);
		assert_int_equal(registration_features(str_of(rows[i].params)), rows[i].flags);
	}
}


UNIT_MAIN(UNIT_TEST(test_features))
