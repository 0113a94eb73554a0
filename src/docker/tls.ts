import { join } from 'node:path'
import { PackagerError, reason, systemCode } from '../errors.ts'
import { readHostFile } from '../host-files.ts'

/** What a TLS connection to an engine is made with. */
export interface EngineTls {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The `ca.pem`, `cert.pem` and `key.pem` of a folder, as Docker keeps them; those that are not there are left out. */
export async function readTlsFolder(folder: string, rejectUnauthorized: boolean): Promise<EngineTls> {
  const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map((name) => readPem(join(folder, name))))
  if ((cert === undefined) !== (key === undefined)) {
    const found = cert === undefined ? 'key.pem without cert.pem' : 'cert.pem without key.pem'
    throw new PackagerError({ code: 'UNREADABLE', step: "read the engine's certificates", value: folder, found, wanted: 'both, or neither' })
  }
  return { rejectUnauthorized, ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) }
}

async function readPem(path: string): Promise<string | undefined> {
  try {
    return (await readHostFile(path)).toString('utf8')
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) return undefined
    throw new PackagerError({ code: 'UNREADABLE', step: 'read certificate file', value: path, found: reason(cause), cause })
  }
}
