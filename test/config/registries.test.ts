import { expect, test } from 'vitest'
import { readRegistriesConf } from '../../src/config/registries.ts'
import { formatProblem } from '../../src/errors.ts'

const problems = (text: string): string[] => readRegistriesConf(text, 'r.conf').problems.map(formatProblem)

test('a file says where images come from, and all else in it is left alone', () => {
  const text = `unqualified-search-registries = ["example.com"]
short-name-mode = "permissive"
[[registry]]
prefix = "example.com/foo"
location = "internal.example/bar/"
insecure = true
[[registry.mirror]]
location = "mirror-0.local/mirror-for-foo"
[[registry.mirror]]
location = "mirror-1.local"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.corp.example"
blocked = true
[aliases]
"x" = "docker.io/library/x"
`
  const file = 'r.conf'
  expect(readRegistriesConf(text, file).value).toEqual([
    {
      prefix: 'example.com/foo',
      location: 'internal.example/bar',
      insecure: true,
      blocked: false,
      mirrors: [
        { location: 'mirror-0.local/mirror-for-foo', insecure: false, pulls: 'all' },
        { location: 'mirror-1.local', insecure: true, pulls: 'digest-only' },
      ],
      file,
    },
    { prefix: '*.corp.example', location: '', insecure: false, blocked: true, mirrors: [], file },
  ])
})

test('a prefix that is left out is the location', () => {
  expect(readRegistriesConf('[[registry]]\nlocation = "docker.io"\n', 'r.conf').value).toMatchObject([{ prefix: 'docker.io', location: 'docker.io' }])
})

test('mirror-by-digest-only holds for all mirrors', () => {
  const text = '[[registry]]\nlocation = "a.example"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b.example"\n'
  expect(readRegistriesConf(text, 'r.conf').value?.[0]?.mirrors).toMatchObject([{ pulls: 'digest-only' }])
})

test.each(['', '# nothing\n', "[registries.search]\nregistries = ['a.example']\n"])('a file without such rules, %j, has none', (text) => {
  expect(readRegistriesConf(text, 'r.conf')).toEqual({ value: [], problems: [], warnings: [] })
})

test.each([
  ['[[registry]]\ninsecure = true\n', 'r.conf:1:1: registry[0]: needs a prefix or a location'],
  ['[[registry]]\nprefix = "a.example"\n', 'r.conf:1:1: registry[0].location: is required: only a prefix such as "*.example.com" goes without one'],
  ['[[registry]]\nlocation = "https://a.example"\n', 'r.conf:2:1: registry[0].location: has a scheme: write host[:port][/path]; insecure = true allows http'],
  ['[[registry]]\nlocation = "a"\n[[registry.mirror]]\ninsecure = true\n', 'r.conf:3:1: registry[0].mirror[0].location: is required: where the mirror is'],
  ['[[registry]]\nlocation = "a"\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "some"\n', 'r.conf:5:1: registry[0].mirror[0].pull-from-mirror: is "some", must be all, digest-only or tag-only'],
  ['[[registry]]\nlocation = "a"\nblocked = "yes"\n', 'r.conf:3:1: registry[0].blocked: is a string ("yes"), must be true or false'],
  ['registry = 1\n', 'r.conf:1:1: registry: is a number (1), must be a list of tables: write [[registry]] before each entry'],
])('a mistake has its place: %j', (text, expected) => {
  expect(problems(text)).toEqual([expected])
})
