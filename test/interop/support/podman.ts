import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyTree } from '../../support/tree/tree.ts'
import { exec } from './exec.ts'

/** Podman with storage of its own, for one registry on loopback that speaks plain HTTP. */
export interface Podman extends AsyncDisposable {
  run(...args: readonly string[]): Promise<string>
}

export async function openPodman(insecureHost?: string): Promise<Podman> {
  const folder = await emptyTree()
  const at = (name: string): string => join(folder.path, name)
  await writeFile(at('registries.conf'), insecureHost === undefined ? '' : `[[registry]]\nlocation = "${insecureHost}"\ninsecure = true\n`)
  // vfs and cgroupfs work in any container; overlay and systemd do not.
  const storage = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--storage-driver', 'vfs']
  const global = [...storage, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file']
  const env = { HOME: folder.path, CONTAINERS_REGISTRIES_CONF: at('registries.conf') }
  return {
    run: (...args) => exec('podman', [...global, ...args], { env }),
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}

/** Accepts any image: what is tested is reading, not signatures. */
export async function writePolicy(folder: string): Promise<string> {
  const path = join(folder, 'policy.json')
  await writeFile(path, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  return path
}
