import { EventEmitter, once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** Stands before a registry and, once a connection has sent so many bytes, passes nothing on any more. */
export interface StallingProxy {
  readonly host: string
  /** Resolves when the first connection hangs. */
  readonly stalled: Promise<void>
  readonly close: () => Promise<void>
}

export async function startStallingProxy(target: string, afterBytes: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>()
  const [hostname = '', port = ''] = target.split(':')
  const news = new EventEmitter()
  const stalled = once(news, 'stalled').then(() => undefined)
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    upstream.pipe(client)
    let bytes = 0
    client.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes < afterBytes) upstream.write(chunk)
      else {
        client.pause()
        news.emit('stalled')
      }
    })
    client.on('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stalled,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
