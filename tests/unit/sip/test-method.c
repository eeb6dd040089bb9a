/* SPDX-License-Identifier: Apache-2.0 */
#include "sip/method.h"

#include "lib/unit.h"


static void test_names_and_back(void)
{
	for (unsigned m = SIP_INVITE; m < SIP_METHOD_COUNT; m++) {
		struct str name = sip_method_name(m);

		unit_case(STR_FMT, STR_ARG(name));
		assert_true(name.n > 2);
		assert_int_equal(sip_method_decode(name), m);
	}
	unit_str(sip_method_name(SIP_METHOD_OTHER), "");
	unit_str(sip_method_name(SIP_METHOD_COUNT), "");
}


/* Every name with one letter changed, cut off or added is another method. */
static void test_neighbours(void)
{
	for (unsigned m = SIP_INVITE; m < SIP_METHOD_COUNT; m++) {
		struct str name = sip_method_name(m);
		char text[32];

		for (size_t i = 0; i < name.n; i++) {
			memcpy(text, name.p, name.n);
			text[i] |= 0x20;
			assert_int_equal(sip_method_decode((struct str){text, name.n}),
					 SIP_METHOD_OTHER);
		}
		memcpy(text, name.p, name.n);
		text[name.n] = 'S';
		assert_int_equal(sip_method_decode((struct str){text, name.n + 1}),
				 SIP_METHOD_OTHER);
		assert_int_equal(sip_method_decode(str_upto(name, name.n - 1)), SIP_METHOD_OTHER);
	}
	assert_int_equal(sip_method_decode(STR("")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_decode(STR_NULL), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_decode(STR("IN%56ITE")), SIP_METHOD_OTHER);
}


UNIT_MAIN(UNIT_TEST(test_names_and_back), UNIT_TEST(test_neighbours))
