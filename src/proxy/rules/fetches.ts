/** How each sample is taken (configuration manual §7.3). The names are the configuration's. */
import type { FetchName } from "../../config/haproxy/rules/fetches.js";
import { AF_UNIX } from "../../sys/address.js";
import { requestedName } from "../../sys/ssl.js";
import type { ClientAddress } from "../client-address.js";
import { normaliseName } from "../tls/client-hello.js";
import type { Evidence } from "./evidence.js";
import { Verdict } from "./verdict.js";

/** By the type of the sample; `found` takes any. */
export interface Accepts {
  /** 0 and 1 for a boolean. */
  number(value: number): boolean;
  text(value: string): boolean;
  address(value: ClientAddress): boolean;
}

/** Offers each value of the sample until one is accepted. Without a value it fails, or is unknown if one may yet come. */
type Take = (evidence: Evidence, accepts: Accepts, argument: string) => number;

const verdict = (isAccepted: boolean): number => (isAccepted ? Verdict.pass : Verdict.fail);
/** Nothing there, but more bytes are waited for. */
const nothingYet = ({ isFinal }: Evidence): number => (isFinal ? Verdict.fail : Verdict.unknown);

export const TAKE: Readonly<Record<FetchName, Take>> = {
  always_true: (_, accepts) => verdict(accepts.number(1)),
  always_false: (_, accepts) => verdict(accepts.number(0)),
  src: ({ client }, accepts) => address(client.address, accepts),
  src_port: ({ client }, accepts) => port(client.address, accepts),
  dst: ({ client }, accepts) => address(client.localAddress(), accepts),
  dst_port: ({ client }, accepts) => port(client.localAddress(), accepts),
  ssl_fc: ({ client }, accepts) => verdict(accepts.number(client.client?.isSecure === true ? 1 : 0)),
  ssl_fc_sni: (evidence, accepts) => {
    const ssl = evidence.client.client?.ssl ?? 0;
    const name = ssl === 0 ? undefined : requestedName(ssl);
    return verdict(name !== undefined && accepts.text(normaliseName(name)));
  },
  wait_end: (evidence, accepts) => (evidence.isFinal ? verdict(accepts.number(1)) : Verdict.unknown),
  "req.len": (evidence, accepts) => (accepts.number(evidence.length) ? Verdict.pass : nothingYet(evidence)),
  "req.ssl_hello_type": fromHello((_, accepts) => accepts.number(1)),
  "req.ssl_sni": fromHello(({ serverName }, accepts) => serverName !== undefined && accepts.text(serverName)),
  "req.ssl_ver": fromHello(({ version }, accepts) => accepts.number(version)),
  "req.ssl_alpn": fromHello(({ protocols }, accepts) => protocols.some((protocol) => accepts.text(protocol))),
  "req.proto_http": (evidence, accepts) => {
    const isRequest = evidence.head() !== undefined;
    if (!isRequest && evidence.mayBecomeRequest) return nothingYet(evidence);
    return verdict(accepts.number(isRequest ? 1 : 0));
  },
  method: fromRequest((evidence, head, accepts) => accepts.text(evidence.text(head.methodStart, head.methodEnd))),
  path: fromRequest((evidence, head, accepts) => {
    const path = evidence.path(head);
    return path !== "" && accepts.text(path);
  }),
  query: fromRequest((evidence, head, accepts) => {
    const url = evidence.text(head.targetStart, head.targetEnd);
    return accepts.text(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");
  }),
  url: fromRequest((evidence, head, accepts) => accepts.text(evidence.text(head.targetStart, head.targetEnd))),
  "req.hdr": fromFields((value, accepts) => value.split(",").some((part) => accepts.text(part.trim()))),
  "req.fhdr": fromFields((value, accepts) => accepts.text(value)),
};

const address = (client: ClientAddress, accepts: Accepts): number =>
  verdict(client.family !== AF_UNIX && accepts.address(client));

const port = (client: ClientAddress, accepts: Accepts): number =>
  verdict(client.family !== AF_UNIX && accepts.number(client.port));

type Hello = Exclude<ReturnType<Evidence["hello"]>, string>;
type Head = NonNullable<ReturnType<Evidence["head"]>>;

function fromHello(test: (hello: Hello, accepts: Accepts) => boolean): Take {
  return (evidence, accepts) => {
    const hello = evidence.hello();
    if (hello === "incomplete") return nothingYet(evidence);
    return verdict(hello !== "malformed" && test(hello, accepts));
  };
}

function fromRequest(test: (evidence: Evidence, head: Head, accepts: Accepts, argument: string) => boolean): Take {
  return (evidence, accepts, argument) => {
    const head = evidence.head();
    if (head !== undefined) return verdict(test(evidence, head, accepts, argument));
    return evidence.mayBecomeRequest ? nothingYet(evidence) : Verdict.fail;
  };
}

/** @param test for each field of the name */
function fromFields(test: (value: string, accepts: Accepts) => boolean): Take {
  return fromRequest((evidence, head, accepts, name) => {
    for (let at = evidence.findField(head, name, 0); at >= 0; at = evidence.findField(head, name, at + 1))
      if (test(evidence.text(head.fields[4 * at + 2]!, head.fields[4 * at + 3]!), accepts)) return true;
    return false;
  });
}
