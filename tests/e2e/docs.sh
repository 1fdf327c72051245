# SPDX-License-Identifier: Apache-2.0
# Runs the commands of documents and compares what they print with what the document shows.
#
#   . "$(dirname "$0")/docs.sh"
#   documents docs/tutorial.md
#
# A block (indented by four, or fenced) that opens with `$ ` is run: its commands one after the other
# in one shell for the whole document, with the programs on PATH. Each document starts in a fresh
# folder, which is its home, too, with copies of build/, docs/, manifests/ and scripts/. Above a block
# may stand, each on a line of its own:
#
#   <!-- not run: WHY -->       the block is counted, not run
#   <!-- before: COMMAND -->    run first, out of sight: a file that the reader has, say
#   <!-- needs PROGRAM -->      what it shows is so only where that is installed
#
# What a command prints is compared once it ends, and for a while after that: a program in the
# background may print, too. `kubectl get`, `kubectl logs`, `scripts/logs` and `scripts/doctor` are asked
# again until they show it. A command that prints nothing must succeed. `…` matches any text.
# A block without `$ ` whose first word is a command is an error, and so is a mark without a reason.
#
# The same for the comparison, on both sides: times and ages, UUIDs and numbers of 16 digits or more,
# the random end of a pod's or temporary folder's name, ports, lengths of a body, all but the first
# digit after a point, how many spaces there are within a line, empty lines, and lines of dots alone,
# with which gcloud passes the time. The document's folder is /home/me. The ports
# 8081 to 8089, 8484, 8485, 8585 and 8586 are free ones in truth.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
export LC_ALL=C.UTF-8

patience=${PATIENCE:-30} # seconds for what is printed in the background
run=0 not_run=0
declare -A reasons=()

# parse DOCUMENT: writes each block to $blocks/LINE, its marks to $blocks/LINE.not, .before, .needs.
parse() {
    local line number=0 start=0 fence='' blank='' why='' before='' needs=''
    blocks=$(mktemp -d "$work/blocks.XXXXXX")
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        if [ -n "$fence" ]; then
            [[ $line == "$fence"* ]] && { fence='' start=0 why='' before='' needs=''; continue; }
            echo "$line" >>"$blocks/$start"
        elif [[ $line == '```'* ]]; then
            fence='```' start=$((number + 1))
            marks "$start"
            : >"$blocks/$start"
        elif [[ $line == '    '* ]]; then
            [ "$start" -gt 0 ] || { start=$number; marks "$start"; blank=''; }
            printf '%s%s\n' "$blank" "${line:4}" >>"$blocks/$start"
            blank=''
        elif [ -z "$line" ]; then
            blank+=$'\n'
        else
            [ "$start" -eq 0 ] || { start=0 why='' before='' needs=''; }
            case $line in
            '<!-- not run'*) why=$line ;;
            '<!-- needs '*' -->') needs=${line#<!-- needs } needs=${needs% -->} ;;
            '<!-- before: '*' -->') before=${line#<!-- before: } before=${before% -->} ;;
            *) why='' before='' needs='' ;;
            esac
            blank=''
        fi
    done <"$1"
}

marks() {
    [ -z "$why" ] || echo "$why" >"$blocks/$1.not"
    [ -z "$before" ] || echo "$before" >"$blocks/$1.before"
    [ -z "$needs" ] || echo "$needs" >"$blocks/$1.needs"
}

# missing BLOCK: the first client that the block calls and that is not installed.
missing() {
    local program
    for program in gcloud gsutil kubectl; do
        command -v "$program" >/dev/null && continue
        ! grep -E "^\\$ (.*[ |(])?$program " "$1" >/dev/null &&
            ! grep -x "$program" "$1.needs" >/dev/null 2>&1 && continue
        echo "$program"
        return
    done
}

declare -A ports=()
for name in {8081..8089} 8484 8485 8585 8586; do free_port && ports[$name]=$port; done

