/** What the peer asks of what we send (RFC 9113 §6.5.2). */
import { ErrorCode } from "./error-code.js";
import { DEFAULT_WINDOW, MAX_FRAME, MAX_WINDOW, readUint32, Setting } from "./frames.js";
import { DEFAULT_TABLE_SIZE } from "./hpack-table.js";

const MAX_FRAME_SIZE_LIMIT = 2 ** 24 - 1;

export class PeerSettings {
  headerTableSize = DEFAULT_TABLE_SIZE;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  initialWindow = DEFAULT_WINDOW;
  maxFrame = MAX_FRAME;
  /** It understands the extended CONNECT (RFC 8441). */
  connectProtocol = false;
  /** It has said what it asks. */
  isKnown = false;

  /**
   * Takes the payload of a SETTINGS frame, its length a multiple of 6.
   * @param fromServer the peer is a server: those do not enable push
   * @returns 0, or the ErrorCode with which the connection has to end
   */
  apply(bytes: Uint8Array, start: number, end: number, fromServer: boolean): number {
    this.isKnown = true;
    for (let at = start; at < end; at += 6) {
      const value = readUint32(bytes, at + 2);
      switch ((bytes[at]! << 8) | bytes[at + 1]!) {
        case Setting.HEADER_TABLE_SIZE:
          this.headerTableSize = value;
          break;
        case Setting.ENABLE_PUSH:
          if (value > 1 || (fromServer && value === 1)) return ErrorCode.PROTOCOL_ERROR;
          break;
        case Setting.MAX_CONCURRENT_STREAMS:
          this.maxConcurrentStreams = value;
          break;
        case Setting.INITIAL_WINDOW_SIZE:
          if (value > MAX_WINDOW) return ErrorCode.FLOW_CONTROL_ERROR;
          this.initialWindow = value;
          break;
        case Setting.MAX_FRAME_SIZE:
          if (value < MAX_FRAME || value > MAX_FRAME_SIZE_LIMIT) return ErrorCode.PROTOCOL_ERROR;
          this.maxFrame = value;
          break;
        case Setting.ENABLE_CONNECT_PROTOCOL:
          // RFC 8441 §3: once it is on, it stays.
          if (value > 1 || (this.connectProtocol && value === 0)) return ErrorCode.PROTOCOL_ERROR;
          this.connectProtocol = value === 1;
          break;
      }
    }
    return 0;
  }
}
