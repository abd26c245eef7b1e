/** ClientHellos of real clients (node:tls), and what becomes of them when they are cut or damaged. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import fc from "fast-check";
import { parseClientHello } from "../../../src/proxy/tls/client-hello.js";

/** The first bytes that a TLS client sends. */
async function record(options: {
  servername?: string;
  ALPNProtocols?: string[];
  maxVersion?: "TLSv1.2";
}): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  const { port } = await new Promise<{ port: number }>((resolve) =>
    server.once("listening", () => resolve(server.address() as { port: number })),
  );
  const bytes = new Promise<Buffer>((resolve) =>
    server.once("connection", (socket) =>
      socket.once("data", (chunk: Buffer) => {
        resolve(chunk);
        socket.destroy();
      }),
    ),
  );
  const client = connect({ port, host: "127.0.0.1", ...options });
  client.on("error", () => {});
  try {
    return await bytes;
  } finally {
    client.destroy();
    server.close();
  }
}

/** The same handshake message in records of at most `size` bytes. */
function inRecordsOf(size: number, hello: Buffer): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

/** As clients of TLS 1.3 say too (RFC 8446 §4.1.2): 3.3. */
const TLS_1_2 = 3 * 65_536 + 3;

test("name and protocols are those that the client was told", async () => {
  const hello = await record({ servername: "Www.Example.org", ALPNProtocols: ["h2", "http/1.1"] });
  assert.deepEqual(parseClientHello(hello), {
    version: TLS_1_2,
    serverName: "www.example.org",
    protocols: ["h2", "http/1.1"],
  });
});

test("a client of TLS 1.2 without name and protocols names none", async () => {
  assert.deepEqual(parseClientHello(await record({ maxVersion: "TLSv1.2" })), {
    version: TLS_1_2,
    serverName: undefined,
    protocols: [],
  });
});

test("it may come in many records, and bytes may follow it", async () => {
  const hello = await record({ servername: "a.example" });
  const expected = { version: TLS_1_2, serverName: "a.example", protocols: [] };
  for (const size of [1, 7, 100])
    assert.deepEqual(parseClientHello(Buffer.concat([inRecordsOf(size, hello), Buffer.from("more")])), expected);
});

test("every part of it is incomplete, the whole is not", async () => {
  const hello = inRecordsOf(60, await record({ servername: "a.example", ALPNProtocols: ["h2"] }));
  for (let length = 0; length < hello.length; length++)
    assert.equal(parseClientHello(hello, length), "incomplete", `the first ${length} bytes`);
  assert.equal(typeof parseClientHello(hello), "object");
});

test("HTTP, SSH and SSL 2.0 are none", () => {
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x80\x2e\x01\x03\x01"])
    assert.equal(parseClientHello(Buffer.from(text, "latin1")), "malformed", JSON.stringify(text));
});

test("a handshake message of another kind, and a record without bytes, are none", () => {
  assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])), "malformed");
  assert.equal(parseClientHello(Buffer.from([22, 3, 1, 0, 0])), "malformed");
});

test("no bytes make it throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      parseClientHello(bytes);
      // Most random bytes end at the first; these get further.
      parseClientHello(Buffer.concat([Buffer.from([22, 3, 1, 0, Math.max(1, bytes.length & 255), 1, 0, 0]), bytes]));
    }),
  );
});

test("a damaged byte may change what is read, and never makes it throw or read on", async () => {
  const hello = await record({ servername: "a.example", ALPNProtocols: ["h2", "http/1.1"] });
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(hello);
      damaged[at] = value;
      const result = parseClientHello(damaged);
      if (typeof result !== "object") return;
      assert.ok((result.serverName?.length ?? 0) < hello.length);
      assert.ok(result.protocols.every((name) => name.length < 256));
    }),
    { numRuns: 2000 },
  );
});
