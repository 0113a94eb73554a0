import { Command } from 'commander'
import type { ErrorOptions, ParseOptionsResult } from 'commander'
import { nearest } from '../config/suggest.ts'
import { PackagerError } from '../errors.ts'
import { foreignHint } from './foreign-options.ts'
import { usageError } from './usage.ts'

/**
 * What the words of a command line are refused for, as they are read: all of it, since somebody who made three mistakes wants
 * to hear of three.
 */
export class Misuse {
  readonly #refusals: PackagerError[] = []
  /** Options that came last, without the value that they need. */
  readonly #withoutValue: string[] = []
  #hasUnknown = false

  get refusals(): readonly PackagerError[] {
    return this.#refusals
  }

  /** A mistake in commander's words: `error: unknown option '--publsh'\n(Did you mean --publish?)`. */
  add(command: Command, text: string, code: string | undefined): void {
    if (code === 'commander.unknownOption') return this.#addUnknown(command)
    // What follows an unknown option may be its value, and no word of its own.
    if (this.#hasUnknown && code === 'commander.excessArguments') return
    const [first = '', ...rest] = text.replace(/^error: /u, '').split('\n')
    if (code === 'commander.optionMissingArgument') this.#withoutValue.push(first)
    const suggestion = rest.join(' ').replace(/^\(Did you mean (.*)\?\)$/u, 'did you mean $1?')
    const lists = code === 'commander.unknownCommand' ? 'commands' : 'options'
    this.#refusals.push(usageError('read the command line', first, { hint: suggestion === '' ? `${placeOf(command)} --help lists all ${lists}` : suggestion }))
  }

  /** When all words are read: leaves the command with the words and values that stand for something, keeps the refusals of the others. */
  settle(command: Command): void {
    for (const option of command.options) {
      const key = option.attributeName()
      const value: unknown = command.getOptionValue(key)
      if (value instanceof PackagerError) this.#refusals.push(value)
      const isUnread = value instanceof PackagerError || this.#withoutValue.some((text) => text.includes(`'${option.flags}'`))
      if (isUnread) command.setOptionValue(key, undefined)
    }
    if (this.#hasUnknown) command.args.splice(command.args.findIndex(isOption))
  }

  #addUnknown(command: Command): void {
    this.#hasUnknown = true
    const end = command.args.indexOf('--')
    const words = new Set((end === -1 ? command.args : command.args.slice(0, end)).filter(isOption))
    for (const word of words) this.#refusals.push(usageError('read the command line', `unknown option '${word}'`, { hint: unknownHint(word, command) }))
  }
}

/** commander ends at the first mistake. Here each one is kept, and the reading goes on. */
export class TellingCommand extends Command {
  readonly #misuse: Misuse

  constructor(misuse: Misuse, name?: string) {
    super(name)
    this.#misuse = misuse
  }

  /** commander takes any word as an option's value, `--output --publish` too, which nobody means: that is an option without its value. */
  override parseOptions(argv: string[]): ParseOptionsResult {
    const words: string[] = []
    for (let at = 0; at < argv.length; at += 1) {
      const word = argv[at] ?? ''
      if (word === '--') return super.parseOptions([...words, ...argv.slice(at)])
      const option = this.options.find(({ required, long, short }) => required && (word === long || word === short))
      const value = argv[at + 1]
      if (option === undefined || value === undefined) words.push(word)
      else if (this.#isOwnOption(value)) this.error(`option '${option.flags}' argument missing\n"${value}" is an option; as a value it is written ${option.long ?? word}=${value}`, { code: 'commander.optionMissingArgument' })
      else {
        words.push(word, value)
        at += 1
      }
    }
    return super.parseOptions(words)
  }

  #isOwnOption(word: string): boolean {
    const [name = ''] = word.split('=', 1)
    return isOption(name) && (name === '--help' || this.options.some(({ long, short }) => name === long || name === short))
  }

  override createCommand(name?: string): Command {
    return new TellingCommand(this.#misuse, name)
  }

  /** Returns, though commander's own does not: what follows its calls reads on with the other words. */
  override error(message: string, options?: ErrorOptions): never {
    this.#misuse.add(this, message, options?.code)
    return undefined as never
  }
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-')
}

function unknownHint(word: string, command: Command): string {
  const [name = ''] = word.split('=')
  const known = command.createHelp().visibleOptions(command).flatMap(({ short = '', long = '' }) => [short, long].filter((own) => own.startsWith('--')).map((own) => own.slice(2)))
  const foreign = foreignHint(name, command, true)
  if (foreign !== undefined) return foreign
  const meant = nearest(name.replace(/^-+/u, ''), known)
  if (meant !== undefined) return `did you mean --${meant}?`
  return foreignHint(name, command, false) ?? `${placeOf(command)} --help lists all options`
}

/** `bp-package manifest push`; of the command that needs no word, `bp-package`. */
function placeOf(command: Command): string {
  const path: string[] = []
  for (let at: Command | null = command; at !== null; at = at.parent) if (at.name() !== 'package') path.unshift(at.name())
  return path.join(' ')
}
