/** Files of the repository that are not compiled, wherever the compiled tests lie. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${fileURLToPath(import.meta.url)}`);
    folder = dirname(folder);
  }
  return folder;
}

/** The folder of package.json. */
export const repositoryRoot: string = findRoot();

/** The articles' configuration files, for `createArticleLab`. */
export const articleConfigs: string = join(repositoryRoot, "test/fixtures/configs");
