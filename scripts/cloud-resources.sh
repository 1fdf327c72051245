# SPDX-License-Identifier: Apache-2.0
# What the project needs in Google Cloud: gcp-setup creates it, doctor looks for it.
#
# The caller defines `visit_resource WHAT -- LOOK… -- CREATE… [-- REMOVE…]`, which gets what the resource
# is and the commands that look for it, create it and remove it, and `not_needed WHAT` for what only
# Google's own cloud has.
# shellcheck shell=bash disable=SC2154 # the names are those of lib.sh and of the caller's options

account=knative-events kubernetes_account=google-cloud subscription='' push='' key=''

# set_names: after `use_cloud`.
set_names() {
    [ -n "$subscription" ] || subscription=$topic-source${push:+-push}
    local name
    for name in subscription account kubernetes_account; do
        [[ ${!name} =~ ^[A-Za-z][A-Za-z0-9._~+%-]*$ ]] || usage_error "${!name@Q} is not a valid name"
    done
    [[ -z $push || $push =~ ^https?://[A-Za-z0-9._:/?=%~+-]+$ ]] || usage_error "--push $push is not a valid URL"
    [[ -z $push || $push == https://* || -n $local ]] || usage_error "--push $push: Google pushes to https:// only"
    [[ $key != *[$'\t\n']* ]] || usage_error '--key: a tab or newline in the name'
    in=--project=$project
    email=$account@$project.iam.gserviceaccount.com
    full_topic=//pubsub.googleapis.com/projects/$project/topics/$topic
}

# split_commands -- LOOK… -- CREATE… [-- REMOVE…]: sets the arrays look, create and remove.
split_commands() {
    local word part=0
    look=() create=() remove=()
    for word; do
        if [ "$word" = -- ]; then
            part=$((part + 1))
            continue
        fi
        case $part in
        1) look+=("$word") ;;
        2) create+=("$word") ;;
        3) remove+=("$word") ;;
        esac
    done
}

visit_google_resource() {
    if [ -n "$local" ]; then not_needed "$1"; else visit_resource "$@"; fi
}

# grant KIND NAME MEMBER ROLE [OPTION]: the member has the role on the resource of that kind, which is
# one or two words of gcloud.
grant() {
    local kind name=$2 member=$3 role=$4 subject=${3#serviceAccount:} options
    read -ra kind <<<"$1"
    options=("$name" "$in" --member="$member" --role="$role" "${@:5}")
    [[ $member != "serviceAccount:$agent" ]] || subject='the agent of Storage'
    visit_google_resource "$subject has $role on $name" \
        -- gcloud "${kind[@]}" get-iam-policy "$name" "$in" --flatten='bindings[].members' \
        --format='value[separator=" "](bindings.role,bindings.members)' '|' grep -xF "$role $member" \
        -- gcloud "${kind[@]}" add-iam-policy-binding "${options[@]}" \
        -- gcloud "${kind[@]}" remove-iam-policy-binding "${options[@]}"
}

visit_resources() {
    local api role member=serviceAccount:$email
    find_agent
    for api in pubsub storage vision translate iam iamcredentials; do
        visit_google_resource "API $api.googleapis.com" \
            -- gcloud services list --enabled "$in" --format='value(config.name)' '|' grep -xF "$api.googleapis.com" \
            -- gcloud services enable "$api.googleapis.com" "$in"
    done
    visit_google_resource "service account $email" \
        -- gcloud iam service-accounts describe "$email" "$in" \
        -- gcloud iam service-accounts create "$account" "$in" --display-name='Reads events, labels, translates' \
        -- gcloud iam service-accounts delete "$email" "$in" --quiet
    if have gcloud; then visit_with_gcloud; else visit_with_curl; fi
    [ -n "$push" ] || # subscriber may pull, viewer may read the configuration of the subscription
        for role in roles/pubsub.subscriber roles/pubsub.viewer; do
            grant 'pubsub subscriptions' "$subscription" "$member" "$role"
        done
    grant 'storage buckets' "gs://$bucket" "$member" roles/storage.objectViewer
    grant projects "$project" "$member" roles/cloudtranslate.user --condition=None
    grant projects "$project" "$member" roles/serviceusage.serviceUsageConsumer --condition=None
    visit_credential
}

# find_agent: sets $agent, the account by which Storage publishes notifications.
find_agent() {
    # shellcheck disable=SC2016 # for the shell that reads what is shown
    agent='$agent'
    [ -z "$local" ] || return 0
    if [ -n "$dry_run" ]; then
        printf '\nagent=%s\n' "\$($(shown gcloud storage service-agent "$in"))"
    else
        agent=$(gcloud storage service-agent "$in") || true
    fi
}

# Without this role of its agent, Storage refuses a notification.
grant_publishing_to_storage() {
    grant 'pubsub topics' "$topic" "serviceAccount:$agent" roles/pubsub.publisher
}

visit_with_gcloud() {
    local pushed=() list=(gcloud storage buckets notifications list "gs://$bucket" "$in"
        --format='value[separator=" "]("Notification Configuration".id,"Notification Configuration".topic)')
    [ -z "$push" ] || pushed=(--push-endpoint="$push")
    [ -z "$push" ] || [ -n "$local" ] ||
        pushed+=(--push-auth-service-account="$email" --push-auth-token-audience="$push")
    visit_resource "topic $topic" \
        -- gcloud pubsub topics describe "$topic" "$in" \
        -- gcloud pubsub topics create "$topic" "$in" \
        -- gcloud pubsub topics delete "$topic" "$in"
    visit_resource "subscription $subscription" \
        -- gcloud pubsub subscriptions describe "$subscription" "$in" \
        -- gcloud pubsub subscriptions create "$subscription" "$in" --topic="$topic" --enable-message-ordering "${pushed[@]}" \
        -- gcloud pubsub subscriptions delete "$subscription" "$in"
    visit_resource "bucket gs://$bucket" \
        -- gcloud storage buckets describe "gs://$bucket" "$in" \
        -- gcloud storage buckets create "gs://$bucket" "$in" --uniform-bucket-level-access \
        -- gcloud storage rm --recursive "gs://$bucket" "$in"
    grant_publishing_to_storage
    visit_resource "notification of gs://$bucket to $topic" \
        -- "${list[@]}" '|' grep " $full_topic\$" \
        -- gcloud storage buckets notifications create "gs://$bucket" "$in" --topic="$topic" --event-types=OBJECT_FINALIZE --skip-topic-setup \
        -- "${list[@]}" '|' sed -n "s|^\([0-9]*\) $full_topic\$|projects/_/buckets/$bucket/notificationConfigs/\1|p" \
        '|' xargs -r gcloud storage buckets notifications delete "$in"
}

# The same on this machine, where gcloud may be missing.
visit_with_curl() {
    local curl=(curl -fsS -H 'Content-Type: application/json') push_config=''
    local topic_url=$gcp_url/v1/projects/$project/topics/$topic bucket_url=$gcp_url/storage/v1/b/$bucket
    local subscription_url=$gcp_url/v1/projects/$project/subscriptions/$subscription
    [ -z "$push" ] || push_config=", \"pushConfig\": {\"pushEndpoint\": \"$push\"}"
    visit_resource "topic $topic" \
        -- "${curl[@]}" "$topic_url" \
        -- "${curl[@]}" -X PUT "$topic_url" \
        -- "${curl[@]}" -X DELETE "$topic_url"
    visit_resource "subscription $subscription" \
        -- "${curl[@]}" "$subscription_url" \
        -- "${curl[@]}" -X PUT "$subscription_url" \
        -d "{\"topic\": \"projects/$project/topics/$topic\", \"enableMessageOrdering\": true$push_config}" \
        -- "${curl[@]}" -X DELETE "$subscription_url"
    visit_resource "bucket gs://$bucket" \
        -- "${curl[@]}" "$bucket_url" \
        -- "${curl[@]}" "$gcp_url/storage/v1/b?project=$project" -d "{\"name\": \"$bucket\"}" \
        -- "${curl[@]}" "$bucket_url/o" '|' sed -n 's|.*"name": *"\([^"]*\)".*|\1|p' \
        '|' xargs -rI+ "${curl[@]}" -X DELETE "$bucket_url/o/+" '&&' "${curl[@]}" -X DELETE "$bucket_url"
    grant_publishing_to_storage
    visit_resource "notification of gs://$bucket to $topic" \
        -- "${curl[@]}" "$bucket_url/notificationConfigs" '|' grep -F "\"$full_topic\"" \
        -- "${curl[@]}" "$bucket_url/notificationConfigs" \
        -d "{\"topic\": \"$full_topic\", \"payload_format\": \"JSON_API_V1\", \"event_types\": [\"OBJECT_FINALIZE\"]}" \
        -- true # is deleted with its bucket
}

# By which the programs are the service account: nothing to keep (workload identity), or a key.
visit_credential() {
    if [ -z "$key" ]; then
        grant 'iam service-accounts' "$email" "serviceAccount:$project.svc.id.goog[$namespace/$kubernetes_account]" \
            roles/iam.workloadIdentityUser
        return
    fi
    visit_google_resource "key $key" \
        -- test -s "$key" \
        -- gcloud iam service-accounts keys create "$key" --iam-account="$email" "$in" \
        -- sed -n 's/.*"private_key_id": *"\([^"]*\)".*/\1/p' "$key" \
        '|' xargs -rI+ gcloud iam service-accounts keys delete + --iam-account="$email" "$in" --quiet '&&' rm -f "$key"
}
