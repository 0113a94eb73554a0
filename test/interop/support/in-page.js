// Runs inside of a page, where the tests' own types do not reach: `look` measures what a reader gets to see.
globalThis.look = {
  /** The texts of a table's cells row by row, without what only eyes are told. */
  cells: (table) => Array.from(document.querySelectorAll(`${table} tr`), (row) => Array.from(row.children, heardText)),

  /** How wide the parts of each bar are, of the bar's width. */
  widths: () => Array.from(document.querySelectorAll('svg.bar'), (bar) => Array.from(bar.querySelectorAll('rect'), (rect) => rect.getBoundingClientRect().width / bar.getBoundingClientRect().width)),

  /** Texts whose contrast with what is behind them is under 4.5 (WCAG 2, AA), and how light the page's ground is. */
  contrasts: () => {
    const texts = Array.from(document.body.querySelectorAll(':not(title)')).filter((one) => Array.from(one.childNodes).some((node) => node.nodeType === 3 && node.textContent.trim() !== ''))
    const poor = texts.filter((one) => contrast(one) < 4.5).map((one) => `${one.textContent}: ${contrast(one).toFixed(2)}`)
    return { ground: lightness(ground(document.body)), texts: texts.length, poor }
  },

  unfold: () => {
    for (const one of document.querySelectorAll('details')) one.open = true
  },
}

function heardText(cell) {
  const heard = cell.cloneNode(true)
  for (const unheard of heard.querySelectorAll('[aria-hidden=true], .name')) unheard.remove()
  return heard.textContent.trim()
}

function contrast(element) {
  const [dark, light] = [lightness(getComputedStyle(element).color), lightness(ground(element))].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

/** The colour behind an element; the root's stands behind all. */
function ground(element) {
  if (element === null) return 'rgb(255, 255, 255)'
  const color = getComputedStyle(element).backgroundColor
  return color.endsWith(', 0)') ? ground(element.parentElement) : color
}

/** Relative luminance, 0 to 1. */
function lightness(color) {
  const [red, green, blue] = color.match(/[\d.]+/g).map((part) => {
    const value = Number(part) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
