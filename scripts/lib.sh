# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts in this folder: options, commands that are run or only shown, and the way to
# Google Cloud and Knative; with --local to those that run on this machine.
#
# A command is a list of words, of which | and && are operators: `execute` runs it, and `shown` prints
# it for --dry-run, so that exactly what would be run can be pasted.
# shellcheck shell=bash
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=scripts/${0##*/}
# options of every script; empty is not given
dry_run='' local='' data_dir='' namespace=${NAMESPACE:-default}
project='' topic=${TOPIC:-testing} bucket=${BUCKET:-}
environment=() overlay='' arguments=()

die() {
    echo "$me: $*" >&2
    exit 1
}

usage_error() {
    echo "$me: $*; see $me --help" >&2
    exit 2
}

# parse NAMES ARGUMENT…: for each option of NAMES sets the variable of that name: `topic` takes a
# value, `dry-run?` takes none and becomes 1. The rest goes to $arguments.
parse() {
    local names=" $1 " name value
    declare -A short=([-f]=--follow [-y]=--yes)
    shift
    while [ $# -gt 0 ]; do
        [[ ! "$1" =~ ^-[fy]$ ]] || set -- "${short[$1]}" "${@:2}"
        name=${1%%=*} name=${name#--}
        case $1 in
        -h | --help)
            usage
            exit 0
            ;;
        --)
            arguments+=("${@:2}")
            return
            ;;
        --*)
            if [[ $names == *" $name? "* && $1 != *=* ]]; then
                value=1
            elif [[ $names == *" $name? "* ]]; then
                usage_error "--$name takes no value"
            elif [[ $names != *" $name "* ]]; then
                usage_error "${1%%=*} is not known"
            elif [[ $1 == *=* ]]; then
                value=${1#*=}
            else
                [ $# -ge 2 ] || usage_error "$1 needs a value"
                value=$2
                shift
            fi
            [ -n "$value" ] || usage_error "--$name is empty"
            printf -v "${name//-/_}" %s "$value"
            ;;
        -?*) usage_error "$1 is not known" ;;
        *) arguments+=("$1") ;;
        esac
        shift
    done
}

# options_help NAME…: what --help says of those that many scripts have.
options_help() {
    local name
    for name in "$@"; do
        case $name in
        project) echo '  --project ID       Google Cloud project (GOOGLE_CLOUD_PROJECT, then that of gcloud)' ;;
        topic) echo '  --topic NAME       Pub/Sub topic (TOPIC, then testing)' ;;
        bucket) echo '  --bucket NAME      bucket (BUCKET, then PROJECT-pictures; locally pictures)' ;;
        namespace) echo '  --namespace NAME   Kubernetes namespace (NAMESPACE, then default)' ;;
        local) cat <<'LOCAL' ;;
  --local            use the kn-local and gcp-local that run on this machine
  --data-dir DIR     the data directory of that kn-local (.local/kn); implies --local
LOCAL
        dry-run) echo '  --dry-run          print the commands, ready to paste, and run none' ;;
        end) cat <<'END' ;;
  -h, --help         print this

Exit codes: 0 done, 1 failed, 2 wrong usage.
END
        esac
    done
}

# check_names: what goes into commands as it is.
check_names() {
    local name
    for name in project topic bucket namespace; do
        [[ ${!name} =~ ^[A-Za-z0-9][A-Za-z0-9._:~+%-]*$ ]] || usage_error "$name ${!name@Q} is not a valid name"
    done
}

have() { command -v "$1" >/dev/null; }

# quoted WORD: as the shell reads it.
quoted() {
    if [[ $1 =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then printf %s "$1"; else printf %s "${1@Q}"; fi
}

# shown WORD…: the command as the shell reads it. $agent is a variable of what is shown.
shown() {
    local word text=''
    # shellcheck disable=SC2016
    for word; do
        case $word in
        '|' | '&&') text+=" $word" ;;
        *'$agent'*) text+=" \"$word\"" ;;
        *) text+=" $(quoted "$word")" ;;
        esac
    done
    printf '%s\n' "${text# }"
}

# execute WORD…
execute() {
    local command=()
    while [ $# -gt 0 ]; do
        case $1 in
        '|')
            "${command[@]}" | execute "${@:2}"
            return
            ;;
        '&&')
            "${command[@]}" && execute "${@:2}"
            return
            ;;
        esac
        command+=("$1")
        shift
    done
    "${command[@]}"
}

