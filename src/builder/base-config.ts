type Fields = Readonly<Record<string, unknown>>

interface Shape {
  readonly what: string
  readonly fits: (value: unknown) => boolean
}

const text: Shape = { what: 'string', fits: (value) => typeof value === 'string' }
const texts: Shape = { what: 'list of strings', fits: (value) => Array.isArray(value) && value.every(text.fits) }
const object: Shape = { what: 'object', fits: isObject }
const textMap: Shape = { what: 'object of strings', fits: (value) => isObject(value) && Object.values(value).every(text.fits) }
const objects: Shape = { what: 'list of objects', fits: (value) => Array.isArray(value) && value.every(isObject) }

/** What engines read of a config (image-spec, config.md, "Properties"). */
const outer: Readonly<Record<string, Shape>> = {
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
  'os.features': texts,
  created: text,
  author: text,
  config: object,
  history: objects,
}
const inner: Readonly<Record<string, Shape>> = {
  User: text,
  WorkingDir: text,
  StopSignal: text,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  OnBuild: texts,
  Shell: texts,
  Labels: textMap,
  ExposedPorts: object,
  Volumes: object,
}

/**
 * What is of another shape than engines read in an image's config. A builder keeps all of it, and nobody could load one of such
 * a base. Null is as good as absent.
 *
 * @example
 * configFaults({ config: { Entrypoint: '/bin/sh', Env: null } }) // ['config.Entrypoint is no list of strings']
 */
export function configFaults(config: Fields): readonly string[] {
  const own = isObject(config['config']) ? config['config'] : {}
  return [...faultsIn(config, outer, ''), ...faultsIn(own, inner, 'config.')]
}

function faultsIn(fields: Fields, shapes: Readonly<Record<string, Shape>>, path: string): readonly string[] {
  return Object.entries(shapes).flatMap(([key, { what, fits }]) => {
    const value = fields[key]
    return value === undefined || value === null || fits(value) ? [] : [`${path}${key} is no ${what}`]
  })
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
