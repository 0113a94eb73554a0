import type { BuilderConfig } from './builder.ts'
import type { Findings } from './findings.ts'

/** One thing that must hold in builder.toml; all run. */
interface Rule {
  readonly name: string
  check(config: BuilderConfig, findings: Findings): void
}

/** A file system's longest name, less the longest suffix. */
const longestName = 255 - '.override'.length
const suffixes = ['', 'default', 'override', 'append', 'prepend']

/** In the order of SPEC-builder.md section 2. */
const rules: readonly Rule[] = [
  {
    name: 'modules have an address',
    check({ buildpacks, extensions }, findings) {
      for (const [key, modules] of [['buildpacks', buildpacks], ['extensions', extensions]] as const) {
        for (const [index, { uri, image }] of modules.entries()) {
          if (uri === '' && image === '') findings.problem([key, index], 'has no uri: name a folder, an archive or an image')
          if (uri !== '' && image !== '') findings.warning([key, index], 'has uri and image: uri is used')
        }
      }
    },
  },
  {
    name: 'members of an order have an id',
    check({ order, orderExtensions, system }, findings) {
      if (order.length === 0) findings.warning(['order'], 'no [[order]]: the builder detects nothing by itself')
      for (const [key, groups] of [['order', order], ['order-extensions', orderExtensions]] as const) {
        for (const [entry, group] of groups.entries()) {
          if (group.length === 0) findings.warning([key, entry], `has no [[${key}.group]]: it never passes detection`)
          for (const [index, { id }] of group.entries()) {
            if (id === '') findings.problem([key, entry, 'group', index, 'id'], 'is required')
          }
        }
      }
      for (const [side, members] of Object.entries(system)) {
        for (const [index, { id }] of members.entries()) {
          if (id === '') findings.problem(['system', side, 'buildpacks', index, 'id'], 'is required')
        }
      }
    },
  },
  {
    name: 'build and run images are named',
    check({ buildImage, runImages }, findings) {
      if (buildImage === '') findings.problem(['build', 'image'], 'is required: the image that builds run in')
      if (runImages.length === 0) findings.problem(['run', 'images'], 'run.images are required: write [[run.images]] with an image')
      for (const [index, { image }] of runImages.entries()) {
        if (image === '') findings.problem(['run', 'images', index, 'image'], 'is required')
      }
    },
  },
  {
    name: 'the lifecycle has one source',
    check({ lifecycle: { uri, version } }, findings) {
      if (uri !== undefined && version !== undefined) findings.problem(['lifecycle'], 'has uri and version: give one of them')
      for (const [key, value] of Object.entries({ uri, version })) {
        if (value === '') findings.problem(['lifecycle', key], 'is empty: leave it out for the default version')
      }
      if (version !== undefined && !/^v?\d+(?:\.\d+){0,2}(?:[-+].*)?$/.test(version)) {
        findings.problem(['lifecycle', 'version'], `is "${version}", must be a version such as 0.21.0`)
      }
    },
  },
  { name: 'environment entries make files', check: checkEnvironment },
]

function checkEnvironment({ buildEnv }: BuilderConfig, findings: Findings): void {
  const withDelim = new Set(buildEnv.filter(({ delim }) => delim !== '').map(({ name }) => name))
  const files = new Set<string>()
  for (const [index, { name, value, suffix }] of buildEnv.entries()) {
    const path = ['build', 'env', index]
    if (name === '') findings.problem([...path, 'name'], 'is required')
    else if (!namesVariable(name)) findings.problem([...path, 'name'], `is ${JSON.stringify(name)}, which cannot be the name of a variable and of a file`)
    if (!suffixes.includes(suffix)) findings.problem([...path, 'suffix'], `is "${suffix}", must be one of ${suffixes.slice(1).join(', ')}`)
    if ((suffix === 'append' || suffix === 'prepend') && !withDelim.has(name)) {
      findings.problem([...path, 'delim'], `is required: ${name} has the suffix ${suffix}, and no entry of that name gives a delim`)
    }
    if (value === '') findings.warning([...path, 'value'], `is empty: ${name} becomes an empty file`)
    const file = suffix === '' ? name : `${name}.${suffix}`
    if (files.has(file)) findings.warning(path, `writes ${file} again: the last one wins`)
    files.add(file)
  }
}

function namesVariable(name: string): boolean {
  return !['.', '..'].includes(name) && !/[/=\0]/.test(name) && Buffer.byteLength(name) <= longestName
}

/** Runs every rule. */
export function checkBuilder(config: BuilderConfig, findings: Findings): void {
  for (const rule of rules) rule.check(config, findings)
}
