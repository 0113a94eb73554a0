import type { Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { completionModel } from '../completion/model.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Shell } from '../program.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** `bp-package completion bash`: a script that completes commands, options and the values that are known. */
export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](completionModel(program))
}
