import { access, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { exec } from './exec.ts'

/** The Node versions that package.json promises; the oldest one of the range too. */
export const nodeVersions = ['20.18.1', '22', '24', '26'] as const

/**
 * A Node of this version, from the npm package that holds nothing but its binary. Kept in the user's cache, outside of the
 * project. Where it cannot be installed the caller fails: a version that nobody ran is not one that works.
 */
export async function installNode(version: string): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bp-package-interop', `node-${version}`)
  const name = `node-${process.platform}-${process.arch}`
  const binary = join(folder, 'node_modules', name, 'bin', 'node')
  if (!(await runs(binary))) {
    await mkdir(folder, { recursive: true })
    const env = Object.fromEntries(Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))
    await retried(() => exec('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${version}`], { env, cwd: folder }))
  }
  const found = (await exec(binary, ['--version'])).trim()
  if (!found.startsWith(`v${version}.`) && found !== `v${version}`) throw new Error(`asked for Node ${version}, got ${found}`)
  return binary
}

/** A network may stumble. */
async function retried(install: () => Promise<string>): Promise<void> {
  for (let number = 1; ; number += 1) {
    try {
      return void (await install())
    } catch (cause) {
      if (number === 3) throw cause
      await sleep(number * 5000)
    }
  }
}

async function runs(binary: string): Promise<boolean> {
  return access(binary).then(
    () => true,
    () => false,
  )
}
