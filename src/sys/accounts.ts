/** Users and groups by name, from /etc/passwd and /etc/group alone: libc would ask name services that may need the network. */
import { readFileSync } from "node:fs";

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export function findUser(name: string): User | undefined {
  const fields = findLine("/etc/passwd", name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** The group's number. */
export function findGroup(name: string): number | undefined {
  const fields = findLine("/etc/group", name);
  return fields === undefined ? undefined : Number(fields[2]);
}

function findLine(file: string, name: string): string[] | undefined {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find((fields) => fields[0] === name);
}
