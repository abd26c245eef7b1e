/** What is measured, and how it is shown. */

export const figures = {
  /** User and system time of the whole process. */
  cpuPerRequest: { label: "proxy CPU µs/request", digits: 1, scale: 1 },
  requestsPerSecond: { label: "requests/s", digits: 0, scale: 1 },
  /** Of one processor: near 1, the proxy was the bottleneck. */
  busy: { label: "proxy CPU use %", digits: 0, scale: 100 },
  p50: { label: "latency p50 µs", digits: 0, scale: 1 },
  p99: { label: "latency p99 µs", digits: 0, scale: 1 },
  p999: { label: "latency p99.9 µs", digits: 0, scale: 1 },
  bytesPerConnection: { label: "bytes/connection", digits: 0, scale: 1 },
} as const;

export type Figure = keyof typeof figures;

export interface Measurement {
  readonly figures: Readonly<Partial<Record<Figure, number>>>;
  /** Why this run does not count. */
  readonly invalid?: string;
}
