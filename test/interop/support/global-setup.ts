import { checkPrograms, exec } from './exec.ts'

/** The suite tests what a user would run: the bundled build of the sources as they are now. */
export async function setup(): Promise<void> {
  await checkPrograms(['docker-registry', 'skopeo', 'umoci', 'podman', 'dockerd', 'openssl', 'tar', 'npm', 'chromium'])
  await exec(process.execPath, ['bin/build.js'], { cwd: new URL('../../..', import.meta.url).pathname })
}