# to_free TEXT: with the ports that are free in truth.
to_free() {
    local text=$1 port
    for port in "${!ports[@]}"; do text=${text//$port/${ports[$port]}}; done
    echo "$text"
}

plain() {
    local script='' port
    for port in "${!ports[@]}"; do script+="s/\b${ports[$port]}\b/$port/g;"; done
    sed -E -e "$script" -e "s#$home#/home/me#g" -e 's/\r$//; s/.*\r//' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g; s/[A-Z][a-z]{2}, [0-9 ]+[A-Z][a-z]{2} [0-9: ]+GMT/TIME/g' \
        -e 's/\b[0-9]+(\.[0-9]+)? m?s\b/AGE/g; s/ ([0-9]+[hms]){1,2}( |$)/ AGE\2/g' \
        -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g; s/\b[0-9]{16,}\b/ID/g' \
        -e 's/-[0-9a-f]{8,10}-[a-z0-9]{5}\b/-POD/g; s#/tmp/([a-z-]+)\.[A-Za-z0-9]+#/tmp/\1.X#g' \
        -e 's/\bport [0-9]+/port N/g; s/^(Content-Length:) [0-9]+/\1 N/; s/(\.[0-9])[0-9]+/\1/g' \
        -e 's/([^ \t])[ \t]+/\1 /g; s/[ \t]+$//' |
        sed -E '/^\.*$/d'
}

# matches GOT WANT: … is any text.
matches() {
    local pattern
    pattern=$(sed -e 's/[][*?\\()|+@!]/\\&/g' -e 's/…/*/g' <<<"$2")
    # shellcheck disable=SC2053 # it is a pattern
    [[ $1 == $pattern ]]
}

# play BLOCK: runs its commands in this shell; prints what went wrong, and returns 1.
play() {
    local line command='' want=''
    mapfile -t lines <"$1"
    lines+=('$ ') # ends the last one
    for line in "${lines[@]}"; do
        if [ -n "$command" ] && ! whole "$command"; then
            command+=$'\n'$line
        elif [[ $line == '$ '* ]]; then
            [ -z "$command" ] || say "$command" "$want" || return
            command=${line:2} want=''
        else
            want+=$line$'\n'
        fi
    done
}

# whole COMMAND: nothing is open in it, no quote, here-document or line that goes on.
whole() {
    [[ $1 != *\\ ]] && [ -z "$(bash -n <<<"$1" 2>&1)" ]
}

# say COMMAND WANT: runs the command as if typed and waits for what it is to print.
say() {
    local from status got end=$((SECONDS + patience)) want command
    command=$(to_free "$1")
    from=$(($(stat -c %s "$screen") + 1))
    want=$(plain <<<"${2%$'\n'}")
    while :; do
        eval "$command" >>"$screen" 2>&1 </dev/null
        status=$?
        while got=$(tail -c "+$from" "$screen" | plain); do
            [ -z "$want$got" ] && [ "$status" -ne 0 ] && break 2
            matches "$got" "$want" && return
            if [ "$SECONDS" -ge "$end" ] || [ -z "$want" ]; then break 2; fi
            looks "$1" && break
            sleep 0.1
        done
        sleep 0.3
        from=$(($(stat -c %s "$screen") + 1))
    done
    printf '%s\n' "command: $1" "exit code: $status" 'want:' "$want" 'got:' "$got"
    return 1
}

# looks COMMAND: whether it only looks at what may still be under way.
looks() { [[ $1 =~ ^(kubectl (get|logs)|(./)?scripts/(logs|doctor)) ]]; }

# stage: the document's folder; its programs take the free ports.
stage() {
    local program
    home=$(mktemp -d "$work/home.XXXXXX")
    screen=$home.screen
    : >"$screen"
    cp -r "$root/manifests" "$root/scripts" "$root/docs" "$home"
    mkdir "$home/build"
    for program in "$bin"/*; do
        [ -x "$program" ] && [ -f "$program" ] && ln -s "$program" "$home/build"
    done
    rm "$home/build/gcp-local" "$home/build/kn-local"
    wrap gcp-local '-*|""' "--port ${ports[8585]} --tls-port ${ports[8586]}"
    wrap kn-local up "--port ${ports[8484]} --api-port ${ports[8485]} --gcp-port ${ports[8585]} --gcp-tls-port ${ports[8586]}"
    [ ! -d "$root/.local" ] || ln -s "$root/.local" "$home/.weights"
    export HOME=$home PATH=$home/build:$PATH VISION_MODEL=$root/.local/centernet.bin
    cd "$home" || exit
}

# wrap PROGRAM WHEN OPTIONS: the program with more options when its first argument is WHEN.
wrap() {
    # shellcheck disable=SC2016 # for the wrapper to expand
    printf '#!/bin/sh\ncase ${1:-} in\n--help|--version|-h) ;;\n%s) set -- "$@" %s ;;\nesac\nexec %s/%s "$@"\n' \
        "$2" "$3" "$bin" "$1" >"$home/build/$1"
    chmod 755 "$home/build/$1"
}

count_not_run() {
    not_run=$((not_run + 1))
    reasons[$1]=$((${reasons[$1]:-0} + 1))
}

# block NAME FILE: decides about one block.
block() {
    local first client why
    first=$(head -n 1 "$2")
    if [ -e "$2.not" ]; then
        why=$(sed -n 's/^<!-- not run: *\(.*[^ ]\) *-->$/\1/p' "$2.not")
        [ -n "$why" ] && count_not_run "$why" && return
        not_ok "$1 says why it is not run" "write <!-- not run: WHY --> above it"
    elif [[ $first != '$ '* ]]; then
        first=${first%% *}
        [ -n "$first" ] && type "$first" >/dev/null 2>&1 &&
            not_ok "$1 shows commands as they are run" "write $ before its commands, or a mark above it"
    elif client=$(missing "$2") && [ -n "$client" ]; then
        count_not_run "$client is not installed"
        echo "# not run: $1: $client is not installed"
    else
        run=$((run + 1))
        [ ! -e "$2.before" ] || eval "$(to_free "$(cat "$2.before")")" >/dev/null 2>&1
        play "$2" >"$work/why"
        if [ -s "$work/why" ]; then
            mapfile -t lines <"$work/why"
            not_ok "$1 ${first:0:60}" "${lines[@]}"
        else
            ok "$1 ${first:0:60}"
        fi
    fi
}

# document FILE: in this shell; a subshell of its own would lose the counts.
document() {
    local file path=$PATH
    parse "$1"
    stage
    for file in $(find "$blocks" -type f -name '*[0-9]' -printf '%f\n' | sort -n); do
        block "$1:$file" "$blocks/$file"
    done
    end_jobs
    cd "$root" || exit
    PATH=$path
}

# What the document left running in the background ends.
end_jobs() {
    local job
    for job in $(jobs -p); do kill "$job" 2>/dev/null; done
    wait
}

cleanup_docs() {
    end_jobs
    cleanup
}
trap cleanup_docs EXIT

# documents FILE…: ends the test.
documents() {
    local name variable why
    for name; do
        document "$name"
        for variable in $(compgen -e | grep -E '_EMULATOR_HOST$|^CLOUDSDK_|^BOTO|^KUBECONFIG$|^GOOGLE_|^RCLONE_'); do
            unset "$variable"
        done
    done
    for why in "${!reasons[@]}"; do echo "not run: $why (${reasons[$why]})"; done | sort
    echo "$run blocks run, $not_run not run"
    finish
}
