# What the project needs in Google Cloud: for gcp-setup, which makes it, and doctor, which looks. Each
# is told by four texts: what it is, and the commands that look, make and remove it.
#
# The caller brings `thing WHAT LOOK MAKE [REMOVE]`, and `not_here WHAT` for what only Google has.
# shellcheck shell=bash disable=SC2154 # the names are those of lib.sh and of the caller's options

account=knative-events kubernetes_account=google-cloud subscription='' push='' key=''

# set_names: after `use_cloud`.
set_names() {
    [ -n "$subscription" ] || subscription=$topic-source${push:+-push}
    local name
    for name in subscription account kubernetes_account; do
        [[ ${!name} =~ ^[A-Za-z][A-Za-z0-9._~+%-]*$ ]] || refuse "${!name@Q} is not a name"
    done
    [[ -z $push || $push =~ ^https?://[A-Za-z0-9._:/?=%~+-]+$ ]] || refuse "--push $push is no URL"
    [[ -z $push || $push == https://* || -n $local ]] || refuse "--push $push: Google pushes to https:// only"
    in=--project=$project
    email=$account@$project.iam.gserviceaccount.com
    full_topic=//pubsub.googleapis.com/projects/$project/topics/$topic
}

google_thing() {
    if [ -n "$local" ]; then not_here "$1"; else thing "$@"; fi
}

# grant KIND NAME MEMBER ROLE [OPTION]: the member has the role on the thing of that kind. The binding
# is removed with the thing, unless that is the project itself.
grant() {
    local look="gcloud $1 get-iam-policy $2 $in --flatten='bindings[].members' \
--format='value[separator=\" \"](bindings.role,bindings.members)' | grep -xF \"$4 $3\""
    local words="$2 $in --member=\"$3\" --role=$4${5:+ $5}"
    local who=${3#serviceAccount:}
    [[ $who != *\$* ]] || who="the agent of Storage"
    google_thing "$who has $4 on $2" "$look" \
        "gcloud $1 add-iam-policy-binding $words" "gcloud $1 remove-iam-policy-binding $words"
}

things() {
    local api role robot=serviceAccount:$email
    for api in pubsub storage vision translate iam iamcredentials; do
        google_thing "API $api.googleapis.com" \
            "gcloud services list --enabled $in --format='value(config.name)' | grep -xF $api.googleapis.com" \
            "gcloud services enable $api.googleapis.com $in"
    done
    google_thing "service account $email" "gcloud iam service-accounts describe $email $in" \
        "gcloud iam service-accounts create $account $in --display-name='Reads events, labels, translates'" \
        "gcloud iam service-accounts delete $email $in --quiet"
    if have gcloud; then with_gcloud; else with_curl; fi
    [ -n "$push" ] || # pulling is subscriber's, reading what the subscription is, viewer's
        for role in roles/pubsub.subscriber roles/pubsub.viewer; do
            grant 'pubsub subscriptions' "$subscription" "$robot" "$role"
        done
    grant 'storage buckets' "gs://$bucket" "$robot" roles/storage.objectViewer
    grant projects "$project" "$robot" roles/cloudtranslate.user --condition=None
    grant projects "$project" "$robot" roles/serviceusage.serviceUsageConsumer --condition=None
    credential
}

with_gcloud() {
    local pushed='' list="gcloud storage buckets notifications list gs://$bucket $in \
--format='value[separator=\" \"](\"Notification Configuration\".id,\"Notification Configuration\".topic)'"
    [ -z "$push" ] || pushed=" --push-endpoint='$push'"
    [ -z "$push" ] || [ -n "$local" ] ||
        pushed+=" --push-auth-service-account=$email --push-auth-token-audience='$push'"
    thing "topic $topic" "gcloud pubsub topics describe $topic $in" \
        "gcloud pubsub topics create $topic $in" "gcloud pubsub topics delete $topic $in"
    thing "subscription $subscription" "gcloud pubsub subscriptions describe $subscription $in" \
        "gcloud pubsub subscriptions create $subscription $in --topic=$topic --enable-message-ordering$pushed" \
        "gcloud pubsub subscriptions delete $subscription $in"
    thing "bucket gs://$bucket" "gcloud storage buckets describe gs://$bucket $in" \
        "gcloud storage buckets create gs://$bucket $in --uniform-bucket-level-access" \
        "gcloud storage rm --recursive gs://$bucket $in"
    let_storage_publish
    thing "notification of gs://$bucket to $topic" "$list | grep \" $full_topic\$\"" \
        "gcloud storage buckets notifications create gs://$bucket $in --topic=$topic --event-types=OBJECT_FINALIZE --skip-topic-setup" \
        "$list | sed -n \"s|^\\([0-9]*\\) $full_topic\$|projects/_/buckets/$bucket/notificationConfigs/\\1|p\" | xargs -r gcloud storage buckets notifications delete $in"
}

# The notification is refused while Storage may not publish.
let_storage_publish() {
    grant 'pubsub topics' "$topic" "serviceAccount:\$(gcloud storage service-agent $in)" roles/pubsub.publisher
}

# The same on this machine, where gcloud need not be.
with_curl() {
    local curl="curl -fsS -H 'Content-Type: application/json'" pubsub=$gcp_url/v1/projects/$project
    local one=$gcp_url/storage/v1/b/$bucket
    thing "topic $topic" "$curl $pubsub/topics/$topic" "$curl -X PUT $pubsub/topics/$topic" \
        "$curl -X DELETE $pubsub/topics/$topic"
    thing "subscription $subscription" "$curl $pubsub/subscriptions/$subscription" \
        "$curl -X PUT $pubsub/subscriptions/$subscription -d '{\"topic\": \"projects/$project/topics/$topic\", \
\"enableMessageOrdering\": true${push:+, \"pushConfig\": {\"pushEndpoint\": \"$push\"\}}}'" \
        "$curl -X DELETE $pubsub/subscriptions/$subscription"
    thing "bucket gs://$bucket" "$curl $one" \
        "$curl '$gcp_url/storage/v1/b?project=$project' -d '{\"name\": \"$bucket\"}'" \
        "$curl $one/o | sed -n 's|.*\"name\": *\"\\([^\"]*\\)\".*|\\1|p' | xargs -rI+ $curl -X DELETE $one/o/+ && $curl -X DELETE $one"
    let_storage_publish
    thing "notification of gs://$bucket to $topic" "$curl $one/notificationConfigs | grep -F '\"$full_topic\"'" \
        "$curl $one/notificationConfigs -d '{\"topic\": \"$full_topic\", \"payload_format\": \"JSON_API_V1\", \
\"event_types\": [\"OBJECT_FINALIZE\"]}'" "true # goes with its bucket"
}

# What the programs prove with that they are the service account: nothing to keep (workload
# identity), or a key.
credential() {
    local identity="serviceAccount:$project.svc.id.goog[$namespace/$kubernetes_account]"
    if [ -z "$key" ]; then
        grant 'iam service-accounts' "$email" "$identity" roles/iam.workloadIdentityUser
        return
    fi
    local file id
    file=$(quoted "$key")
    id="sed -n 's/.*\"private_key_id\": *\"\\([^\"]*\\)\".*/\\1/p' $file"
    google_thing "key $key" "[ -s $file ]" "gcloud iam service-accounts keys create $file --iam-account=$email $in" \
        "gcloud iam service-accounts keys delete \"\$($id)\" --iam-account=$email $in --quiet && rm -f $file"
}
