// SPDX-License-Identifier: Apache-2.0
// A registry of images that believes nothing: it computes each digest itself, takes a manifest only
// after all that it names, and lets only user `me` with the password `secret` in. It keeps what it
// is given in memory and listens on PORT.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const blobs = new Map(); // "NAME@DIGEST" to bytes
const manifests = new Map(); // "NAME:TAG" and "NAME@DIGEST" to { type, bytes }
const uploads = new Map(); // path to the pieces that came so far
const known = `Basic ${Buffer.from("me:secret").toString("base64")}`;
const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

function refuse(response, status, code) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
}

function upload(request, response, url, name, body) {
  if (request.method === "POST") {
    const path = `/v2/${name}/blobs/uploads/${uploads.size + 1}`;
    uploads.set(path, []);
    return response.writeHead(202, { Location: path }).end();
  }
  const pieces = uploads.get(url.pathname);
  if (!pieces) return refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
  pieces.push(body);
  const bytes = Buffer.concat(pieces);
  if (request.method === "PATCH")
    return response.writeHead(202, { Location: url.pathname, Range: `0-${bytes.length - 1}` }).end();
  const digest = url.searchParams.get("digest");
  if (digestOf(bytes) !== digest) return refuse(response, 400, "DIGEST_INVALID");
  blobs.set(`${name}@${digest}`, bytes);
  response.writeHead(201, { Location: `/v2/${name}/blobs/${digest}` }).end();
}

function takeManifest(response, name, reference, type, bytes) {
  const { config, layers } = JSON.parse(bytes);
  const whole = [config, ...layers].every(
    ({ digest, size }) => blobs.get(`${name}@${digest}`)?.length === size);
  if (!whole) return refuse(response, 400, "MANIFEST_BLOB_UNKNOWN");
  const digest = digestOf(bytes);
  manifests.set(`${name}:${reference}`, { type, bytes });
  manifests.set(`${name}@${digest}`, { type, bytes });
  response.writeHead(201, { "Docker-Content-Digest": digest }).end();
}

function give(request, response, type, bytes) {
  if (!bytes) return refuse(response, 404, "UNKNOWN");
  response.writeHead(200, {
    "Content-Type": type, "Content-Length": bytes.length, "Docker-Content-Digest": digestOf(bytes),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

createServer(async (request, response) => {
  const body = await bodyOf(request);
  const url = new URL(request.url, "http://registry");
  if (request.headers.authorization !== known) {
    response.setHeader("WWW-Authenticate", 'Basic realm="registry"');
    return refuse(response, 401, "UNAUTHORIZED");
  }
  const [, name, kind, reference] = url.pathname.match(/^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/) ?? [];
  if (!name) return response.writeHead(200).end();
  if (kind === "blobs" && reference.startsWith("uploads/")) return upload(request, response, url, name, body);
  if (kind === "blobs")
    return give(request, response, "application/octet-stream", blobs.get(`${name}@${reference}`));
  if (request.method === "PUT")
    return takeManifest(response, name, reference, request.headers["content-type"], body);
  const found = manifests.get(name + (reference.startsWith("sha256:") ? "@" : ":") + reference);
  give(request, response, found?.type, found?.bytes);
}).listen(process.env.PORT, "127.0.0.1", function () {
  console.log(`listens on port ${this.address().port}`);
});
