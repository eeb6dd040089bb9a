#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source is as .clang-format has it. Versions of clang-format differ: only 14 (Debian 12) is asked; with another
# one the check is skipped, and says so.
set -u
cd "${1:-.}"

case $(clang-format --version 2>/dev/null) in
*"version 14."*) ;;
*)
	echo "clang-format 14 is not here: skipped"
	exit 77
	;;
esac
find src client apps tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror 2>&1 | head -n 20 >&2
find src client apps tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror 2>/dev/null
