#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The check of layers finds what is planted: a codec that includes the service, a library out of place, a folder
# that is not there. That of metrics finds one that is named and not counted, and one that is counted and not named.
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
grep -q 'docs/layers: there is no folder msrp' "$dir/said"

mkdir -p "$dir/docs/operating"
printf 'COUNTER("im.fine", "messages that went well"), GAUGE("odd_total", "")\n' >"$dir/src/im/im.c"
printf '`parley_im_fine_total` of `parley_im_*`, not `parley_im_broken_total`\n' >"$dir/docs/operating/running.md"
if python3 "$1/scripts/check-metrics.py" "$dir" >"$dir/said"; then
	echo "check-metrics found nothing wrong with a planted name"
	exit 1
fi
grep -q 'src/im/im.c:1: odd_total is no path of words' "$dir/said"
grep -q 'src/im/im.c:1: odd_total is not explained' "$dir/said"
grep -q 'docs/operating/running.md:1: there is no metric parley_im_broken_total' "$dir/said"
test "$(grep -c parley_im_ "$dir/said")" = 1
