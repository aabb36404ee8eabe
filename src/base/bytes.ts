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

/** A fixed number of decimals, exact halves to the even digit, as C and Go print them; `toFixed` takes the larger one. */
export function toFixedEven(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  const exact = value.toFixed(60)
  const isHalf = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + decimals))
  return isHalf && Number(text.at(-1)) % 2 === 1 ? (Number(text) - 10 ** -decimals).toFixed(decimals) : text
}
