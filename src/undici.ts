import Agent from '../node_modules/undici/lib/dispatcher/agent.js'
import Dispatcher from '../node_modules/undici/lib/dispatcher/dispatcher.js'
import ProxyAgent from '../node_modules/undici/lib/dispatcher/proxy-agent.js'
import api from '../node_modules/undici/lib/api/index.js'

/**
 * What is taken of undici: connections and requests, without `fetch`, WebSocket, caches and mocks, which take longer to load
 * than a small package takes to publish. A file of its own, because a bundled CommonJS package that is imported late has no
 * named exports.
 */
export { Agent, ProxyAgent }

// As undici's own index does.
Object.assign(Dispatcher.prototype, api)
