// Sizes for people: decimal units, as Ollama's command line prints them (contract/cli-registry.md section 1.12).

/** "0 B", "999 B", "1.5 KB", "13 GB", "1.2 TB". */
export function formatBytes(sizeBytes: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'KB'],
  ]
  for (const [unit, name] of units) {
    if (sizeBytes < unit) continue
    const value = sizeBytes / unit
    if (value >= 10) return `${value < 10.5 && sizeBytes < unit * 10 ? value.toFixed(1) : Math.trunc(value)} ${name}`
    const text = value.toFixed(1)
    return Number.isInteger(value) ? `${value} ${name}` : `${text} ${name}`
  }
  return `${Math.trunc(sizeBytes)} B`
}
