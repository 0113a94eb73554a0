import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { readHostFile } from '../host-files.ts'
import type { RegistrySettings } from './origin.ts'
import { verifiesTls } from './origin.ts'

export interface TrustOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  readonly settings: RegistrySettings
}

/** What a TLS connection to one host is made with. */
export interface Trust {
  readonly rejectUnauthorized: boolean
  readonly ca?: string[]
  readonly cert?: string
  readonly key?: string
}

/**
 * Whom to trust at a host, and who we are: `--ca-file`, `SSL_CERT_FILE`, and the `certs.d/HOST[:PORT]` folders of
 * Docker and Podman (`*.crt` authorities; a `*.cert` with its `*.key` is our own). Authorities are added to Node's, never in their place.
 */
export async function trustFor(url: URL, { env, homeDir, settings }: TrustOptions): Promise<Trust> {
  const given = (settings.caFiles ?? []).map((file) => readCertificates(file, '--ca-file'))
  const fromEnv = env['SSL_CERT_FILE'] ? [readCertificates(env['SSL_CERT_FILE'], 'SSL_CERT_FILE')] : []
  const certificates = await Promise.all([...given, ...fromEnv])
  const folders = certificateFolders(env, homeDir).flatMap((root) => hostFolders(url).map((host) => join(root, host)))
  const found = await Promise.all(folders.map(readFolder))
  const authorities = [...certificates, ...found.flatMap((folder) => folder.authorities)]
  const own = found.find((folder) => folder.pair !== undefined)?.pair
  return {
    rejectUnauthorized: verifiesTls(url, settings),
    ...(authorities.length === 0 ? {} : { ca: [...await defaultAuthorities(env), ...authorities] }),
    ...own,
  }
}

function certificateFolders(env: TrustOptions['env'], homeDir: string): string[] {
  const config = env['XDG_CONFIG_HOME'] || join(homeDir, '.config')
  const docker = env['DOCKER_CONFIG'] || join(homeDir, '.docker')
  return [join(docker, 'certs.d'), join(config, 'containers', 'certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d']
}

/** Docker's folder for Docker Hub is named for the name in images. */
function hostFolders(url: URL): string[] {
  const host = url.host === 'registry-1.docker.io' ? 'docker.io' : url.host
  return url.port === '' ? [host, `${host}:443`] : [host]
}

/** `ca` replaces what Node trusts by itself, so that is said again; Node before 22.15 cannot tell it, nor what NODE_EXTRA_CA_CERTS added. */
async function defaultAuthorities(env: TrustOptions['env']): Promise<readonly string[]> {
  if ('getCACertificates' in tls && typeof tls.getCACertificates === 'function') return (tls.getCACertificates as () => string[])()
  const extra = env['NODE_EXTRA_CA_CERTS']
  return extra ? [...tls.rootCertificates, await readCertificates(extra, 'NODE_EXTRA_CA_CERTS')] : tls.rootCertificates
}

/** @param said what names the file: a wrong `--ca-file` is the command line's mistake */
async function readCertificates(path: string, said = 'certificate file'): Promise<string> {
  const failure = { code: said === '--ca-file' ? 'USAGE' : 'UNREADABLE', step: `read ${said}`, value: path, wanted: 'a file of certificates in PEM' } as const
  const bytes = await readHostFile(path).catch((cause: unknown) => {
    throw new PackagerError({ ...failure, found: unreadable[systemCode(cause) ?? ''] ?? reason(cause), hint: 'check the path, and that you may read it', cause })
  })
  const text = bytes.toString('utf8')
  if (text.includes('-----BEGIN CERTIFICATE-----') || text.includes('-----BEGIN TRUSTED CERTIFICATE-----')) return text
  throw new PackagerError({ ...failure, ...whatItIs(bytes, path) })
}

const unreadable: Readonly<Record<string, string>> = { ENOENT: 'no such file', ENOTDIR: 'no such file', EISDIR: 'a folder', EACCES: 'a file that you may not read' }

/** A certificate in binary form (DER) begins as every ASN.1 sequence of that length does. */
function whatItIs(bytes: Buffer, path: string): { readonly found: string; readonly hint: string } {
  const asked = 'a certificate in PEM begins with -----BEGIN CERTIFICATE-----'
  if (bytes.length === 0) return { found: 'an empty file', hint: asked }
  if (bytes[0] === 0x30 && bytes[1] === 0x82) return { found: 'binary data, which may be a certificate in DER', hint: `openssl x509 -inform der -in ${path} makes PEM of it` }
  if (/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(bytes.toString('latin1'))) return { found: 'a private key', hint: asked }
  return { found: 'no certificate in it', hint: asked }
}

interface CertificateFolder {
  readonly authorities: readonly string[]
  readonly pair?: { readonly cert: string; readonly key: string } | undefined
}

async function readFolder(folder: string): Promise<CertificateFolder> {
  const names = await readdir(folder).catch((cause: unknown): string[] => {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(cause) ?? '')) return []
    throw new PackagerError({ code: 'UNREADABLE', step: 'read certificate folder', value: folder, found: reason(cause), cause })
  })
  const sorted = names.sort((a, b) => (a < b ? -1 : 1))
  const authorities = await Promise.all(sorted.filter((name) => name.endsWith('.crt')).map((name) => readCertificates(join(folder, name))))
  const cert = sorted.find((name) => name.endsWith('.cert') && names.includes(name.replace(/\.cert$/, '.key')))
  if (cert === undefined) return { authorities }
  const key = (await readHostFile(join(folder, cert.replace(/\.cert$/, '.key')))).toString('utf8')
  return { authorities, pair: { cert: await readCertificates(join(folder, cert)), key } }
}
