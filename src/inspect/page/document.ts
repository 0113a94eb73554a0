import { createHash } from 'node:crypto'
import { Markup, html } from './markup.ts'
import { pageStyle } from './style.ts'

/**
 * A whole page that needs nothing beside it: no script, no network, no font. Its policy allows its own style by hash and
 * nothing else, so that even markup in a label that slipped through could load or run nothing.
 */
export function page(title: string, body: readonly Markup[]): string {
  const hash = createHash('sha256').update(pageStyle).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const head = html`<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(pageStyle)}</style>
</head>`
  return `<!doctype html>\n${html`<html lang="en">\n${head}\n<body>\n${body}\n<footer>Shown by <code>bp-package inspect</code></footer>\n</body>\n</html>`.text}\n`
}
