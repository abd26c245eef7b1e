/**
 * Loaded into a proxy's process before all else, in each of its threads: every method that POISONABLE lists throws, once,
 * when the file that POISON names says so.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { BalancedSession } from "../../src/proxy/balanced-session.js";
import { HttpSession } from "../../src/proxy/http-session.js";
import { BodyFraming } from "../../src/proxy/http1/body-framing.js";
import { RequestHead, ResponseHead } from "../../src/proxy/http1/head.js";
import { FrontendConnection } from "../../src/proxy/http2/frontend-connection.js";
import { ServerConnection } from "../../src/proxy/http2/server-connection.js";
import { Http2Stream } from "../../src/proxy/http2/stream.js";
import { ProxyHeaderReader } from "../../src/proxy/proxy-header-reader.js";
import { ProxyLog } from "../../src/proxy/proxy-log.js";
import { BackendQueue } from "../../src/proxy/queue/backend-queue.js";
import { Relay } from "../../src/proxy/relay.js";
import { Reply } from "../../src/proxy/reply.js";
import { FrontendRules } from "../../src/proxy/rules/frontend-rules.js";
import { HttpRequestRules } from "../../src/proxy/rules/http-request-rules.js";
import { TcpSession } from "../../src/proxy/tcp-session.js";
import { BindTls } from "../../src/proxy/tls/bind-tls.js";
import { Handshake } from "../../src/proxy/tls/handshake.js";
import { ServerTls } from "../../src/proxy/tls/server-tls.js";
import { TlsConnection } from "../../src/reactor/tls-connection.js";

const CLASSES = {
  ...{ BalancedSession, HttpSession, BodyFraming, RequestHead, ResponseHead, FrontendConnection, ServerConnection },
  ...{ Http2Stream, ProxyHeaderReader, ProxyLog, BackendQueue, Relay, Reply, FrontendRules, HttpRequestRules },
  ...{ TcpSession, BindTls, Handshake, ServerTls, TlsConnection },
};

const flag = process.env.POISON!;
const methods = process.env.POISONABLE!.split(",");

for (const method of methods) {
  const [className, name] = method.split(".") as [keyof typeof CLASSES, string];
  const holder = holderOf(CLASSES[className].prototype, name);
  const original = Object.getOwnPropertyDescriptor(holder, name)!.value as (...args: unknown[]) => unknown;
  Object.defineProperty(CLASSES[className].prototype, name, {
    configurable: true,
    writable: true,
    value(this: unknown, ...args: unknown[]): unknown {
      if (readFileSync(flag, "latin1") === method) {
        writeFileSync(flag, "");
        throw new Error(`poison in ${method}`);
      }
      return original.apply(this, args);
    },
  });
}

/** The prototype that has the method itself. */
function holderOf(prototype: object, name: string): object {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null)
    if (Object.hasOwn(at, name)) return at;
  throw new Error(`nothing has a method ${name}`);
}
