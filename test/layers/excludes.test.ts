import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExcludeRules } from '../../src/layers/excludes.ts'
import { excludesFor } from '../../src/layers/excludes.ts'

function rules(rest: Partial<ExcludeRules> = {}): ExcludeRules {
  return { defaults: true, ignoreFile: '', patterns: [], keep: ['buildpack.toml'], isLayoutFolder: () => false, ...rest }
}

/** Which of these paths are left out; one with a slash at its end is a folder. */
function left(paths: readonly string[], rest: Partial<ExcludeRules> = {}, root = '.'): string[] {
  const excludes = excludesFor(rules(rest), root)
  return paths.filter((path) => excludes(path.replace(/\/$/, ''), path.endsWith('/')))
}

const layouts = new Set(['out.oci', 'linux/amd64/out.oci'])

function isListed(path: string): boolean {
  return layouts.has(path)
}

describe('without a word from the author', () => {
  const unwanted = ['.git/', '.hg/', '.svn/', 'lib/.git/', '.DS_Store', 'lib/.DS_Store', '.build.swp', 'old.cnb', '.bpignore', 'bp-package.toml']

  test('what no package wants is left out', () => {
    expect(left(unwanted)).toEqual(unwanted)
  })

  test('everything else stays, however much it looks like it', () => {
    expect(left(['.gitignore', '.github/', 'git/', 'a.cnb.txt', 'lib/.bpignore', 'lib/bp-package.toml', 'package.toml', '.env', 'bin/build', 'Build.SWP', 'X.CNB'])).toEqual([])
  })

  test('folders that are image layouts are left out, files and other folders of such names are not', () => {
    expect(left(['out.oci/', 'out.oci', 'other.oci/'], { isLayoutFolder: isListed })).toEqual(['out.oci/'])
    expect(left(['out.oci/', 'other.oci/'], { isLayoutFolder: isListed }, 'linux/amd64')).toEqual(['out.oci/'])
  })

  test('what a run that was killed left beside its output is left out', () => {
    expect(left(['.hello-0.0.1.oci.partial-0123456789ab/', '.hello.partial/', '.my.partial-work/'])).toEqual(['.hello-0.0.1.oci.partial-0123456789ab/'])
  })

  test('--no-default-excludes leaves nothing out', () => {
    expect(left([...unwanted, 'out.oci/'], { defaults: false, isLayoutFolder: () => true })).toEqual([])
  })
})

describe('the ignore file', () => {
  test.each([
    ['*.log', ['a.log', 'lib/b.log'], ['a.log.txt', 'log']],
    ['/build', ['build', 'build/'], ['lib/build']],
    ['tmp/', ['tmp/', 'lib/tmp/'], ['tmp']],
    ['doc/*.md', ['doc/a.md'], ['doc/x/a.md', 'lib/doc/a.md']],
    ['doc/**', ['doc/a.md', 'doc/x/a.md'], ['doc/']],
    ['**/gen/', ['gen/', 'a/b/gen/'], ['gen']],
    ['a?c', ['abc'], ['ac', 'abbc']],
    ['[ab].txt', ['a.txt', 'b.txt'], ['c.txt']],
    ['Build', ['Build'], ['build', 'BUILD']],
    ['# note\n\nx', ['x'], ['# note']],
    ['\\#x\n\\!y', ['#x', '!y'], []],
    ['trailing   ', ['trailing'], []],
    ['crlf\r\nlines\r\n', ['crlf', 'lines'], []],
    ['*.txt\n!keep.txt', ['a.txt'], ['keep.txt', 'lib/keep.txt']],
    ['*.txt\n!keep.txt\nkeep.txt', ['a.txt', 'keep.txt'], []],
    ['grüße', ['grüße'], ['gruesse']],
  ])('%j', (ignoreFile, out, stays) => {
    expect(left([...out, ...stays], { ignoreFile })).toEqual(out)
  })

  test('what lies in a folder that is left out cannot be brought back, as with git', () => {
    expect(left(['lib/', 'lib/keep'], { ignoreFile: 'lib/\n!lib/keep' })).toEqual(['lib/', 'lib/keep'])
    expect(left(['lib/', 'lib/keep', 'lib/other'], { ignoreFile: 'lib/*\n!lib/keep' })).toEqual(['lib/other'])
  })

  test('brings back what is left out without a word', () => {
    expect(left(['.git/', 'a.cnb', 'b.cnb'], { ignoreFile: '!.git\n!a.cnb' })).toEqual(['b.cnb'])
  })

  test('yields to --exclude', () => {
    expect(left(['a.txt', 'b.txt'], { ignoreFile: '!a.txt', patterns: ['*.txt'] })).toEqual(['a.txt', 'b.txt'])
    expect(left(['a.txt', 'b.txt'], { patterns: ['*.txt', '!b.txt'] })).toEqual(['a.txt'])
  })
})

describe('for a platform root', () => {
  test('patterns are relative to the buildpack folder', () => {
    expect(left(['bin/x', 'doc/x'], { patterns: ['/linux/amd64/bin'] }, 'linux/amd64')).toEqual(['bin/x'])
    expect(left(['bin/x'], { patterns: ['/linux/amd64/bin'] }, 'linux/arm64')).toEqual([])
    expect(left(['bin/x', 'x'], { patterns: ['/x'] }, 'linux/amd64')).toEqual([])
    expect(left(['bin/x', 'x'], { patterns: ['x'] }, 'linux/amd64')).toEqual(['bin/x', 'x'])
  })

  test('the files of the buildpack folder itself are not meant', () => {
    expect(left(['.bpignore', 'bp-package.toml', '.DS_Store'], {}, 'linux/amd64')).toEqual(['.DS_Store'])
  })
})

test('the module file is packaged whatever the patterns say', () => {
  expect(left(['buildpack.toml', 'lib/buildpack.toml', 'a'], { patterns: ['*'] })).toEqual(['lib/buildpack.toml', 'a'])
})

test('any file name can be asked about', () => {
  const part = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((text) => text.replace(/[/\0]/g, '_')).filter((text) => text !== '.' && text !== '..')
  const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(path, fc.boolean(), fc.constantFrom('.', 'linux/arm64', 'linux/riscv64/ubuntu@24.04'), (name, isFolder, root) => {
      expect(excludesFor(rules({ patterns: ['nothing-has-this-name'] }), root)(name, isFolder)).toBe(isUnwanted(name))
      expect(excludesFor(rules({ patterns: [`/${root === '.' ? '' : `${root}/`}**`] }), root)(name, isFolder)).toBe(true)
    }),
  )
})

function isUnwanted(path: string): boolean {
  return path.split('/').some((part) => ['.git', '.hg', '.svn', '.DS_Store'].includes(part) || /\.(swp|cnb)$/.test(part))
}