# run WORD…: executes the command, or with --dry-run shows it.
run() {
    if [ -n "$dry_run" ]; then shown "$@"; else execute "$@"; fi
}

# exists WORD…: whether the command that looks for something succeeds.
exists() { (execute "$@") >/dev/null 2>&1; }

# json_text TEXT: as a JSON string.
json_text() {
    local text=${1//\\/\\\\} code character
    text=${text//\"/\\\"} text=${text//$'\n'/\\n} text=${text//$'\t'/\\t} text=${text//$'\r'/\\r}
    for code in {1..31} 127; do
        printf -v code %02x "$code"
        printf -v character %b "\\x$code"
        text=${text//"$character"/\\u00$code}
    done
    printf '"%s"' "$text"
}

# use_cloud CLIENT…: finds Google Cloud and Knative, here with --local, and sets $project and $bucket.
# The clients must be there; locally curl does without them.
use_cloud() {
    [ -z "$data_dir" ] || local=1
    if [ -n "$local" ]; then
        use_local
    else
        need "$@"
    fi
    if [ -z "$project" ]; then
        project=${GOOGLE_CLOUD_PROJECT:-}
        [ -n "$project$dry_run" ] || ! have gcloud || project=$(gcloud config get project 2>/dev/null)
        [ -n "$project" ] ||
            usage_error 'no project: give --project ID, or set GOOGLE_CLOUD_PROJECT, or gcloud config set project ID'
    fi
    [ -n "$bucket" ] || bucket=$project-pictures
    check_names
}

# need CLIENT…
need() {
    local client
    for client in "$@"; do
        have "$client" && continue
        [ "$client" != kubectl ] || die 'kubectl is missing: apt-get install kubernetes-client'
        die "$client is missing: https://cloud.google.com/sdk/docs/install"
    done
}

# find_kn_local: sets $kn_local, the program.
find_kn_local() {
    kn_local=$root/${BUILD:-build}/kn-local
    [[ ${BUILD:-} != /* ]] || kn_local=$BUILD/kn-local
    [ -x "$kn_local" ] || kn_local=$(command -v kn-local) || die 'kn-local is not built: make'
}

# import_exports: sets the variables that `kn-local env` prints, lines of export NAME='VALUE'.
import_exports() {
    local line
    while IFS= read -r line; do
        [[ ! $line =~ ^export\ ([A-Z0-9_]+)=\'(.*)\'$ ]] ||
            export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]//"'\\''"/"'"}"
    done
}

# Points this shell at the kn-local that runs.
use_local() {
    local settings
    find_kn_local
    if [ -z "$data_dir" ]; then
        data_dir=$PWD/.local/kn
        [ -e "$data_dir/kn-local.json" ] || data_dir=$root/.local/kn
    fi
    unset STORAGE_EMULATOR_HOST
    settings=$("$kn_local" env --data-dir "$data_dir" 2>/dev/null) ||
        die "no kn-local runs with $data_dir; start it: kn-local up -f manifests/base"
    import_exports <<<"$settings"
    [ -n "${STORAGE_EMULATOR_HOST:-}" ] || die 'this kn-local uses real Google Cloud; leave --local away'
    gcp_url=$STORAGE_EMULATOR_HOST bucket=${bucket:-pictures}
    api_url=$(sed -n 's/ *server: //p' "$KUBECONFIG")
    environment=("$kn_local" env --data-dir "$data_dir")
    [ -z "$dry_run" ] || echo "eval \"\$($(shown "${environment[@]}"))\""
}

# need_account: Google Cloud needs one.
need_account() {
    [ -z "$local$dry_run" ] || return 0
    [ -n "$(gcloud auth list --filter=status:ACTIVE --format='value(account)' 2>/dev/null)" ] ||
        die 'gcloud has no account: gcloud auth login'
}

gcp() { curl -fsS -H 'Content-Type: application/json' "$@"; }

# publish TEXT: to the topic.
publish() {
    if have gcloud; then
        run gcloud pubsub topics publish "$topic" --project="$project" --message="$1"
    else
        run curl -fsS -H 'Content-Type: application/json' "$gcp_url/v1/projects/$project/topics/$topic:publish" \
            -d "{\"messages\": [{\"data\": \"$(printf %s "$1" | base64 -w 0)\"}]}"
    fi
}

# upload PICTURE: to the bucket.
upload() {
    if have gsutil; then
        run gsutil cp "$1" "gs://$bucket"
    else
        run curl -fsS -H "Content-Type: $(media_type "$1")" --data-binary "@$1" \
            "$gcp_url/upload/storage/v1/b/$bucket/o?uploadType=media&name=$(percent "${1##*/}")"
    fi
}

media_type() {
    case ${1,,} in
    *.jpg | *.jpeg) echo image/jpeg ;;
    *.png) echo image/png ;;
    *.webp) echo image/webp ;;
    *.gif) echo image/gif ;;
    *) echo application/octet-stream ;;
    esac
}

