#!/usr/bin/env bash
# The pages in a real browser, on the running throw-away host: Chromium, driven by playwright-core, with
# and without JavaScript, and axe-core's opinion of every page.
#
# BROWSER_ONLY names one file of tests/browser to run alone, such as public.test.mjs.
set -euo pipefail

export WEB="http://127.0.0.1:$WEB_PORT"
cd "$HOST_SOURCE/tests/browser"
tests=("${BROWSER_ONLY:-}")
[[ -n ${tests[0]} ]] || tests=(*.test.mjs)
# One file after the other: they share the host.
node --test --test-concurrency=1 --test-reporter=spec "${tests[@]}"
