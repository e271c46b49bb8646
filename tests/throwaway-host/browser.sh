#!/usr/bin/env bash
# The pages in a real browser, on the running throw-away host: Chromium, driven by playwright-core, with
# and without JavaScript, and axe-core's opinion of every page.
#
# BROWSER_ONLY names files of tests/browser to run alone, such as "public.test.mjs text.test.mjs".
set -euo pipefail

export WEB="http://127.0.0.1:$WEB_PORT"
cd "$HOST_SOURCE/tests/browser"
# One file after the other: they share the host.
run() { node --test --test-concurrency=1 --test-reporter=spec "$@"; }

if [[ -n ${BROWSER_ONLY:-} ]]; then
  read -ra tests <<<"$BROWSER_ONLY"
  run "${tests[@]}"
  exit
fi
# All but the one that mostly waits.
readonly PATIENT=address.test.mjs
tests=(*.test.mjs) others=()
for test in "${tests[@]}"; do [[ $test == "$PATIENT" ]] || others+=("$test"); done
run "$PATIENT" >/tmp/patient.log 2>&1 &
patient=$!
status=0
run "${others[@]}" || status=$?
wait "$patient" || status=$?
cat /tmp/patient.log
exit "$status"
