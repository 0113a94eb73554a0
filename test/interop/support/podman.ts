import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyTree } from '../../support/tree/tree.ts'
import { exec } from './exec.ts'

/** Podman with storage of its own, for one registry on loopback that speaks plain HTTP. */
export interface Podman extends AsyncDisposable {
  run(...args: readonly string[]): Promise<string>
  /** Makes a container of an image, and does not start it. */
  create(image: string, container: Container, ...command: readonly string[]): Promise<string>
}

export interface Container {
  readonly name: string
  /** None unless told: whoever needs a registry of this machine has the machine's own. */
  readonly network?: 'host'
  readonly env?: Readonly<Record<string, string>>
}

/** runc, of Debian's Docker, also starts containers where control groups are the old ones and limits cannot be raised. */
const containers = ['--runtime', 'runc']
const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']

export async function openPodman(insecureHost?: string): Promise<Podman> {
  const folder = await emptyTree()
  const at = (name: string): string => join(folder.path, name)
  await writeFile(at('registries.conf'), insecureHost === undefined ? '' : `[[registry]]\nlocation = "${insecureHost}"\ninsecure = true\n`)
  // vfs and cgroupfs work in any container; overlay and systemd do not.
  const storage = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--storage-driver', 'vfs']
  const global = [...storage, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file', ...containers]
  const env = { HOME: folder.path, CONTAINERS_REGISTRIES_CONF: at('registries.conf') }
  return {
    run: (...args) => exec('podman', [...global, ...args], { env }),
    create: (image, { name, network = 'none', env: variables = {} }, ...command) => {
      const settings = Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`])
      return exec('podman', [...global, 'create', '--name', name, '--network', network, ...limits, ...settings, image, ...command], { env })
    },
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}

/** Accepts any image: what is tested is reading, not signatures. */
export async function writePolicy(folder: string): Promise<string> {
  const path = join(folder, 'policy.json')
  await writeFile(path, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  return path
}
