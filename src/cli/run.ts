import { CommanderError } from 'commander'
import type { Command } from 'commander'
import type { PackagerError } from '../errors.ts'
import type { Context } from './context.ts'
import { hasColor } from './context.ts'
import { EXIT, exitCodeOf, faultLine, faultText } from './fault.ts'
import type { ExitCode } from './fault.ts'
import { library as ownLibrary } from './library.ts'
import type { Library } from './library.ts'
import { createPaint } from './paint.ts'
import { createProgram } from './program.ts'
import { usageError } from './usage.ts'

/** The words after `bp-package`, run to their end. Prints to the context's streams, never throws, gives the exit code. */
export async function run(argv: readonly string[], version: string, context: Context, library: Library = ownLibrary): Promise<ExitCode> {
  let code: ExitCode = EXIT.done
  const program = createProgram(version, {
    package: async (words, flags) => {
      const { runPackage } = await import('./commands/package.ts')
      await runPackage(words, flags, context, library)
    },
    inspect: async (words, flags) => {
      const { runInspect } = await import('./commands/inspect.ts')
      await runInspect(words, flags, context)
    },
    manifest: async (name, words, flags) => {
      const { runManifest } = await import('./commands/manifest.ts')
      code = await runManifest(name, words, flags, context)
    },
    builder: async (words, flags) => {
      const { runBuilder } = await import('./commands/builder.ts')
      await runBuilder(words, flags, context, library)
    },
    completion: async (shell, program) => {
      const { completionScript } = await import('./commands/completion.ts')
      context.stdout.write(completionScript(program, shell))
    },
  })
  prepare(program, context)
  try {
    await program.parseAsync([...helpAsked(argv, program)], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    return report(error instanceof CommanderError ? misuse(error, argv, program) : error, argv, context)
  }
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

/** `error: unknown option '--publsh'\n(Did you mean --publish?)` in our own form. */
function misuse(error: CommanderError, argv: readonly string[], program: Command): PackagerError {
  const { path, command } = commandOf(program, argv)
  const place = ['bp-package', ...path].join(' ')
  if (error.code === 'commander.help' && path.length === argv.length && command.commands.length > 0) {
    return usageError('read the command line', `no command after "${path.join(' ')}"`, { wanted: command.commands.map((child) => child.name()).join(', '), hint: `${place} --help tells what each does` })
  }
  // `help nosuch`: commander prints its help and says no more.
  if (error.code === 'commander.help') return usageError('help', 'not a command', { value: argv.at(-1) ?? '', hint: 'bp-package --help lists all commands' })
  const [first = '', ...rest] = error.message.replace(/^error: /u, '').split('\n')
  const suggestion = rest.join(' ').replace(/^\(Did you mean (.*)\?\)$/u, 'did you mean $1?')
  return usageError('read the command line', first, { hint: suggestion === '' ? `${place} --help lists all ${error.code === 'commander.unknownCommand' ? 'commands' : 'options'}` : suggestion })
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

/** `help manifest create` as `manifest create --help`: commander's `help` reads one word. */
function helpAsked(argv: readonly string[], program: Command): readonly string[] {
  const [first, ...topic] = argv
  const { path } = commandOf(program, topic)
  return first === 'help' && topic.length > 1 && path.length === topic.length ? [...path, '--help'] : argv
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
