import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { RealEngine } from './dockerd.ts'

/** What an engine says of an image that it has. */
export interface EngineImage {
  readonly Id: string
  readonly Os: string
  readonly Architecture: string
  readonly Variant?: string
  readonly OsVersion?: string
}

/** Has an engine pull an image for a platform (`linux/arm64`), and gives what it holds then. */
export async function pullInto(engine: RealEngine, name: string, platform: string): Promise<EngineImage> {
  const answer = await ask(engine, 'POST', `/images/create?fromImage=${encodeURIComponent(name)}&platform=${encodeURIComponent(platform)}`)
  if (answer.includes('"error"')) throw new Error(`pull ${name} for ${platform}: ${answer}`)
  return JSON.parse(await ask(engine, 'GET', `/images/${name}/json`)) as EngineImage
}

async function ask({ host }: RealEngine, method: string, path: string): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath: host.replace('unix://', ''), path: `/v1.40${path}`, method }, resolve).once('error', reject).end()
  })
  const said = await text(response)
  if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${String(response.statusCode)} ${said}`)
  return said
}
