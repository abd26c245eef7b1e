/** Mistakes with memory and handles, one a name, and what the check says of each. Run by mistakes-main.ts. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { BufferPool } from "../../../src/reactor/buffers.js";
import { AF_INET } from "../../../src/sys/address.js";
import { createEventfd, Epoll } from "../../../src/sys/epoll.js";
import { addressOf, declare } from "../../../src/sys/libc.js";
import { allocate } from "../../../src/sys/memory.js";
import { close, MSG_PEEK, read, recv, SOCK_STREAM, socket, write } from "../../../src/sys/socket.js";
import { connectSsl, freeSsl, sslHandshake } from "../../../src/sys/ssl.js";
import { SslContext } from "../../../src/sys/ssl-context.js";

export interface Mistake {
  readonly says: RegExp;
  make(): void | Promise<void>;
}

const memory = allocate(100);
const openSocket = (): number => socket(AF_INET, SOCK_STREAM, 0);
const openContext = (): SslContext =>
  SslContext.client({
    minVersion: undefined,
    maxVersion: undefined,
    options: 0,
    ciphers: undefined,
    cipherSuites: undefined,
    curves: undefined,
  });

/** Something that is open when the mistake is made, and closed afterwards, so that no leak is reported as well. */
function withSocket(use: (fd: number) => void): void {
  const fd = openSocket();
  try {
    use(fd);
  } finally {
    close(fd);
  }
}

function withSsl(use: (ssl: number) => void): void {
  const context = openContext();
  try {
    withSocket((fd) => use(connectSsl(context.address, fd)));
  } finally {
    context.free();
  }
}

async function onAnotherThread(fd: number): Promise<void> {
  const module = new URL("../../../src/sys/socket.js", import.meta.url).href;
  const source = `import(${JSON.stringify(module)}).then(({ close }) => close(${fd}))`;
  await once(new Worker(source, { eval: true }), "exit");
}

export const MISTAKES: Readonly<Record<string, Mistake>> = {
  "the address of an array that V8 may move": {
    says: /an address is taken of 64 bytes, which V8 may keep on its heap/,
    make: () => void addressOf(new Uint8Array(64)),
  },
  "the address of a buffer that can shrink": {
    says: /can be resized/,
    make() {
      const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
      addressOf(new Uint8Array(new Resizable(100, { maxByteLength: 200 }), 0, 100));
    },
  },
  "memory that is not pinned": {
    says: /recv is given 10 bytes at 0x[0-9a-f]+, which is no pinned memory/,
    make: () => withSocket((fd) => void recv(fd, memory.address + 2 ** 20 * 64, 10, MSG_PEEK)),
  },
  "a length that goes past the end": {
    says: /recv is given 101 bytes at 0x[0-9a-f]+, of which 1 are not its own/,
    make: () => withSocket((fd) => void recv(fd, memory.address, 101, MSG_PEEK)),
  },
  "a buffer that runs into its neighbour": {
    says: /read is given 17 bytes at 0x[0-9a-f]+, of which 1 are not its own/,
    make() {
      const buffer = new BufferPool(32).take();
      withSocket((fd) => void read(fd, buffer.address + 16, 17));
    },
  },
  "a buffer that was given back": {
    says: /write is given 8 bytes at 0x[0-9a-f]+, which was given up\n +at BufferPool.give/,
    make() {
      const pool = new BufferPool(100);
      const buffer = pool.take();
      pool.give(buffer);
      withSocket((fd) => void write(fd, buffer.address, 8));
    },
  },
  "a buffer given back twice": {
    says: /a buffer is given up twice; first\n +at BufferPool.give/,
    make() {
      const pool = new BufferPool(100);
      const buffer = pool.take();
      pool.give(buffer);
      pool.give(buffer);
    },
  },
  "an object for a number": {
    says: /epoll_create1 is given an object/,
    make: () => void declare("epoll_create1", ["int"])([] as unknown as number),
  },
  "a descriptor closed twice": {
    says: /descriptor \d+ is closed after it was closed; opened\n +at openSocket[\s\S]*closed\n +at [\s\S]*mistakes/,
    make: () =>
      withSocket((fd) => {
        close(fd);
      }),
  },
  "a descriptor used after its close": {
    says: /descriptor \d+ is given to recv after it was closed; opened/,
    make() {
      const fd = openSocket();
      close(fd);
      recv(fd, memory.address, 1, 0);
    },
  },
  "a descriptor that another thread closed": {
    says: /descriptor \d+ is given to recv after it was closed; opened\n +at openSocket/,
    async make() {
      const fd = openSocket();
      await onAnotherThread(fd);
      recv(fd, memory.address, 1, 0);
    },
  },
  "a descriptor in a set that is closed": {
    says: /descriptor \d+ is given to epoll_ctl after it was closed/,
    make() {
      const epoll = new Epoll();
      const fd = createEventfd();
      close(epoll.fd);
      try {
        epoll.add(fd, 1, 0);
      } finally {
        close(fd);
      }
    },
  },
  "a descriptor of somebody else's that is closed": {
    says: /descriptor 1000 is closed, but nobody has opened it/,
    make: () => void close(1000),
  },
  "an SSL freed twice": {
    says: /ssl 0x[0-9a-f]+ is closed after it was closed; opened/,
    make: () =>
      withSsl((ssl) => {
        freeSsl(ssl);
        freeSsl(ssl);
      }),
  },
  "an SSL used after it was freed": {
    says: /ssl 0x[0-9a-f]+ is given to SSL_do_handshake after it was closed/,
    make: () =>
      withSsl((ssl) => {
        freeSsl(ssl);
        sslHandshake(ssl);
      }),
  },
  "an SSL_CTX where an SSL should be": {
    says: /context 0x[0-9a-f]+ is closed as if it were a ssl/,
    make() {
      const context = openContext();
      try {
        freeSsl(context.address);
      } finally {
        context.free();
      }
    },
  },
  "a descriptor never closed": {
    says: /leak: descriptor \d+ was never closed; opened\n +at openSocket[\s\S]*1 handles opened, 1 leaks, 0 violations/,
    make: () => void openSocket(),
  },
  "an SSL and an SSL_CTX never freed": {
    says: /leak: (ssl|context) 0x[\s\S]*leak: (ssl|context) 0x[\s\S]*3 handles opened, 2 leaks, 0 violations/,
    make: () => withSocket((fd) => void connectSsl(openContext().address, fd)),
  },
};
