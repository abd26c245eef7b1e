/** The web server behind the proxies: nginx, which answers at less cost than any proxy adds. */
import type { Place } from "./scenario.js";
import type { Stage } from "./stage.js";

/** 250 bytes: small, so that what is measured is the cost of a request and not of copying. */
export const BODY = `${"Bascule measures the price of a request. ".repeat(6)}....`;

const FILES = { "64k": 64 * 1024, "10m": 10 * 1024 * 1024 } as const;

/** Starts nginx as one single process, which nothing can orphan, and waits until it listens. */
export async function startWebServer(stage: Stage, place: Place, processors: string): Promise<void> {
  for (const [name, size] of Object.entries(FILES))
    stage.write(name, BODY.repeat(Math.ceil(size / 250)).slice(0, size));
  const path = stage.write("web-server.conf", configuration(place, stage.folder));
  const nginx = stage.start("web server", processors, nginxCommand(path, stage.folder));
  await stage.listening(nginx, place.server);
  await stage.listening(nginx, place.closingServer);
}

export const nginxCommand = (path: string, folder: string): string[] => [
  "nginx",
  "-c",
  path,
  "-p",
  folder,
  "-e",
  "stderr",
];

/** What nginx needs to stay one process in the foreground and out of the host's folders. */
export const nginxMain = (folder: string, pidFile: string): string => `\
daemon off;
master_process off;
pid ${folder}/${pidFile};
error_log stderr crit;
events { worker_connections 40000; }
`;

export const nginxHttp = (folder: string): string => `\
  access_log off;
  # Connections stay: closing them now and then would mix connects into the cost of a request.
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
`;

const configuration = ({ server, closingServer }: Place, folder: string): string => `\
${nginxMain(folder, "web-server.pid")}
http {
${nginxHttp(folder)}
  sendfile on;
  tcp_nopush on;
  default_type text/plain;
  server {
    listen ${server} backlog=4096;
    root ${folder};
    location = / { return 200 "${BODY}"; }
  }
  server {
    listen ${closingServer} backlog=4096;
    keepalive_timeout 0;
    location = / { return 200 "${BODY}"; }
  }
}
`;
