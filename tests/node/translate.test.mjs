// SPDX-License-Identifier: Apache-2.0
// Google's Translate clients, v2 and v3, against gcp-local.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { v2, v3 } from '@google-cloud/translate';
import { GoogleAuth, PassThroughClient } from 'google-auth-library';

import { startGcpLocal } from './gcp_local.mjs';

let server, basic, advanced;
const parent = 'projects/demo/locations/global';

before(async () => {
    server = await startGcpLocal();
    process.env.GOOGLE_CLOUD_TRANSLATE_ENDPOINT = `${server.url}/language/translate/v2`;
    basic = new v2.Translate({ key: 'any' });
    advanced = new v3.TranslationServiceClient({
        fallback: true,
        protocol: 'http',
        apiEndpoint: server.host,
        port: server.port,
        auth: new GoogleAuth({ authClient: new PassThroughClient() }),
    });
});
after(async () => {
    await advanced.close();
    await server.stop();
});

test('v2 translates a text', async () => {
    const [text] = await basic.translate('Hello World', { from: 'en', to: 'es', format: 'text' });
    assert.equal(text, 'Hola Mundo');
});

test('v2 translates several texts in order, detecting their languages', async () => {
    const [texts] = await basic.translate(['Hello World', 'Bonjour', 'Good morning'], 'es');
    assert.deepEqual(texts, ['Hola Mundo', 'Buenos días', 'Buenos días']);
});

test('v2 detects a language', async () => {
    const [detection] = await basic.detect('Où est la gare la plus proche ?');
    assert.equal(detection.language, 'fr');
    assert.ok(detection.confidence > 0.5);
});

test('v2 lists languages with their names', async () => {
    const [languages] = await basic.getLanguages('fr');
    assert.equal(languages.length, 6);
    assert.ok(languages.some(({ code, name }) => code === 'en' && name === 'Anglais'));
});

test('v2 refuses a language that it does not know', async () => {
    await assert.rejects(basic.translate('Hello World', 'xx'), (error) => error.code === 400);
});

test('v3 translates texts, with tags kept', async () => {
    const [response] = await advanced.translateText({
        parent,
        contents: ['<b>Good morning</b>', 'Hello World'],
        mimeType: 'text/html',
        targetLanguageCode: 'es',
    });
    assert.deepEqual(
        response.translations.map((one) => one.translatedText),
        ['<b>Buenos días</b>', 'Hola Mundo'],
    );
    assert.equal(response.translations[1].detectedLanguageCode, 'en');
});

test('v3 detects and lists languages', async () => {
    const [detected] = await advanced.detectLanguage({ parent, content: 'Hello World' });
    assert.equal(detected.languages[0].languageCode, 'en');
    const [listed] = await advanced.getSupportedLanguages({ parent, displayLanguageCode: 'en' });
    const italian = listed.languages.find((one) => one.languageCode === 'it');
    assert.equal(italian.displayName, 'Italian');
    assert.ok(italian.supportSource && italian.supportTarget);
});

test('v3 refuses a language that it does not know', async () => {
    const request = { parent, contents: ['Hello World'], targetLanguageCode: 'xx' };
    await assert.rejects(advanced.translateText(request), /Target language is invalid/);
});
