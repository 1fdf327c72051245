// SPDX-License-Identifier: Apache-2.0
// Google's Node client for Pub/Sub, over REST, against gcp-local.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { PubSub } from '@google-cloud/pubsub';
import { GoogleAuth, PassThroughClient } from 'google-auth-library';

import { startGcpLocal } from './gcp_local.mjs';

let local;
let pubsub;

before(async () => {
    local = await startGcpLocal();
    pubsub = new PubSub({
        projectId: 'demo',
        fallback: true,
        protocol: 'http',
        apiEndpoint: `${local.host}:${local.port}`,
        auth: new GoogleAuth({ authClient: new PassThroughClient() }),
    });
});

after(() => local.stop());

// The subscriber's plain calls: streaming pull, which `subscription.on` uses, exists in gRPC only.
async function subscriber() {
    const { v1 } = await import('@google-cloud/pubsub');
    return new v1.SubscriberClient({
        fallback: true,
        protocol: 'http',
        apiEndpoint: local.host,
        port: local.port,
        auth: new GoogleAuth({ authClient: new PassThroughClient() }),
    });
}

const nameOf = (subscription) => `projects/demo/subscriptions/${subscription}`;

test('a topic is created, found, listed and refused a second time', async () => {
    await pubsub.createTopic('first');
    const [exists] = await pubsub.topic('first').exists();
    assert.equal(exists, true);
    const [topics] = await pubsub.getTopics();
    assert.ok(topics.some(topic => topic.name === 'projects/demo/topics/first'));
    await assert.rejects(pubsub.createTopic('first'), /ALREADY_EXISTS|already exists/i);
});

test('topics come in pages', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await pubsub.createTopic(name);
    const [page, next] = await pubsub.getTopics({ pageSize: 2, autoPaginate: false });
    assert.equal(page.length, 2);
    assert.ok(next.pageToken);
});

test('a message is published, pulled and acknowledged', async () => {
    const [topic] = await pubsub.createTopic('flow');
    await topic.createSubscription('reader');
    const id = await topic.publishMessage({
        data: Buffer.from('Hello World'),
        attributes: { clé: 'été', n: '1' },
    });
    const client = await subscriber();
    const [pulled] = await client.pull({ subscription: nameOf('reader'), maxMessages: 10 });
    assert.equal(pulled.receivedMessages.length, 1);
    const { ackId, message } = pulled.receivedMessages[0];
    assert.equal(message.messageId, id);
    assert.equal(Buffer.from(message.data).toString(), 'Hello World');
    assert.deepEqual({ ...message.attributes }, { clé: 'été', n: '1' });
    await client.acknowledge({ subscription: nameOf('reader'), ackIds: [ackId] });
    const [empty] = await client.pull({
        subscription: nameOf('reader'),
        maxMessages: 10,
        returnImmediately: true,
    });
    assert.equal(empty.receivedMessages.length, 0);
});

