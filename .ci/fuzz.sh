#!/usr/bin/env bash
# Fuzzes the parsers: each target on its corpus, and then for a few seconds on inputs that nobody has seen before.
#
#   .ci/fuzz.sh [TARGET...]    all targets, or those; FUZZ_SECONDS=3 is the time for each. With FUZZ_SEED=N, as make test
#                              does, the same inputs come in the same order each time, as many as there is time for and
#                              not more than FUZZ_RUNS=10000: what is found by chance is not found in a gate
#
# libFuzzer with the coverage of stable Rust: what cargo-fuzz does, without the address sanitizer, for which Rust has to
# be a nightly one. The library is the one over the system's libcurl, in a target folder of its own. What is new and
# worth keeping is left in target/fuzz/new, what failed in target/fuzz/failed.
set -euo pipefail
# shellcheck source=.ci/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

dir=$TARGET/fuzz
seconds=${FUZZ_SECONDS:-3}
seed=${FUZZ_SEED:-0}   # 0: another one each time
host=$(rustc -vV | awk '/^host:/ { print $2 }')
coverage=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares)
separator=$'\x1f'
encoded=$(printf "%s$separator" "${coverage[@]}")

# With a target named, build scripts and macros are not instrumented.
CARGO_ENCODED_RUSTFLAGS=${encoded%"$separator"} CARGO_TARGET_DIR=$dir \
    cargo build --locked -p hs-fuzz --features targets,system-curl --profile fuzz --target "$host"

all=()
for source in tests/fuzz/targets/*.rs; do all+=("$(basename "$source" .rs)"); done
note() { { printf '%s\n' "$*" >&9; } 2>/dev/null || true; }
run() { # run TARGET LOG OPTION-OR-FOLDER...
    local target=$1 log=$2
    shift 2
    HS_FUZZ=1 "$dir/$host/fuzz/$target" -artifact_prefix="$dir/failed/$target-" -timeout=60 -rss_limit_mb=1024 "$@" \
        >"$log" 2>&1
}
# The fuzzer goes where coverage and comparisons lead it, and must not be led by what differs from process to process: addresses,
# which it sees in comparisons, the order of hash tables, when it looks for files of others, and the order of files in a folder.
# (The target request has a worker, and so a clock: only it may still go another way.)
run_alike() { # run_alike TARGET LOG NEW CORPUS OPTION...
    local target=$1 log=$2 new=$3 corpus=$4
    shift 4
    rm -rf "$new" && mkdir -p "$new"
    find "$corpus" -type f | LC_ALL=C sort | paste -sd, >"$dir/logs/$target.inputs"
    LD_PRELOAD=$dir/no_random.so run "$target" "$log" "$@" -runs="${FUZZ_RUNS:-10000}" -reload=0 -use_cmp=0 \
        -seed_inputs="@$dir/logs/$target.inputs" "$new"
}
mkdir -p "$dir/failed" "$dir/logs"
[ "$seed" -eq 0 ] || gcc -Wall -Wextra -Werror -O1 -shared -fPIC tests/fuzz/no_random.c -o "$dir/no_random.so"

# The fuzzer must see what the code does: a fault behind eight bytes is found only with its help.
if run control "$dir/logs/control.log" -seed=1 -runs=20000000 -max_len=64 -exact_artifact_path=/dev/null; then
    die "the planted fault was not found: there is no feedback from coverage"
fi
grep -q 'the planted fault is found' "$dir/logs/control.log" || { tail "$dir/logs/control.log"; die "the control broke"; }
say "control: the planted fault was found"

executions=0
for target in "${@:-${all[@]}}"; do
    [ "$target" = control ] && continue
    log=$dir/logs/$target.log corpus=tests/fuzz/corpus/$target new=$dir/new/$target status=0
    [ -n "$(ls -A "$corpus")" ] || die "$corpus is empty"
    options=(-max_total_time="$seconds" -seed="$seed" -print_final_stats=1)
    if [ "$seed" -ne 0 ]; then
        run_alike "$target" "$log" "$dir/alike/$target" "$corpus" "${options[@]}" || status=$?
    else
        mkdir -p "$new"
        run "$target" "$log" "${options[@]}" "$new" "$corpus" || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$log"
        die "$target failed; the input is in ${dir#"$ROOT"/}/failed, and this runs it again: ${dir#"$ROOT"/}/$host/fuzz/$target FILE"
    fi
    # "#123  DONE  cov: 456 ft: 789 …"
    read -r runs start end < <(awk '
        $2 == "INITED" { for (i = 1; i < NF; i++) if ($i == "cov:") start = $(i + 1) }
        $2 == "DONE" { runs = substr($1, 2); for (i = 1; i < NF; i++) if ($i == "cov:") end = $(i + 1) }
        END { print runs + 0, start + 0, end + 0 }' "$log")
    if [ "$runs" -eq 0 ] || [ "$end" -le 100 ]; then
        die "$target: $runs executions cover $end places: it does not fuzz anything"
    fi
    say "$target: $runs executions, coverage $start from the corpus, $end in the end"
    executions=$((executions + runs))
done
say "$executions executions in all"
note "$executions executions"
