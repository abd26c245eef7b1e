/** The certificate that all proxies show: ECDSA with P-256, made for one bench. */
import type { Stage } from "./stage.js";

/** Leaves `bench.pem`, key and certificate, in the stage's folder. */
export async function makeCertificate(stage: Stage, processors: string): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-"];
  const argv = ["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=bench", "-batch", ...key];
  stage.write("bench.pem", await stage.run("openssl", processors, argv, 15_000));
}
