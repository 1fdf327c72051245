// SPDX-License-Identifier: Apache-2.0
// The manifests as kubectl renders them, without a cluster: each object is one by Knative's, Kubernetes'
// and Istio's published schemas, and what base says is the same in all.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

import { readCrds, wrongByCrds, wrongByPublished } from './schemas.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const crdFolder = process.env.CRDS ?? path.resolve(root, '../shared/wire/crds');
const crds = existsSync(crdFolder) ? readCrds(crdFolder) : undefined;

// ---- rendering --------------------------------------------------------------------------------------

const run = (program, ...args) =>
    execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
const objectsOf = (text) =>
    parseAllDocuments(text)
        .map((document) => document.toJS())
        .filter(Boolean);
const render = (folder) => objectsOf(run('kubectl', 'kustomize', folder));
const title = (object) => `${object.kind} ${object.metadata.name}`;
const byTitle = (objects) => Object.fromEntries(objects.map((object) => [title(object), object]));

// kubectl renders `components` from 1.22 on; Debian 12 has 1.20.
function kubectlMinor() {
    const { clientVersion } = JSON.parse(run('kubectl', 'version', '--client', '-o', 'json'));
    return parseInt(clientVersion.minor, 10);
}

// Each component on top of base alone, in a folder that is removed in the end.
mkdirSync(path.join(root, 'build'), { recursive: true });
const work = mkdtempSync(path.join(root, 'build', 'manifests-'));
after(() => rmSync(work, { recursive: true }));

function withComponent(name) {
    const folder = path.join(work, name);
    mkdirSync(folder);
    const up = path.relative(folder, path.join(root, 'manifests'));
    writeFileSync(
        path.join(folder, 'kustomization.yaml'),
        `resources: [${up}/base]\ncomponents: [${up}/components/${name}]\nnamespace: shop\n`,
    );
    return path.relative(root, folder);
}

const tooOld = kubectlMinor() < 22;
test('kubectl can render the overlays', (t) => {
    if (tooOld) t.skip('needs kubectl 1.22 or newer');
});
const list = (folder) => (tooOld ? [] : readdirSync(path.join(root, 'manifests', folder)));
const overlays = list('overlays');
const components = list('components');
const folders = Object.fromEntries([
    ['base', 'manifests/base'],
    ...overlays.map((name) => [`overlay ${name}`, `manifests/overlays/${name}`]),
    ...components.map((name) => [`component ${name}`, withComponent(name)]),
]);

for (const [name, folder] of Object.entries(folders)) {
    const objects = render(folder);

    test(`${name}: each object is one by the published schemas`, async () => {
        assert.ok(objects.length > 0);
        for (const object of objects)
            assert.deepEqual(await wrongByPublished(object), [], title(object));
    });

    test(`${name}: and by the CRDs beside the checkout`, (t) => {
        if (!crds) return t.skip(`there is no ${crdFolder}`);
        for (const object of objects) {
            assert.deepEqual(wrongByCrds(crds, object), [], title(object));
            const template = object.spec?.channelTemplate;
            if (template) assert.deepEqual(wrongByCrds(crds, template), [], `template of ${title(object)}`);
        }
    });
}

test('base: its files are what kubectl renders, so that -f and -k apply the same', () => {
    const folder = path.join(root, 'manifests/base');
    const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
    const objects = files.flatMap((name) => objectsOf(readFileSync(path.join(folder, name), 'utf8')));
    assert.deepEqual(byTitle(objects), byTitle(render('manifests/base')));
});

// ---- that the schemas refuse ------------------------------------------------------------------------

const service = render('manifests/base').find((object) => title(object) === 'Service vision');
const broken = {
    'an unknown field': [(s) => (s.spec.template.spec.containers[0].imagee = 'x'), /containers\/0.*imagee/],
    'an unknown field at the top': [(s) => (s.spec.tempalte = {}), /tempalte/],
    'an unknown field of a probe': [
        (s) => (s.spec.template.spec.containers[0].readinessProbe.httpGet.pth = '/'),
        /httpGet.*pth/,
    ],
    'an unknown field of the security context': [
        (s) => (s.spec.template.spec.containers[0].securityContext.runAsNonroot = true),
        /securityContext.*runAsNonroot/,
    ],
    'a number as a text': [(s) => (s.spec.template.spec.containerConcurrency = '40'), /containerConcurrency/],
    'a list as an object': [(s) => (s.spec.template.spec.containers[0].env = {}), /env/],
};
for (const [what, [breakIt, where]] of Object.entries(broken)) {
    const object = structuredClone(service);
    breakIt(object);
    test(`the published schemas refuse ${what}`, async () => {
        const wrong = await wrongByPublished(object);
        assert.equal(wrong.length, 1, wrong.join('\n'));
        assert.match(wrong[0], where);
    });
    test(`the CRDs refuse ${what}`, (t) => {
        if (!crds) return t.skip(`there is no ${crdFolder}`);
        assert.match(wrongByCrds(crds, object).join('\n'), where);
    });
}
test('a kind that no schema is published for is refused', async () => {
    assert.match((await wrongByPublished({ apiVersion: 'v1', kind: 'Sevice' })).join(), /no schema/);
});
for (const [name, field] of [
    ['Channel pubsub-test', 'channelTempalte'],
    ['Subscription vision', 'sbscriber'],
    ['ContainerSource testing-source', 'snk'],
])
    test(`an unknown field of ${name} is refused`, async () => {
        const object = structuredClone(byTitle(render('manifests/base'))[name]);
        object.spec = { ...object.spec, [field]: {} };
        assert.deepEqual(await wrongByPublished(object), [`/spec/${field} is not known`]);
    });

