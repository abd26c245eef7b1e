/** Milliseconds since the Unix epoch, with fractions, comparable between the processes of this machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now();
