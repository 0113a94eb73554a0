import type { CompletionCommand, CompletionOption, ValueKind } from './model.ts'

/** A script for `~/.config/fish/completions/bp-package.fish`, or to be sourced. The first command is the default one. */
export function fishScript(commands: readonly CompletionCommand[]): string {
  const lines = commands.flatMap((command, index) => {
    const others = commands.filter((other) => other !== command).map((other) => other.name)
    const here = index === 0 ? `not __fish_seen_subcommand_from ${others.join(' ')}` : `__fish_seen_subcommand_from ${command.name}`
    return [
      `complete -c bp-package -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`,
      ...(command.words.length === 0 ? [] : [`complete -c bp-package -n ${quoted(here)} -a ${quoted(command.words.join(' '))}`]),
      ...command.options.map((option) => optionLine(option, here)),
    ]
  })
  return `# fish completion for bp-package; load it with: bp-package completion fish | source
complete -c bp-package -f
${lines.join('\n')}
`
}

function optionLine(option: CompletionOption, condition: string): string {
  const names = option.names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  return `complete -c bp-package -n ${quoted(condition)} ${names.join(' ')}${value(option.value)} -d ${quoted(option.description)}`
}

function value(kind: ValueKind): string {
  if (kind === 'none') return ''
  if (kind === 'files') return ' -r -F'
  if (kind === 'folders') return ' -x -a "(__fish_complete_directories)"'
  return typeof kind === 'string' ? ' -x' : ` -x -a ${quoted(kind.join(' '))}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}
