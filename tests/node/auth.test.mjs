// SPDX-License-Identifier: Apache-2.0
// Google's auth library against gcp-local: key files, self-signed JWTs, users, metadata, ID tokens.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Compute, gaxios, GoogleAuth, Impersonated, JWT, OAuth2Client, UserRefreshClient } from 'google-auth-library';

import { gcpLocal, startGcpLocal } from './gcp_local.mjs';

const platform = 'https://www.googleapis.com/auth/cloud-platform';
let server, key;

before(async () => {
    server = await startGcpLocal('--require-auth');
    key = await makeKey('robot');
});
after(() => server.stop());

async function makeKey(account, ...options) {
    const file = path.join(server.dataDir, `${account}.json`);
    await gcpLocal('key', 'create', account, '--data-dir', server.dataDir, '--out', file, ...options);
    return JSON.parse(await readFile(file, 'utf8'));
}

// The library's token URL cannot be changed, but its transport can.
function localTransport() {
    const transporter = new gaxios.Gaxios();
    const local = (config) => {
        const url = new URL(config.url);
        if (url.hostname.endsWith('.googleapis.com')) {
            const here = new URL(server.url);
            Object.assign(url, { protocol: 'http:', host: here.host, port: here.port });
            config.url = url;
        }
        return Promise.resolve(config);
    };
    transporter.interceptors.request.add({ resolved: local });
    return transporter;
}

function serviceAccount(more = {}) {
    return new JWT({
        email: key.client_email,
        key: key.private_key,
        scopes: [platform],
        transporter: localTransport(),
        ...more,
    });
}

// What the API says to these headers: never 401 or 403 when they are good.
async function statusWith(headers) {
    const reply = await fetch(`${server.url}/v1/projects/demo/topics`, { headers });
    await reply.arrayBuffer();
    return reply.status;
}

function letIn(status) {
    assert.ok(status !== 401 && status !== 403, `status ${status}`);
}

test('a key file gets an access token that is let in', async () => {
    const { access_token, expiry_date } = await serviceAccount().authorize();
    assert.match(access_token, /^ya29\./);
    assert.ok(expiry_date > Date.now() + 3500_000);
    letIn(await statusWith({ authorization: `Bearer ${access_token}` }));
});

test('a key that was tampered with is refused with invalid_grant', async () => {
    const other = await makeKey('other');
    const client = serviceAccount({ key: other.private_key });
    await assert.rejects(client.authorize(), (error) => {
        assert.equal(error.response.status, 400);
        assert.equal(error.response.data.error, 'invalid_grant');
        return true;
    });
});

test('a self-signed JWT is let in without a token', async () => {
    const client = serviceAccount({ scopes: undefined });
    const headers = await client.getRequestHeaders('https://pubsub.googleapis.com/');
    letIn(await statusWith(headers));
});

test('a self-signed JWT with scopes is let in', async () => {
    const client = serviceAccount();
    client.useJWTAccessWithScope = true;
    const headers = await client.getRequestHeaders();
    letIn(await statusWith(headers));
});

test('a self-signed JWT for something else is refused', async () => {
    const client = serviceAccount({ scopes: undefined });
    const headers = await client.getRequestHeaders('https://example.com/');
    assert.equal(await statusWith(headers), 401);
});

test('an ID token is verified against the published keys', async () => {
    const token = await serviceAccount().fetchIdToken('https://service.example');
    const verifier = new OAuth2Client({
        transporter: localTransport(),
        endpoints: { oauth2FederatedSignonJwkCertsUrl: `${server.url}/oauth2/v3/certs` },
    });
    const { keys } = await (await fetch(`${server.url}/oauth2/v3/certs`)).json();
    const certs = Object.fromEntries(keys.map((jwk) => [jwk.kid, { key: jwk, format: 'jwk' }]));
    const login = await verifier.verifySignedJwtWithCertsAsync(
        token, certs, 'https://service.example', ['https://accounts.google.com']);
    assert.equal(login.getPayload().email, key.client_email);
    assert.equal(login.getPayload().email_verified, true);
    await assert.rejects(
        verifier.verifySignedJwtWithCertsAsync(token, certs, 'https://other.example'),
        /audience|recipient/);
});

