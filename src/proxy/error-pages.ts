/** The responses that the proxy makes itself when it cannot get one from a server: HAProxy's words, grepped for. */

const PAGES: Readonly<Record<number, readonly [reason: string, text: string]>> = {
  200: ["OK", "Service ready."],
  400: ["Bad request", "Your browser sent an invalid request."],
  401: ["Unauthorized", "You need a valid user and password to access this content."],
  403: ["Forbidden", "Request forbidden by administrative rules."],
  404: ["Not Found", "The resource could not be found."],
  405: ["Method Not Allowed", "A request was made of a resource using a request method not supported by that resource"],
  407: ["Unauthorized", "You need a valid user and password to access this content."],
  408: ["Request Time-out", "Your browser didn't send a complete request in time."],
  410: ["Gone", "The resource is no longer available and will not be available again."],
  413: ["Payload Too Large", "The request entity exceeds the maximum allowed."],
  414: ["URI Too Long", "The requested URI is too long."],
  421: ["Misdirected Request", "Request sent to a non-authoritative server."],
  422: ["Unprocessable Content", "The server cannot process the contained instructions."],
  425: ["Too Early", "Your browser sent early data."],
  429: ["Too Many Requests", "You have sent too many requests in a given amount of time."],
  431: ["Request Header Fields Too Large", "The request header fields are too large."],
  500: ["Internal Server Error", "An internal server error occurred."],
  501: ["Not Implemented", "The server does not support the functionality required to fulfill the request."],
  502: ["Bad Gateway", "The server returned an invalid or incomplete response."],
  503: ["Service Unavailable", "No server is available to handle this request."],
  504: ["Gateway Time-out", "The server didn't respond in time."],
};

/** The statuses that have a built-in page. */
export const errorStatuses: readonly number[] = Object.keys(PAGES).map(Number);

/** A page as whole responses, ready to send. */
export interface ErrorPage {
  /** After it the connection is closed. */
  readonly closing: Uint8Array;
  /** Bytes of that which answer HEAD. */
  readonly closingHeadLength: number;
  /** After it the connection goes on; undefined: nobody could tell where it ends. */
  readonly keeping: Uint8Array | undefined;
  /** Bytes of that which answer HEAD. */
  readonly headLength: number;
}

/** @param status One of `errorStatuses`; another gets the page of 500. */
export function builtInPage(status: number): ErrorPage {
  return pageOfFile(errorResponse(status));
}

/** @param content An `errorfile`, one character a byte: a raw response, sent as it is, line ends included. */
export function pageOfFile(content: string): ErrorPage {
  const closing = Buffer.from(content, "latin1");
  const keeping = withoutClose(content);
  const headLength = keeping === undefined ? 0 : headLengthOf(keeping);
  return { closing, closingHeadLength: headLengthOf(closing), keeping, headLength };
}

/** All of it, where no empty line ends the head. */
function headLengthOf(response: Buffer): number {
  const end = response.indexOf("\r\n\r\n");
  return end < 0 ? response.length : end + 4;
}

/** The response as HTTP/1.1, its Connection field taken out, if it says its length and says it right. */
function withoutClose(response: string): Buffer | undefined {
  const headEnd = response.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const lines = response.slice(0, headEnd).split("\r\n");
  const body = response.slice(headEnd + 4);
  const lengths = lines.filter((line) => /^(content-length|transfer-encoding):/i.test(line));
  if (lengths.length !== 1 || !new RegExp(`^content-length: *${body.length}$`, "i").test(lengths[0]!)) return undefined;
  const kept = lines.filter((line) => !/^(connection|keep-alive|proxy-connection):/i.test(line));
  kept[0] = kept[0]!.replace(/^HTTP\/1\.\d/, "HTTP/1.1");
  return Buffer.from(`${kept.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

function errorResponse(status: number): string {
  const known = Object.hasOwn(PAGES, status) ? status : 500;
  const [reason, text] = PAGES[known]!;
  const body = `<html><body><h1>${known} ${reason}</h1>\n${text}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${known} ${reason}`,
    `content-length: ${body.length}`,
    "cache-control: no-cache",
    "content-type: text/html",
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
