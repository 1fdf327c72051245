# SPDX-License-Identifier: Apache-2.0
# Shared by tests/e2e/*.test: sentences as TAP, servers on free ports, waiting for a condition.
#
#     . "$(dirname "$0")/lib.sh"
#     start_gcp_local
#     check 'a topic can be created' curl -fsS -X PUT "$GCP_URL/v1/projects/demo/topics/t"
#     finish
#
# $bin holds the programs, $work is a fresh folder that is removed in the end, together with every
# process that `start` started.
# shellcheck shell=bash
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

root=$PWD
bin=$root/${BUILD:-build}
work=$(mktemp -d)
export root bin work
sentences=0 failures=0
declare -A pids=()
trap cleanup EXIT

cleanup() {
    local name
    for name in "${!pids[@]}"; do
        kill -KILL "${pids[$name]}" 2>/dev/null && wait "${pids[$name]}" 2>/dev/null
    done
    rm -rf "$work"
}

ok() {
    sentences=$((sentences + 1))
    echo "ok $sentences - $1"
}

# not_ok SENTENCE [WHY…]: each further argument is text that explains.
not_ok() {
    sentences=$((sentences + 1)) failures=$((failures + 1))
    echo "not ok $sentences - $1"
    shift
    printf '%s\n' "$@" | sed 's/^/#   /' | tail -n 40
}

# check SENTENCE COMMAND…: the command succeeds. Its output stays in $output.
check() {
    local sentence=$1
    shift
    if output=$("$@" 2>&1); then
        ok "$sentence"
    else
        not_ok "$sentence" "exit code $? of: $*" "$output"
        false
    fi
}

# refuses SENTENCE COMMAND…: the command fails, but not by a signal. Its output stays in $output.
refuses() {
    local sentence=$1 status
    shift
    output=$("$@" 2>&1)
    status=$?
    if [ "$status" -ne 0 ] && [ "$status" -lt 124 ]; then
        ok "$sentence"
    else
        not_ok "$sentence" "exit code $status of: $*" "$output"
        false
    fi
}

# joined SENTENCE PID: a process of this shell ends with exit code 0.
joined() {
    wait "$2"
    is "$1" "exit code $?" 'exit code 0'
}

# is SENTENCE GOT WANT
is() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" "got:  $2" "want: $3"
        false
    fi
}

# has SENTENCE TEXT PART: the text holds the part.
has() {
    if [[ $2 == *"$3"* ]]; then
        ok "$1"
    else
        not_ok "$1" "no:   $3" "in:   $2"
        false
    fi
}

# lacks SENTENCE TEXT PART
lacks() {
    if [[ $2 != *"$3"* ]]; then
        ok "$1"
    else
        not_ok "$1" "holds: $3" "in:    $2"
        false
    fi
}

# not_run_without PROGRAM: ends the test where that is not installed.
not_run_without() {
    command -v "$1" >/dev/null && return
    echo "# not run: all of it: $1 is not installed"
    echo 1..0
    exit 0
}

# Ends the test: the plan, and exit code 1 when a sentence failed.
finish() {
    echo "1..$sentences"
    [ "$failures" -eq 0 ] && [ "$sentences" -gt 0 ]
    exit
}

# Ends the test because it cannot go on.
give_up() {
    not_ok "$@"
    finish
}

# wait_until SECONDS COMMAND…: looks again and again; false when the time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# start NAME COMMAND…: in the background; its output goes to $work/NAME.log.
start() {
    local name=$1
    shift
    : >"$work/$name.log" # of one of this name that has ended
    "$@" >"$work/$name.log" 2>&1 </dev/null &
    pids[$name]=$!
}

# alive NAME
alive() {
    kill -0 "${pids[$1]}" 2>/dev/null
}

# stop NAME [SIGNAL]: ends it (TERM) and returns its exit code.
stop() {
    local pid=${pids[$1]}
    kill "-${2:-TERM}" "$pid" 2>/dev/null
    unset "pids[$1]"
    wait "$pid" 2>/dev/null
}

# ends SENTENCE NAME [SIGNAL]: stopping it gives exit code 0.
ends() {
    local status
    stop "$2" "${3:-TERM}"
    status=$?
    is "$1" "exit code $status" 'exit code 0'
}