test("a person's refresh token gets an access token", async () => {
    const user = await makeKey('me@example.com', '--user');
    const client = new UserRefreshClient({
        clientId: user.client_id,
        clientSecret: user.client_secret,
        refreshToken: user.refresh_token,
        transporter: localTransport(),
    });
    const { token } = await client.getAccessToken();
    letIn(await statusWith({ authorization: `Bearer ${token}` }));
});

test('one account speaks for another', async () => {
    const client = new Impersonated({
        sourceClient: serviceAccount(),
        targetPrincipal: 'other@demo.iam.gserviceaccount.com',
        targetScopes: [platform],
        lifetime: 600,
        endpoint: server.url,
    });
    const { token } = await client.getAccessToken();
    letIn(await statusWith({ authorization: `Bearer ${token}` }));
});

test('the metadata server gives tokens where there is no key file', async (t) => {
    const before = process.env.GCE_METADATA_HOST;
    process.env.GCE_METADATA_HOST = new URL(server.url).host;
    t.after(() => {
        if (before === undefined) delete process.env.GCE_METADATA_HOST;
        else process.env.GCE_METADATA_HOST = before;
    });
    const compute = new Compute();
    const { token } = await compute.getAccessToken();
    letIn(await statusWith({ authorization: `Bearer ${token}` }));
    const idToken = await compute.fetchIdToken('https://service.example');
    assert.equal(JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url')).aud, 'https://service.example');
});

test('a key file read by GoogleAuth is let in', async () => {
    const auth = new GoogleAuth({
        credentials: key,
        scopes: [platform],
        clientOptions: { transporter: localTransport() },
    });
    letIn(await statusWith(await (await auth.getClient()).getRequestHeaders()));
});

// Publishes one message to a push subscription; gives the request that its endpoint gets.
async function pushed(email, audience) {
    const { access_token } = await serviceAccount().authorize();
    const call = async (method, resource, body) => {
        const reply = await fetch(`${server.url}/v1/projects/demo/${resource}`, {
            method,
            headers: { authorization: `Bearer ${access_token}` },
            body: JSON.stringify(body),
        });
        assert.equal(reply.status, 200, await reply.text());
    };
    const endpoint = createServer();
    await once(endpoint.listen(0, '127.0.0.1'), 'listening');
    const pushEndpoint = `http://127.0.0.1:${endpoint.address().port}/push`;
    await call('PUT', 'topics/news', {});
    await call('PUT', 'subscriptions/pushed', {
        topic: 'projects/demo/topics/news',
        pushConfig: { pushEndpoint, oidcToken: { serviceAccountEmail: email, audience } },
    });
    await call('POST', 'topics/news:publish', { messages: [{ data: 'aGVsbG8=' }] });
    const [request, response] = await once(endpoint, 'request');
    response.writeHead(204).end();
    request.resume();
    await once(response, 'close');
    await call('DELETE', 'subscriptions/pushed');
    endpoint.close();
    return request;
}

test('a push carries an ID token that the published keys verify', async () => {
    const request = await pushed('pusher@demo.iam.gserviceaccount.com', 'https://service.example');
    const token = request.headers.authorization.replace(/^Bearer /, '');
    const { keys } = await (await fetch(`${server.url}/oauth2/v3/certs`)).json();
    const certs = Object.fromEntries(keys.map((jwk) => [jwk.kid, { key: jwk, format: 'jwk' }]));
    const login = await new OAuth2Client().verifySignedJwtWithCertsAsync(
        token, certs, 'https://service.example', ['https://accounts.google.com']);
    assert.equal(login.getPayload().email, 'pusher@demo.iam.gserviceaccount.com');
});

test('without credentials nobody is let in', async () => {
    assert.equal(await statusWith({}), 401);
});
