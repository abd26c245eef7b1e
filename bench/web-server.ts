/** The web server behind the proxies: nginx, which answers from memory at less cost than any proxy adds. */
import type { Stage } from "./stage.js";

/** 250 bytes: small, so that what is measured is the cost of a request and not of copying. */
export const BODY = `${"Bascule measures the price of a request. ".repeat(6)}....`;

/** Starts nginx as one single process, which nothing can orphan, and waits until it listens. */
export async function startWebServer(stage: Stage, place: string, processors: string): Promise<void> {
  const path = stage.write("nginx.conf", configuration(place, stage.folder));
  const nginx = stage.start("nginx", processors, ["nginx", "-c", path, "-p", stage.folder, "-e", "stderr"]);
  await stage.listening(nginx, place);
}

const configuration = (place: string, folder: string): string => `\
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 20000; }
http {
  access_log off;
  # Connections stay: closing them now and then would mix connects into the cost of a request.
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen ${place} backlog=4096;
    location / { default_type text/plain; return 200 "${BODY}"; }
  }
}
`;
