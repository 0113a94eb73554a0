import { closeSync, openSync, readSync } from 'node:fs'
import type { Entries, LayerEntry } from './entries.ts'
import { displayName } from './entries.ts'
import { pathOfBytes } from './names.ts'

const names = /(?:^|\/)(?:\.env|\.netrc|id_(?:rsa|dsa|ecdsa|ed25519))$|(?:^|\/)\.docker\/config\.json$/
const suspects = [
  { name: /(?:^|\/)\.npmrc$/, content: /_authToken|_auth\s*=|_password/ },
  { name: /\.(?:pem|key)$/, content: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
]
const looked = 64 * 1024

/** The entries that look like secrets (SPEC-vendor.md, "Which files go in", 4): by name, or by name and what they begin with. */
export function findSecrets(entries: Entries): readonly string[] {
  const found: string[] = []
  for (const entry of entries) if (entry.type === 'file' && isSecret(entry)) found.push(displayName(entry))
  return found
}

function isSecret(entry: LayerEntry): boolean {
  const name = displayName(entry)
  if (names.test(name)) return true
  const suspect = suspects.find((candidate) => candidate.name.test(name))
  return suspect !== undefined && suspect.content.test(beginning(entry))
}

/** '' where it cannot be read: whoever packages the file says why. */
function beginning({ content, size }: LayerEntry): string {
  if (content === undefined) return ''
  if (content.kind === 'bytes') return Buffer.from(content.bytes.subarray(0, looked)).toString('latin1')
  let file: number | undefined
  try {
    file = openSync(pathOfBytes(content.path), 'r')
    const bytes = Buffer.alloc(Math.min(size, looked))
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, content.start))
  } catch {
    return ''
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
