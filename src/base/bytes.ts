// Sizes for people: decimal units, as Ollama's command line prints them (contract/cli-registry.md section 1.12).

const UNITS: readonly (readonly [number, string])[] = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'KB'],
]

/** "0 B", "999 B", "1.5 KB", "13 GB" (cut, not rounded), "1.2 TB". */
export function formatBytes(sizeBytes: number): string {
  for (const [unit, name] of UNITS) {
    if (sizeBytes < unit) continue
    const value = sizeBytes / unit
    return value >= 10 || Number.isInteger(value) ? `${Math.trunc(value)} ${name}` : `${toFixedEven(value, 1)} ${name}`
  }
  return `${Math.trunc(sizeBytes)} B`
}

const SIZE = /^(\d{1,15}(?:\.\d{1,9})?|\.\d{1,9})\s*([kmgt]?)(i?)(b?)$/i
const EXPONENTS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 }

/** "1500000", "1500k", "1.5M", "1.5 MB": decimal, as formatBytes prints; "1MiB" is binary. Undefined for what is no size. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = '', binary = '', bytes = ''] = SIZE.exec(text.trim()) ?? []
  if (amount === undefined || (binary !== '' && (unit === '' || bytes === ''))) return undefined
  const sizeBytes = Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** (EXPONENTS[unit.toLowerCase()] ?? 0))
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined
}

/** A fixed number of decimals, exact halves to the even digit, as C and Go print them; `toFixed` takes the larger one. */
export function toFixedEven(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  const exact = value.toFixed(60)
  const isHalf = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + decimals))
  return isHalf && Number(text.at(-1)) % 2 === 1 ? (Number(text) - 10 ** -decimals).toFixed(decimals) : text
}
