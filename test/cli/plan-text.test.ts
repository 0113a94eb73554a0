import { expect, test } from 'vitest'
import { planText } from '../../src/cli/plan-text.ts'
import type { RunPlan as PackagePlan, PlannedLayer } from '../../src/publish/run-plan.ts'
import { PLAN } from './support/screen.ts'

function planOf(layer: Partial<PlannedLayer>): PackagePlan {
  return { ...PLAN, layers: PLAN.layers.map((known) => Object.assign({}, known, layer)) }
}

test('a plan tells names, images with their roots, files with their sizes, and what is left out', () => {
  expect(planText(PLAN, false)).toBe(`name         registry.example/hello:1.0.0
tags         registry.example/hello:latest
destination  registry
makes        an index over 2 images

images
  linux/amd64     root linux/amd64
  linux/arm64/v8  root .            tag registry.example/hello:1.0.0-linux-arm64-v8

layer acme/hello@1.0.0: 2 files, 2.0 KiB
  for   linux/amd64
  root  linux/amd64
    bin/build   2.0 KiB
    bin/detect  12 B
  left out
    .git
    .env
`)
})

test('a layout shows its path, and one target makes one image', () => {
  const plan: PackagePlan = { ...PLAN, destination: 'layout', path: './hello.oci', kind: 'image' }
  expect(planText(plan, false)).toContain('destination  layout ./hello.oci\nmakes        one image\n')
})

test('a long list is cut and counted, and whole with -v', () => {
  const files = Array.from({ length: 300 }, (_, index) => ({ path: `lib/file-${index}`, size: 1 }))
  const plan = planOf({ files, excluded: files.map((file) => file.path) })
  expect(planText(plan, false)).toContain('    lib/file-11  1 B\n    and 288 more files (-v lists all)\n  left out\n')
  expect(planText(plan, false)).toContain('    lib/file-11\n    and 288 more (-v lists all)\n')
  expect(planText(plan, true)).toContain('lib/file-299  1 B')
  expect(planText(plan, true)).not.toContain('more')
})

test('a file name cannot draw on the terminal', () => {
  const plan = planOf({ files: [{ path: 'a\u001b[2Jb\nc', size: 1 }] })
  expect(planText(plan, false)).toContain(String.raw`    a\x1b[2Jb\nc  1 B`)
})

test('a layer of another image is said to be taken, for nobody has looked into it', () => {
  expect(planText(planOf({ root: '', files: [], excluded: [], digest: 'sha256:0', bytes: 2048 }), false)).toContain('layer acme/hello@1.0.0: taken as it is, 2.0 KiB\n  for  linux/amd64\n')
})

test('what lies beside the platform folders has a list of its own', () => {
  expect(planText(planOf({ outside: ['README.md', 'lib/'] }), false)).toContain('    .env\n  beside the platform folders, in no layer\n    README.md\n    lib/\n')
})
