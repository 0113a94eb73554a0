import type { CompletionCommand, CompletionOption, ValueKind } from './model.ts'

/** A script for bash 3.2 and later that needs no bash-completion package. */
export function bashScript(commands: readonly CompletionCommand[]): string {
  const names = commands.map((command) => command.name).join('|')
  return `# bash completion for bp-package; load it with: source <(bp-package completion bash)
_bp_package() {
  local IFS=$'\\n' command=package
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash makes three words of --option=value
  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  COMPREPLY=()
  if (( COMP_CWORD > 1 )); then
    case "\${COMP_WORDS[1]}" in ${names}) command="\${COMP_WORDS[1]}" ;; esac
  elif [[ $cur != -* ]]; then
    COMPREPLY=( $(compgen -W ${words(commands.map((command) => command.name))} -- "$cur") )
    return
  fi
  case $command in
${commands.map((command) => commandCase(command, '    ')).join('\n')}
  esac
}
complete -F _bp_package bp-package
`
}

function commandCase(command: CompletionCommand, indent: string): string {
  const body = command.commands.length === 0 ? optionLines(command) : nestedLines(command)
  return [`${[command.name, ...command.aliases].join('|')})`, ...body.map((line) => `  ${line}`), '  ;;'].map((line) => `${indent}${line}`).join('\n')
}

function optionLines(command: CompletionCommand): readonly string[] {
  const offered = [...command.words, ...command.options.flatMap((option) => option.names)]
  const values = command.options.filter((option) => option.value !== 'none').map(valueCase)
  const files = command.files ? [`if [[ $cur != -* ]]; then ${offer('files')}return; fi`] : []
  return ['case $prev in', ...values, 'esac', ...files, `COMPREPLY=( $(compgen -W ${words(offered)} -- "$cur") )`]
}

/** The second word is a command of its own. */
function nestedLines(command: CompletionCommand): readonly string[] {
  return [
    'if (( COMP_CWORD == 2 )); then',
    `  COMPREPLY=( $(compgen -W ${words([...command.commands.map(({ name }) => name), '-h', '--help'])} -- "$cur") )`,
    '  return',
    'fi',
    'case "${COMP_WORDS[2]}" in',
    ...command.commands.map((child) => commandCase(child, '  ')),
    'esac',
  ]
}

function valueCase(option: CompletionOption): string {
  return `  ${option.names.join('|')}) ${offer(option.value)}return ;;`
}

function offer(kind: ValueKind): string {
  if (kind === 'files') return 'COMPREPLY=( $(compgen -f -- "$cur") ); compopt -o filenames 2>/dev/null; '
  if (kind === 'folders') return 'COMPREPLY=( $(compgen -d -- "$cur") ); compopt -o filenames 2>/dev/null; '
  return typeof kind === 'string' ? '' : `COMPREPLY=( $(compgen -W ${words(kind)} -- "$cur") ); `
}

/** One word a line: the script splits at line ends, so that file names may hold spaces. */
function words(list: readonly string[]): string {
  return `$'${list.join('\\n')}'`
}
