/** The module that `bin/bascule` and the supervisor start. */
import { main } from "./main.js";

main(process.argv);
