/** What clients did and got, by the frontend that they came to. */
export class Tally {
  connections = 0;
  requests = 0;
  /** Responses of which the head has come, by hundreds of the status: responses[2] are 2xx. */
  readonly responses = [0, 0, 0, 0, 0, 0];
  /** We hung up in the middle of a response. */
  cut = 0;
  /** We hung up in the middle of a request, which so got no response. */
  abandoned = 0;
  /** A response that broke off, as it may where a server is restarted. */
  broken = 0;
  bytesReceived = 0;
  bytesSent = 0;

  get answered(): number {
    return this.responses.reduce((sum, count) => sum + count, 0);
  }

  gotHead(status: number): void {
    this.responses[Math.floor(status / 100)]!++;
  }
}
