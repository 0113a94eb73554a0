#!/usr/bin/env node
// Node 22 and later keep compiled code between runs, beside our own cache rather than in the system's folder for temporary
// files; Node 20 has no such cache and starts without it.
import module from 'node:module'

const { NODE_COMPILE_CACHE: named, XDG_CACHE_HOME: xdg, HOME: home } = process.env
const caches = xdg?.startsWith('/') ? xdg : home ? `${home}/.cache` : undefined
if (named || caches) module.enableCompileCache?.(named || `${caches}/bp-package/compiled`)
await import('../dist/cli/main.js')
