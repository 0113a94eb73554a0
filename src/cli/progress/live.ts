import { DefaultRenderer, Listr, ListrLogger, ProcessOutput } from 'listr2'
import type { ListrDefaultRendererLogLevels, ListrTask } from 'listr2'
import type { Event } from '../../events.ts'
import type { Context } from '../context.ts'
import { hasColor } from '../context.ts'
import { escapeLine } from '../../escape.ts'
import { createPaint } from '../paint.ts'
import { barLines, cut, indexLine, layersLine, targetLine } from './draw.ts'
import { warningText } from './lines.ts'
import { INTERRUPTED } from './reporter.ts'
import type { Reporter } from './reporter.ts'
import { INITIAL, advanced } from './state.ts'
import type { ProgressState } from './state.ts'
import { NOTHING, tallied } from './tally.ts'

/** Redraws at most this often; a run can report thousands of times a second. */
const FRAME_MS = 100

/**
 * A task list that is drawn over and over on stderr: a line for each target, bars for what runs, a line for the index.
 * It appears with the plan. Warnings are kept until the list stands still, so that they are not drawn over.
 */
export function createLiveReporter(context: Context): Reporter {
  const list = new LiveList(context)
  return {
    report: (event) => list.take(event),
    tally: () => list.tally,
    interrupted: () => list.say(INTERRUPTED, false),
    end: async (success) => list.end(success),
  }
}

/** What a row of the list is bound to. */
interface Row {
  readonly text: () => string
  readonly output?: () => string
  readonly isDone: (state: ProgressState) => boolean
}

/** One running row: how to change it and how to end it. */
interface Handle {
  readonly row: Row
  readonly draw: () => void
  readonly settle: (success: boolean) => void
}

class LiveList {
  readonly #context: Context
  readonly #handles: Handle[] = []
  readonly #later: string[] = []
  #state: ProgressState = INITIAL
  #tally = NOTHING
  #running: Promise<unknown> | undefined
  #timer: NodeJS.Timeout | undefined
  /** How the rows end that start after `end`: listr2 loads parts of itself first. */
  #ended: boolean | undefined
  #closing: Promise<void> | undefined

  constructor(context: Context) {
    this.#context = context
  }

  get tally(): typeof NOTHING {
    return this.#tally
  }

  take(event: Event): void {
    this.#tally = tallied(this.#tally, event)
    this.#state = advanced(this.#state, event, this.#context.now())
    if (event.type === 'warning') this.say(warningText(event, createPaint(hasColor(this.#context))), true)
    if (event.type === 'step' && this.#running === undefined) this.say(escapeLine(event.message), true)
    if (event.type === 'plan' && this.#running === undefined && this.#ended === undefined) this.#start()
  }

  /** Writes a line now if no list is drawn; else below the list: when it has ended, or by ending it. No list starts after an end. */
  say(text: string, keepDrawing: boolean): void {
    if (this.#running === undefined) this.#context.stderr.write(`${text}\n`)
    else this.#later.push(text)
    if (!keepDrawing) void this.end(false)
  }

  /** May be called twice: by an interrupt, and when the run has cleaned up. */
  async end(success: boolean): Promise<void> {
    this.#closing ??= this.#close(success)
    await this.#closing
    const later = this.#later.splice(0)
    if (later.length > 0) this.#context.stderr.write(`${later.join('\n')}\n`)
  }

  async #close(success: boolean): Promise<void> {
    this.#ended = success
    clearInterval(this.#timer)
    this.#frame()
    for (const handle of this.#handles) handle.settle(success)
    await this.#running
    this.#running = undefined
  }

  #start(): void {
    const tasks = this.#rows().map((row) => this.#task(row))
    this.#running = new Listr(tasks, {
      renderer: StderrRenderer,
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { logger: stderrLogger(this.#context), formatOutput: 'truncate', showErrorMessage: false },
    }).run()
    this.#timer = setInterval(() => this.#frame(), FRAME_MS).unref()
  }

  #rows(): Row[] {
    // listr2 cuts lines to the width of stdout, even where it draws on stderr.
    const { stdout, stderr } = this.#context
    const columns = (): number => Math.min(stdout.columns ?? 80, stderr.columns ?? 80)
    const line = (text: string): string => cut(text, columns() - 4)
    return [
      ...this.#state.targets.map((target) => ({
        text: () => line(targetLine(this.#state, target)),
        isDone: (state: ProgressState) => state.images.has(target),
      })),
      {
        text: () => line(layersLine(this.#state)),
        output: () => barLines(this.#state, this.#context.now(), columns() - 6).join('\n'),
        isDone: (state) => state.targets.every((target) => state.images.has(target)),
      },
      { text: () => line(indexLine(this.#state)), isDone: () => false },
    ]
  }

  #task(row: Row): ListrTask {
    return {
      title: row.text(),
      task: async (_, task) =>
        new Promise<void>((resolve, reject) => {
          this.#handles.push({
            row,
            draw: () => {
              if (task.title !== row.text()) task.title = row.text()
              const output = row.output?.() ?? ''
              if ((task.output ?? '') !== output) task.output = output
            },
            settle: (success) => (success ? resolve() : reject(new Error('stopped'))),
          })
          if (this.#ended === undefined) return
          this.#handles.at(-1)?.draw()
          this.#handles.at(-1)?.settle(this.#ended)
        }),
    }
  }

  #frame(): void {
    for (const handle of this.#handles) {
      handle.draw()
      if (handle.row.isDone(this.#state)) handle.settle(true)
    }
  }
}

/** listr2 draws only if stdout is a terminal, which it is not in `REF=$(bp-package ...)`; whether stderr is was looked at before. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true
}

/** listr2 writes to stdout unless told otherwise; stdout is for the result alone. */
function stderrLogger(context: Context): ListrLogger<ListrDefaultRendererLogLevels> {
  const stream = context.stderr as unknown as NodeJS.WriteStream
  return new ListrLogger({ processOutput: new ProcessOutput(stream, stream), useIcons: true, toStderr: [] })
}
