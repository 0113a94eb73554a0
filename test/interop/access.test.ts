import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Tree } from '../support/tree/tree.ts'
import { emptyTree } from '../support/tree/tree.ts'
import { attemptPackage, fixture, packaged } from './support/cli.ts'
import { startDockerRegistry } from './support/docker-registry.ts'
import { exec } from './support/exec.ts'

/** bcrypt of "sesame", as htpasswd -B writes it. */
const htpasswd = 'ann:$2b$05$MMjWRw.zJ.k/8hW2jDdq/.QM4HYkWwTQ.1yVvmbtjNGO4MI7tBAdS\n'
const basic = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64')

let home: Tree

beforeEach(async () => {
  home = await emptyTree()
})

afterEach(async () => {
  await home.remove()
})

describe('a registry with users', () => {
  test('takes the credentials that docker login leaves', async () => {
    const registry = await startDockerRegistry({ htpasswd })
    try {
      await mkdir(join(home.path, '.docker'))
      await writeFile(join(home.path, '.docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth: basic('ann', 'sesame') } } }))
      const name = `${registry.host}/team/hello:1`
      await packaged([name, '--publish', '-p', fixture('hello-shared')], { home: home.path })
      const raw = JSON.parse(await exec('skopeo', ['inspect', '--raw', '--tls-verify=false', '--creds', 'ann:sesame', `docker://${name}`]))
      expect(raw.manifests).toHaveLength(3)
    } finally {
      await registry.close()
    }
  })

  test('takes the credentials that podman login leaves', async () => {
    const registry = await startDockerRegistry({ htpasswd })
    try {
      const file = join(home.path, 'auth.json')
      await exec('podman', ['login', '--tls-verify=false', '--authfile', file, '-u', 'ann', '-p', 'sesame', registry.host], { env: { HOME: home.path } })
      await packaged([`${registry.host}/team/hello:1`, '--publish', '-p', fixture('hello-shared')], { home: home.path, env: { REGISTRY_AUTH_FILE: file } })
    } finally {
      await registry.close()
    }
  })

  test('refuses without them, and neither says the password nor leaves a tag', async () => {
    const registry = await startDockerRegistry({ htpasswd })
    try {
      await mkdir(join(home.path, '.docker'))
      await writeFile(join(home.path, '.docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth: basic('ann', 'open-barley') } } }))
      const name = `${registry.host}/team/hello:1`
      const { code, stdout, stderr } = await attemptPackage([name, '--publish', '-p', fixture('hello-shared'), '-v'], { home: home.path })
      expect(code).toBe(1)
      expect(stdout).toBe('')
      expect(stderr).toContain('401')
      expect(stderr).not.toMatch(new RegExp(`open-barley|${basic('ann', 'open-barley').replace(/=+$/, '')}`))
      await expect(exec('skopeo', ['inspect', '--raw', '--tls-verify=false', '--creds', 'ann:sesame', `docker://${name}`])).rejects.toThrow(/manifest unknown|not found|repository name not known/i)
    } finally {
      await registry.close()
    }
  })
})

describe('a registry with a certificate of a private authority', () => {
  test('is reached with --ca-file, and refused without', async () => {
    const { authority, certificate, key } = await certificates(home.path)
    const registry = await startDockerRegistry({ tls: { certificate, key } })
    try {
      const name = `${registry.host}/team/hello:1`
      const publish = [name, '--publish', '-p', fixture('hello-shared')]
      const refused = await attemptPackage(publish, { home: home.path })
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(/certificate/i)
      expect(refused.stderr).toContain('--ca-file')
      await packaged([...publish, '--ca-file', authority], { home: home.path })
      await packaged([...publish, '--skip-tls-verify', registry.host], { home: home.path })
      await packaged([...publish, '--insecure-registry', registry.host], { home: home.path })
    } finally {
      await registry.close()
    }
  })
})

/** An authority and a certificate of it for 127.0.0.1, good for a day. */
async function certificates(folder: string): Promise<{ readonly authority: string; readonly certificate: string; readonly key: string }> {
  const at = (file: string): string => join(folder, file)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1']
  await exec('openssl', ['req', '-x509', ...newKey, '-subj', '/CN=interop authority', '-keyout', at('ca.key'), '-out', at('ca.pem')])
  await exec('openssl', ['req', ...newKey.slice(0, 5), '-subj', '/CN=127.0.0.1', '-keyout', at('server.key'), '-out', at('server.csr')])
  await writeFile(at('names.ext'), 'subjectAltName=IP:127.0.0.1\n')
  await exec('openssl', ['x509', '-req', '-days', '1', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names.ext'), '-out', at('server.pem')])
  return { authority: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') }
}
