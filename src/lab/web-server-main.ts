/** `node web-server-main.js --name web1 [--address 127.0.0.1] --port 80 [--port 443 …]`: prints `ready` once it listens; ends on a signal. */
import { parseArgs } from "node:util";
import { startWebServer } from "./web-server.js";

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "web" },
    address: { type: "string", default: "0.0.0.0" },
    port: { type: "string", multiple: true, default: ["80"] },
  },
});
await startWebServer(values.name, values.port.map(Number), values.address);
console.log(`ready: ${values.name} on ${values.port.join(", ")}`);
