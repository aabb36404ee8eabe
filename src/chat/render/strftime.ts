// strftime of chat templates: local time, English names, the conversions that published templates use. Others stay as written.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']

export function formatTime(nowMs: number, format: string): string {
  const date = new Date(nowMs)
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, dash: string, letter: string) => {
    const text = convert(date, letter)
    if (text === undefined) return whole
    return dash === '' ? text : text.replace(/^0+(?=.)/, '')
  })
}

function convert(date: Date, letter: string): string | undefined {
  const day = DAYS[date.getDay()] ?? ''
  const month = MONTHS[date.getMonth()] ?? ''
  const hour = date.getHours()
  switch (letter) {
    case 'Y':
      return String(date.getFullYear())
    case 'y':
      return pad(date.getFullYear() % 100)
    case 'm':
      return pad(date.getMonth() + 1)
    case 'd':
      return pad(date.getDate())
    case 'e':
      return String(date.getDate()).padStart(2)
    case 'H':
      return pad(hour)
    case 'I':
      return pad(hour % 12 || 12)
    case 'M':
      return pad(date.getMinutes())
    case 'S':
      return pad(date.getSeconds())
    case 'p':
      return hour < 12 ? 'AM' : 'PM'
    case 'A':
      return day
    case 'a':
      return day.slice(0, 3)
    case 'B':
      return month
    case 'b':
    case 'h':
      return month.slice(0, 3)
    case 'j':
      return String(dayOfYear(date)).padStart(3, '0')
    case 'F':
      return formatTime(date.getTime(), '%Y-%m-%d')
    case 'T':
      return formatTime(date.getTime(), '%H:%M:%S')
    case '%':
      return '%'
    default:
      return undefined
  }
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1)
  return Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000) + 1
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
