import type { Target } from "../target.js";
import { configurationTargets } from "./configuration.js";
import { firstBytesTargets } from "./first-bytes.js";
import { hpackTarget } from "./hpack.js";
import { http1Targets } from "./http1.js";
import { http2Targets } from "./http2.js";
import { http2StreamsTarget } from "./http2-streams.js";
import { vrrpTarget } from "./vrrp.js";

export const TARGETS: readonly Target[] = [
  ...http1Targets,
  hpackTarget,
  ...http2Targets,
  http2StreamsTarget,
  ...firstBytesTargets,
  vrrpTarget,
  ...configurationTargets,
];
