/** What Node has of WebAssembly and the compiler's libraries for servers do not tell of: memory that begins at a page. */
declare namespace WebAssembly {
  class Memory {
    constructor(size: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }
}
