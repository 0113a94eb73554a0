import type { CompletionCommand, CompletionOption, ValueKind } from './model.ts'

/** A script that works both as a file `_bp-package` on `fpath` and sourced. */
export function zshScript(commands: readonly CompletionCommand[]): string {
  const names = commands.map((command) => command.name).join('|')
  return `#compdef bp-package
# zsh completion for bp-package; load it with: source <(bp-package completion zsh)
_bp_package() {
  local command=package
  local -a commands
  commands=(
${commands.map((command) => `    ${quoted(`${command.name}:${command.description}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  case $words[2] in
    ${names})
      command=$words[2]
      shift words
      (( CURRENT-- ))
      ;;
  esac
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _bp_package ]]; then
  _bp_package "$@"
else
  compdef _bp_package bp-package
fi
`
}

function commandCase(command: CompletionCommand): string {
  const names = [command.name, ...command.aliases].join('|')
  return `    ${names})
${command.commands.length === 0 ? argumentLines(command, '      ') : nestedLines(command)}
      ;;`
}

function argumentLines(command: CompletionCommand, indent: string): string {
  const argument = command.files ? `'*:source:_files'` : command.words.length === 0 ? `'1:name: '` : quoted(`1:word:(${command.words.join(' ')})`)
  const specs = [...command.options.map(spec), argument]
  return `${indent}_arguments \\
${specs.map((line) => `${indent}  ${line}`).join(' \\\n')}`
}

/** The second word is a command of its own. */
function nestedLines({ commands }: CompletionCommand): string {
  return `      commands=(
${commands.map(({ name, description }) => `        ${quoted(`${name}:${description}`)}`).join('\n')}
      )
      if (( CURRENT == 2 )); then
        _describe command commands
        return
      fi
      shift words
      (( CURRENT-- ))
      case $words[1] in
${commands.map((child) => `        ${[child.name, ...child.aliases].join('|')})\n${argumentLines(child, '          ')}\n          ;;`).join('\n')}
      esac`
}

/** `'(-p --path)'{-p,--path}'[buildpack folder]:path:_files'`; a repeatable one has `*` in place of the names it excludes. */
function spec(option: CompletionOption): string {
  const repeat = option.repeatable ? `'*'` : `'(${option.names.join(' ')})'`
  const names = option.names.length === 1 ? option.names.join('') : `{${option.names.join(',')}}`
  return `${repeat}${names}${quoted(`[${option.description.replaceAll(/[[\]:]/gu, String.raw`\$&`)}]${value(option.value)}`)}`
}

function value(kind: ValueKind): string {
  if (kind === 'none') return ''
  if (kind === 'files') return ':file:_files'
  if (kind === 'folders') return ':folder:_files -/'
  return typeof kind === 'string' ? ':value: ' : `:value:(${kind.join(' ')})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
