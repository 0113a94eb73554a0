/**
 * Whether a text in the shape of a TOML date, time or date-time names a real one: month 1 to 12, a day that month has,
 * hour to 23, minute to 59, second to 60. `2024-02-30` is none.
 */
export function isCalendarDate(text: string): boolean {
  const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(text)
  if (day !== null && !isDay(Number(day[1]), Number(day[2]), Number(day[3]))) return false
  const clocks = text.matchAll(/(?:^|[Tt +-])(\d\d):(\d\d)(?::(\d\d))?/g)
  return [...clocks].every(([, hour, minute, second]) => Number(hour) <= 23 && Number(minute) <= 59 && Number(second ?? 0) <= 60)
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}
