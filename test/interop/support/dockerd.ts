import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tree } from '../../support/tree/tree.ts'
import { emptyTree } from '../../support/tree/tree.ts'
import { exec } from './exec.ts'

/** A real engine with a socket and storage of its own. */
export interface RealEngine extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly host: string
}

/** Debian's Docker, without a network: vfs and no bridge work in any container that root is in. */
export function startDockerd(): Promise<RealEngine> {
  return started(dockerd)
}

/** Podman's service, which speaks Docker's API. */
export function startPodmanService(): Promise<RealEngine> {
  return started(podmanService)
}

/** An engine gives its own parts little time to start, Docker 15 seconds to containerd: a busy machine gets more than one try. */
async function started(start: () => Promise<RealEngine>): Promise<RealEngine> {
  for (let number = 1; ; number += 1) {
    try {
      return await start()
    } catch (cause) {
      if (number === 3) throw cause
    }
  }
}

async function dockerd(): Promise<RealEngine> {
  const folder = await emptyTree()
  const at = (name: string): string => join(folder.path, name)
  await writeFile(at('daemon.json'), '{}')
  const network = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']
  const places = ['--config-file', at('daemon.json'), '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')]
  return run(folder, 'dockerd', [...places, ...network, '--storage-driver', 'vfs', '-H', `unix://${at('engine.sock')}`])
}

async function podmanService(): Promise<RealEngine> {
  const folder = await emptyTree()
  const at = (name: string): string => join(folder.path, name)
  const storage = ['--root', at('root'), '--runroot', at('run'), '--tmpdir', at('tmp'), '--storage-driver', 'vfs']
  const global = [...storage, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file']
  return run(folder, 'podman', [...global, 'system', 'service', '--time=0', `unix://${at('engine.sock')}`])
}

async function run(folder: Tree, program: string, args: readonly string[]): Promise<RealEngine> {
  const env = { PATH: process.env['PATH'], HOME: folder.path, XDG_RUNTIME_DIR: folder.path }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => said.push(data.toString('utf8')))
  const ended = once(child, 'close')
  const socket = join(folder.path, 'engine.sock')
  try {
    await answering(socket, child)
  } catch (cause) {
    child.kill('SIGKILL')
    await ended.catch(() => undefined)
    await folder.remove()
    throw new Error(`${program} did not start:\n${said.join('')}`, { cause })
  }
  return {
    host: `unix://${socket}`,
    [Symbol.asyncDispose]: async () => {
      // Both end what they started, Docker its containerd too, and let go of what they mounted.
      child.kill('SIGTERM')
      await ended
      // Docker leaves the network namespace of containers that had the machine's own.
      await exec('umount', [join(folder.path, 'exec/netns/default')]).catch(() => undefined)
      await folder.remove()
    },
  }
}

/** The socket takes connections before anybody answers, so it has to be asked; most of what can go wrong goes wrong in between. */
async function answering(socket: string, child: ChildProcess): Promise<void> {
  const signal = AbortSignal.timeout(120_000)
  while (!signal.aborted) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    if (await pings(socket)) return
    await sleep(100)
  }
  throw new Error('nobody answers after two minutes')
}

function pings(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/_ping', agent: false, timeout: 5000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asking.once('timeout', () => asking.destroy())
    asking.once('error', () => resolve(false))
    asking.end()
  })
}
