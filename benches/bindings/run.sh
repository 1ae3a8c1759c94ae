#!/usr/bin/env bash
# Runs the programs in turns and prints what a request takes in each, beside C:  run.sh URL PROGRAM...
#
# Each program prints lines "NAME<tab>MICROSECONDS<tab>PROCESSOR-MICROSECONDS" for URL and REQUESTS; the first one is C's. In each
# of the ROUNDS it is everybody's turn. The table has medians, the least of the processor's time, and what that is more than C's
# (with a mock: than C's with a mock): whatever else the machine does makes a round longer, and never shorter.
set -euo pipefail
url=$1
shift
for ((round = 0; round < ${ROUNDS:-9}; round++)); do
    for program in "$@"; do "$program" "$url" "${REQUESTS:-10000}" | sed "s/^/$round\t/"; done
done | awk -F '\t' '
function median(values, count,    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = values[i]
        for (j = i - 1; j >= 1 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}
{
    if (!($2 in seen)) { seen[$2] = 1; names[++ways] = $2 }
    wall[$1, $2] = $3; processor[$1, $2] = $4; rounds = $1 + 1
}
END {
    printf "%-32s %10s %14s %10s %14s\n", "", "us/request", "processor us", "least", "more than C"
    for (way = 1; way <= ways; way++) {
        name = names[way]
        least[name] = processor[0, name]
        for (round = 0; round < rounds; round++) {
            w[round + 1] = wall[round, name]; p[round + 1] = processor[round, name]
            if (p[round + 1] < least[name]) least[name] = p[round + 1]
        }
        base = name ~ /mock/ ? "C, mock" : "C"
        printf "%-32s %10.2f %14.2f %10.2f %+14.2f\n", name, median(w, rounds), median(p, rounds), least[name], least[name] - least[base]
    }
}'
