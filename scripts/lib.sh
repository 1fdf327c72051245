# Shared by the scripts of this folder: options, commands that are run or only shown, and the way to
# Google Cloud and Knative; with --local to those that run on this machine.
#
# A command is a text, so that --dry-run shows exactly what would be run. What comes from outside is
# put into it by `quoted`, or is a name that `check_names` has let through.
# shellcheck shell=bash
export LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
me=scripts/${0##*/}
# what every script may be told; empty is not told
dry_run='' local='' data_dir='' namespace=${NAMESPACE:-default}
project='' topic=${TOPIC:-testing} bucket=${BUCKET:-}
environment='' overlay='' arguments=()

# ---- ending ------------------------------------------------------------------------------------

die() {
    echo "$me: $*" >&2
    exit 1
}

refuse() {
    echo "$me: $*; see $me --help" >&2
    exit 2
}

# ---- options -----------------------------------------------------------------------------------

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
                refuse "--$name takes no value"
            elif [[ $names != *" $name "* ]]; then
                refuse "${1%%=*} is not known"
            elif [[ $1 == *=* ]]; then
                value=${1#*=}
            else
                [ $# -ge 2 ] || refuse "$1 wants a value"
                value=$2
                shift
            fi
            [ -n "$value" ] || refuse "--$name is empty"
            printf -v "${name//-/_}" %s "$value"
            ;;
        -?*) refuse "$1 is not known" ;;
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
  --data-dir DIR     the data directory of that kn-local (.local/kn); says --local too
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
        [[ ${!name} =~ ^[A-Za-z0-9][A-Za-z0-9._:~+%-]*$ ]] || refuse "$name ${!name@Q} is not a name"
    done
}

# ---- running -----------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null; }

# quoted WORD: as the shell reads it.
quoted() {
    if [[ $1 =~ ^[A-Za-z0-9_@%+=:,./-]+$ ]]; then printf %s "$1"; else printf %s "${1@Q}"; fi
}

# run COMMAND: a text for the shell.
run() {
    if [ -n "$dry_run" ]; then echo "$1"; else eval "$1"; fi
}

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

# ---- where -------------------------------------------------------------------------------------

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
            refuse 'no project: give --project ID, or set GOOGLE_CLOUD_PROJECT, or gcloud config set project ID'
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
    eval "$settings"
    [ -n "${STORAGE_EMULATOR_HOST:-}" ] || die 'this kn-local uses real Google Cloud; leave --local away'
    gcp_url=$STORAGE_EMULATOR_HOST bucket=${bucket:-pictures}
    api_url=$(sed -n 's/ *server: //p' "$KUBECONFIG")
    environment="$(quoted "$kn_local") env --data-dir $(quoted "$data_dir")"
    [ -z "$dry_run" ] || echo "eval \"\$($environment)\""
}

# need_account: real Google lets nobody in without.
need_account() {
    [ -z "$local$dry_run" ] || return 0
    [ -n "$(gcloud auth list --filter=status:ACTIVE --format='value(account)' 2>/dev/null)" ] ||
        die 'gcloud has no account: gcloud auth login'
}

# ---- events ------------------------------------------------------------------------------------

gcp() { curl -fsS -H 'Content-Type: application/json' "$@"; }

# publish TEXT: to the topic.
publish() {
    if have gcloud; then
        run "gcloud pubsub topics publish $topic --project=$project --message=$(quoted "$1")"
    else
        run "curl -fsS -H 'Content-Type: application/json' $gcp_url/v1/projects/$project/topics/$topic:publish \
-d '{\"messages\": [{\"data\": \"$(printf %s "$1" | base64 -w 0)\"}]}'"
    fi
}

# upload PICTURE: to the bucket.
upload() {
    if have gsutil; then
        run "gsutil cp $(quoted "$1") gs://$bucket"
    else
        run "curl -fsS -H 'Content-Type: $(media_type "$1")' --data-binary $(quoted "@$1") \
'$gcp_url/upload/storage/v1/b/$bucket/o?uploadType=media&name=$(percent "${1##*/}")'"
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

# ---- Knative on this machine, without kubectl ---------------------------------------------------

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

# ---- what the scripts made ---------------------------------------------------------------------

# made: the file that says so; a line each of what it is, and the commands that look and remove it.
made() {
    if [ -n "$local" ]; then echo "$data_dir/made"; else echo "$root/.local/made/$project"; fi
}

# write_down WHAT LOOK REMOVE: for cleanup.
write_down() {
    local file line
    file=$(made)
    mkdir -p "${file%/*}"
    line=$(printf '%s\t%s\t%s\n' "$1" "$2" "$3")
    [ -z "$3" ] || grep -xF -- "$line" "$file" >/dev/null 2>&1 || (umask 077 && echo "$line" >>"$file")
}

# is_there LOOK
is_there() { (eval "$1") >/dev/null 2>&1; }

# ---- what an overlay holds ---------------------------------------------------------------------

# choose_overlay [NAME]: sets $overlay, the folder; on this machine that is the base.
choose_overlay() {
    local name=${1:-} known
    known=$(cd "$root/manifests/overlays" && echo *)
    [ "$name" != local ] || refuse 'the overlay local was removed; use --local without an OVERLAY'
    if [ -z "$name" ] && [ -n "$local$data_dir" ]; then
        overlay=$root/manifests/base
        return
    fi
    [ -n "$name" ] || refuse "an OVERLAY is wanted: $known"
    [[ " $known " == *" $name "* ]] || refuse "no overlay $name; there are: $known"
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

# with_objects VERB OPTIONS: the command of kubectl for all objects of the overlay.
with_objects() { echo "kubectl $1 -k $(quoted "$overlay") $2"; }

# status_command: prints each object of the overlay with its condition Ready.
status_command() {
    local ready='.status.conditions[?(@.type=="Ready")]'
    with_objects get "--namespace=$namespace \
--output=jsonpath='{range .items[*]}{.apiVersion} {.kind}/{.metadata.name} {$ready.status} {$ready.message}{\"\\n\"}{end}'"
}

# not_ready: a line for each object that is not there or not ready: KIND/NAME WHY.
not_ready() {
    local line
    { eval "$(status_command)" 2>&1 || true; } | while read -r line; do
        if [[ $line =~ ^'Error from server (NotFound): '([^ ]*)' "'(.*)'"' ]]; then
            echo "${BASH_REMATCH[1]}/${BASH_REMATCH[2]} is not there"
        elif [[ $line =~ ^[a-z.]*knative\.dev/[^\ ]*\ ([^\ ]*)\ ?(.*)$ ]]; then
            [[ ${BASH_REMATCH[2]} == True* ]] || echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]:-says nothing yet}"
        elif [[ ! $line =~ ^v1\  ]]; then
            echo "kubectl $line"
        fi
    done
}
