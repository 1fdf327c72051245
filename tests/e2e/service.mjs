// SPDX-License-Identifier: Apache-2.0
// A service for the tests: logs what it gets, answers 202. With CRASH it ends at once, with FILE it
// logs that file's content first.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

if (process.env.CRASH) {
    console.log(`crashing on request: ${process.env.CRASH}`);
    process.exit(3);
}
if (process.env.FILE) console.log(`file: ${readFileSync(process.env.FILE, 'utf8')}`);
const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    console.log(`got ${Buffer.concat(chunks)} greeting=${process.env.GREETING}`);
    response.writeHead(202).end();
});
server.listen(Number(process.env.PORT), () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