test('messages given back come again, with their attempts counted', async () => {
    const [topic] = await pubsub.createTopic('retries');
    const [dead] = await pubsub.createTopic('dead');
    await topic.createSubscription('tried', {
        deadLetterPolicy: { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 },
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    const client = await subscriber();
    for (let attempt = 1; attempt <= 2; attempt++) {
        const [pulled] = await client.pull({ subscription: nameOf('tried'), maxMessages: 1 });
        assert.equal(pulled.receivedMessages[0].deliveryAttempt, attempt);
        await client.modifyAckDeadline({
            subscription: nameOf('tried'),
            ackIds: [pulled.receivedMessages[0].ackId],
            ackDeadlineSeconds: 0,
        });
    }
});

test('a pull waits for the message that is published later', async () => {
    const [topic] = await pubsub.createTopic('later');
    await topic.createSubscription('waiting');
    const client = await subscriber();
    const pull = client.pull({ subscription: nameOf('waiting'), maxMessages: 1 });
    await topic.publishMessage({ data: Buffer.from('now') });
    const [pulled] = await pull;
    assert.equal(Buffer.from(pulled.receivedMessages[0].message.data).toString(), 'now');
});

test('ordering keys arrive in the order of publishing', async () => {
    await pubsub.createTopic('ordered');
    const topic = pubsub.topic('ordered', { messageOrdering: true });
    await topic.createSubscription('in-order', { enableMessageOrdering: true });
    for (const text of ['a', 'b', 'c'])
        await topic.publishMessage({ data: Buffer.from(text), orderingKey: 'k' });
    const client = await subscriber();
    const [pulled] = await client.pull({ subscription: nameOf('in-order'), maxMessages: 10 });
    const texts = pulled.receivedMessages.map(({ message }) => Buffer.from(message.data).toString());
    assert.deepEqual(texts, ['a', 'b', 'c']);
});

test('a subscription keeps its options and takes new ones', async () => {
    const [topic] = await pubsub.createTopic('options');
    const [subscription] = await topic.createSubscription('kept', {
        ackDeadlineSeconds: 42,
        filter: 'attributes.kind = "a"',
        retryPolicy: { minimumBackoff: { seconds: 5 }, maximumBackoff: { seconds: 50 } },
        labels: { team: 'one' },
    });
    await subscription.setMetadata({ ackDeadlineSeconds: 60 });
    const [metadata] = await subscription.getMetadata();
    assert.equal(metadata.ackDeadlineSeconds, 60);
    assert.equal(metadata.filter, 'attributes.kind = "a"');
    assert.equal(Number(metadata.retryPolicy.maximumBackoff.seconds), 50);
    assert.equal(metadata.labels.team, 'one');
    await subscription.modifyPushConfig({ pushEndpoint: 'http://127.0.0.1:9/' });
    const [pushed] = await subscription.getMetadata();
    assert.equal(pushed.pushConfig.pushEndpoint, 'http://127.0.0.1:9/');
});

test('an invalid filter is refused with INVALID_ARGUMENT', async () => {
    const [topic] = await pubsub.createTopic('filtered');
    await assert.rejects(topic.createSubscription('wrong', { filter: 'kind = a' }), /INVALID_ARGUMENT/);
});

test('a snapshot brings messages back', async () => {
    const [topic] = await pubsub.createTopic('history');
    const [subscription] = await topic.createSubscription('rewound');
    await topic.publishMessage({ data: Buffer.from('again') });
    const snapshot = subscription.snapshot('before');
    await snapshot.create();
    const client = await subscriber();
    const [first] = await client.pull({ subscription: nameOf('rewound'), maxMessages: 1 });
    await client.acknowledge({
        subscription: nameOf('rewound'),
        ackIds: [first.receivedMessages[0].ackId],
    });
    await subscription.seek('before');
    const [second] = await client.pull({ subscription: nameOf('rewound'), maxMessages: 1 });
    assert.equal(Buffer.from(second.receivedMessages[0].message.data).toString(), 'again');
    await snapshot.delete();
});

test('IAM policies are kept', async () => {
    const [topic] = await pubsub.createTopic('guarded');
    await topic.iam.setPolicy({
        bindings: [{ role: 'roles/pubsub.publisher', members: ['serviceAccount:a@b.c'] }],
    });
    const [policy] = await topic.iam.getPolicy();
    assert.equal(policy.bindings[0].role, 'roles/pubsub.publisher');
    const [permissions] = await topic.iam.testPermissions(['pubsub.topics.publish']);
    assert.equal(permissions['pubsub.topics.publish'], true);
});

test('a deleted subscription is gone, and says NOT_FOUND', async () => {
    const [topic] = await pubsub.createTopic('brief');
    const [subscription] = await topic.createSubscription('short-lived');
    await subscription.delete();
    await topic.delete();
    const client = await subscriber();
    await assert.rejects(client.getSubscription({ subscription: nameOf('short-lived') }), /NOT_FOUND/);
});
