/** Two nodes of an article running Bascule, and what a client sees of them. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type ArticleLab, type ArticleName, createArticleLab } from "../../../src/lab/article-labs.js";
import type { ProbeSummary } from "../../../src/lab/probe.js";
import { runProbe } from "../../../src/lab/programs.js";
import type { Answer } from "../../../src/lab/web-server.js";
import { eventually } from "../../support/eventually.js";
import { articleConfigs } from "../../support/repository.js";
import { type BalancerNode, basculeNode, footprint, type Manner, type PairNode } from "./node.js";

/** From the start of a pair to its master: 3 intervals, a skew of at most 1 s, and a busy machine. */
const ELECTION_DEADLINE_MS = 8_000;

/** What a move of the virtual addresses cost. */
export interface Move {
  /** From the act to the address on the other node, by the kernel's tables; milliseconds. */
  readonly movedAfterMs: number;
  /** The longest time in which no request of a client succeeded; milliseconds. */
  readonly gapMs: number;
  readonly seen: ProbeSummary;
}

export class Pair<Node extends PairNode = PairNode> {
  /** Of the nodes, before Bascule ran on them, by name. */
  readonly #footprints = new Map<string, unknown>();
  #t: TestContext;

  constructor(
    t: TestContext,
    readonly article: ArticleLab,
    readonly nodes: readonly [Node, Node],
  ) {
    this.#t = t;
  }

  /** The second as soon as the first is ready, as two machines that are switched on one after the other. */
  async start(): Promise<void> {
    try {
      for (const { host } of this.nodes) this.#footprints.set(host.name, await footprint(host));
      for (const node of this.nodes) await node.start();
    } catch (error) {
      this.#showLogs();
      throw error;
    }
  }

  /** A sentence of the test, in the order of the story. If it is not true, the nodes' logs are shown. */
  async step(sentence: string, body: () => Promise<unknown>): Promise<void> {
    const story = this.#t;
    let isTrue = false;
    await story.test(sentence, async (t) => {
      this.#t = t;
      try {
        await body();
        isTrue = true;
      } catch (error) {
        this.#showLogs();
        throw error;
      } finally {
        this.#t = story;
      }
    });
    // What follows builds on it, and would fail, or pass, for the wrong reason.
    if (!isTrue) throw new Error(`the story ends here: "${sentence}" is not true`);
  }

  /** For each virtual address, the names of the nodes that hold it. */
  holders(): string[][] {
    return this.article.virtualAddresses.map(({ address }) => this.article.lab.holders(address));
  }

  /** Waits until this node alone holds every virtual address. */
  async isHeldBy({ host }: { readonly host: { readonly name: string } }, deadlineMs = ELECTION_DEADLINE_MS) {
    const wanted = this.article.virtualAddresses.map(() => [host.name]);
    await eventually(() => this.holders(), wanted, { deadlineMs, everyMs: 5 });
  }

  /** Stops everything on a node. @throws if an address, a rule, a route or a table is there that was not before. */
  async leavesNothingBehind(node: PairNode): Promise<void> {
    await node.stop();
    assert.deepEqual(await footprint(node.host), this.#footprints.get(node.host.name));
  }

  /** One request after the other, each on a connection of its own, through the first virtual address. */
  async ask(requests: number, url = this.article.url): Promise<Answer[]> {
    const urls = Array.from({ length: requests }, () => url);
    const curl = ["curl", "-sS", "--fail", "--max-time", "5", "-H", "Connection: close"];
    const text = await this.article.client.mustRun([...curl, ...urls], { timeoutMs: 30_000 });
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Answer);
  }

  /**
   * Does something that moves the virtual addresses to `to`, while a client asks every 10 ms.
   * @throws if they are not there, or nobody answers there, at the deadline.
   */
  async move(act: () => Promise<unknown>, to: PairNode, deadlineMs: number): Promise<Move> {
    const probe = await runProbe(this.article.client, { url: this.article.url });
    const start = performance.now();
    await Promise.all([act(), this.isHeldBy(to, deadlineMs)]);
    const movedAfterMs = performance.now() - start;
    await eventually(async () => (await this.ask(1)).length, 1, { deadlineMs: 3_000 });
    const seen = await probe.stop();
    const figures = { moved: movedAfterMs, gap: seen.longestGapMs, lost: seen.failed };
    this.#t.diagnostic(
      `ms to the move, longest gap, lost requests: ${Object.values(figures).map(Math.round).join(", ")}`,
    );
    return { movedAfterMs, gapMs: seen.longestGapMs, seen };
  }

  #showLogs(): void {
    for (const node of this.nodes) this.#t.diagnostic(`${node.host.name} wrote:\n${node.output()}`);
  }
}

/** Builds the lab of an article, and starts its servers and Bascule on both nodes. */
export async function startPair(t: TestContext, name: ArticleName, manner: Manner): Promise<Pair<BalancerNode>> {
  const article = await createArticleLab(name, articleConfigs);
  t.after(() => article.destroy());
  const [first, second] = article.loadBalancers;
  const pair = new Pair(t, article, [basculeNode(first, manner), basculeNode(second, manner)]);
  await article.startServers();
  await pair.start();
  return pair;
}