# percent TEXT: encoded for a query.
percent() {
    local LC_ALL=C i c
    for ((i = 0; i < ${#1}; i++)); do
        c=${1:i:1}
        case $c in
        [A-Za-z0-9._~-]) printf %s "$c" ;;
        *) printf '%%%02X' "'$c" ;;
        esac
    done
}

# api PATH: of the Kubernetes API, with the token that kn-local wrote.
api() {
    curl -fsS --cacert "$data_dir/tls/ca.crt" "$api_url$1" \
        -H @<(printf 'Authorization: Bearer %s' "$(<"$data_dir/token")")
}

# service_log NAME: what its pods logged.
service_log() {
    local pod
    api "/api/v1/namespaces/$namespace/pods?labelSelector=serving.knative.dev/service=$1" |
        grep -o "\"name\":\"$1-00[^\"]*\"" | sort -u | cut -d '"' -f 4 |
        while read -r pod; do
            api "/api/v1/namespaces/$namespace/pods/$pod/log?container=user-container"
        done
}

# created_file: the list of it, for cleanup: a line each with, separated by tabs, what it is, the words
# of the command that looks for it, --, and the words of the command that removes it.
created_file() {
    if [ -n "$local" ]; then echo "$data_dir/created"; else echo "$root/.local/created/$project"; fi
}

# record_created WHAT LOOK… -- REMOVE…
record_created() {
    local file line
    file=$(created_file)
    mkdir -p "${file%/*}"
    line=$(IFS=$'\t' && echo "$*")
    grep -xF -- "$line" "$file" >/dev/null 2>&1 || (umask 077 && echo "$line" >>"$file")
}

# choose_overlay [NAME]: sets $overlay, the folder; on this machine that is the base.
choose_overlay() {
    local name=${1:-} known
    known=$(cd "$root/manifests/overlays" && echo *)
    [ "$name" != local ] || usage_error 'the overlay local was removed; use --local without an OVERLAY'
    if [ -z "$name" ] && [ -n "$local$data_dir" ]; then
        overlay=$root/manifests/base
        return
    fi
    [ -n "$name" ] || usage_error "want an OVERLAY: $known"
    [[ " $known " == *" $name "* ]] || usage_error "no overlay $name; want one of: $known"
    overlay=$root/manifests/overlays/$name
}

# need_components: the overlays use components, which kubectl 1.20 of Debian 12 does not know.
need_components() {
    local version
    [ -z "$dry_run" ] || return 0
    version=$(kubectl version --client --output=json | sed -n 's/.*"gitVersion": *"v\([^"]*\)".*/\1/p')
    [[ $overlay == */base || ! $version =~ ^1\.([0-9]+) || ${BASH_REMATCH[1]} -ge 22 ]] ||
        die "${overlay##*/} needs kubectl 1.22 or newer, and kubectl on PATH is $version"
}

# use_status_command [OPTION]: sets $status_command, which prints each object of the overlay with its
# condition Ready.
use_status_command() {
    local ready='.status.conditions[?(@.type=="Ready")]'
    status_command=(kubectl get -k "$overlay" --namespace="$namespace" "$@"
        --output="jsonpath={range .items[*]}{.apiVersion} {.kind}/{.metadata.name} {$ready.status} {$ready.message}{\"\n\"}{end}")
}

# not_ready: a line for each object of the overlay that is not ready: KIND/NAME WHY. Kubernetes' own
# objects have no such condition.
not_ready() {
    local lines version object status why
    lines=$("${status_command[@]}" 2>&1) || { echo "kubectl ${lines##*$'\n'}" && return; }
    while read -r version object status why; do
        [[ $version != *knative.dev/* || $status = True ]] || echo "$object ${status:-has no status yet}${why:+ $why}"
    done <<<"$lines"
}

# not_found: a line for each object of the overlay that does not exist: KIND.GROUP/NAME.
not_found() {
    comm -23 <(kubectl create --dry-run=client --output=name -k "$overlay" | sort) \
        <(kubectl get -k "$overlay" --namespace="$namespace" --ignore-not-found --output=name | sort)
}
