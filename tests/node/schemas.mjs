// SPDX-License-Identifier: Apache-2.0
// Validates Kubernetes objects as an API server does: by published schemas, unknown fields refused.
//
// The validators are those of the npm packages @kubernetes-models/knative, @kubernetes-models/istio and
// kubernetes-models, made from what Knative, Istio and Kubernetes publish. They let unknown fields pass;
// so it is watched which fields they ask for, and one that they never ask for is unknown.
import { Ajv } from 'ajv';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

const knative = '@kubernetes-models/knative/_schemas/DevKnative';
const core = 'kubernetes-models/_schemas/IoK8sApi';
const published = {
    'serving.knative.dev/v1 Service': `${knative}ServingPkgApisServingV1Service`,
    'messaging.knative.dev/v1 Channel': `${knative}EventingPkgApisMessagingV1Channel`,
    'messaging.knative.dev/v1 Subscription': `${knative}EventingPkgApisMessagingV1Subscription`,
    'sources.knative.dev/v1 ContainerSource': `${knative}EventingPkgApisSourcesV1ContainerSource`,
    // this package does not export its validators by name
    'networking.istio.io/v1 ServiceEntry': new URL(
        'node_modules/@kubernetes-models/istio/_schemas/NetworkingIstioIoV1ServiceEntry.js',
        import.meta.url,
    ).href,
    'networking.k8s.io/v1 NetworkPolicy': `${core}NetworkingV1NetworkPolicy`,
    'v1 Secret': `${core}CoreV1Secret`,
    'v1 ServiceAccount': `${core}CoreV1ServiceAccount`,
};

const nameOf = (object) => `${object.apiVersion} ${object.kind}`;

// ---- by the published validators --------------------------------------------------------------------

// The value as a proxy that notes in `asked` which members of its objects were looked at.
function watch(value, asked) {
    if (typeof value !== 'object' || value === null) return value;
    const seen = { keys: new Set(), all: false, members: new Map() };
    asked.set(value, seen);
    return new Proxy(value, {
        get(target, key) {
            seen.keys.add(key);
            if (!seen.members.has(key)) seen.members.set(key, watch(target[key], asked));
            return seen.members.get(key);
        },
        ownKeys(target) {
            seen.all = true; // a map: labels, limits
            return Reflect.ownKeys(target);
        },
    });
}

// The places of members that nobody asked for. An object of which nothing was asked may hold anything.
function unasked(value, asked, place = '') {
    if (typeof value !== 'object' || value === null) return [];
    const seen = asked.get(value);
    const closed = seen && !Array.isArray(value) && !seen.all && seen.keys.size > 0;
    return Object.entries(value).flatMap(([key, member]) =>
        closed && !seen.keys.has(key)
            ? [`${place}/${key} is not known`]
            : seen
              ? unasked(member, asked, `${place}/${key}`)
              : [],
    );
}

// The package takes the template of a channel, which is another kind, for an object of its own type.
const isMistaken = (error) =>
    error.keyword === 'enum' && /^\/spec\/channelTemplate\/(apiVersion|kind)$/.test(error.instancePath);

// What is wrong with an object by the schemas on npm: a list of lines, empty when it is good.
export async function wrongByPublished(object) {
    const module = published[nameOf(object)];
    if (!module) return [`no schema is published for ${nameOf(object)}`];
    const { validate } = await import(module);
    const asked = new Map();
    validate(watch(object, asked));
    const errors = (validate.errors ?? []).filter((error) => !isMistaken(error));
    return [
        ...errors.map((error) => `${error.instancePath} ${error.keyword}: ${JSON.stringify(error.params)}`),
        ...unasked(object, asked),
    ];
}

// ---- by CustomResourceDefinitions -------------------------------------------------------------------

// An openAPIV3Schema as a JSON schema that refuses what a server would prune.
function strict(schema) {
    if (Array.isArray(schema)) return schema.map(strict);
    if (typeof schema !== 'object' || schema === null) return schema;
    const result = Object.fromEntries(
        Object.entries(schema).map(([key, value]) => [
            key,
            key === 'properties'
                ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, strict(member)]))
                : key === 'enum' || key === 'default' || key === 'required'
                  ? value
                  : strict(value),
        ]),
    );
    if (schema['x-kubernetes-int-or-string']) delete result.type;
    if (schema.properties && !schema['x-kubernetes-preserve-unknown-fields'])
        result.additionalProperties ??= false;
    return result;
}

// Validators by "apiVersion kind" of all CRDs in a folder.
export function readCrds(folder) {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    const validators = new Map();
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')))
        for (const document of parseAllDocuments(readFileSync(path.join(folder, file), 'utf8'))) {
            const { spec } = document.toJS() ?? { spec: { versions: [] } };
            for (const version of spec.versions) {
                const schema = strict(version.schema.openAPIV3Schema);
                for (const key of ['apiVersion', 'kind', 'metadata']) schema.properties[key] ??= {};
                validators.set(
                    `${spec.group}/${version.name} ${spec.names.kind}`,
                    ajv.compile(schema),
                );
            }
        }
    return validators;
}

// What is wrong with an object by them; nothing when they do not know its kind.
export function wrongByCrds(validators, object) {
    const validate = validators.get(nameOf(object));
    if (!validate || validate(object)) return [];
    return validate.errors.map(
        (error) => `${error.instancePath} ${error.message}: ${JSON.stringify(error.params)}`,
    );
}
