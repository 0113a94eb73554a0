// Loaded before the program (`node --import`): ends it by SIGKILL at its BP_TEST_KILL_AT-th change of a file below
// BP_TEST_KILL_BELOW. Changes come in pairs where they have a middle: before a write and after half of it, before a folder is
// removed and when half of its files are gone. Nothing gets a chance to clean up.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'

const { BP_TEST_KILL_AT: at, BP_TEST_KILL_BELOW: below } = process.env
const { promises } = fs
const { open, rm, writeFile } = promises
let count = 0

/** Counts a change of this path, and whether it is the one. */
function isNow(path) {
  if (!String(path).startsWith(below)) return false
  count += 1
  return count === Number(at)
}

function kill() {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

for (const name of ['mkdir', 'rename', 'link', 'rmdir', 'unlink']) {
  const real = promises[name]
  promises[name] = (...args) => {
    // What moves counts by where it goes.
    if (isNow(args.length > 1 && typeof args[1] === 'string' ? args[1] : args[0])) kill()
    return real(...args)
  }
}

promises.rm = (path, options) => {
  if (isNow(path)) kill()
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() && isNow(path)) {
    const files = fs.readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of files.slice(0, files.length / 2)) fs.rmSync(join(parentPath, name))
    kill()
  }
  return rm(path, options)
}

promises.writeFile = (path, data, options) => {
  if (isNow(path)) kill()
  if (isNow(path)) {
    fs.writeFileSync(path, half(data), options)
    kill()
  }
  return writeFile(path, data, options)
}

promises.open = async (path, flags = 'r', ...rest) => {
  if (flags === 'r') return open(path, flags, ...rest)
  if (isNow(path)) kill()
  const handle = await open(path, flags, ...rest)
  const real = handle.writeFile.bind(handle)
  handle.writeFile = (data, ...options) => {
    if (isNow(path)) {
      fs.writeSync(handle.fd, half(data))
      kill()
    }
    return real(data, ...options)
  }
  return handle
}

function half(data) {
  const bytes = Buffer.from(data)
  return bytes.subarray(0, bytes.length >> 1)
}

syncBuiltinESMExports()
