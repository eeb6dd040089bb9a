#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone.
set -u
cd "${1:-.}"

status=0
for header in $(find src client/include -name '*.h'); do
	printf '#include "%s"\n' "$(pwd)/$header" |
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-function -fsyntax-only -Isrc -Iclient/include \
			$(pkg-config --cflags libxml-2.0) -x c - || {
		echo "$header: does not compile alone"
		status=1
	}
done
exit $status
