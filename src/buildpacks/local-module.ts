import { join } from 'node:path'
import type { ModuleConfig } from '../config/buildpack.ts'
import { readBuildpackToml, readExtensionToml } from '../config/module-reader.ts'
import type { Problem } from '../errors.ts'
import { PackagerError } from '../errors.ts'
import type { Findings } from './findings.ts'
import type { LocalModule } from './open.ts'
import type { ModuleSource } from './source.ts'

/** What a config file says a source holds. */
export interface SaidKind {
  readonly kind: ModuleConfig['kind']
  /** That file. */
  readonly file: string
  /** What to do where it holds something else. */
  readonly hint?: string
  /** Where it names the source, and how: that something else is there is one more problem of the config files. */
  readonly named?: { readonly uri: string; readonly at: Omit<Problem, 'message'> }
}

/** The module at a source's top: what a config file says it is, else what its toml says. Its mistakes go to `report`; `more` finds others in it. */
export async function readModule(
  source: ModuleSource,
  uri: string,
  said: SaidKind | undefined,
  report: Findings,
  more: (draft: ModuleConfig) => readonly Problem[] = () => [],
): Promise<LocalModule | undefined> {
  const buildpack = await source.read('buildpack.toml')
  const extension = await source.read('extension.toml')
  const kind = said?.kind ?? (buildpack === undefined ? 'extension' : 'buildpack')
  const toml = kind === 'buildpack' ? buildpack : extension
  if (toml === undefined) {
    const held = buildpack === undefined ? (extension === undefined ? undefined : 'extension') : 'buildpack'
    if (said?.named === undefined) throw missingToml(source, said, held === undefined ? 'neither at its top' : `${held}.toml`)
    const { uri: name, at } = said.named
    const message =
      held === undefined ? 'holds neither buildpack.toml nor extension.toml' : `holds ${held}.toml: write [${held}] uri = "${name}"`
    report.add([{ ...at, message: `"${name}" ${message}` }])
    return undefined
  }
  if (buildpack !== undefined && extension !== undefined && said === undefined) {
    report.warn({
      message: `${source.place} holds buildpack.toml and extension.toml: packaging the buildpack`,
      hint: 'a package.toml with [extension] uri = "." packages the extension',
    })
  }
  const tomlName = `${kind}.toml`
  const shown = source.place === '.' ? tomlName : join(source.place, tomlName)
  const read = kind === 'buildpack' ? readBuildpackToml : readExtensionToml
  const checked = read(toml, shown)
  const config = report.take(checked)
  const draft = checked.value ?? checked.draft
  if (draft !== undefined) report.add(more(draft))
  const ignoreFile = (await source.read('.bpignore'))?.toString('utf8') ?? ''
  return config === undefined ? undefined : { kind: 'local', uri, source, config, tomlName, toml, ignoreFile }
}

function missingToml(source: ModuleSource, said: SaidKind | undefined, found: string): PackagerError {
  const wanted = said === undefined ? 'buildpack.toml or extension.toml' : `${said.kind}.toml, as ${said.file} says`
  return new PackagerError({
    code: 'CONFIG',
    step: 'read buildpack',
    value: source.place,
    found,
    wanted,
    hint: said?.hint ?? 'name the buildpack folder with --path, or in package.toml as [buildpack] uri',
  })
}
