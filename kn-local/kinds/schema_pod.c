/* The fields of a pod's template: what both services and sources say about their container.
 * Fields that mean nothing for a local process are accepted: the manifest is for a cluster too. */
#include "kn-local/kinds/schema.h"

static const struct field key_ref[] = {
    TEXT("name"),
    TEXT("key", .required = true),
    SWITCH("optional"),
    END,
};
static const struct field object_ref[] = {TEXT("name"), SWITCH("optional"), END};

static const struct field value_from[] = {
    OBJECT(key_ref, "secretKeyRef"),
    OBJECT(key_ref, "configMapKeyRef"),
    ANY("fieldRef"),
    ANY("resourceFieldRef"),
    END,
};
static const struct field env[] = {
    TEXT("name", .required = true),
    TEXT("value"),
    OBJECT(value_from, "valueFrom"),
    END,
};
static const struct field env_from[] = {
    TEXT("prefix"),
    OBJECT(object_ref, "secretRef"),
    OBJECT(object_ref, "configMapRef"),
    END,
};
static const struct field port[] = {
    NUMBER("containerPort", .low = 1),
    TEXT("name"),
    TEXT("protocol"),
    NUMBER("hostPort"),
    TEXT("hostIP"),
    END,
};
static const struct field mount[] = {
    TEXT("name", .required = true),
    TEXT("mountPath", .required = true, .rule = rule_mount_path),
    TEXT("subPath"),
    SWITCH("readOnly"),
    TEXT("mountPropagation"),
    END,
};
static const char *rule_quantities(const json_t *map)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        if (!json_is_string(value) && !json_is_number(value))
            return "wants quantities, such as 50m or 64Mi";
    }
    return NULL;
}

static const struct field quantities[] = {END};
static const struct field resources[] = {
    OBJECT(quantities, "limits", .open = true, .rule = rule_quantities),
    OBJECT(quantities, "requests", .open = true, .rule = rule_quantities),
    ANY("claims"),
    END,
};

static const struct field http_get[] = {
    TEXT("path"), ANY("port"), TEXT("host"), TEXT("scheme"), ANY("httpHeaders"), END,
};
static const struct field probe[] = {
    OBJECT(http_get, "httpGet"),
    ANY("tcpSocket"),
    ANY("exec"),
    ANY("grpc"),
    NUMBER("initialDelaySeconds"),
    NUMBER("periodSeconds"),
    NUMBER("timeoutSeconds"),
    NUMBER("successThreshold"),
    NUMBER("failureThreshold"),
    NUMBER("terminationGracePeriodSeconds"),
    END,
};

static const char *const seccomp_types[] = {"RuntimeDefault", "Localhost", "Unconfined", NULL};
static const struct field seccomp[] = {
    TEXT("type", .required = true, .values = seccomp_types),
    TEXT("localhostProfile"),
    END,
};
static const struct field capabilities[] = {TEXTS("add"), TEXTS("drop"), END};
static const struct field security[] = {
    SWITCH("runAsNonRoot"),
    NUMBER("runAsUser"),
    NUMBER("runAsGroup"),
    SWITCH("readOnlyRootFilesystem"),
    SWITCH("allowPrivilegeEscalation"),
    SWITCH("privileged"),
    OBJECT(capabilities, "capabilities"),
    OBJECT(seccomp, "seccompProfile"),
    ANY("appArmorProfile"),
    ANY("seLinuxOptions"),
    ANY("windowsOptions"),
    TEXT("procMount"),
    END,
};

const struct field schema_container[] = {
    TEXT("name"),
    TEXT("image", .required = true),
    TEXT("imagePullPolicy"),
    TEXTS("command"),
    TEXTS("args"),
    LIST(env, "env"),
    LIST(env_from, "envFrom"),
    LIST(port, "ports"),
    LIST(mount, "volumeMounts"),
    TEXT("workingDir"),
    OBJECT(resources, "resources"),
    OBJECT(probe, "readinessProbe"),
    OBJECT(probe, "livenessProbe"),
    OBJECT(probe, "startupProbe"),
    OBJECT(security, "securityContext"),
    ANY("lifecycle"),
    TEXT("terminationMessagePath"),
    TEXT("terminationMessagePolicy"),
    SWITCH("stdin"),
    SWITCH("tty"),
    END,
};

static const struct field item[] = {
    TEXT("key", .required = true),
    TEXT("path", .required = true, .rule = rule_inside_path),
    NUMBER("mode"),
    END,
};
static const struct field secret_volume[] = {
    TEXT("secretName"), LIST(item, "items"), SWITCH("optional"), NUMBER("defaultMode"), END,
};
static const struct field config_volume[] = {
    TEXT("name"), LIST(item, "items"), SWITCH("optional"), NUMBER("defaultMode"), END,
};
static const struct field volume[] = {
    TEXT("name", .required = true),
    OBJECT(secret_volume, "secret"),
    OBJECT(config_volume, "configMap"),
    ANY("emptyDir"),
    ANY("projected"),
    END,
};

static const struct field pod_spec[] = {
    LIST(schema_container, "containers", .required = true),
    LIST(volume, "volumes"),
    TEXT("serviceAccountName"),
    TEXT("serviceAccount"),
    NUMBER("containerConcurrency"),
    NUMBER("timeoutSeconds"),
    NUMBER("responseStartTimeoutSeconds"),
    NUMBER("idleTimeoutSeconds"),
    NUMBER("terminationGracePeriodSeconds"),
    TEXT("restartPolicy"),
    ANY("imagePullSecrets"),
    SWITCH("enableServiceLinks"),
    SWITCH("automountServiceAccountToken"),
    TEXT_MAP("nodeSelector"),
    TEXT("nodeName"),
    ANY("affinity"),
    ANY("tolerations"),
    ANY("topologySpreadConstraints"),
    ANY("securityContext"),
    TEXT("dnsPolicy"),
    ANY("dnsConfig"),
    TEXT("schedulerName"),
    TEXT("priorityClassName"),
    TEXT("runtimeClassName"),
    ANY("hostAliases"),
    END,
};

const struct field schema_pod_template[] = {
    OBJECT(schema_metadata, "metadata"),
    OBJECT(pod_spec, "spec", .required = true),
    END,
};
