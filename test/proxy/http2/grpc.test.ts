/** gRPC through the proxy, with the real client and the real server: without TLS, and with TLS on both sides. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { eventually, throughout } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { Pki } from "../tls/pki.js";

const pki = new Pki();
const certificate = pki.issue(["localhost"]);

/** Messages are bytes: what they mean is not our concern. */
const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const SERVICE = {
  echo: method("Echo", false, false),
  repeat: method("Repeat", false, true),
  join: method("Join", true, false),
  chat: method("Chat", true, true),
  fail: method("Fail", false, false),
  hang: method("Hang", true, true),
};
const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

interface Seen {
  cancelled: number;
  deadlines: number;
  hanging: ServerDuplexStream<Buffer, Buffer>[];
}

const handlers = (seen: Seen) => ({
  echo(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
    const trailers = new Metadata();
    trailers.set("x-trailing", "at the end");
    call.sendMetadata(call.metadata);
    answer(null, call.request, trailers);
  },
  /** As many messages of 10,000 octets as the request's number says. */
  repeat(call: ServerWritableStream<Buffer, Buffer>): void {
    const count = Number(call.request.toString());
    let sent = 0;
    const send = (): void => {
      while (sent < count) if (!call.write(Buffer.alloc(10_000, sent++ & 0xff))) return void call.once("drain", send);
      call.end();
    };
    send();
  },
  join(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
    const parts: Buffer[] = [];
    call.on("data", (part: Buffer) => parts.push(part));
    call.on("end", () => answer(null, Buffer.concat(parts)));
  },
  chat(call: ServerDuplexStream<Buffer, Buffer>): void {
    call.on("data", (message: Buffer) => call.write(message));
    call.on("end", () => call.end());
  },
  fail(_: unknown, answer: sendUnaryData<Buffer>): void {
    const metadata = new Metadata();
    metadata.set("x-why", "it was never here");
    answer({ code: status.NOT_FOUND, details: "no such thing: 100 %", metadata });
  },
  hang(call: ServerDuplexStream<Buffer, Buffer>): void {
    if (Number.isFinite(Number(call.getDeadline()))) seen.deadlines++;
    seen.hanging.push(call);
    call.on("cancelled", () => seen.cancelled++);
  },
});

/** A server, the proxy, and a client of it. */
async function through(t: TestContext, isSecure: boolean): Promise<{ client: Client; seen: Seen; server: Server }> {
  const seen: Seen = { cancelled: 0, deadlines: 0, hanging: [] };
  const server = new Server(UNLIMITED);
  server.addService(SERVICE, handlers(seen));
  const pair = { cert_chain: readFileSync(certificate.certificate), private_key: readFileSync(certificate.key) };
  const serverPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      isSecure ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure(),
      (error, bound) => (error === null ? resolve(bound) : reject(error)),
    ),
  );
  const port = await freePort();
  const bind = isSecure ? `ssl crt ${certificate.pem} alpn h2` : "proto h2";
  const towards = isSecure ? `ssl verify required ca-file ${pki.caFile} sni str(localhost) alpn h2` : "proto h2";
  await runProxy(
    t,
    `listen grpc
      mode http
      retries 1
      bind 127.0.0.1:${port} ${bind}
      server one 127.0.0.1:${serverPort} ${towards}`,
  );
  const client = new Client(
    `127.0.0.1:${port}`,
    isSecure ? credentials.createSsl(pki.ca) : credentials.createInsecure(),
    { ...UNLIMITED, "grpc.ssl_target_name_override": "localhost", "grpc.default_authority": "localhost" },
  );
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  return { client, seen, server };
}

interface Outcome {
  readonly error: ServiceError | null;
  readonly value: Buffer | undefined;
  readonly initial: Metadata | undefined;
  readonly trailing: Metadata | undefined;
}

function unary(client: Client, { path }: { path: string }, message: Buffer, metadata = new Metadata()) {
  return new Promise<Outcome>((resolve) => {
    let initial: Metadata | undefined;
    let trailing: Metadata | undefined;
    let result: Pick<Outcome, "error" | "value"> | undefined;
    const call = client.makeUnaryRequest(path, same, same, message, metadata, (error, value) => {
      result = { error, value };
    });
    call.on("metadata", (fields: Metadata) => {
      initial = fields;
    });
    call.on("status", (end) => {
      trailing = end.metadata;
      setImmediate(() => resolve({ ...result!, initial, trailing }));
    });
  });
}

const chat = (client: Client, { path }: { path: string }, options = {}): ClientDuplexStream<Buffer, Buffer> =>
  client.makeBidiStreamRequest(path, same, same, new Metadata(), options);

async function codeOf(call: ClientDuplexStream<Buffer, Buffer>): Promise<number> {
  call.resume();
  const [error] = (await once(call, "error")) as [ServiceError];
  return error.code;
}

