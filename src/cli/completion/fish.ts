import type { CompletionCommand, CompletionOption, ValueKind } from './model.ts'

/** A script for `~/.config/fish/completions/bp-package.fish`, or to be sourced. The first command is the default one. */
export function fishScript(commands: readonly CompletionCommand[]): string {
  const groups = commands.filter((command) => command.commands.length > 0).map(({ name }) => name)
  const lines = commands.flatMap((command, index) => {
    const others = commands.filter((other) => other !== command).map((other) => other.name)
    const seen = `__fish_seen_subcommand_from ${command.name}`
    const outside = groups.filter((name) => name !== command.name)
    const here = index === 0 ? `not __fish_seen_subcommand_from ${others.join(' ')}` : outside.length === 0 ? seen : `${seen}; and not __fish_seen_subcommand_from ${outside.join(' ')}`
    return [`complete -c bp-package -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.description)}`, ...commandLines(command, here)]
  })
  return `# fish completion for bp-package; load it with: bp-package completion fish | source
complete -c bp-package -f
${lines.join('\n')}
`
}

/** What is offered where `here` holds; a command of its own comes before its options. */
function commandLines(command: CompletionCommand, here: string): readonly string[] {
  const names = command.commands.flatMap(({ name, aliases }) => [name, ...aliases])
  return [
    ...(command.words.length === 0 ? [] : [`complete -c bp-package -n ${quoted(here)} -a ${quoted(command.words.join(' '))}`]),
    ...(command.files ? [`complete -c bp-package -n ${quoted(here)} -F`] : []),
    ...command.options.map((option) => optionLine(option, names.length === 0 ? here : `${here}; and not __fish_seen_subcommand_from ${names.join(' ')}`)),
    ...command.commands.flatMap((child) => [
      `complete -c bp-package -n ${quoted(`${here}; and not __fish_seen_subcommand_from ${names.join(' ')}`)} -a ${child.name} -d ${quoted(child.description)}`,
      ...commandLines(child, `${here}; and __fish_seen_subcommand_from ${[child.name, ...child.aliases].join(' ')}`),
    ]),
  ]
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
