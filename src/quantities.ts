const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** `402 B`, `1.5 KiB`, `12.3 MiB`, `250 MiB`: binary units, three or four digits. */
export function formatBytes(bytes: number): string {
  const { divisor, name } = unitOf(bytes)
  return `${figure(bytes, divisor)} ${name}`
}

/** `15.6/30.1 MiB`: both in the unit of the whole. */
export function formatPart(bytes: number, total: number): string {
  const { divisor, name } = unitOf(total)
  return `${figure(bytes, divisor)}/${figure(total, divisor)} ${name}`
}

function unitOf(bytes: number): { divisor: number; name: string } {
  let divisor = 1
  let name = 'B'
  for (const next of UNITS) {
    if (bytes / divisor < 999.5) break
    divisor *= 1024
    name = next
  }
  return { divisor, name }
}

function figure(bytes: number, divisor: number): string {
  const value = bytes / divisor
  return divisor === 1 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)
}

/** `0.3 s`, `12.4 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** `1 layer`, `2 layers`. */
export function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`
}

/** `sha256:0123456789ab`: enough of a digest to tell it from the others of a run. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(':')
  return digest.slice(0, colon + 13)
}
