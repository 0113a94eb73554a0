import { CommanderError } from 'commander'
import type { Command } from 'commander'
import type { PackagerError } from '../errors.ts'
import { throwTogether } from '../errors.ts'
import type { Context } from './context.ts'
import { hasColor } from './context.ts'
import { EXIT, exitCodeOf, faultLine, faultText } from './fault.ts'
import type { ExitCode } from './fault.ts'
import { library as ownLibrary } from './library.ts'
import type { Library } from './library.ts'
import { Misuse } from './misuse.ts'
import { createPaint } from './paint.ts'
import { createProgram } from './program.ts'
import { usageError } from './usage.ts'

/** The words after `bp-package`, run to their end. Prints to the context's streams, never throws, gives the exit code. */
export async function run(argv: readonly string[], version: string, context: Context, library: Library = ownLibrary): Promise<ExitCode> {
  let code: ExitCode = EXIT.done
  const misuse = new Misuse()
  const checkWords = (): void => throwTogether(STEP, misuse.refusals)
  const program = createProgram(version, {
    package: async (words, flags) => {
      const { runPackage } = await import('./commands/package.ts')
      await runPackage(words, flags, context, library, misuse.refusals)
    },
    inspect: async (words, flags) => {
      checkWords()
      const { runInspect } = await import('./commands/inspect.ts')
      await runInspect(words, flags, context)
    },
    manifest: async (name, words, flags) => {
      checkWords()
      const { runManifest } = await import('./commands/manifest.ts')
      code = await runManifest(name, words, flags, context)
    },
    builder: async (words, flags) => {
      const { runBuilder } = await import('./commands/builder.ts')
      await runBuilder(words, flags, context, library, misuse.refusals)
    },
    completion: async (shell, program) => {
      checkWords()
      const { completionScript } = await import('./commands/completion.ts')
      context.stdout.write(completionScript(program, shell))
    },
  }, misuse)
  prepare(program, context)
  try {
    await parse(program, argv, misuse)
    return code
  } catch (error) {
    return report(error, argv, context)
  }
}

const STEP = 'read the command line'

async function parse(program: Command, argv: readonly string[], misuse: Misuse): Promise<void> {
  try {
    await program.parseAsync([...helpAsked(argv, program)], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return
    throwTogether(STEP, misuse.refusals)
    throw misplacedHelp(argv, program)
  }
  // A command that is not known, and so has not been run.
  throwTogether(STEP, misuse.refusals)
}

/** commander throws instead of exiting and keeps its errors to itself: they are printed as all others are. */
function prepare(command: Command, context: Context): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: () => undefined,
    outputError: () => undefined,
    getOutHelpWidth: () => context.stdout.columns ?? 100,
    getOutHasColors: () => false,
  })
  for (const child of command.commands) prepare(child, context)
}

/** commander prints its help, and says no more, where a command is missing. */
function misplacedHelp(argv: readonly string[], program: Command): PackagerError {
  const { path, command } = commandOf(program, argv)
  if (path.length < argv.length) return usageError('help', 'not a command', { value: argv.at(-1) ?? '', hint: 'bp-package --help lists all commands' })
  return usageError(STEP, `no command after "${path.join(' ')}"`, {
    wanted: command.commands.map((child) => child.name()).join(', '),
    hint: `${['bp-package', ...path].join(' ')} --help tells what each does`,
  })
}

/** The command that the first words name: `manifest push` of `manifest push host/bp:1`. */
function commandOf(program: Command, argv: readonly string[]): { readonly path: readonly string[]; readonly command: Command } {
  const path: string[] = []
  let command = program
  for (const word of argv) {
    const next = command.commands.find((child) => child.name() === word || child.aliases().includes(word))
    if (next === undefined) break
    path.push(word)
    command = next
  }
  return { path, command }
}

/** `help manifest create` as `manifest create --help`: commander's `help` reads one word, and not its own. What is no command is refused as it is without `help`. */
function helpAsked(argv: readonly string[], program: Command): readonly string[] {
  const [first, ...topic] = argv
  if (first === 'help' && topic.length === 1 && topic[0] === 'help') return ['help']
  if (first !== 'help' || topic.length < 2) return argv
  const { path, command } = commandOf(program, topic)
  if (path.length === topic.length) return [...path, '--help']
  const [word = ''] = topic.slice(path.length)
  if (path.length > 0 && command.commands.length > 0) return [...path, word]
  throw usageError('help', 'not a command', { value: topic.join(' '), hint: `${['bp-package', ...path].join(' ')} --help tells of ${path.length === 0 ? 'all commands' : 'this one'}` })
}

/** Tells of a failure as the flags ask for it. An interrupt needs no explaining: the reporter has said that it was heard. */
export function report(error: unknown, argv: readonly string[], context: Context): ExitCode {
  const code = exitCodeOf(error, context.signal.aborted)
  const verbose = hasFlag(argv, ['-v', '--verbose'])
  if (hasFlag(argv, ['--json'])) context.stderr.write(faultLine(error, verbose))
  else if (code !== EXIT.interrupted || verbose) context.stderr.write(faultText(error, verbose, createPaint(hasColor(context))))
  return code
}

/** Read from the bare words: an error in the command line itself must know them too. */
function hasFlag(argv: readonly string[], names: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => names.includes(word))
}
