import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { emptyTree } from '../../support/tree/tree.ts'

export interface RegistryExtras {
  /** The text of a htpasswd file with bcrypt hashes. */
  readonly htpasswd?: string
  /** The URL of a registry whose pull-through cache this one is. */
  readonly proxy?: string
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Keeps a line for each request. */
  readonly log?: boolean
}

export interface RunningRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string
  /** `POST /v2/acme/bp/blobs/uploads/?... 201`; none unless asked for. */
  readonly requests: string[]
  readonly close: () => Promise<void>
}

/** Debian's docker-registry (distribution 2.8) on a free loopback port, with storage of its own that goes with it. */
export async function startDockerRegistry(extras: RegistryExtras = {}): Promise<RunningRegistry> {
  const folder = await emptyTree()
  const config = join(folder.path, 'config.yml')
  if (extras.htpasswd !== undefined) await writeFile(join(folder.path, 'htpasswd'), extras.htpasswd)
  await writeFile(config, JSON.stringify(configOf(folder.path, extras)))
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stderr })
  const requests: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, request, status] = /"(\S+ \S+) HTTP\/1\.1" (\d+) /.exec(line) ?? []
    if (request !== undefined) requests.push(`${request} ${String(status)}`)
  })
  const said: string[] = []
  const port = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
    lines.on('close', () => reject(new Error(`docker-registry did not start:\n${said.join('\n')}`)))
  })
  return {
    requests,
    host: `127.0.0.1:${await port}`,
    close: async () => {
      child.kill()
      await exited
      await folder.remove()
    },
  }
}

/** JSON is YAML too. */
function configOf(folder: string, { htpasswd, tls, proxy, log = false }: RegistryExtras): object {
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: !log } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: '127.0.0.1:0', secret: 'loopback', ...(tls === undefined ? {} : { tls }) },
    ...(proxy === undefined ? {} : { proxy: { remoteurl: proxy } }),
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'interop', path: join(folder, 'htpasswd') } } }),
  }
}
