import type { Inspection } from './inspection.ts'
import { differenceList, noteList } from './page/differences.ts'
import { page } from './page/document.ts'
import { pageHead } from './page/head.ts'
import { labelList, orderList, platformTable, problemList } from './page/images.ts'
import { layerBars } from './page/layers.ts'
import { html } from './page/markup.ts'
import { moduleMatrix } from './page/matrix.ts'
import { section } from './page/parts.ts'
import { platformNames } from './platform-names.ts'

/** An inspection as one page that needs nothing beside it ({@link page}): modules by platform, layers to scale, what differs to fold out. */
export function renderHtml(inspection: Inspection): string {
  const { platforms, differences, notes, source } = inspection
  const names = platformNames(platforms.map(({ platform }) => platform))
  const modules = platforms.map(({ buildpacks }) => buildpacks)
  const extensions = platforms.map(({ extensions }) => extensions)
  return page(`${source.name}: what is in it`, [
    pageHead(inspection),
    html`<main>${[
      section('problems', 'Problems', [problemList(platforms, names)]),
      section('platforms', 'Platforms', [platformTable(platforms, names)]),
      section('buildpacks', 'Buildpacks', [moduleMatrix('Buildpacks by platform', names, modules)]),
      section('extensions', 'Extensions', [moduleMatrix('Extensions by platform', names, extensions)]),
      section('differences', 'Differences', platforms.length < 2 ? [] : differenceList(differences, names)),
      section('notes', 'Notes', [noteList(notes)]),
      section('layers', 'Layers', layerBars(platforms, names)),
      section('order', 'Order', orderList(platforms)),
      section('labels', 'Labels and annotations', labelList(platforms, names)),
    ]}</main>`,
  ])
}
