/** How large a head may be is said once, for both versions (`tune.bufsize`, `tune.http.maxhdr`). */
import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http2";
import { describe, test } from "node:test";
import { client, exchange, serveHttp2 } from "../../support/http2.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveHttp } from "../../support/servers.js";

describe("tune.bufsize and tune.http.maxhdr hold for HTTP/2 as well", () => {
  const answers: Readonly<Record<string, OutgoingHttpHeaders>> = {
    "/fields": Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`x-${index}`, "y"])),
    "/long": { "x-long": "v".repeat(50_000) },
  };
  for (const server of ["", "proto h2"])
    test(`many fields and long ones pass, to a server ${server === "" ? "of HTTP/1.1" : "of HTTP/2"}`, async (t) => {
      const seen: number[] = [];
      const answer = (path: string, fields: object): OutgoingHttpHeaders => {
        seen.push(Object.keys(fields).length, JSON.stringify(fields).length);
        return answers[path] ?? {};
      };
      const { port: serverPort } =
        server === ""
          ? await serveHttp(
              t,
              (request, response) => response.writeHead(200, answer(request.url!, request.headers)).end(),
              { maxHeaderSize: 100_000 },
            )
          : await serveHttp2(
              t,
              (stream, fields) =>
                stream.respond({ ":status": 200, ...answer(fields[":path"]!, fields) }, { endStream: true }),
              { maxHeaderListSize: 100_000 },
            );
      const port = await freePort();
      await runProxy(
        t,
        `global
          tune.bufsize 65536
          tune.http.maxhdr 200
        listen web
          mode http
          bind 127.0.0.1:${port}
          server one 127.0.0.1:${serverPort} ${server}`,
      );
      const session = client(t, port);
      for (const [path, name, size] of [
        ["/fields", "x-109", 1],
        ["/long", "x-long", 50_000],
      ] as const)
        assert.equal(String((await exchange(session, { ":path": path })).headers[name]).length, size);
      for (const path of ["/fields", "/long"]) {
        seen.length = 0;
        const { headers } = await exchange(session, { ":path": "/", ...answers[path] });
        assert.equal(headers[":status"], 200);
        assert.ok(seen[0]! >= Object.keys(answers[path]!).length && seen[1]! > JSON.stringify(answers[path]).length);
      }
    });
});
