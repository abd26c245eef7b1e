/**
 * `node echo-server-main.js PORT`: answers `/<id>/<size>` with `size` bytes made from the id, a digest and its own pid.
 * A process of its own, so that a test can kill it.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

createServer((request, response) => {
  const [, id, size] = request.url!.split("/") as [string, string, string];
  const body = Buffer.alloc(Number(size), `${id}.`);
  const digest = createHash("sha256").update(body).digest("hex");
  response.writeHead(200, { "X-Id": id, "X-Digest": digest, "X-Pid": process.pid, "Content-Length": body.length });
  // In two parts, the second one later, so that there always are requests in flight.
  response.write(body.subarray(0, body.length >> 1));
  setTimeout(() => response.end(body.subarray(body.length >> 1)), 5);
}).listen(Number(process.argv[2]), "127.0.0.1", 4096, () => process.stdout.write("ready\n"));
