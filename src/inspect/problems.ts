/** More of one image than anybody reads. */
const most = 20

/** What is wrong with an image, in words; a label of a thousand mistakes is told in a few lines. */
export class Problems {
  readonly #texts: string[] = []
  #more = 0

  add(text: string): void {
    if (this.#texts.includes(text)) return
    if (this.#texts.length < most) this.#texts.push(text)
    else this.#more += 1
  }

  get texts(): readonly string[] {
    return this.#more === 0 ? this.#texts : [...this.#texts, `and ${this.#more} more`]
  }
}
