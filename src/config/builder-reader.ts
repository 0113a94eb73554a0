import type { GroupMember } from './buildpack.ts'
import { checkBuilder } from './builder-rules.ts'
import type { Checked } from './checked.ts'
import { readMember, readModuleInfo, readOrder, readTargets } from './fields.ts'
import type { Findings } from './findings.ts'
import type { Section } from './section.ts'
import { readDocument } from './section.ts'
import type { BuilderConfig, BuilderModule, BuildEnvironment, RunImage } from './builder.ts'
import type { TomlSource } from './toml-bytes.ts'

const elsewhere = {
  groups: '[[order]], as [[order.group]]',
  'order-ext': '[[order-extensions]]',
  env: '[build]',
  images: '[run]',
  metadata: 'buildpack.toml',
}

/** Reads builder.toml. An unknown key is a problem, as it is for pack. */
export function readBuilderToml(source: TomlSource, file: string): Checked<BuilderConfig> {
  return readDocument(source, file, (root, findings) => {
    const description = root.text('description')
    const buildpacks = root.sections('buildpacks').map(readBuilderModule)
    const extensions = root.sections('extensions').map(readBuilderModule)
    const order = readOrder(root, 'order', 'refuse')
    const orderExtensions = readOrder(root, 'order-extensions', 'refuse')
    const system = readSystem(root.section('system'))
    const lifecycle = readLifecycle(root.section('lifecycle'))
    const targets = readTargets(root, 'refuse')
    const images = readImages(root, findings)
    root.close('refuse', elsewhere)
    const config = { file, description, buildpacks, extensions, order, orderExtensions, system, lifecycle, targets, ...images }
    checkBuilder(config, findings)
    return config
  })
}

function readBuilderModule(section: Section): BuilderModule {
  const module = { ...readModuleInfo(section), uri: section.text('uri'), image: section.text('image'), ...section.position }
  section.close('refuse')
  return module
}

function readSystem(section: Section | undefined): BuilderConfig['system'] {
  const system = { pre: readSystemList(section?.section('pre')), post: readSystemList(section?.section('post')) }
  section?.close('refuse')
  return system
}

function readSystemList(section: Section | undefined): readonly GroupMember[] {
  const members = section?.sections('buildpacks').map((member) => readMember(member, 'refuse')) ?? []
  section?.close('refuse')
  return members
}

function readLifecycle(section: Section | undefined): BuilderConfig['lifecycle'] {
  if (section === undefined) return {}
  const [uri, version] = [section.text('uri'), section.text('version')]
  section.close('refuse')
  return { ...(section.has('uri') ? { uri } : {}), ...(section.has('version') ? { version } : {}) }
}

/** The new tables win over `[stack]`; what only the stack has stands in for them. */
function readImages(root: Section, findings: Findings): Pick<BuilderConfig, 'buildImage' | 'buildImageAt' | 'buildEnv' | 'runImages' | 'stackId'> {
  const build = root.section('build')
  const buildImage = build?.text('image') ?? ''
  const buildEnv = build?.sections('env').map(readBuildEnvironment) ?? []
  build?.close('refuse')
  const run = root.section('run')
  const runImages = run?.sections('images').map(readRunImage) ?? []
  run?.close('refuse')
  const stack = root.section('stack')
  const stackId = stack?.text('id') ?? ''
  const stackBuildImage = stack?.text('build-image') ?? ''
  const stackRunImages = stack === undefined ? [] : readStackRunImage(stack)
  stack?.close('refuse')
  if (stack !== undefined) findings.warning(stack.path, 'is deprecated: name the images in [build] and [[run.images]]')
  warnOfClash(findings, 'build-image', stackBuildImage, buildImage)
  warnOfClash(findings, 'run-image', stackRunImages[0]?.image ?? '', runImages[0]?.image ?? '')
  return {
    buildImage: buildImage === '' ? stackBuildImage : buildImage,
    buildImageAt: (buildImage === '' ? stack?.places(['build-image'])['build-image'] : build?.places(['image'])['image']) ?? { line: 1, column: 1 },
    buildEnv,
    runImages: runImages.length === 0 ? stackRunImages : runImages,
    ...(stackId === '' ? {} : { stackId }),
  }
}

function warnOfClash(findings: Findings, key: string, old: string, current: string): void {
  if (old === '' || current === '' || old === current) return
  findings.warning(['stack', key], `is not used: ${key === 'build-image' ? 'build.image' : 'run.images'} says "${current}"`)
}

function readBuildEnvironment(section: Section): BuildEnvironment {
  const texts = { name: section.text('name'), value: section.text('value'), suffix: section.text('suffix'), delim: section.text('delim') }
  const entry = { ...texts, execEnv: section.texts('exec-env'), ...section.position }
  section.close('refuse')
  return entry
}

function readRunImage(section: Section): RunImage {
  const image = section.text('image')
  const mirrors = section.texts('mirrors')
  section.close('refuse')
  return { image, ...(section.has('mirrors') ? { mirrors } : {}), ...section.position }
}

function readStackRunImage(stack: Section): readonly RunImage[] {
  const image = stack.text('run-image')
  const mirrors = stack.texts('run-image-mirrors')
  return image === '' ? [] : [{ image, ...(stack.has('run-image-mirrors') ? { mirrors } : {}), ...stack.position }]
}
