/** `node mistakes-main.js NAME`: makes that mistake; without a name, none. */
import { AF_INET, internetAddress } from "../../../src/sys/address.js";
import {
  accept,
  bind,
  close,
  connect,
  lastAddress,
  listen,
  localName,
  SOCK_STREAM,
  socket,
} from "../../../src/sys/socket.js";
import { MISTAKES } from "./mistakes.js";

/** What is right: a connection to ourselves. */
function makeNone(): void {
  const [listener, client] = [socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM, 0)];
  bind(listener, internetAddress("127.0.0.1", 0));
  listen(listener, 1);
  localName(listener);
  connect(client, internetAddress("127.0.0.1", lastAddress.readUInt16BE(2)));
  for (const fd of [accept(listener), client, listener]) close(fd);
}

const name = process.argv[2];
if (name === undefined) makeNone();
else
  try {
    await MISTAKES[name]!.make();
  } catch (error) {
    process.stdout.write(`threw ${(error as Error).constructor.name}\n`);
  }
