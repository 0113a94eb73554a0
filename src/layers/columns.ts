/** Rows in one piece of memory of a column. A folder of three files has a table too, and a builder has a hundred of those. */
const pieceRows = 512
const pieceBytes = 8 * 1024

type Numbers = Float64Array | Uint32Array | Uint16Array | Uint8Array

/** Numbers one below the other, outside of the heap: it grows without copying, and costs a garbage collection nothing. */
export class NumberColumn {
  readonly #make: () => Numbers
  readonly #pieces: Numbers[] = []
  #length = 0

  constructor(type: new (length: number) => Numbers) {
    this.#make = () => new type(pieceRows)
  }

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    const row = this.#length % pieceRows
    if (row === 0) this.#pieces.push(this.#make())
    const piece = this.#pieces.at(-1)
    if (piece !== undefined) piece[row] = value
    this.#length += 1
  }

  /** 0 where there is none. */
  at(index: number): number {
    return this.#pieces[Math.floor(index / pieceRows)]?.[index % pieceRows] ?? 0
  }
}

/**
 * Paths as bytes (names.ts), one below the other. Neighbours lie mostly in one folder: its path is kept once for them, and of
 * each its last part alone, outside of the heap.
 */
export class NameColumn {
  /** With a slash at their end. */
  readonly #folders: string[] = []
  readonly #pieces: Buffer[] = []
  #used = pieceBytes
  readonly #folderOf = new NumberColumn(Uint32Array)
  /** Where the last part begins: the piece's index times the size of pieces, and on from there. */
  readonly #starts = new NumberColumn(Uint32Array)
  readonly #sizes = new NumberColumn(Uint16Array)

  get length(): number {
    return this.#starts.length
  }

  push(name: string): void {
    const slash = name.lastIndexOf('/') + 1
    // No file system has so long a name; it may still be told of.
    const folderEnd = name.length - slash > pieceBytes ? name.length : slash
    this.#folderOf.push(this.#folder(name, folderEnd))
    const size = name.length - folderEnd
    if (this.#used + size > pieceBytes) this.#begin()
    this.#starts.push((this.#pieces.length - 1) * pieceBytes + this.#used)
    this.#sizes.push(size)
    this.#pieces.at(-1)?.write(name.slice(folderEnd), this.#used, 'latin1')
    this.#used += size
  }

  at(index: number): string | undefined {
    const folder = this.#folders[this.#folderOf.at(index)]
    if (folder === undefined || index >= this.length) return undefined
    const start = this.#starts.at(index)
    const offset = start % pieceBytes
    const piece = this.#pieces[(start - offset) / pieceBytes]
    return folder + (piece?.toString('latin1', offset, offset + this.#sizes.at(index)) ?? '')
  }

  #begin(): void {
    this.#pieces.push(Buffer.allocUnsafeSlow(pieceBytes))
    this.#used = 0
  }

  #folder(name: string, end: number): number {
    const last = this.#folders.at(-1)
    if (last?.length !== end || !name.startsWith(last)) this.#folders.push(name.slice(0, end))
    return this.#folders.length - 1
  }
}
