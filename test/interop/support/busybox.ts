import { readFile } from 'node:fs/promises'
import type { CaseBase, CaseImage } from '../../support/builder-vectors/case.ts'

/** What the sample lifecycle and buildpacks call. */
const applets = ['awk', 'cat', 'chmod', 'cp', 'env', 'grep', 'id', 'ls', 'mkdir', 'sh', 'tr', 'uniq']

/** Debian's busybox-static, a program that needs no library. */
const program = '/bin/busybox'

/**
 * A base that a builder can stand on: a shell, a user who is not root. The image of each architecture has this machine's
 * programs in it, so that only the one of this machine can run.
 */
export async function busyboxBase(architectures: readonly string[]): Promise<CaseBase> {
  const contentBase64 = (await readFile(program)).toString('base64')
  const layer: CaseImage['layers'][number] = {
    entries: [
      { path: 'bin', type: 'dir', mode: '0755' },
      { path: 'bin/busybox', type: 'file', mode: '0755', contentBase64 },
      ...applets.map((name) => ({ path: `bin/${name}`, type: 'symlink' as const, target: 'busybox' })),
      { path: 'etc', type: 'dir', mode: '0755' },
      { path: 'etc/passwd', type: 'file', mode: '0644', content: 'root:x:0:0::/:/bin/sh\ncnb:x:1001:1002::/workspace:/bin/sh\n' },
      { path: 'etc/group', type: 'file', mode: '0644', content: 'root:x:0:\ncnb:x:1002:\n' },
      { path: 'tmp', type: 'dir', mode: '1777' },
    ],
  }
  const config = { User: '1001:1002', Env: ['PATH=/bin', 'CNB_USER_ID=1001', 'CNB_GROUP_ID=1002', 'CNB_TARGET_OS=linux'], Labels: {} }
  return { ref: '', index: true, images: architectures.map((architecture) => ({ platform: { os: 'linux', architecture }, config, layers: [layer] })) }
}
