#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The check of layers finds what is planted: a codec that includes the service, a library out of place.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/docs" "$dir/src/body" "$dir/src/im/deferred" "$dir/src/im/history" "$dir/client" "$dir/apps"
cp "$1/docs/layers" "$dir/docs/"
printf '#include "im/im.h"\n#include <sqlite3.h>\n' >"$dir/src/body/cpim.c"
printf '#include "im/history/history.h"\n' >"$dir/src/im/deferred/deferred.c"
if python3 "$1/scripts/check-layers.py" "$dir" >"$dir/said"; then
	echo "check-layers found nothing wrong with a planted violation"
	exit 1
fi
grep -q 'src/body/cpim.c:1: body -> im is against docs/layers' "$dir/said"
grep -q 'src/body/cpim.c:2: <sqlite3.h> belongs to store alone' "$dir/said"
grep -q 'src/im/deferred/deferred.c:1: functions under im/ do not include one another' "$dir/said"