# free_port: sets $port to one of 127.0.0.1 that nobody listens on, below those that the kernel gives
# to clients, for programs that must be given one. No other test takes it while this one runs.
free_port() {
    local folder=/tmp/ports-of-tests-$UID lock
    mkdir -p "$folder"
    while port=$((RANDOM % 12000 + 20000)); do
        exec {lock}>"$folder/$port"
        flock --nonblock "$lock" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        exec {lock}>&-
    done
}

# alone NAME: waits until no other test of this checkout is alone by that name; `exec {lock}>&-` ends it.
alone() {
    exec {lock}>"$root/build/$1.lock"
    flock "$lock"
}

# start_service NAME [COMMAND…]: a program that listens on $PORT and prints `listens on port N`
# (default: $bin/NAME), on a free port; sets SERVICE_URL.
start_service() {
    local name=$1
    shift
    [ $# -gt 0 ] || set -- "$bin/$name"
    start "$name" env PORT=0 "$@"
    service_listens "$name"
}

# service_listens NAME: waits until it does; sets SERVICE_URL.
service_listens() {
    wait_until 30 grep -q 'listens on port' "$work/$1.log" || give_up "$1 starts" "$(cat "$work/$1.log")"
    SERVICE_URL=http://127.0.0.1:$(sed -n 's/.*listens on port \([0-9]*\).*/\1/p' "$work/$1.log" | head -n 1)
    export SERVICE_URL
}

# start_gcp_local [OPTION…]: on free ports with the data directory $GCP_DATA (fresh unless set
# before). Sets GCP_PORT, GCP_TLS_PORT, GCP_URL, GCP_TLS_URL.
start_gcp_local() {
    export GCP_DATA=${GCP_DATA:-$work/gcp}
    rm -f "$GCP_DATA/ports.json"
    start gcp-local "$bin/gcp-local" --port 0 --tls-port 0 --data-dir "$GCP_DATA" "$@"
    wait_until 30 gcp_local_is_ready ||
        give_up 'gcp-local starts' "$(cat "$work/gcp-local.log")"
    GCP_PORT=$(json_number port "$GCP_DATA/ports.json")
    GCP_TLS_PORT=$(json_number tlsPort "$GCP_DATA/ports.json")
    export GCP_PORT GCP_TLS_PORT
    export GCP_URL=http://127.0.0.1:$GCP_PORT GCP_TLS_URL=https://127.0.0.1:$GCP_TLS_PORT
}

# ports.json is written in one step once both ports answer.
gcp_local_is_ready() {
    alive gcp-local || give_up 'gcp-local starts' "$(cat "$work/gcp-local.log")"
    [ -s "$GCP_DATA/ports.json" ]
}

# json_number KEY FILE: the number of a key that occurs once in the file.
json_number() {
    sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$2"
}

# use_gcp_local: points gcloud, gsutil and the SDKs of this shell at the gcp-local that was started,
# with a configuration of its own for each.
use_gcp_local() {
    eval "$("$bin/gcp-local" env --data-dir "$GCP_DATA")"
}

# start_kn_local [OPTION…]: `kn-local up` on free ports with the data directory $KN_DATA (fresh
# unless set before), and kubectl pointed at it. Sets KN_URL, KN_API_URL, KUBECONFIG.
start_kn_local() {
    export KN_DATA=${KN_DATA:-$work/kn}
    rm -f "$KN_DATA/kn-local.json"
    start kn-local "$bin/kn-local" up --port 0 --api-port 0 --gcp-port 0 --gcp-tls-port 0 \
        --data-dir "$KN_DATA" "$@"
    wait_until 30 kn_local_is_ready ||
        give_up 'kn-local starts' "$(cat "$work/kn-local.log")"
    KN_URL=http://127.0.0.1:$(json_number port "$KN_DATA/kn-local.json")
    KN_API_URL=https://127.0.0.1:$(json_number apiPort "$KN_DATA/kn-local.json")
    export KN_URL KN_API_URL KUBECONFIG=$KN_DATA/kubeconfig
    export HOME=$work # kubectl keeps what it discovered there
}

# kn-local.json is written in one step once everything answers.
kn_local_is_ready() {
    alive kn-local || give_up 'kn-local starts' "$(cat "$work/kn-local.log")"
    [ -s "$KN_DATA/kn-local.json" ]
}

# use_kn_local: points gcloud, gsutil and the SDKs of this shell at the one that was started.
use_kn_local() {
    eval "$("$bin/kn-local" env --data-dir "$KN_DATA")"
}
