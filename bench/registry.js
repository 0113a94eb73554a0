// Debian's docker-registry on loopback, for the comparisons that publish.
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

export async function startRegistry(folder) {
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'config.yml')
  await writeFile(config, `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${join(folder, 'data')}}}\nhttp: {addr: 127.0.0.1:${port}}\n`)
  const server = spawn('docker-registry', ['serve', config], { stdio: 'ignore' })
  const host = `127.0.0.1:${port}`
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (answer?.ok) return { host, close: () => server.kill() }
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
  server.kill()
  throw new Error('docker-registry did not start')
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
