/** The proxies that are compared, and how each is given the same part. */
import { existsSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { fileURLToPath } from "node:url";
import type { Contender, Place, ProxyPart } from "./scenario.js";
import type { Stage, StageProcess } from "./stage.js";
import { BODY, nginxCommand, nginxHttp, nginxMain } from "./web-server.js";

/** Bascule's entry of the very build that this file belongs to: what `bin/bascule` starts. */
const basculeEntry = fileURLToPath(new URL("../src/cli/entry.js", import.meta.url));
/** Debian packs nginx's TCP proxying apart: libnginx-mod-stream. */
const NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so";

export interface ProxyStart {
  readonly part: ProxyPart;
  readonly place: Place;
  readonly processors: string;
  readonly maxConnections: number;
  /** Flags of node, for Bascule. */
  readonly nodeFlags?: readonly string[];
}

export const canPlay = (contender: Contender, { mode }: ProxyPart): boolean =>
  contender !== "nginx" || mode === "http" || existsSync(NGINX_STREAM);

/** Starts a proxy and waits until the web server's answer comes through it, byte for byte. */
export async function startProxy(stage: Stage, contender: Contender, start: ProxyStart): Promise<StageProcess> {
  const argv = command(stage, contender, start);
  const program = stage.start(contender, start.processors, argv);
  await stage.listening(program, start.place.listen);
  // nginx speaks nothing but HTTP/2 where it speaks that without TLS: the client of that scenario checks the answer.
  if (start.part.http2 && !start.part.tls) return program;
  const { status, body } = await get(start.place.listen, start.part.tls === true);
  if (status !== 200 || body !== BODY)
    throw new Error(`${contender} answers ${status} with ${body.length} bytes:\n${program.output}`);
  return program;
}

function command(stage: Stage, contender: Contender, start: ProxyStart): string[] {
  if (contender === "nginx")
    return nginxCommand(stage.write("nginx.conf", nginxConfiguration(start, stage.folder)), stage.folder);
  const path = stage.write("haproxy.cfg", haproxyConfiguration(start, stage.folder));
  if (contender === "haproxy") return ["haproxy", "-f", path, "-db"];
  return [process.execPath, ...(start.nodeFlags ?? []), basculeEntry, "haproxy", "-f", path, "-db"];
}

const serverOf = ({ part, place }: ProxyStart): string => (part.serverCloses ? place.closingServer : place.server);

/**
 * haproxy.cfg: HAProxy and Bascule read the same bytes. One thread, no logs, no checks: nothing but the way of a request.
 * Cipher and curve are the ones that all three would agree on anyway; the key is for P-256.
 */
export function haproxyConfiguration(start: ProxyStart, folder: string): string {
  const { part, place, maxConnections } = start;
  const tls = part.tls ? ` ssl crt ${folder}/bench.pem ciphersuites ${CIPHER} curves ${CURVE}` : "";
  const alpn = part.tls && part.http2 ? " alpn h2,http/1.1" : "";
  return `\
global
    nbthread 1
    maxconn ${maxConnections}

defaults
    mode ${part.mode}
    timeout connect 5s
    timeout client 60s
    timeout server 60s

frontend bench
    bind ${place.listen}${tls}${alpn}
    default_backend web

backend web
    server nginx ${serverOf(start)}
`;
}

const CIPHER = "TLS_AES_128_GCM_SHA256";
const CURVE = "X25519";

/** The same for nginx: no temporary files, and connections to the server are kept as the others keep them. */
export function nginxConfiguration(start: ProxyStart, folder: string): string {
  const { part, place } = start;
  const listen = `listen ${place.listen}${part.tls ? " ssl" : ""}${part.http2 ? " http2" : ""} backlog=4096;`;
  if (part.mode === "tcp")
    return `\
load_module ${NGINX_STREAM};
${nginxMain(folder, "nginx.pid")}
stream {
  server { ${listen} proxy_pass ${serverOf(start)}; }
}
`;
  const tls = `
    ssl_certificate ${folder}/bench.pem;
    ssl_certificate_key ${folder}/bench.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve ${CURVE};
    ssl_conf_command Ciphersuites ${CIPHER};`;
  return `\
${nginxMain(folder, "nginx.pid")}
http {
${nginxHttp(folder)}
  http2_max_concurrent_streams 128;
  upstream web { server ${serverOf(start)}; keepalive 256; keepalive_requests 1000000000; }
  server {
    ${listen}${part.tls ? tls : ""}
    location / {
      proxy_pass http://web;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;
    }
  }
}
`;
}

function get(listen: string, tls: boolean): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const url = `${tls ? "https" : "http"}://${listen}/`;
  const options = { agent: false, timeout: 5_000, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = (tls ? requestHttps : requestHttp)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
    });
    request.once("timeout", () => request.destroy(new Error("no answer in 5 s")));
    request.once("error", reject);
    request.end();
  });
}
