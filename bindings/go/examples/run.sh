#!/usr/bin/env bash
# Runs the examples that were built into a folder against the test server, and looks at what they say:  run.sh FOLDER
set -euo pipefail
folder=$1

expect() { # expect TEXT PROGRAM ARGUMENT...
    local want=$1 said
    shift
    said=$("$folder/$1" "${@:2}" 2>&1) || true
    [[ $said == *"$want"* ]] || { echo "$1 ${*:2} said: $said; not: $want" >&2; exit 1; }
}

expect "200 OK, 1000 bytes over HTTP/1.1 in 1 attempts" transport "$HS_TEST_HTTP/bytes/1000"
expect "in 2 attempts" transport "$HS_TEST_HTTP/flaky/go-transport?fail=1&status=503"
expect 'failed in phase "connect" after 3 attempts; sent: no' transport http://127.0.0.1:1/
expect "200 after 1 attempt, 199 of 200 left" client "$HS_TEST_HTTP/echo"
expect "it was not sent: send it again" client http://127.0.0.1:1/
expect "it may have arrived" client "$HS_TEST_HTTP/abort"
expect "status 200 in" first_request "$HS_TEST_HTTPS/get" "$HS_TEST_CA"
expect "HS_ERR_TLS" first_request "$HS_TEST_HTTPS/get"
expect "100 requests by 4 workers" worker "$HS_TEST_HTTP/get"
echo "the examples say what they should"
