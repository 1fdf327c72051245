/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a pod's template, in services and sources. Those that mean nothing for a local
 * process are accepted, as the manifest is for a cluster, too. */
#include "kn-local/kinds/schema.h"

static const struct schema_field key_ref[] = {
    STRING("name"),
    STRING("key", .required = true),
    BOOLEAN("optional"),
    END,
};
static const struct schema_field object_ref[] = {STRING("name"), BOOLEAN("optional"), END};

static const struct schema_field value_from[] = {
    OBJECT(key_ref, "secretKeyRef"),
    OBJECT(key_ref, "configMapKeyRef"),
    ANY("fieldRef"),
    ANY("resourceFieldRef"),
    END,
};
static const struct schema_field env[] = {
    STRING("name", .required = true),
    STRING("value"),
    OBJECT(value_from, "valueFrom"),
    END,
};
static const struct schema_field env_from[] = {
    STRING("prefix"),
    OBJECT(object_ref, "secretRef"),
    OBJECT(object_ref, "configMapRef"),
    END,
};
static const struct schema_field port[] = {
    INTEGER("containerPort", .min = 1),
    STRING("name"),
    STRING("protocol"),
    INTEGER("hostPort"),
    STRING("hostIP"),
    END,
};
static const struct schema_field mount[] = {
    STRING("name", .required = true),
    STRING("mountPath", .required = true, .rule = schema_rule_mount_path),
    STRING("subPath"),
    BOOLEAN("readOnly"),
    STRING("mountPropagation"),
    END,
};
static const char *rule_quantities(const json_t *map)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        if (!json_is_string(value) && !json_is_number(value))
            return "must have quantities, such as 50m or 64Mi";
    }
    return NULL;
}

static const struct schema_field quantities[] = {END};
static const struct schema_field resources[] = {
    OBJECT(quantities, "limits", .allow_unknown = true, .rule = rule_quantities),
    OBJECT(quantities, "requests", .allow_unknown = true, .rule = rule_quantities),
    ANY("claims"),
    END,
};

static const struct schema_field http_get[] = {
    STRING("path"), ANY("port"), STRING("host"), STRING("scheme"), ANY("httpHeaders"), END,
};
static const struct schema_field probe[] = {
    OBJECT(http_get, "httpGet"),
    ANY("tcpSocket"),
    ANY("exec"),
    ANY("grpc"),
    INTEGER("initialDelaySeconds"),
    INTEGER("periodSeconds"),
    INTEGER("timeoutSeconds"),
    INTEGER("successThreshold"),
    INTEGER("failureThreshold"),
    INTEGER("terminationGracePeriodSeconds"),
    END,
};

static const char *const seccomp_types[] = {"RuntimeDefault", "Localhost", "Unconfined", NULL};
static const struct schema_field seccomp[] = {
    STRING("type", .required = true, .values = seccomp_types),
    STRING("localhostProfile"),
    END,
};
static const struct schema_field capabilities[] = {STRING_LIST("add"), STRING_LIST("drop"), END};
static const struct schema_field security[] = {
    BOOLEAN("runAsNonRoot"),
    INTEGER("runAsUser"),
    INTEGER("runAsGroup"),
    BOOLEAN("readOnlyRootFilesystem"),
    BOOLEAN("allowPrivilegeEscalation"),
    BOOLEAN("privileged"),
    OBJECT(capabilities, "capabilities"),
    OBJECT(seccomp, "seccompProfile"),
    ANY("appArmorProfile"),
    ANY("seLinuxOptions"),
    ANY("windowsOptions"),
    STRING("procMount"),
    END,
};

const struct schema_field schema_container[] = {
    STRING("name"),
    STRING("image", .required = true),
    STRING("imagePullPolicy"),
    STRING_LIST("command"),
    STRING_LIST("args"),
    LIST(env, "env"),
    LIST(env_from, "envFrom"),
    LIST(port, "ports"),
    LIST(mount, "volumeMounts"),
    STRING("workingDir"),
    OBJECT(resources, "resources"),
    OBJECT(probe, "readinessProbe"),
    OBJECT(probe, "livenessProbe"),
    OBJECT(probe, "startupProbe"),
    OBJECT(security, "securityContext"),
    ANY("lifecycle"),
    STRING("terminationMessagePath"),
    STRING("terminationMessagePolicy"),
    BOOLEAN("stdin"),
    BOOLEAN("tty"),
    END,
};

static const struct schema_field item[] = {
    STRING("key", .required = true),
    STRING("path", .required = true, .rule = schema_rule_relative_path),
    INTEGER("mode"),
    END,
};
static const struct schema_field secret_volume[] = {
    STRING("secretName"), LIST(item, "items"), BOOLEAN("optional"), INTEGER("defaultMode"), END,
};
static const struct schema_field config_volume[] = {
    STRING("name"), LIST(item, "items"), BOOLEAN("optional"), INTEGER("defaultMode"), END,
};
static const struct schema_field volume[] = {
    STRING("name", .required = true),
    OBJECT(secret_volume, "secret"),
    OBJECT(config_volume, "configMap"),
    ANY("emptyDir"),
    ANY("projected"),
    END,
};

static const struct schema_field pod_spec[] = {
    LIST(schema_container, "containers", .required = true),
    LIST(volume, "volumes"),
    STRING("serviceAccountName"),
    STRING("serviceAccount"),
    INTEGER("containerConcurrency"),
    INTEGER("timeoutSeconds"),
    INTEGER("responseStartTimeoutSeconds"),
    INTEGER("idleTimeoutSeconds"),
    INTEGER("terminationGracePeriodSeconds"),
    STRING("restartPolicy"),
    ANY("imagePullSecrets"),
    BOOLEAN("enableServiceLinks"),
    BOOLEAN("automountServiceAccountToken"),
    STRING_MAP("nodeSelector"),
    STRING("nodeName"),
    ANY("affinity"),
    ANY("tolerations"),
    ANY("topologySpreadConstraints"),
    ANY("securityContext"),
    STRING("dnsPolicy"),
    ANY("dnsConfig"),
    STRING("schedulerName"),
    STRING("priorityClassName"),
    STRING("runtimeClassName"),
    ANY("hostAliases"),
    END,
};

const struct schema_field schema_pod_template[] = {
    OBJECT(schema_metadata, "metadata"),
    OBJECT(pod_spec, "spec", .required = true),
    END,
};
