import { broken } from './fault.ts'

/** The records of a PAX extended header. Values are bytes: `path` and `linkpath` are meant to be UTF-8, and not always are. */
export type Records = ReadonlyMap<string, Buffer>

/** No length of a record that is allowed at all has more digits. */
const mostDigits = 8

/**
 * Reads `<length> <key>=<value>\n`, one after another until the end; the length counts itself (POSIX, "pax Extended Header").
 * Of a key that comes twice the last counts, as for every reader of such headers. Names cannot hold zero bytes.
 *
 * @example
 * parseRecords(Buffer.from('19 path=bin/\u00e4ndern\n')) // Map { 'path' => <62 69 6e 2f c3 a4 ...> }
 * @throws ArchiveFault where it is anything else
 */
export function parseRecords(data: Buffer): Records {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < data.length; ) {
    const space = data.subarray(at, at + mostDigits + 1).indexOf(0x20)
    const digits = space === -1 ? '' : data.toString('latin1', at, at + space)
    const end = at + Number(digits)
    const equals = data.indexOf(0x3d, at)
    const isRecord = /^[1-9]\d*$/.test(digits) && end <= data.length && data[end - 1] === 0x0a && equals > at + space + 1 && equals < end
    if (!isRecord) throw broken('an extended header that does not follow its format')
    records.set(data.toString('utf8', at + space + 1, equals), Buffer.from(data.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

/** A number in a record, `undefined` where there is no such record. */
export function numberOf(records: Records, key: string): number | undefined {
  const text = records.get(key)?.toString('latin1')
  if (text === undefined || text === '') return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  throw broken(`an extended header whose ${key} is no number of bytes`)
}
