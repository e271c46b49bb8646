#!/usr/bin/env bash
# Fuzzes what reads strangers' bytes, for a bounded time; needs no root.
#
#   tests/fuzz.sh              every target, FUZZ_SECONDS (15) each, two at a time
#   tests/fuzz.sh call frame   these targets
#
# A finding is kept in fuzz/artifacts/; the output says how to run it again. What the fuzzer learns is kept
# in fuzz/corpus/ (not in git); fuzz/seeds/ is what every run begins with.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SECONDS_EACH="${FUZZ_SECONDS:-15}" RSS_LIMIT_MB=512

if [[ $EUID == 0 ]]; then
  tests/bootstrap.sh fuzz
elif ! command -v c++ >/dev/null; then
  echo "not run: fuzzing needs a C++ compiler (package g++)"
  exit 0
elif ! tests/bootstrap.sh fuzz; then
  echo "not run: fuzzing needs cargo-fuzz, which could not be compiled"
  exit 0
fi
eval "$(tests/bootstrap.sh paths)"

host="$(rustc -vV | sed -n 's/^host: //p')"
if (($# > 0)); then targets=("$@"); else mapfile -t targets < <("$CARGO_FUZZ" list); fi

# The instrumentation is an unstable option of the stable compiler. The code under test is safe Rust, in
# which an address sanitizer would look for nothing but bugs of the compiler.
cargo fetch --quiet --locked --manifest-path fuzz/Cargo.toml
export RUSTC_BOOTSTRAP=1
started=$SECONDS
"$CARGO_FUZZ" build --sanitizer none
echo "fuzz: built in $((SECONDS - started)) s"

# In memory where that can be had.
work="$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)"
trap 'rm -rf "$work"' EXIT
fuzz_one() {
  local target="$1"
  mkdir -p "fuzz/corpus/$target" "fuzz/artifacts/$target"
  TMPDIR="$work" RUST_BACKTRACE=0 "fuzz/target/$host/release/$target" "fuzz/corpus/$target" "fuzz/seeds/$target" \
    -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb="$RSS_LIMIT_MB" \
    -artifact_prefix="fuzz/artifacts/$target/" >"$work/$target.log" 2>&1
}

failed=()
finish() {
  local target="$1" pid="$2" runs
  if wait "$pid"; then
    runs="$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$work/$target.log")"
    # A target that hardly ran proves nothing.
    if ((${runs:-0} < 1000)); then
      failed+=("$target")
      echo "fuzz: $target: ${runs:-0} runs are too few"
    else
      echo "fuzz: $target: $runs runs, nothing found"
    fi
  else
    failed+=("$target")
    grep -A 3 'panicked at' "$work/$target.log" || true
    tail -n 4 "$work/$target.log"
    echo "fuzz: $target: FOUND something; run it again with: fuzz/target/$host/release/$target fuzz/artifacts/$target/FILE"
  fi
}

while ((${#targets[@]})); do
  pair=("${targets[@]:0:2}") targets=("${targets[@]:2}") pids=()
  for target in "${pair[@]}"; do fuzz_one "$target" & pids+=($!); done
  for at in "${!pair[@]}"; do finish "${pair[at]}" "${pids[at]}"; done
done
((${#failed[@]} == 0)) || { echo "fuzz: failed: ${failed[*]}"; exit 1; }
echo "fuzz: every target ran $SECONDS_EACH s ($((SECONDS - started)) s in all)"
