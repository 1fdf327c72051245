// SPDX-License-Identifier: Apache-2.0
// The message dumper as a Node service: express and the CloudEvents SDK.
import express from "express";
import { HTTP } from "cloudevents";

const app = express();
app.use(express.text({ type: () => true, limit: "32mb" }));
app.post("/", (request, response) => {
  const event = HTTP.toEvent({ headers: request.headers, body: request.body });
  console.log(`Message Dumper received message: ${JSON.stringify(event.data)}`);
  response.status(204).end();
});
app.listen(process.env.PORT, "127.0.0.1");
