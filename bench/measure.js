// Runs whole commands and reads what they cost.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Whether a program is on PATH. */
export function available(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0
}

/** Wall seconds and peak memory in MiB of one run; a run that fails ends the benchmark with what it printed. */
export function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let peak = 0
    const watch = setInterval(() => { peak = Math.max(peak, highWater(child.pid)) }, 10)
    child.stdout.on('data', (chunk) => { output += chunk })
    child.stderr.on('data', (chunk) => { output += chunk })
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watch)
      const seconds = (performance.now() - started) / 1000
      if (code === 0) resolve({ seconds, peak, output })
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`))
    })
  })
}

/** The kernel's own high-water mark, so that a peak between two looks is not missed. Linux only; elsewhere 0. */
function highWater(pid) {
  try {
    return Number.parseInt(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0', 10) / 1024
  } catch {
    return 0
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
