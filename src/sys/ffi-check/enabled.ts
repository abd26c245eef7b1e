/** BASCULE_FFI_CHECK=1: every call into C is held against what it may be given. Read once, as the process starts. */
export const isFfiChecked = process.env.BASCULE_FFI_CHECK === "1";
