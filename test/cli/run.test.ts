import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { PackagerError, cancelled, configError } from '../../src/errors.ts'
import type { Event } from '../../src/events.ts'
import { PLAN, RESULT, Screen, digest, recordingLibrary, scene } from './support/screen.ts'

const REFERENCE = `registry.example/hello@${digest('a')}\n`
const EVENTS: readonly Event[] = [
  { type: 'warning', message: 'no target named', hint: 'add [[targets]]' },
  { type: 'retry', action: 'put manifest', reason: 'HTTP 503', attempt: 1, delayMs: 1500 },
  { type: 'tagged', name: 'registry.example/hello:1.0.0', digest: digest('a'), status: 'uploaded' },
]

async function bpPackage(line: string, context = scene(), library = recordingLibrary(EVENTS)) {
  const code = await run(line.split(' ').filter((word) => word !== ''), '1.2.3', context, library)
  return { code, stdout: context.stdout.text, stderr: context.stderr.text, asked: library.asked }
}

test('success prints the reference alone on stdout, everything else on stderr', async () => {
  const { code, stdout, stderr } = await bpPackage('registry.example/hello:1.0.0 --publish')
  expect({ code, stdout }).toEqual({ code: 0, stdout: REFERENCE })
  expect(stderr).toBe(
    [
      'warning: no target named',
      'hint: add [[targets]]',
      'tagged registry.example/hello:1.0.0',
      `published registry.example/hello:1.0.0 (index ${digest('a')}, 2 images): only manifests and tags sent`,
      '',
    ].join('\n'),
  )
})

test('-q keeps the result and the warnings', async () => {
  const { stdout, stderr } = await bpPackage('-q')
  expect(stdout).toBe(REFERENCE)
  expect(stderr).toBe('warning: no target named\nhint: add [[targets]]\n')
})

test('-v tells of retries', async () => {
  expect((await bpPackage('-v')).stderr).toContain('retry 1 in 1.5 s: put manifest: HTTP 503\n')
  expect((await bpPackage('')).stderr).not.toContain('retry')
})

test('--json prints the result alone', async () => {
  const { stdout, stderr } = await bpPackage('--json')
  expect(JSON.parse(stdout)).toEqual(RESULT)
  expect(stderr).toBe('')
})

test('--dry-run shows the plan and packages nothing', async () => {
  const library = failing(new Error('packaged'))
  const { code, stdout } = await bpPackage('--dry-run', scene(), library)
  expect({ code, first: stdout.split('\n')[0] }).toEqual({ code: 0, first: 'name         registry.example/hello:1.0.0' })
  const json = await bpPackage('--dry-run --json', scene(), library)
  expect(JSON.parse(json.stdout)).toEqual(PLAN)
})

test('--metadata-file holds what --json prints', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bp-package-run-'))
  try {
    const { code, stdout } = await bpPackage('--json --metadata-file result.json', scene({ cwd: folder }))
    expect(code).toBe(0)
    expect(await readFile(join(folder, 'result.json'), 'utf8')).toBe(stdout)
    expect(await readdir(folder)).toEqual(['result.json'])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a metadata file that cannot be is told before any work is done', async () => {
  const { code, stderr, asked } = await bpPackage('--metadata-file /nowhere/at/all/result.json')
  expect({ code, asked }).toEqual({ code: 2, asked: [] })
  expect(stderr).toMatch(/^error: write --metadata-file "\/nowhere\/at\/all\/result.json": /u)
})

function failing(error: Error) {
  return {
    ...recordingLibrary(),
    packageBuildpack: async () => {
      throw error
    },
  }
}

test('a failure prints nothing on stdout', async () => {
  const error = new PackagerError({ code: 'REGISTRY', step: 'push', found: 'denied', hint: 'log in' })
  const { code, stdout, stderr } = await bpPackage('', scene(), failing(error))
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: 'error: push: denied\nhint: log in\n' })
})

test('a config file that is wrong ends with 2, as JSON with every problem', async () => {
  const problem = { file: 'buildpack.toml', line: 1, column: 2, key: 'api', message: 'missing' }
  const { code, stdout, stderr } = await bpPackage('--json', scene(), failing(configError('read buildpack.toml', [problem])))
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'CONFIG', hint: null, message: 'read buildpack.toml: 1 problem', problems: [problem] } })
})

test('an unforeseen failure is called a bug', async () => {
  const { code, stderr } = await bpPackage('', scene(), failing(new TypeError('x is undefined')))
  expect(code).toBe(1)
  expect(stderr).toContain('this is a bug in bp-package')
})

test('an interrupt is acknowledged at once, and ends with 130 when all is cleaned up', async () => {
  const controller = new AbortController()
  const context = scene({ signal: controller.signal })
  const library = {
    ...recordingLibrary(),
    packageBuildpack: async () => {
      controller.abort()
      expect(context.stderr.text).toBe('interrupted, cleaning up; once more to stop at once\n')
      throw cancelled('upload')
    },
  }
  const { code, stdout, stderr } = await bpPackage('', context, library)
  expect({ code, stdout, stderr }).toEqual({ code: 130, stdout: '', stderr: 'interrupted, cleaning up; once more to stop at once\n' })
})

test('an interrupt with --json leaves only the error on stderr', async () => {
  const controller = new AbortController()
  controller.abort()
  const { code, stderr } = await bpPackage('--json', scene({ signal: controller.signal }), failing(cancelled('upload')))
  expect(code).toBe(130)
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CANCELLED' } })
})

test('a run that ends well in spite of an interrupt is a success', async () => {
  const controller = new AbortController()
  controller.abort()
  expect((await bpPackage('', scene({ signal: controller.signal }))).code).toBe(0)
})

test('a terminal gets colours, NO_COLOR takes them away', async () => {
  const error = failing(new PackagerError({ code: 'REGISTRY', step: 'push', found: 'denied' }))
  const colored = await bpPackage('--no-progress', scene({ stderr: new Screen(80) }), error)
  expect(colored.stderr).toBe('\u001b[31merror:\u001b[39m push: denied\n')
  const plain = await bpPackage('--no-progress', scene({ stderr: new Screen(80), env: { NO_COLOR: '1' } }), error)
  expect(plain.stderr).toBe('error: push: denied\n')
})
