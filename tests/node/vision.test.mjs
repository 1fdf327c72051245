// SPDX-License-Identifier: Apache-2.0
// Google's Vision client against gcp-local.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { ImageAnnotatorClient } from '@google-cloud/vision';
import { Storage } from '@google-cloud/storage';
import { GoogleAuth, PassThroughClient } from 'google-auth-library';

import { beach as picture, startGcpLocal } from './gcp_local.mjs';

let server, client;

before(async () => {
    server = await startGcpLocal();
    client = new ImageAnnotatorClient({
        fallback: true,
        protocol: 'http',
        apiEndpoint: server.host,
        port: server.port,
        auth: new GoogleAuth({ authClient: new PassThroughClient() }),
    });
    const storage = new Storage({ apiEndpoint: server.url, projectId: 'demo' });
    const [bucket] = await storage.createBucket('pictures');
    await bucket.upload(picture, { destination: 'holiday/sea at sunset.jpg' });
    await bucket.file('note.txt').save('this is no picture');
});
after(async () => {
    await client.close();
    await server.stop();
});

function names(result) {
    return result.labelAnnotations.map((label) => label.description);
}

function expectSea(result) {
    for (const label of ['Sky', 'Sea', 'Sunset']) assert.ok(names(result).includes(label), names(result).join());
}

test('labels of bytes come from the pixels, best first', async () => {
    const [result] = await client.labelDetection({ image: { content: await readFile(picture) } });
    expectSea(result);
    const scores = result.labelAnnotations.map((label) => label.score);
    assert.deepEqual(scores, [...scores].sort((a, b) => b - a));
    assert.ok(scores.every((score) => score > 0.5 && score <= 1));
});

test('an object in Storage has the same labels as its bytes', async () => {
    const [bytes] = await client.labelDetection({ image: { content: await readFile(picture) } });
    const [object] = await client.labelDetection('gs://pictures/holiday/sea at sunset.jpg');
    assert.deepEqual(names(object), names(bytes));
});

test('no more labels are given than were asked for', async () => {
    const [result] = await client.annotateImage({
        image: { source: { imageUri: 'gs://pictures/holiday/sea at sunset.jpg' } },
        features: [{ type: 'LABEL_DETECTION', maxResults: 3 }],
    });
    assert.equal(result.labelAnnotations.length, 3);
});

test('in a batch each picture has its own answer or error', async () => {
    const label = (uri) => ({
        image: { source: { gcsImageUri: uri } },
        features: [{ type: 'LABEL_DETECTION' }],
    });
    const [{ responses }] = await client.batchAnnotateImages({
        requests: [
            label('gs://pictures/holiday/sea at sunset.jpg'),
            label('gs://pictures/not-there.jpg'),
            label('gs://pictures/note.txt'),
        ],
    });
    expectSea(responses[0]);
    assert.ok(responses[1].error.message.includes('gs://pictures/not-there.jpg'), responses[1].error.message);
    assert.equal(responses[2].error.message, 'Bad image data.');
    assert.equal(responses[2].error.code, 3);
});

test('a feature that is not built is refused by name', async () => {
    const [result] = await client.faceDetection('gs://pictures/holiday/sea at sunset.jpg').catch((error) => [{ error }]);
    assert.match(result.error.message, /FACE_DETECTION/);
});

test('a URL on the web is not fetched unless that is allowed', async () => {
    const [result] = await client.labelDetection('http://127.0.0.1:1/sea.jpg').catch((error) => [{ error }]);
    assert.match(result.error.message, /--allow-fetch|not accessible|permission/i);
});
