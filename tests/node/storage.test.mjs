// SPDX-License-Identifier: Apache-2.0
// Google's Storage client against gcp-local.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Storage } from '@google-cloud/storage';

import { startGcpLocal } from './gcp_local.mjs';

let server, storage, bucket;

before(async () => {
    server = await startGcpLocal();
    storage = new Storage({ apiEndpoint: server.url, projectId: 'demo' });
    [bucket] = await storage.createBucket('node-bucket');
});
after(() => server.stop());

test('a bucket is listed, is there, and is not made twice', async () => {
    const [buckets] = await storage.getBuckets();
    assert.deepEqual(buckets.map((each) => each.name), ['node-bucket']);
    assert.deepEqual(await bucket.exists(), [true]);
    assert.deepEqual(await storage.bucket('nosuch').exists(), [false]);
    await assert.rejects(storage.createBucket('node-bucket'), { code: 409 });
});

test('a small object goes there and back, and its hashes are right', async () => {
    const file = bucket.file('folder/a b & ü.txt');
    await file.save('Hello World', { resumable: false, contentType: 'text/plain' });
    const [metadata] = await file.getMetadata();
    assert.equal(metadata.md5Hash, 'sQqNsWTgdUEFt6mb5y4/5Q==');
    assert.equal(metadata.crc32c, 'aR2qLw==');
    assert.equal(metadata.contentType, 'text/plain');
    const [content] = await file.download();
    assert.equal(content.toString(), 'Hello World');
});

test('a resumable upload in one piece goes there and back', async () => {
    const content = randomBytes(3_000_001);
    const file = bucket.file('resumable.bin');
    await file.save(content, { resumable: true });
    const [back] = await file.download();
    assert.ok(back.equals(content));
});

test('a resumable upload in chunks goes there and back', async () => {
    const content = randomBytes(1_000_001);
    const file = bucket.file('chunks.bin');
    await file.save(content, { resumable: true, chunkSize: 262144 });
    const [back] = await file.download();
    assert.ok(back.equals(content));
});

test('an object without bytes goes there and back', async () => {
    const file = bucket.file('empty');
    await file.save('', { resumable: false });
    const [back] = await file.download();
    assert.equal(back.length, 0);
});

test('content that is stored packed is unpacked on the way', async () => {
    const file = bucket.file('packed.txt');
    await file.save('Hello World', { gzip: true, resumable: false });
    const [metadata] = await file.getMetadata();
    assert.equal(metadata.contentEncoding, 'gzip');
    const [content] = await file.download();
    assert.equal(content.toString(), 'Hello World');
});

test('a range is downloaded', async () => {
    const file = bucket.file('range.txt');
    await file.save('Hello World', { resumable: false });
    const [content] = await file.download({ start: 6, end: 10 });
    assert.equal(content.toString(), 'World');
});

test('an object that is not there is not found', async () => {
    await assert.rejects(bucket.file('nosuch').download(), { code: 404 });
    assert.deepEqual(await bucket.file('nosuch').exists(), [false]);
});

test('metadata is set, copied with the object, and removed', async () => {
    const file = bucket.file('metadata.txt');
    await file.save('x', { resumable: false, metadata: { metadata: { a: '1', b: '2' } } });
    await file.setMetadata({ metadata: { a: null }, cacheControl: 'no-store' });
    const [copy] = await file.copy(bucket.file('copied.txt'));
    const [metadata] = await copy.getMetadata();
    assert.deepEqual(metadata.metadata, { b: '2' });
    assert.equal(metadata.cacheControl, 'no-store');
});

test('objects are joined, moved and deleted', async () => {
    await bucket.file('1').save('Hello ', { resumable: false });
    await bucket.file('2').save('World', { resumable: false });
    const [whole] = await bucket.combine(['1', '2'], 'whole');
    assert.equal((await whole.download())[0].toString(), 'Hello World');
    await whole.move('moved');
    assert.deepEqual(await whole.exists(), [false]);
    await bucket.file('moved').delete();
    assert.deepEqual(await bucket.file('moved').exists(), [false]);
});

test('a precondition that does not hold is 412', async () => {
    const file = bucket.file('once');
    const once = { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } };
    await file.save('x', once);
    await assert.rejects(file.save('y', once), { code: 412 });
});

test('objects are listed page by page, by prefix and folder', async () => {
    for (const name of ['list/a', 'list/b/1', 'list/b/2', 'list/c'])
        await bucket.file(name).save('x', { resumable: false });
    const names = [];
    for (let query = { prefix: 'list/', maxResults: 1, autoPaginate: false }; query; ) {
        const [page, next] = await bucket.getFiles(query);
        names.push(...page.map((file) => file.name));
        query = next;
    }
    assert.deepEqual(names, ['list/a', 'list/b/1', 'list/b/2', 'list/c']);
    const [files, , reply] = await bucket.getFiles({ prefix: 'list/', delimiter: '/', autoPaginate: false });
    assert.deepEqual(files.map((file) => file.name), ['list/a', 'list/c']);
    assert.deepEqual(reply.prefixes, ['list/b/']);
});

test('a notification config is made, listed and deleted', async () => {
    const topic = await fetch(`${server.url}/v1/projects/demo/topics/node`, {
        method: 'PUT',
        body: '{}',
        headers: { 'content-type': 'application/json' },
    });
    assert.equal(topic.status, 200);
    const [notification] = await bucket.createNotification('projects/demo/topics/node');
    const [list] = await bucket.getNotifications();
    assert.equal(list[0].metadata.topic, '//pubsub.googleapis.com/projects/demo/topics/node');
    await notification.delete();
    assert.deepEqual(await bucket.getNotifications().then(([left]) => left), []);
    await assert.rejects(bucket.createNotification('projects/demo/topics/nosuch'), { code: 400 });
});

test('the same client works under STORAGE_EMULATOR_HOST', async () => {
    process.env.STORAGE_EMULATOR_HOST = server.url;
    try {
        const emulated = new Storage({ projectId: 'demo' }).bucket('node-bucket').file('emulated');
        await emulated.save('Hello World', { resumable: false });
        assert.equal((await emulated.download())[0].toString(), 'Hello World');
        await emulated.save('Hello again', { resumable: true });
        assert.equal((await emulated.download())[0].toString(), 'Hello again');
    } finally {
        delete process.env.STORAGE_EMULATOR_HOST;
    }
});

test('a bucket is emptied and deleted', async () => {
    await bucket.deleteFiles({ force: true });
    await bucket.delete();
    assert.deepEqual(await bucket.exists(), [false]);
});
