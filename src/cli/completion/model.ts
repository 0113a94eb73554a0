import type { Command, Option } from 'commander'

/** What a shell can offer for an option's value. */
export type ValueKind = 'none' | 'anything' | 'files' | 'folders' | readonly string[]

export interface CompletionOption {
  /** `['-p', '--path']`. */
  readonly names: readonly string[]
  readonly description: string
  readonly value: ValueKind
  readonly repeatable: boolean
}

export interface CompletionCommand {
  readonly name: string
  readonly description: string
  /** The words its argument can be, where they are known. */
  readonly words: readonly string[]
  /** Whether its arguments can be files and folders. */
  readonly files: boolean
  readonly options: readonly CompletionOption[]
  /** Other names of the same. */
  readonly aliases: readonly string[]
  /** Commands of its own, where it has some: `manifest create`. */
  readonly commands: readonly CompletionCommand[]
}

/** The commands that help shows, from commander's own definition, so that a script never drifts from the parser. */
export function completionModel(program: Command): readonly CompletionCommand[] {
  const commands = shownCommands(program).map(describe)
  return [...commands, describeHelp(commands)]
}

/** `help manifest create`: commander's own `help` is no command of its list. */
function describeHelp(commands: readonly CompletionCommand[]): CompletionCommand {
  const topics = commands.map(({ name, description, commands: below }) => ({
    name,
    description,
    words: below.map((child) => child.name),
    files: false,
    options: [],
    aliases: [],
    commands: [],
  }))
  return { name: 'help', description: 'print help for a command', words: [], files: false, options: [HELP], aliases: [], commands: topics }
}

function shownCommands(command: Command): readonly Command[] {
  const visible = new Set(command.createHelp().visibleCommands(command))
  return command.commands.filter((child) => visible.has(child))
}

function describe(command: Command): CompletionCommand {
  return {
    name: command.name(),
    description: command.description(),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    files: command.registeredArguments.some((argument) => argument.name() === 'source'),
    options: [...command.options.filter((option) => !option.hidden).map(describeOption), HELP],
    aliases: command.aliases(),
    commands: shownCommands(command).map(describe),
  }
}

const HELP: CompletionOption = { names: ['-h', '--help'], description: 'print help', value: 'none', repeatable: false }

function describeOption(option: Option): CompletionOption {
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    value: valueKind(option),
    repeatable: option.description.includes('repeatable'),
  }
}

/** The placeholder tells: `<file>` and `<path>` are completed as files, `<dir>` as folders. */
function valueKind(option: Option): ValueKind {
  if (!option.required && !option.optional) return 'none'
  if (option.argChoices !== undefined) return option.argChoices
  const placeholder = /<(.*)>$/u.exec(option.flags)?.[1]
  if (placeholder === 'dir') return 'folders'
  return placeholder === 'file' || placeholder === 'path' ? 'files' : 'anything'
}
