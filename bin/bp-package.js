#!/usr/bin/env node
// Node 22 and later keep compiled code between runs; Node 20 has no such cache and starts without it.
import module from 'node:module'

module.enableCompileCache?.()
await import('../dist/cli/main.js')
