/** The WebAssembly module inside the package `libdeflate`, whose own wrapper allocates anew for each call. */
declare module '*/libdeflate.wasm.mjs' {
  export interface LibdeflateModule {
    readonly HEAPU8: Uint8Array
    _malloc(size: number): number
    _libdeflate_alloc_compressor(level: number): number
    _libdeflate_free_compressor(compressor: number): void
    _libdeflate_deflate_compress(compressor: number, input: number, inputSize: number, output: number, outputSize: number): number
  }
  const createModule: () => LibdeflateModule
  export default createModule
}
