/* SPDX-License-Identifier: Apache-2.0 */
/* Declared state machines. */
#include "base/sm.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/unit.h"

enum door { DOOR_OPEN, DOOR_CLOSED, DOOR_LOCKED };

static const struct sm_state door_states[] = {
	[DOOR_OPEN] = {"open", SM_TO(DOOR_CLOSED)},
	[DOOR_CLOSED] = {"closed", SM_TO(DOOR_OPEN) | SM_TO(DOOR_LOCKED)},
	[DOOR_LOCKED] = {"locked", 0},
};
static const struct sm_table door_machine = SM_TABLE("door", door_states);


static void test_moves(void)
{
	static const bool allowed[3][3] = {{false, true, false}, {true, false, true}};
	uint8_t state = DOOR_OPEN;

	for (uint8_t from = 0; from < 3; from++)
		for (uint8_t to = 0; to < 3; to++)
			assert_int_equal(sm_may(&door_machine, from, to), allowed[from][to]);
	assert_false(sm_may(&door_machine, 3, 0));
	assert_false(sm_may(&door_machine, 0, 3));
	assert_false(sm_may(&door_machine, 1, 33));
	assert_string_equal(sm_name(&door_machine, DOOR_CLOSED), "closed");
	assert_string_equal(sm_name(&door_machine, 3), "?");

	sm_move(&door_machine, &state, DOOR_CLOSED);
	sm_move(&door_machine, &state, DOOR_LOCKED);
	assert_int_equal(state, DOOR_LOCKED);
}


static void test_forbidden_move(void)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		uint8_t state = DOOR_LOCKED;

		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		sm_move(&door_machine, &state, DOOR_OPEN);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}


UNIT_MAIN(UNIT_TEST(test_moves), UNIT_TEST_PLAIN(test_forbidden_move))
