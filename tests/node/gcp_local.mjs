// SPDX-License-Identifier: Apache-2.0
// Starts the gcp-local that was built, on free ports with a fresh data directory, for a test file.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.resolve(root, process.env.BUILD ?? 'build');
const program = path.join(build, 'gcp-local');
const run = promisify(execFile);

// Runs a command of gcp-local to its end; gives what it printed.
export async function gcpLocal(...args) {
    return (await run(program, args)).stdout;
}

// The project's own picture, the sea at sunset.
export const beach = path.join(root, 'docs/beach.jpg');

// { url, host, port, dataDir, stop() } of a new server.
export async function startGcpLocal(...options) {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'gcp-local-test-'));
    const child = spawn(
        program,
        ['--port', '0', '--tls-port', '0', '--data-dir', dataDir, ...options],
        { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(child, 'exit');
    const url = await Promise.race([address(child.stdout), ended.then(refuse)]);

    async function stop() {
        child.kill();
        const [code] = await ended;
        await rm(dataDir, { recursive: true });
        if (code !== 0) throw new Error(`gcp-local ended with exit code ${code}`);
    }
    const { hostname: host, port } = new URL(url);
    return { url, host, port: Number(port), dataDir, stop };
}

// The URL in the line with which it says that it is ready.
async function address(stdout) {
    const lines = createInterface({ input: stdout });
    for await (const line of lines) {
        const match = line.match(/listens on (http:\S+) and/);
        if (match) {
            stdout.resume();
            return match[1];
        }
    }
}

function refuse([code]) {
    throw new Error(`gcp-local ended with exit code ${code} before it was ready`);
}
