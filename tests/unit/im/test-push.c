/* SPDX-License-Identifier: Apache-2.0 */
/* What a device's answer means for a message that waits, and how long the device rests. */
#include "im/deferred/push.h"

#include "lib/unit.h"

static const struct {
	uint16_t status;
	uint32_t attempts;
	enum store_device_state outcome;
} outcomes[] = {
	{200, 1, STORE_DEVICE_DELIVERED},
	{202, 1, STORE_DEVICE_DELIVERED},
	{299, 9, STORE_DEVICE_DELIVERED},
	/* of the device: for ever worth another try */
	{0, 100, STORE_DEVICE_WAITING},
	{408, 100, STORE_DEVICE_WAITING},
	{430, 100, STORE_DEVICE_WAITING},
	{480, 100, STORE_DEVICE_WAITING},
	{486, 100, STORE_DEVICE_WAITING},
	{503, 100, STORE_DEVICE_WAITING},
	/* of the message: RFC 3428 7 for 6xx */
	{400, 1, STORE_DEVICE_FAILED},
	{413, 1, STORE_DEVICE_FAILED},
	{415, 1, STORE_DEVICE_FAILED},
	{488, 1, STORE_DEVICE_FAILED},
	{600, 1, STORE_DEVICE_FAILED},
	{603, 1, STORE_DEVICE_FAILED},
	{699, 1, STORE_DEVICE_FAILED},
	/* perhaps of either: so often and no more */
	{500, 1, STORE_DEVICE_WAITING},
	{500, 7, STORE_DEVICE_WAITING},
	{500, 8, STORE_DEVICE_FAILED},
	{403, 7, STORE_DEVICE_WAITING},
	{403, 8, STORE_DEVICE_FAILED},
	{302, 8, STORE_DEVICE_FAILED},
};


static void test_outcomes(void)
{
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (push_outcome(outcomes[i].status, outcomes[i].attempts) != outcomes[i].outcome)
			fail_msg("%u at attempt %u", outcomes[i].status, outcomes[i].attempts);
	}
}


static void test_rests(void)
{
	assert_int_equal(push_rest_ms(1, 0), 30000);
	assert_int_equal(push_rest_ms(2, 0), 60000);
	assert_int_equal(push_rest_ms(7, 0), 1920000);
	assert_int_equal(push_rest_ms(8, 0), 3600000);
	assert_int_equal(push_rest_ms(UINT32_MAX, 0), 3600000);
	assert_int_equal(push_rest_ms(1, 300), 300000);
	assert_int_equal(push_rest_ms(5, 1), 480000);
	assert_int_equal(push_rest_ms(1, UINT32_MAX), 3600000);
}


UNIT_MAIN(UNIT_TEST(test_outcomes), UNIT_TEST(test_rests))
