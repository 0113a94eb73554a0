import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadRegistryRules } from '../../src/publish/registries-conf.ts'
import { asOrdinaryUser } from '../support/tree/ordinary-user.ts'
import type { InlineFiles } from '../support/tree/tree.ts'
import { inlineTree } from '../support/tree/tree.ts'

const rule = (prefix: string): string => `[[registry]]\nlocation = "${prefix}"\n`

async function load(files: InlineFiles, env: (at: (name: string) => string) => Record<string, string> = () => ({})): Promise<string[]> {
  const tree = await inlineTree({ 'empty': '', ...files })
  onTestFinished(() => tree.remove())
  const at = (name: string): string => join(tree.path, name)
  const rules = await loadRegistryRules({ env: env(at), homeDir: at('home'), systemFolder: at('etc') })
  return rules.map(({ prefix }) => prefix)
}

test('there need not be any file', async () => {
  expect(await load({})).toEqual([])
})

test('the user\'s file stands in the place of the system\'s, and drop-ins come after either, in order', async () => {
  const system = { 'etc/registries.conf': rule('system'), 'etc/registries.conf.d/b.conf': rule('system-b'), 'etc/registries.conf.d/a.conf': rule('system-a'), 'etc/registries.conf.d/c.txt': rule('no') }
  expect(await load(system)).toEqual(['system', 'system-a', 'system-b'])
  const user = { 'home/.config/containers/registries.conf': rule('user'), 'home/.config/containers/registries.conf.d/u.conf': rule('user-u') }
  expect(await load({ ...system, ...user })).toEqual(['user', 'system-a', 'system-b', 'user-u'])
  const moved = { 'xdg/containers/registries.conf': rule('xdg') }
  expect(await load({ ...user, ...moved }, (at) => ({ XDG_CONFIG_HOME: at('xdg') }))).toEqual(['xdg'])
})

test('the file that CONTAINERS_REGISTRIES_CONF names is the only one', async () => {
  const files = { 'etc/registries.conf': rule('system'), 'etc/registries.conf.d/a.conf': rule('a'), 'named.conf': rule('named') }
  expect(await load(files, (at) => ({ CONTAINERS_REGISTRIES_CONF: at('named.conf') }))).toEqual(['named'])
  await expect(load(files, (at) => ({ CONTAINERS_REGISTRIES_CONF: at('none.conf') }))).rejects.toMatchObject({ code: 'UNREADABLE', message: expect.stringContaining('none.conf": no such file') as string })
})

test('a file with mistakes is refused, each with its place', async () => {
  await expect(load({ 'etc/registries.conf': '[[registry]]\nblocked = 1\n[[registry]]\nlocation = 3\n' })).rejects.toMatchObject({
    code: 'CONFIG',
    problems: [{ line: 1, key: 'registry[0]' }, { line: 2, key: 'registry[0].blocked' }, { line: 4, key: 'registry[1].location' }],
  })
})

test('a file that cannot be read is refused: it may be what keeps something from being pulled', async () => {
  const tree = await inlineTree({ 'etc/registries.conf': rule('system') })
  onTestFinished(() => tree.remove())
  await chmod(join(tree.path, 'etc/registries.conf'), 0)
  await asOrdinaryUser(tree.path, () => expect(loadRegistryRules({ env: {}, homeDir: tree.path, systemFolder: join(tree.path, 'etc') })).rejects.toMatchObject({ code: 'UNREADABLE' }))
})
