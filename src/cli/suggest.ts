/** Edits between what was typed and a name that is suggested. */
const MAX_DISTANCE = 2

/** The names that may have been meant: few edits away, or beginning with what was typed. */
export function suggestNames(typed: string, names: readonly string[]): string[] {
  return names.filter((name) => isNear(typed, name, MAX_DISTANCE))
}

/** The same for names that may be short: at most half of the letters may be wrong. */
export function suggestClose(typed: string, names: readonly string[]): string[] {
  return names.filter((name) => isNear(typed, name, Math.min(MAX_DISTANCE, Math.trunc(Math.max(typed.length, name.length) / 2))))
}

function isNear(typed: string, name: string, maxDistance: number): boolean {
  const wanted = typed.toLowerCase()
  const known = name.toLowerCase()
  if (wanted === '') return false
  return known.startsWith(wanted) || editDistance(wanted, known) <= maxDistance
}

/** What follows an error; nothing where nothing is near. */
export function formatSuggestions(names: readonly string[]): string {
  return names.length === 0 ? '' : `\n\nDid you mean this?\n${names.map((name) => `\t${name}\n`).join('')}`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
