// Debian's docker-registry on loopback, for the comparisons that publish.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** On a port that the system gives it, which its log names. */
export async function startRegistry(folder) {
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'config.yml')
  await writeFile(config, `version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${join(folder, 'data')}}}\nhttp: {addr: '127.0.0.1:0'}\n`)
  const server = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(server, 'exit')
  const host = await new Promise((resolve, reject) => {
    const lines = createInterface({ input: server.stderr })
    lines.on('line', (line) => {
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
    lines.on('close', () => reject(new Error('docker-registry did not start')))
  })
  const close = async () => {
    server.kill()
    await ended
  }
  return { host, close }
}
