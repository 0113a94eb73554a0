import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegistryRule } from '../config/registries.ts'
import { readRegistriesConf } from '../config/registries.ts'
import { PackagerError, configError, reason, systemCode } from '../errors.ts'
import { readHostFile } from '../host-files.ts'

export interface RegistriesPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  /** `/etc/containers`, except in tests. */
  readonly systemFolder?: string
}

const step = 'read registries.conf'

/**
 * The rules of Podman's and Skopeo's `registries.conf`: the file that `CONTAINERS_REGISTRIES_CONF` names and no other; else the
 * user's, or the system's where there is none, and after it what is in `registries.conf.d`, the system's and then the user's.
 */
export async function loadRegistryRules({ env, homeDir, systemFolder = '/etc/containers' }: RegistriesPlaces): Promise<readonly RegistryRule[]> {
  const named = env['CONTAINERS_REGISTRIES_CONF']
  if (named) return (await readRules(named)) ?? missing(named)
  const userFolder = join(env['XDG_CONFIG_HOME'] || join(homeDir, '.config'), 'containers')
  const own = await readRules(join(userFolder, 'registries.conf'))
  const rules = [...(own ?? (await readRules(join(systemFolder, 'registries.conf'))) ?? [])]
  for (const folder of [systemFolder, userFolder]) {
    for (const file of await dropIns(join(folder, 'registries.conf.d'))) rules.push(...((await readRules(file)) ?? []))
  }
  return rules
}

function missing(path: string): never {
  throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: 'no such file', hint: 'CONTAINERS_REGISTRIES_CONF names it' })
}

async function dropIns(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((cause: unknown): string[] => {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return []
    throw new PackagerError({ code: 'UNREADABLE', step, value: folder, found: reason(cause), cause })
  })
  return names.filter((name) => name.endsWith('.conf')).sort().map((name) => join(folder, name))
}

/** `undefined`: there is no such file. */
async function readRules(path: string): Promise<readonly RegistryRule[] | undefined> {
  const bytes = await readHostFile(path).catch((cause: unknown) => {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return undefined
    throw new PackagerError({ code: 'UNREADABLE', step, value: path, found: reason(cause), cause })
  })
  if (bytes === undefined) return undefined
  const { value, problems } = readRegistriesConf(bytes.toString('utf8'), path)
  if (value === undefined) throw configError(step, problems)
  return value
}
