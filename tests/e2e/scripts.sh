# SPDX-License-Identifier: Apache-2.0
# Shared by tests/e2e/scripts-*.test: clients that only write down how they were called, and what
# every script has.
# shellcheck shell=bash disable=SC2154 # $work and $bin are those of lib.sh

# path_without COMMAND…: a PATH that has none of them.
path_without() {
    local folder=$work/without tool
    folder+=$(printf -- '-%s' "$@")
    if [ ! -d "$folder" ]; then
        mkdir "$folder"
        ln -sf /bin/* /usr/bin/* /usr/local/bin/* "$folder"
        for tool; do rm -f "$folder/$tool"; done
    fi
    echo "$folder"
}

# record: from here on gcloud, gsutil, kubectl and make only write what they were called with to
# $work/commands. NAMES in $work/fails (a line each, a part of a command) make them fail.
record() {
    local client
    mkdir -p "$work/record"
    : >"$work/commands"
    : >"$work/fails"
    cat >"$work/record/client" <<'CLIENT'
#!/usr/bin/env bash
# as kubectl of today, whatever is installed
case "${0##*/} $*" in
'kubectl version --client'*) echo "{\"clientVersion\": {\"gitVersion\": \"${KUBECTL_VERSION:-v1.30.0}\"}}" && exit ;;
esac
words=${0##*/}
for word; do
    if [[ $word =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then words+=" $word"; else words+=" ${word@Q}"; fi
done
echo "$words" >>"$RECORD/commands"
[[ $* != "apply "* ]] || cat >"$RECORD/applied"
if [ -s "$RECORD/fails" ] && grep -F -f "$RECORD/fails" <<<"$words" >/dev/null; then exit 1; fi
case $words in
'gcloud auth list'*) [ -n "${NO_ACCOUNT:-}" ] || echo me@example.com ;;
'kubectl kustomize'*) PATH=$PATH_BEFORE exec kubectl kustomize "$2" ;;
'kubectl api-resources'*) echo services ;;
'gcloud storage service-agent'*) echo agent@gs-project-accounts.iam.gserviceaccount.com ;;
esac
exit 0
CLIENT
    chmod +x "$work/record/client"
    for client in gcloud gsutil kubectl make; do ln -sf client "$work/record/$client"; done
    path_before=$PATH
    export RECORD=$work PATH_BEFORE=$PATH PATH=$work/record:$PATH
}

unrecord() { export PATH=$path_before; }

# kubectl_has_components: the overlays can be rendered, which kubectl 1.20 of Debian 12 cannot.
kubectl_has_components() { kubectl kustomize manifests/overlays/gke-key >/dev/null 2>&1; }

# runs_as_shown WHAT SCRIPT ARGUMENT…: it calls the clients as standard input says; --dry-run calls
# none, and what it prints calls the same but for the look at the account.
runs_as_shown() {
    local what=$1 script=$2 wanted shown
    shift 2
    wanted=$(cat)
    record
    check "$what: it works" "scripts/$script" "$@"
    is "$what: the commands are these" "$(cat "$work/commands")" "$wanted"
    : >"$work/commands"
    shown=$("scripts/$script" --dry-run "$@")
    is "$what: a dry run calls nobody" "$(cat "$work/commands")" ''
    bash -c "$shown" >/dev/null
    is "$what: and shows them" "$(cat "$work/commands")" "$(grep -v '^gcloud auth list' <<<"$wanted")"
    unrecord
}

# names_its_options SCRIPT: --help succeeds and tells all options that the script takes.
names_its_options() {
    local option missing=''
    check "$1 has help" "scripts/$1" --help
    for option in $(sed -n "s/^parse '\([^']*\)'.*/\1/p" "scripts/$1" | tr -d '?'); do
        [[ $output == *"--$option "* ]] || missing+=" --$option"
    done
    is "which names all its options" "$missing" ''
}

# misused SENTENCE SCRIPT ARGUMENT…: exit code 2 and one line.
misused() {
    local sentence=$1 script=$2
    shift 2
    output=$("scripts/$script" "$@" 2>&1)
    is "$sentence ends with exit code 2 and one line" "$? $(wc -l <<<"$output")" '2 1' ||
        printf '%s\n' "$output" | sed 's/^/#   /'
}

# fill_project: the topic, and a bucket whose uploads are published there.
fill_project() {
    local google
    google=$("$bin/kn-local" env --data-dir "$KN_DATA" | sed -n "s/^export STORAGE_EMULATOR_HOST='\(.*\)'/\1/p")
    post() { curl -fsS -H 'Content-Type: application/json' "$@" >/dev/null; }
    post -X PUT "$google/v1/projects/demo/topics/testing"
    post "$google/storage/v1/b?project=demo" -d '{"name": "pictures"}'
    post "$google/storage/v1/b/pictures/notificationConfigs" -d '{
        "topic": "//pubsub.googleapis.com/projects/demo/topics/testing",
        "payload_format": "JSON_API_V1", "event_types": ["OBJECT_FINALIZE"]}'
    wait_until 60 post "$google/v1/projects/demo/subscriptions/testing-source" ||
        give_up 'the source subscribes to the topic'
}

# logs_show SERVICE TEXT: scripts/logs soon prints it.
logs_show() {
    local service=$1 text=$2
    shown() { [[ $(scripts/logs --data-dir "$KN_DATA" "$service" 2>&1) == *"$text"* ]]; }
    wait_until 60 shown || { scripts/logs --data-dir "$KN_DATA" "$service" && false; }
}
