/** What this room takes from undici. A file of its own, because a bundled CommonJS package that is imported late has no named exports. */
export { Agent } from 'undici'