for (const isSecure of [false, true])
  describe(`gRPC ${isSecure ? "over TLS" : "without TLS"}`, { timeout: 120_000 }, () => {
    test("a unary call, with metadata both ways, binary too, and in the trailers", async (t) => {
      const { client } = await through(t, isSecure);
      const metadata = new Metadata();
      metadata.set("x-text", "as it is");
      metadata.set("x-octets-bin", Buffer.from([0, 1, 254, 255]));
      const { error, value, initial, trailing } = await unary(client, SERVICE.echo, Buffer.from("hello"), metadata);
      assert.equal(error, null);
      assert.equal(value?.toString(), "hello");
      assert.deepEqual(initial?.get("x-text"), ["as it is"]);
      assert.deepEqual(initial?.get("x-octets-bin"), [Buffer.from([0, 1, 254, 255])]);
      assert.deepEqual(trailing?.get("x-trailing"), ["at the end"]);
    });

    test("a message of 20 MB comes back, octet by octet", async (t) => {
      const { client } = await through(t, isSecure);
      const message = randomBytes(20_000_000);
      const { error, value } = await unary(client, SERVICE.echo, message);
      assert.equal(error, null);
      assert.ok(value?.equals(message));
    });

    test("300 calls at once, three times what one connection has room for", async (t) => {
      const { client } = await through(t, isSecure);
      const messages = Array.from({ length: 300 }, (_, index) => randomBytes(index * 30));
      const outcomes = await Promise.all(messages.map((message) => unary(client, SERVICE.echo, message)));
      for (const [index, { error, value }] of outcomes.entries()) {
        assert.equal(error, null);
        assert.ok(value?.equals(messages[index]!));
      }
    });

    test("a stream of the server comes in order, and waits for a client that does not read", async (t) => {
      const { client } = await through(t, isSecure);
      const { path } = SERVICE.repeat;
      const call = client.makeServerStreamRequest(path, same, same, Buffer.from("1000"), new Metadata(), {});
      await once(call, "metadata");
      call.pause();
      let count = 0;
      call.on("data", (message: Buffer) => {
        assert.ok(message.length === 10_000 && message[0] === (count & 0xff));
        count++;
      });
      call.pause();
      await throughout(100, () => count < 1000, true);
      call.resume();
      const [end] = (await once(call, "status")) as [{ code: number }];
      assert.equal(end.code, status.OK);
      await eventually(() => count, 1000);
    });

    test("a stream of the client is one message in the end", async (t) => {
      const { client } = await through(t, isSecure);
      const parts = Array.from({ length: 200 }, () => randomBytes(5000));
      const joined = await new Promise<Buffer | undefined>((resolve, reject) => {
        const { path } = SERVICE.join;
        const call = client.makeClientStreamRequest(path, same, same, new Metadata(), {}, (error, value) =>
          error === null ? resolve(value) : reject(error),
        );
        for (const part of parts) call.write(part);
        call.end();
      });
      assert.ok(joined?.equals(Buffer.concat(parts)));
    });

    test("a conversation: each message waits for the answer to the one before", async (t) => {
      const { client } = await through(t, isSecure);
      const call = chat(client, SERVICE.chat);
      for (let round = 0; round < 50; round++) {
        call.write(Buffer.from(`round ${round}`));
        const [answer] = (await once(call, "data")) as [Buffer];
        assert.equal(answer.toString(), `round ${round}`);
      }
      call.end();
      const [end] = (await once(call, "status")) as [{ code: number }];
      assert.equal(end.code, status.OK);
    });

    test("an error in trailers alone keeps its code, its details and its metadata", async (t) => {
      const { client } = await through(t, isSecure);
      const { error, trailing } = await unary(client, SERVICE.fail, Buffer.alloc(0));
      assert.equal(error?.code, status.NOT_FOUND);
      assert.equal(error.details, "no such thing: 100 %");
      assert.deepEqual(trailing?.get("x-why"), ["it was never here"]);
      const unknown = await unary(client, { path: "/test.Echo/Nothing" }, Buffer.alloc(0));
      assert.equal(unknown.error?.code, status.UNIMPLEMENTED);
    });

    test("a deadline is known to the server, and ends the call at both ends", async (t) => {
      const { client, seen } = await through(t, isSecure);
      const call = chat(client, SERVICE.hang, { deadline: Date.now() + 700 });
      assert.equal(await codeOf(call), status.DEADLINE_EXCEEDED);
      assert.equal(seen.deadlines, 1);
      await eventually(() => seen.cancelled, 1);
    });

    test("a client's cancellation reaches the server, and no other call", async (t) => {
      const { client, seen } = await through(t, isSecure);
      const other = chat(client, SERVICE.chat);
      const call = chat(client, SERVICE.hang);
      call.write(Buffer.from("begin"));
      await eventually(() => seen.hanging.length, 1);
      call.cancel();
      assert.equal(await codeOf(call), status.CANCELLED);
      await eventually(() => seen.cancelled, 1);
      other.write(Buffer.from("still here"));
      assert.equal(String((await once(other, "data"))[0]), "still here");
      other.end();
      await once(other, "status");
    });

    test("a server that ends a call which its client has not: the status arrives", async (t) => {
      const { client, seen } = await through(t, isSecure);
      const call = chat(client, SERVICE.hang);
      call.write(Buffer.from("begin"));
      await eventually(() => seen.hanging.length, 1);
      seen.hanging[0]!.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "enough" });
      assert.equal(await codeOf(call), status.RESOURCE_EXHAUSTED);
    });

    test("without a server the call is UNAVAILABLE, and may be tried again", async (t) => {
      const { client, server } = await through(t, isSecure);
      server.forceShutdown();
      assert.equal((await unary(client, SERVICE.echo, Buffer.from("x"))).error?.code, status.UNAVAILABLE);
    });
  });
