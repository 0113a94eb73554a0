import { posix } from 'node:path'
import { PackagerError } from '../errors.ts'
import type { LayerEntry } from '../layers/entries.ts'
import { bytesEntry } from '../layers/entries.ts'
import type { TarInput } from '../layers/tar.ts'
import { fixedTime } from '../tar/header.ts'
import { plainStamp } from '../tar/stamp.ts'
import { bytesOfText } from '../layers/names.ts'
import type { EnvironmentFile } from './build-env.ts'

/** Where a builder keeps the platform's build environment, unless `CNB_BUILD_CONFIG_DIR` says otherwise. */
const buildConfigFolder = '/cnb/build-config'

/** The user and group that a build runs as: `CNB_USER_ID` and `CNB_GROUP_ID` of the base. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Where the build environment goes: `CNB_BUILD_CONFIG_DIR`, cleaned.
 *
 * @throws PackagerError `USAGE` where it is no folder of its own below the root
 */
export function buildConfigPath(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['CNB_BUILD_CONFIG_DIR']
  if (given === undefined) return buildConfigFolder
  const path = posix.normalize(given).replace(/\/$/, '')
  const found = pathFault(given, path)
  if (found === undefined) return path
  throw new PackagerError({ code: 'USAGE', step: 'read CNB_BUILD_CONFIG_DIR', value: given, found, wanted: 'an absolute path in the image', hint: `unset it for ${buildConfigFolder}` })
}

/** Folders of every builder: a second entry would be made of them, perhaps with another owner. */
const ownFolders: readonly string[] = ['/cnb', '/layers', '/platform', '/platform/env', '/workspace']
/** What a builder has there is not for others to put files into. */
const ownContents: readonly string[] = ['/cnb/buildpacks', '/cnb/extensions', '/cnb/lifecycle', '/cnb/order.toml', '/cnb/run.toml', '/cnb/stack.toml', '/cnb/system.toml', '/lifecycle']

function pathFault(given: string, path: string): string | undefined {
  if (given === '') return 'nothing'
  if (/\p{Cc}/u.test(given)) return 'a path with a control character'
  if (!given.startsWith('/') || path === '') return 'no folder below /'
  if (given.split('/').includes('..')) return 'a path with ..'
  const own = [...ownFolders.filter((folder) => folder === path), ...ownContents.filter((one) => `${path}/`.startsWith(`${one}/`))][0]
  return own === undefined ? undefined : `${own}, which builders have for something else`
}

/** The first layer above the base (SPEC-builder.md section 4): the folders that every phase of a build expects. */
export function foldersLayer({ uid, gid }: Owner, buildConfig: string): TarInput {
  const owned = ['/workspace', '/layers'].map((path) => folder(path, uid, gid))
  const others = ['/cnb', '/cnb/buildpacks', '/cnb/extensions', '/platform', '/platform/env', buildConfig, `${buildConfig}/env`].map((path) => folder(path, 0, 0))
  return { parts: [{ folders: [], base: '', entries: [...owned, ...others], keep: 'all' }], windows: false }
}

/** A layer of one file with our own text, `/cnb/order.toml` for one. */
export function fileLayer(path: string, text: string): TarInput {
  return { parts: [{ folders: [], base: posix.dirname(path), entries: [bytesEntry(posix.basename(path), Buffer.from(text))] }], windows: false }
}

/** The files of `[[build.env]]`. */
export function environmentLayer(files: readonly EnvironmentFile[], buildConfig: string): TarInput {
  return { parts: [{ folders: [], base: `${buildConfig}/env`, entries: files.map(({ name, text }) => bytesEntry(name, Buffer.from(text))) }], windows: false }
}

/** Hides what the base has of a module of the same id and version: an empty file as OCI's image layers know it. */
export function whiteoutLayer(kind: 'buildpack' | 'extension', id: string, version: string): TarInput {
  const entry = { ...bytesEntry(`.wh.${version}`, Buffer.alloc(0)), stamp: plainStamp(0o644, 0) }
  return { parts: [{ folders: [], base: `/cnb/${kind}s/${id.replaceAll('/', '_')}`, entries: [entry], keep: 'all' }], windows: false }
}

/** The last layer of every builder, where platforms put the environment of a build: nothing, in 1024 bytes. */
export const emptyLayer: TarInput = { parts: [], windows: false }

function folder(path: string, uid: number, gid: number): LayerEntry {
  const stamp = plainStamp(0o755, fixedTime, uid, gid)
  return { name: bytesOfText(path.slice(1)), type: 'folder', executable: true, size: 0, link: '', content: undefined, stamp }
}