// ---- base is the same in all ------------------------------------------------------------------------

// What an overlay may change in base's objects, add and leave out.
const image = /^(Service|ContainerSource) \S+ spec\.template\.spec\.containers\.0\.image$/;
const project =
    /^(Service (vision|translate)|ContainerSource testing-source) spec\.template\.spec\.containers\.0\.env\.0\.value$/;
const deadLetters = /^Subscription \S+ spec\.delivery\.deadLetterSink(\.ref\.name)?$/;
const keyFile =
    /^(Service (vision|translate)|ContainerSource testing-source) spec\.template\.spec\.(volumes|containers\.0\.(volumeMounts|env\.[13]))$/;
const account =
    /^(Service (vision|translate)|ContainerSource testing-source) spec\.template\.spec\.serviceAccountName$/;
const onCluster = [image, project, deadLetters];
const allowed = {
    'gke-key': { changes: [...onCluster, keyFile], adds: ['Service dead-letter'] },
    'gke-workload-identity': {
        changes: [...onCluster, account],
        adds: ['Service dead-letter', 'ServiceAccount google-cloud'],
    },
    kafka: { changes: [...onCluster, keyFile, /^Channel pubsub-test spec$/], adds: ['Service dead-letter'] },
    push: {
        changes: [
            image,
            project,
            account,
            /^Service \S+ metadata\.labels\.networking\.knative\.dev\/visibility$/,
            /^Service message-dumper spec\.template\.spec\.containers\.0\.env$/,
            /^Service (vision|translate) spec\.template\.spec\.containers\.0\.env\.[12]$/,
        ],
        adds: ['ServiceAccount google-cloud'],
        lacks: [
            'Channel pubsub-test',
            'ContainerSource testing-source',
            'Subscription message-dumper',
            'Subscription translate',
            'Subscription vision',
        ],
    },
};

// The places at which two trees differ.
function differences(a, b, place) {
    const isTree = (value) => typeof value === 'object' && value !== null;
    if (!isTree(a) || !isTree(b)) return Object.is(a, b) ? [] : [place];
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].flatMap((key) =>
        differences(a[key], b[key], /^\S+ \S+ /.test(place) ? `${place}.${key}` : `${place} ${key}`),
    );
}

const base = byTitle(render('manifests/base'));

test('every overlay has its rules', () => {
    assert.deepEqual(readdirSync(path.join(root, 'manifests/overlays')).sort(), Object.keys(allowed).sort());
});
for (const name of overlays) {
    const { changes, adds = [], lacks = [] } = allowed[name];
    const objects = byTitle(render(`manifests/overlays/${name}`));

    test(`overlay ${name}: has base's objects, and others only as it may`, () => {
        const titles = Object.keys(objects);
        assert.deepEqual(titles.filter((one) => !base[one]).sort(), adds);
        assert.deepEqual(Object.keys(base).filter((one) => !objects[one]).sort(), lacks);
    });

    test(`overlay ${name}: changes in base's objects only what it may, and all of that`, () => {
        const changed = Object.keys(base)
            .filter((one) => objects[one])
            .flatMap((one) => differences(base[one], objects[one], one));
        assert.deepEqual(changed.filter((place) => !changes.some((rule) => rule.test(place))), []);
        assert.deepEqual(changes.filter((rule) => !changed.some((place) => rule.test(place))), []);
    });
}

// ---- what all containers keep to --------------------------------------------------------------------

for (const folder of ['base', ...overlays.map((name) => `overlays/${name}`)])
    test(`${folder}: containers are restricted, measured, probed and labelled`, () => {
        for (const object of render(`manifests/${folder}`)) {
            for (const label of ['name', 'part-of', 'component'])
                assert.ok(object.metadata.labels[`app.kubernetes.io/${label}`], `${title(object)} ${label}`);
            const pod = object.spec?.template?.spec;
            if (!pod) continue;
            const [container] = pod.containers;
            assert.deepEqual(
                container.securityContext,
                {
                    runAsNonRoot: true,
                    readOnlyRootFilesystem: true,
                    allowPrivilegeEscalation: false,
                    capabilities: { drop: ['ALL'] },
                    seccompProfile: { type: 'RuntimeDefault' },
                },
                title(object),
            );
            assert.ok(container.resources.requests.cpu && container.resources.requests.memory);
            assert.equal(pod.automountServiceAccountToken, false);
            if (object.kind !== 'Service') continue;
            assert.equal(container.readinessProbe.httpGet.path, '/readyz');
            assert.equal(container.livenessProbe.httpGet.path, '/healthz');
            assert.ok(pod.containerConcurrency > 0);
            const annotations = object.spec.template.metadata.annotations;
            for (const bound of ['min-scale', 'max-scale'])
                assert.match(annotations[`autoscaling.knative.dev/${bound}`], /^\d+$/);
        }
    });
